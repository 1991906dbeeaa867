"""Whatever a message says, every channel's form of it is one its service takes."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from arbedge.errors import BadInput
from notifications.channels import discord_form, push_keys, slack, sms_form, vapid, web_push
from notifications.channels.base import Outgoing
from notifications.channels.mails import mail_of
from notifications.channels.segments import segments
from notifications.receivers import discord as discord_service
from notifications.receivers import push as push_service
from notifications.receivers import slack as slack_service
from notifications.writing.content import Action
from tests.notifications.channels.outgoing import AT, content

# Signs that mean something to one channel or another, and lengths over every limit.
SIGNS = st.sampled_from(
    ["<b>", "</b>", "&amp;", "&", "*", "_", "`", "~", "|", "[x](y)", "<!channel>", "<@U1>", "@all",
     "\r\n", "\n", "\x00", "\u202e", "\u2028", "🟢", "{{ x }}", "%s", "\\", "Bcc: a@b.c", "…", "−"]
)  # fmt: skip
WILD = st.lists(st.one_of(st.text(max_size=200), SIGNS), max_size=30).map("".join)
TEXTS = st.one_of(WILD, st.builds(lambda text, times: text * times, WILD, st.integers(1, 40)))
URLS = st.text(
    alphabet="abc/?&=()|<>%_-.~ ]", min_size=1, max_size=300
).map(lambda path: f"https://a.example/{path}")  # fmt: skip
ACTIONS = st.lists(st.builds(Action, st.just("open"), TEXTS, URLS), max_size=5).map(tuple)


@st.composite
def messages(draw: st.DrawFn, /, **address: Any) -> Outgoing:
    """A message of any words, links and priority, alone or following another."""
    said = content(
        title=draw(TEXTS), body=draw(TEXTS), html="", actions=draw(ACTIONS),
        unsubscribe_url=draw(st.one_of(st.just(""), URLS)), priority=draw(st.integers(0, 9)),
    )  # fmt: skip
    earlier = draw(st.one_of(st.just(""), st.text(max_size=100)))
    return Outgoing(1, "key", address, said, silent=draw(st.booleans()), replaces=earlier)


@given(messages(email="ann@example.com"))
def test_a_mail_has_the_headers_we_gave_it_and_no_others(message: Outgoing) -> None:
    mail = mail_of(message)
    head = mail.message().as_bytes().partition(b"\n\n")[0].decode()

    names = re.findall(r"^([\w-]+):", head, re.MULTILINE)
    assert len(names) == len(set(names))
    assert set(names) <= {
        "Content-Type", "MIME-Version", "Subject", "From", "To", "Date", "Message-ID",
        "Auto-Submitted", "In-Reply-To", "References", "List-Unsubscribe", "List-Unsubscribe-Post",
    }  # fmt: skip


@given(messages(url="https://hooks.slack.com/"))
def test_slack_takes_it_and_nobody_is_called(message: Outgoing) -> None:
    payload = slack.payload(message)

    assert slack_service.problem(msgspec.json.encode(payload)) == ""
    marked = [slack_service.read(one) for one in payload["blocks"] if one["type"] != "header"]
    assert not any(slack_service.CALL.search(text) for text in [payload["text"], *marked])


@given(messages(url="https://discord.com/"))
def test_discord_takes_it_and_nobody_is_called(message: Outgoing) -> None:
    payload = discord_form.payload(message)

    [embed] = payload["embeds"]
    assert discord_service.fits(embed) or not embed["description"]
    assert payload["allowed_mentions"] == {"parse": []}


@given(messages(number="+447700900123"))
def test_a_text_message_costs_three_segments_or_has_a_link_that_costs_more(
    message: Outgoing,
) -> None:
    body = sms_form.form(message, AT)["Body"]

    link = max((segments(f"...\n{action.url}") for action in message.content.actions), default=0)
    assert segments(body) <= max(3, link)


BROWSER = push_service.Browser()
KEYS = push_keys.take(BROWSER.keys)


@given(messages(endpoint="https://push.example.com/x", **KEYS))
def test_a_push_fits_and_only_the_browser_reads_it(message: Outgoing) -> None:
    sealed = web_push.sealed(message, "tag")

    assert len(sealed) <= push_service.LONGEST_BODY
    assert push_service.opened(BROWSER, sealed)["tag"] == "tag"


@given(st.binary(max_size=3000))
def test_bytes_survive_the_alphabet_of_web_push(raw: bytes) -> None:
    assert vapid.decoded(vapid.encoded(raw)) == raw


@given(st.binary(min_size=65, max_size=65))
def test_only_points_of_the_curve_are_keys(raw: bytes) -> None:
    """A key off the curve would give away bits of the secret it is multiplied with."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
    except ValueError:
        with pytest.raises(BadInput):
            push_keys.take({"p256dh": vapid.encoded(raw), "auth": KEYS["auth"]})
