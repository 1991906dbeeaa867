"""Slack through an incoming webhook: blocks for people, a text for notifications and old clients.

The URL is the secret. Slack names refusals in plain words (`no_service`, `invalid_blocks`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx
import msgspec

from arbedge.errors import BadInput
from arbedge.names import Channel
from notifications.channels import answers, http, targets
from notifications.channels.answers import Answer
from notifications.channels.base import Outgoing, Result
from notifications.channels.fitting import joined, one_line, pieces, says
from notifications.codes import Code
from notifications.names import Outcome
from notifications.writing.content import Action

HOSTS: Final = ("hooks.slack.com", "hooks.slack-gov.com")
PATH: Final = re.compile(r"/(services|workflows|triggers)/[\w/-]{10,200}")
LONGEST_HEADER, LONGEST_SECTION, MOST_SECTIONS, LONGEST_TEXT = 150, 3000, 10, 3000
ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
CALLS: Final = re.compile(r"<(?=[!@#])")  # <!channel>, <@U…> and <#C…> call people or name rooms
WORD: Final = re.compile(rb"[a-z_]{1,40}")
GONE: Final = frozenset(
    {"no_service", "no_service_id", "no_team", "no_active_hooks", "team_disabled", "invalid_token",
     "channel_not_found", "channel_is_archived", "action_prohibited", "user_not_found"}
)  # fmt: skip
BAD_MESSAGE: Final = frozenset(
    {
        "invalid_payload",
        "invalid_blocks",
        "invalid_blocks_format",
        "no_text",
        "too_many_attachments",
    }
)


class Slack(targets.ByUrl):
    """Posts to rooms of Slack; each webhook has its own pace, the host its breaker."""

    channel = Channel.SLACK
    batch = 50
    edits = False
    verified_by = "code"

    def take(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """`url` of an incoming webhook. Raises BadInput, RefusedAddress."""
        text = targets.web(raw)
        url = httpx.URL(text)
        slacks = url.host in HOSTS and PATH.fullmatch(url.path) and not url.query
        if not (slacks or targets.trusted(url)):
            hint = f"An incoming webhook of Slack begins with https://{HOSTS[0]}/services/."
            raise BadInput(hint, field="url")
        return {"url": text}

    async def send(self, batch: Sequence[Outgoing]) -> list[Result]:
        """Refusals by Slack's words; 404 and 410 are a webhook that is no more."""
        return await answers.side_by_side(batch, _post)


async def _post(message: Outgoing) -> Result:
    body = msgspec.json.encode(payload(message))
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return _judged(message, await http.exchange(str(message.address["url"]), body, headers))


def payload(message: Outgoing) -> dict[str, Any]:
    """The text in sections, links below; notifications on a phone show the title."""
    content = message.content
    body = CALLS.sub("&lt;", content.body)
    blocks = [_block("section", text) for text in pieces(body, LONGEST_SECTION, MOST_SECTIONS)]
    if not says(content.body, content.title):
        title = {"type": "plain_text", "text": one_line(content.title, LONGEST_HEADER)}
        blocks.insert(0, {"type": "header", "text": title})
    links = joined((_link(one) for one in content.actions if one.url), "  ·  ", LONGEST_SECTION)
    if links:
        blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": links}]})
    text = one_line(content.title, LONGEST_TEXT).translate(ESCAPES) or "ArbEdge"
    return {"text": text, "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def _block(kind: str, text: str) -> dict[str, Any]:
    return {"type": kind, "text": {"type": "mrkdwn", "text": text}}


def _link(action: Action) -> str:
    """A link whose label and address cannot end it early."""
    url = action.url.replace("|", "%7C").replace(" ", "%20").translate(ESCAPES)
    return f"<{url}|{one_line(action.label, 75).replace('|', '/').translate(ESCAPES)}>"


def _judged(message: Outgoing, answer: Answer) -> Result:
    word = answer.body.strip().decode() if WORD.fullmatch(answer.body.strip()) else ""
    said = f"HTTP {answer.status}{': ' if word else ''}{word}"
    if word in GONE or answer.status in (404, 410):
        return Result(message.delivery_id, Outcome.PERMANENT, Code.GONE, said, gone=True)
    if word in BAD_MESSAGE:
        return Result(message.delivery_id, Outcome.PERMANENT, Code.BAD_MESSAGE, said)
    return answers.judged(message, answer, detail="" if word == "ok" else word)


sender = Slack()
