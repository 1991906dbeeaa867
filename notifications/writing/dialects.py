"""From neutral lines to a channel's own form: escaped as a whole, then marked, then fitted.

Texts carry strong words and links as private-use characters, which no value can contain. A channel
escapes everything first and turns the marks into its own signs afterwards, so nothing that came
from outside can be a sign.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from arbedge.names import Channel
from arbedge.writing import MINUS, THIN

STRONG, WEAK = "\ue000", "\ue001"  # what is between them is strong
LINK, AS, UNLINK = "\ue002", "\ue003", "\ue004"  # LINK name AS text UNLINK
BLANK: Final = "\ue005"  # a line that is meant to be empty
SLOT, TOLS = "\ue006", "\ue007"  # where a recipient's own address of a link goes in
MORE: Final = "…"
NARROW: Final = "\u202f"  # a thin space that does not break

_PRIVATE: Final = re.compile("[\ue000-\uf8ff\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_SPACES: Final = re.compile(r"\s+")
_ADDRESS: Final = re.compile(r"https?://[^\s<>\ue000-\uf8ff]+")
_LINKED: Final = re.compile(f"{LINK}([^{AS}]*){AS}([^{UNLINK}]*){UNLINK}")
_SLOTS: Final = re.compile(f"{SLOT}([^{TOLS}]*){TOLS}")
# What programs turn into links or calls by themselves: parted by a joiner that is not seen.
_LIVE: Final = re.compile(
    r"(?<=[:/])(?=/)|(?<=[@#])(?=\w)|(?<=\w)(?=@)|(?<=^/)(?=\w)|(?<=[^\W\d_]\.)(?=[^\W\d_]{2})"
)
_JOINER: Final = "\u2060"
_DISCORD: Final = re.compile(r"([\\*_~`|>\[\]()#<@:-])")
_SLACK: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", "*": "∗", "_": "＿", "~": "∼", "`": "ˋ"}
)
_SMS: Final = str.maketrans(
    {MINUS: "-", NARROW: " ", "’": "'", "…": "...", "·": "-", "≈": "~",
     "🟢": "", "⚠": "", "■": "", "ℹ": "", "▲": "", "▼": "", "↑": ""}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dialect:
    """A channel's form: how text is escaped and marked, how long a body and a title may be."""

    escape: Callable[[str], str]
    strong: tuple[str, str]
    link: str  # of {url} and {text}
    limit: int
    title_limit: int = 200
    short: bool = False


def _html(text: str) -> str:
    return html.escape(text, quote=False)


def _discord(text: str) -> str:
    return _outside_addresses(text, lambda part: _DISCORD.sub(r"\\\1", part))


def _slack(text: str) -> str:
    return _outside_addresses(text, lambda part: part.translate(_SLACK), _html)


def _as_is(text: str) -> str:
    return text


def _sms(text: str) -> str:
    return _SPACES.sub(" ", text.translate(_SMS)).strip()


PLAIN: Final = Dialect(_as_is, ("", ""), "{text}", 20_000)
DIALECTS: Final[Mapping[Channel, Dialect]] = {
    Channel.TELEGRAM: Dialect(_html, ("<b>", "</b>"), '<a href="{url}">{text}</a>', 4096),
    Channel.EMAIL: PLAIN,
    Channel.WEB_PUSH: Dialect(_as_is, ("", ""), "{text}", 400, 90, short=True),
    Channel.WEBHOOK: Dialect(_as_is, ("", ""), "{text}", 10_000),
    Channel.SMS: Dialect(_sms, ("", ""), "{text}", 320, 90, short=True),
    Channel.SLACK: Dialect(_slack, ("*", "*"), "<{url}|{text}>", 2_900, 140),
    Channel.DISCORD: Dialect(_discord, ("**", "**"), "[{text}]({url})", 1_900),
    Channel.CUSTOM: Dialect(_as_is, ("", ""), "{text}", 1_900),
}


def tame(value: str, longest: int = 120) -> str:
    """A value from outside as one line of text that no channel takes for a sign, link or call."""
    text = _SPACES.sub(" ", _PRIVATE.sub("", value)).strip()
    if len(text) > longest:
        text = text[: longest - 1] + MORE
    return _LIVE.sub(_JOINER, text)


def paragraphs(value: str) -> str:
    """A text of the operators: its own lines and links stay, marks do not."""
    lines = (_PRIVATE.sub("", line).rstrip() for line in value.strip().splitlines())
    return "\n".join(line or BLANK for line in lines)


def strong(text: str) -> str:
    """The text, to be made strong by the channel."""
    return f"{STRONG}{text}{WEAK}"


def link(name: str, text: str) -> str:
    """The text, to lead to the recipient's own address of the action of that name."""
    return f"{LINK}{name}{AS}{text}{UNLINK}"


def slot(name: str) -> str:
    """The place of a recipient's own address of an action, written out."""
    return f"{SLOT}{name}{TOLS}"


def lines_of(text: str) -> list[str]:
    """The lines that say something; one that is meant to be empty is kept.

    A figure and its unit stay on one line, however narrow the screen.
    """
    unbroken = text.replace(THIN, NARROW)
    kept = [line.rstrip() for line in unbroken.splitlines() if line.strip()]
    return ["" if line == BLANK else line for line in kept]


def bare(line: str, *, signed: bool = False) -> str:
    """A line without its marks, and unless `signed` without the sign it begins with."""
    text = _LINKED.sub(r"\2", line).replace(STRONG, "").replace(WEAK, "")
    return text.strip() if signed else text.lstrip("🟢⚠■ℹ\ufe0f ").strip()


def written(line: str, dialect: Dialect) -> str:
    """One line in the channel's form; links hold slots until a recipient's addresses are known."""
    text = _paired(dialect.escape(line))
    text = text.replace(STRONG, dialect.strong[0]).replace(WEAK, dialect.strong[1])
    return _LINKED.sub(
        lambda found: dialect.link.replace("{text}", found[2]).replace("{url}", slot(found[1])),
        text,
    )


def body_of(lines: Sequence[str], dialect: Dialect, limit: int | None = None) -> str:
    """The lines in the channel's form, at most as long as it takes; what is cut ends in "…"."""
    room = dialect.limit if limit is None else limit
    told = [written(line, dialect) for line in lines]
    if len(text := "\n".join(told).strip("\n")) <= room:
        return text
    kept: list[str] = []
    left = room
    for line, form in zip(lines, told, strict=True):
        if len(form) + 1 + len(MORE) > left:
            kept.append(_cut(line, dialect, left))
            break
        kept.append(form)
        left -= len(form) + 1
    return "\n".join(kept).strip("\n")


def filled(text: str, addresses: Mapping[str, str]) -> str:
    """The text with every slot replaced by the recipient's own address."""
    return _SLOTS.sub(lambda found: addresses.get(found[1], ""), text) if SLOT in text else text


def named_slots(text: str) -> str:
    """The text with every slot shown by the name of its action, where there is no recipient."""
    return _SLOTS.sub(lambda found: f"[{found[1]}]", text)


def _cut(line: str, dialect: Dialect, room: int) -> str:
    """As many whole words of a line as fit with the sign of what is missing, marks in pairs."""
    low, high = 0, len(line)
    while low < high:
        middle = (low + high + 1) // 2
        fits = len(written(_whole(line[:middle]), dialect)) + len(MORE) <= room
        low, high = (middle, high) if fits else (low, middle - 1)
    kept = _whole(line[:low])
    words = kept.rsplit(" ", 1)[0] if low < len(line) and " " in kept[1:] else kept
    return written(_whole(words), dialect) + MORE


def _whole(line: str) -> str:
    """The beginning of a line without a link that is cut in two."""
    return line[: line.rindex(LINK)] if line.count(LINK) > line.count(UNLINK) else line


def _paired(text: str) -> str:
    """Every strong part ended, none ended that never began."""
    balance = 0
    out = []
    for sign in text:
        if sign in {STRONG, WEAK}:
            step = 1 if sign == STRONG else -1
            if balance + step not in {0, 1}:
                continue
            balance += step
        out.append(sign)
    return "".join(out) + WEAK * balance


def _outside_addresses(
    text: str, change: Callable[[str], str], inside: Callable[[str], str] = _as_is
) -> str:
    """The text changed, its web addresses left whole."""
    parts, last = [], 0
    for found in _ADDRESS.finditer(text):
        parts += [change(text[last : found.start()]), inside(found[0])]
        last = found.end()
    return "".join([*parts, change(text[last:])])
