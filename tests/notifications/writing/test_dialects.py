"""What comes from outside cannot be a sign on any channel; what is too long is cut cleanly."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from arbedge.names import Channel
from notifications.names import Topic
from notifications.writing import dialects
from notifications.writing.dialects import (
    DIALECTS,
    body_of,
    link,
    paragraphs,
    strong,
    tame,
    written,
)
from tests.notifications.factories import facts
from tests.notifications.writing.dialect_checks import balanced
from tests.notifications.writing.reading import text

EVIL = "<b>*_[x](http://evil)"
CALLS = "@everyone <!channel> /start evil.com"


def opened(channel: Channel, asset: str, **changes: Any) -> str:
    """The body of an opening of such a coin."""
    return text(Topic.OPENED, channel, facts=facts(asset=asset, **changes)).body


def test_telegram_shows_an_evil_name_as_it_is() -> None:
    body = opened(Channel.TELEGRAM, EVIL)
    assert "&lt;b&gt;*_[x](http:\u2060/\u2060/evil)" in body
    assert set(re.findall(r"<[^>]*>", body)) == {"<b>", "</b>"}


def test_slack_sees_no_sign_in_an_evil_name() -> None:
    body = opened(Channel.SLACK, EVIL + "~`")
    assert "&lt;b&gt;∗＿[x](http:\u2060/\u2060/evil)∼ˋ" in body
    assert body.count("*") == 4  # the coin and the net are strong
    assert "<" not in body
    assert "<!channel>" not in opened(Channel.SLACK, CALLS)


def test_discord_sees_every_sign_of_an_evil_name_escaped() -> None:
    body = opened(Channel.DISCORD, EVIL)
    shown = re.sub(r"\\(.)", "", body)
    assert r"\<b\>\*\_\[x\]\(http\:" in body
    assert not set("<[]()_`") & set(shown)


def test_mail_shows_an_evil_name_as_it_is() -> None:
    made = text(Topic.OPENED, Channel.EMAIL, facts=facts(asset=EVIL))
    assert "<strong>&lt;b&gt;*_[x](http:" in made.html
    assert "<b>*_[x]" in made.body
    assert 'href="http://evil' not in made.html


def test_a_mail_s_subject_and_buttons_take_an_evil_name_as_text() -> None:
    page = text(Topic.OPENED, Channel.EMAIL, facts=facts(asset='<"&')).html
    assert "<title>&lt;&quot;&amp; funding" in page
    assert "Mute &lt;&quot;&amp;</a>" in page


@pytest.mark.parametrize("channel", Channel)
def test_no_program_finds_a_link_or_a_call_in_a_name(channel: Channel) -> None:
    body = opened(channel, f"{EVIL} {CALLS}")
    assert "http://evil" not in body
    assert "evil.com" not in body
    assert "@everyone" not in body


@pytest.mark.parametrize("channel", Channel)
def test_a_name_cannot_smuggle_in_marks_of_our_own(channel: Channel) -> None:
    smuggled = f"{dialects.LINK}open{dialects.AS}x{dialects.UNLINK}{dialects.slot('open')}"
    made = text(Topic.OPENED, channel, facts=facts(asset=smuggled + "\u202etxt\x00"))
    assert "openxopentxt" in made.title
    assert "openxopen\u202e" not in made.title + made.body


def test_a_name_is_one_line_and_of_a_sane_length() -> None:
    assert tame("a\nb\t c") == "a b c"
    assert len(tame("x" * 500)) == 120
    assert tame("x" * 500).endswith("…")


@pytest.mark.parametrize("name", ["WIF", "1000PEPE", "BTC.D", "WIF/USDT", "1.5", "ÉTÉ-X"])
def test_an_honest_name_is_left_as_it_is(name: str) -> None:
    assert tame(name) == name


def test_an_operators_address_stays_whole_on_every_channel() -> None:
    words = "See https://arbedge.example/a_b*c?x=1&y=2 now"
    for channel, expected in {
        Channel.TELEGRAM: "https://arbedge.example/a_b*c?x=1&amp;y=2",
        Channel.SLACK: "https://arbedge.example/a_b*c?x=1&amp;y=2",
        Channel.DISCORD: "https://arbedge.example/a_b*c?x=1&y=2",
        Channel.CUSTOM: "https://arbedge.example/a_b*c?x=1&y=2",
    }.items():
        assert expected in written(words, DIALECTS[channel])


def test_strong_words_and_links_are_each_channel_s_own() -> None:
    line = strong("a") + link("open", "b")
    forms = {channel: written(line, DIALECTS[channel]) for channel in Channel}
    place = dialects.slot("open")
    assert forms[Channel.TELEGRAM] == f'<b>a</b><a href="{place}">b</a>'
    assert forms[Channel.SLACK] == f"*a*<{place}|b>"
    assert forms[Channel.DISCORD] == f"**a**[b]({place})"
    assert forms[Channel.CUSTOM] == "ab"


def test_a_text_message_has_the_letters_of_a_plain_one() -> None:
    assert written("🟢 +0.42\u202f% − 1 · ▲ x…", DIALECTS[Channel.SMS]) == "+0.42 % - 1 - x..."


def test_slots_are_filled_with_what_is_known() -> None:
    assert dialects.filled(f"a {dialects.slot('x')} b{dialects.slot('y')}", {"x": "1"}) == "a 1 b"


LONG = [strong(f"word{n} & <more>") + " of many" for n in range(1_500)]


@pytest.mark.parametrize("channel", Channel)
def test_many_thousand_characters_are_cut_to_what_the_channel_takes(channel: Channel) -> None:
    body = body_of(LONG, DIALECTS[channel])
    assert len(body) <= DIALECTS[channel].limit
    assert len(body) > DIALECTS[channel].limit * 0.9
    assert body.endswith("…") or channel is Channel.SMS


def test_what_is_cut_ends_at_a_word_with_its_tags_ended() -> None:
    body = body_of(LONG, DIALECTS[Channel.TELEGRAM])
    assert balanced(body)
    assert not re.search(r"&[a-z]*…", body)


def test_one_endless_line_is_cut_at_a_word() -> None:
    body = body_of([strong("word " * 3_000)], DIALECTS[Channel.TELEGRAM])
    assert 4_000 < len(body) <= 4_096
    assert balanced(body)
    assert html.unescape(body).rstrip("…</b>").endswith("word")


def test_a_link_is_never_cut_in_two() -> None:
    lines = [link("open", "word " * 40) for _ in range(40)]
    body = body_of(lines, DIALECTS[Channel.TELEGRAM])
    assert balanced(body)
    assert body.count(dialects.SLOT) == body.count("</a>")


def test_what_fits_is_not_touched() -> None:
    assert body_of(["a", "", "b"], DIALECTS[Channel.TELEGRAM]) == "a\n\nb"


def test_paragraphs_keep_their_blank_lines_and_lose_foreign_marks() -> None:
    assert dialects.lines_of(paragraphs(" a \r\n\r\nb\ue000")) == [" a".strip(), "", "b"]


def test_a_strong_word_that_was_never_ended_is_ended_with_its_line() -> None:
    assert written(dialects.STRONG + "a", DIALECTS[Channel.TELEGRAM]) == "<b>a</b>"
    assert written("a" + dialects.WEAK, DIALECTS[Channel.TELEGRAM]) == "a"
