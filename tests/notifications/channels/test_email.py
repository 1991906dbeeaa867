"""E-mail as it arrives: text, HTML, picture, and headers nobody can add to."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from arbedge.errors import BadInput
from notifications.channels import base
from notifications.channels.email import sender
from notifications.names import Outcome
from notifications.receivers.smtp import Mailboxes
from tests.notifications.channels.mailing import ANN, connections
from tests.notifications.channels.outgoing import OPEN, outgoing, send, send_one


def the_mail(boxes: Mailboxes) -> EmailMessage:
    """The only mail that was taken."""
    [taken] = boxes.mails.values()
    return taken


def part(taken: EmailMessage, kind: str) -> str:
    """The text of its plain or HTML part."""
    body = taken.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_the_channel_finds_its_sender() -> None:
    assert base.sender(sender.channel) is sender


def test_a_mail_arrives_as_text_and_as_html(boxes: Mailboxes) -> None:
    result = send_one(sender, ANN, html="<p>Long <b>OKX</b></p>")

    assert result.outcome is Outcome.SENT
    taken = the_mail(boxes)
    assert taken.get_content_type() == "multipart/alternative"
    assert taken["Subject"] == "WIF funding +0.42 % net in 72 h"
    assert taken["To"] == "ann@example.com"
    assert part(taken, "plain").startswith("Long OKX\nShort Bybit\n")
    assert part(taken, "html").strip() == "<p>Long <b>OKX</b></p>"


def test_a_mail_without_html_of_its_own_gets_its_text_escaped(boxes: Mailboxes) -> None:
    send_one(sender, ANN, body="<script>alert(1)</script>")

    assert "&lt;script&gt;" in part(the_mail(boxes), "html")
    assert "<script>" not in part(the_mail(boxes), "html")


def test_a_mail_says_how_to_leave_in_a_way_machines_read(boxes: Mailboxes) -> None:
    url = "https://arbedge.example/unsubscribe/" + 80 * "t"
    send_one(sender, ANN, unsubscribe_url=url)

    taken = the_mail(boxes)
    assert taken["List-Unsubscribe"].strip() == f"<{url}>"
    assert taken["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert taken["Auto-Submitted"] == "auto-generated"
    assert url in part(taken, "plain").replace("\n", "")


def test_actions_are_links_below_the_text_unless_the_text_has_them(boxes: Mailboxes) -> None:
    send_one(sender, ANN, actions=(OPEN,), body=f"See {OPEN.url} now")
    send(sender, outgoing(ANN, number=2, actions=(OPEN,)))

    with_link, without = (part(taken, "plain") for taken in boxes.mails.values())
    assert with_link.count(OPEN.url) == 1
    assert f"Open: {OPEN.url}" in without


def test_every_try_of_a_mail_has_the_same_number(boxes: Mailboxes) -> None:
    first, second = send_one(sender, ANN), send_one(sender, ANN)

    assert first.provider_id == second.provider_id == the_mail(boxes)["Message-ID"]
    assert first.provider_id.endswith("@arbedge.example>")


def test_a_follow_up_joins_the_thread_of_its_opening(boxes: Mailboxes) -> None:
    opening = send_one(sender, ANN).provider_id
    send(sender, outgoing(ANN, number=2, answers=opening))

    follow_up = list(boxes.mails.values())[1]
    assert follow_up["In-Reply-To"] == follow_up["References"] == opening


@pytest.fixture
def chart(tmp_path: Path) -> str:
    """Where a picture lies."""
    path = tmp_path / "chart.png"
    path.write_bytes(b"\x89PNG")
    return str(path)


def tree(taken: Any) -> Any:
    """The kinds of a mail's parts, one within the other."""
    kind = taken.get_content_type()
    return (kind, *map(tree, taken.iter_parts())) if taken.is_multipart() else kind


def test_a_picture_is_shown_by_the_html(boxes: Mailboxes, chart: str) -> None:
    send_one(sender, ANN, image_path=chart, html="<p>Long</p><!--chart--><p>Open</p>")

    taken = the_mail(boxes)
    assert tree(taken) == (
        "multipart/alternative", "text/plain", ("multipart/related", "text/html", "image/png"),
    )  # fmt: skip
    [picture] = [one for one in taken.walk() if one.get_content_type() == "image/png"]
    assert picture.get_payload(decode=True) == b"\x89PNG"
    assert picture.get_content_disposition() == "inline"
    shown = f'src="cid:{picture["Content-ID"].strip("<>")}"'
    before, _, after = part(taken, "html").partition(shown)
    assert ("Long" in before, "Open" in after) == (True, True)
    assert 'alt="WIF funding +0.42 % net in 72 h"' in after


def test_the_text_alone_says_nothing_of_the_picture(boxes: Mailboxes, chart: str) -> None:
    send_one(sender, ANN, image_path=chart)

    assert "cid:" not in part(the_mail(boxes), "plain")
    assert "cid:" in part(the_mail(boxes), "html")


def test_pictures_of_two_mails_have_two_numbers(boxes: Mailboxes, chart: str) -> None:
    send(sender, *(outgoing(ANN, number=number, image_path=chart) for number in (1, 2)))

    numbers = {one["Content-ID"] for taken in boxes.mails.values() for one in taken.walk()}
    assert len(numbers - {None}) == 2


def test_a_picture_that_is_gone_leaves_no_gap(boxes: Mailboxes, tmp_path: Path) -> None:
    send_one(sender, ANN, image_path=str(tmp_path / "gone.png"), html="<p>Long</p><!--chart-->")

    taken = the_mail(boxes)
    assert tree(taken) == ("multipart/alternative", "text/plain", "text/html")
    assert part(taken, "html").strip() == "<p>Long</p>"


def test_one_connection_serves_a_batch(boxes: Mailboxes, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = connections(monkeypatch)

    results = send(sender, *(outgoing(ANN, number=number) for number in range(5)))

    assert [result.outcome for result in results] == 5 * [Outcome.SENT]
    assert len(opened) == 1


@pytest.mark.parametrize(
    "title",
    ["Hi\r\nBcc: all@example.com", "Hi\nBcc: all@example.com", "Hi\x00\x1b[31m\u2028Bcc: x"],
)
def test_a_title_cannot_add_a_header(boxes: Mailboxes, title: str) -> None:
    assert send_one(sender, ANN, title=title).outcome is Outcome.SENT

    taken = the_mail(boxes)
    assert taken["Bcc"] is None
    assert taken["Subject"].startswith("Hi ")


def test_a_link_cannot_add_a_header(boxes: Mailboxes) -> None:
    send_one(sender, ANN, unsubscribe_url="https://x.example/\r\nBcc: all@example.com")

    assert the_mail(boxes)["Bcc"] is None


def test_an_earlier_number_cannot_add_a_header(boxes: Mailboxes) -> None:
    send_one(sender, ANN, answers="<a@b>\r\nBcc: all@example.com")

    assert the_mail(boxes)["Bcc"] is None


def test_a_very_long_text_arrives_whole_under_a_short_subject(boxes: Mailboxes) -> None:
    result = send_one(sender, ANN, title=10_000 * "t", body=10_000 * "b")

    assert result.outcome is Outcome.SENT
    assert len(the_mail(boxes)["Subject"].strip()) == 160
    assert 10_000 * "b" in part(the_mail(boxes), "plain")


@pytest.mark.parametrize(
    ("raw", "limit"),
    [
        ({}, None), ({"email": "ann"}, None), ({"email": "ann@"}, None),
        ({"email": "a@example.com\nBcc: b@example.com"}, None),
        ({"email": "a@example.com, b@example.com"}, None),
        ({"email": "Ann <a@example.com>"}, None), ({"email": "a b@example.com"}, None),
        ({"email": 250 * "a" + "@example.com"}, 254),
    ],
)  # fmt: skip
def test_bad_input_names_field_and_limit(raw: dict[str, str], limit: int | None) -> None:
    with pytest.raises(BadInput) as error:
        sender.take(raw)

    assert error.value.details["field"] == "email"
    assert error.value.details.get("limit") == limit


def test_an_address_is_kept_in_small_letters_and_shown_in_part() -> None:
    address = sender.take({"email": " Ann@Example.com "})

    assert address == ANN
    assert sender.shown(address) == "a…@example.com"
