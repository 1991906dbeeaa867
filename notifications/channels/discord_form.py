"""A message as Discord takes it: one embed, with nothing in it that calls people or ends early."""

from __future__ import annotations

import re
from typing import Any, Final

import httpx
import msgspec

from notifications.channels.base import Outgoing
from notifications.channels.fitting import joined, one_line, says, shortened
from notifications.writing.content import Action

LONGEST_TITLE, LONGEST_BODY, LONGEST_LINKS = 256, 4096, 1500
MARKS: Final = re.compile(r"([\\*_~`|>\[\]()#@<:-])")
SILENT_FLAG: Final = 1 << 12


def written(message: Outgoing, picture: bytes) -> tuple[bytes, dict[str, str]]:
    """Body and headers: JSON, or a form with the picture beside it."""
    told = payload(message)
    if not picture:
        return msgspec.json.encode(told), {"Content-Type": "application/json"}
    told["embeds"][0]["image"] = {"url": "attachment://chart.png"}
    form = httpx.Request(
        "POST", "https://discord.com", data={"payload_json": msgspec.json.encode(told).decode()},
        files={"files[0]": ("chart.png", picture, "image/png")},
    )  # fmt: skip
    return form.read(), {"Content-Type": form.headers["Content-Type"]}


def payload(message: Outgoing) -> dict[str, Any]:
    """One embed; `allowed_mentions` keeps any text from calling people."""
    content = message.content
    links = joined((_link(one) for one in content.actions if one.url), " · ", LONGEST_LINKS)
    body = shortened(content.body, LONGEST_BODY - len(links) - 2)
    embed = {"description": f"{body}\n\n{links}".strip(), "timestamp": content.at.isoformat()}
    if not says(content.body, content.title):
        embed["title"] = shortened(_plain(one_line(content.title, 200)), LONGEST_TITLE)
    flags = {"flags": SILENT_FLAG} if message.silent and not message.replaces else {}
    return {"embeds": [embed], "allowed_mentions": {"parse": []}, **flags}


def _plain(text: str) -> str:
    """The text with its signs made harmless."""
    return MARKS.sub(r"\\\1", text)


def _link(action: Action) -> str:
    """A link whose label and address cannot end it early."""
    url = action.url.replace(")", "%29").replace("(", "%28").replace(" ", "%20")
    return f"[{_plain(one_line(action.label, 75))}]({url})"
