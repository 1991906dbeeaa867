"""Discord through a webhook: one embed, nobody called by name, and a message that can be edited.

POST {url}?wait=true answers with the message; PATCH {url}/messages/{id} replaces it. The URL is
the secret. https://discord.com/developers/docs/resources/webhook
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import httpx

from arbedge.errors import BadInput
from arbedge.names import Channel
from notifications.channels import answers, discord_form, http, pictures, targets
from notifications.channels.answers import Answer
from notifications.channels.base import Outgoing, Result
from notifications.codes import Code
from notifications.names import Outcome

HOSTS: Final = ("discord.com", "ptb.discord.com", "canary.discord.com", "discordapp.com")
PATH: Final = re.compile(r"/api/(v\d{1,2}/)?webhooks/\d{10,25}/[\w-]{30,120}")
UNKNOWN_MESSAGE: Final = 10008
GONE: Final = frozenset({10015, 50027})  # unknown webhook, invalid webhook token
BAD_MESSAGE: Final = frozenset({50006, 50035})  # empty message, invalid form
NUMBER: Final = re.compile(r"\d{10,25}")


class Discord(targets.ByUrl):
    """Posts to rooms of Discord; each webhook has its own pace, the host its breaker."""

    channel = Channel.DISCORD
    batch = 50
    edits = True
    verified_by = "code"

    def take(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """`url` of a webhook. Raises BadInput, RefusedAddress."""
        text = targets.web(raw)
        url = httpx.URL(text)
        discords = url.host in HOSTS and PATH.fullmatch(url.path)
        if not (discords or targets.trusted(url)):
            hint = f"A webhook of Discord begins with https://{HOSTS[0]}/api/webhooks/."
            raise BadInput(hint, field="url")
        return {"url": str(url.copy_with(query=None))}

    async def send(self, batch: Sequence[Outgoing]) -> list[Result]:
        """Edits where there is a message to replace; one that was deleted is sent anew."""
        return await answers.side_by_side(batch, _post)


async def _post(message: Outgoing) -> Result:
    url = str(message.address["url"])
    if NUMBER.fullmatch(message.replaces):
        body, headers = discord_form.written(message, b"")
        place = f"{url}/messages/{message.replaces}"
        answer = await http.exchange(place, body, headers, method="PATCH")
        if answer.json().get("code") != UNKNOWN_MESSAGE:
            return _judged(message, answer)
    picture = await asyncio.to_thread(pictures.read, message.content)
    body, headers = discord_form.written(message, picture)
    return _judged(message, await http.exchange(f"{url}?wait=true", body, headers))


def _judged(message: Outgoing, answer: Answer) -> Result:
    said = answer.json()
    code = said.get("code")
    detail = f"error {code}" if isinstance(code, int) and code else ""
    if code in GONE or answer.status == 404:
        return Result(message.delivery_id, Outcome.PERMANENT, Code.GONE, detail, gone=True)
    if code in BAD_MESSAGE:
        return Result(message.delivery_id, Outcome.PERMANENT, Code.BAD_MESSAGE, detail)
    number = str(said.get("id") or "")
    result = answers.judged(message, answer, provider_id=number, detail=detail)
    wait_s = said.get("retry_after")
    if answer.status == 429 and isinstance(wait_s, int | float):
        wait_s = answers.bounded(float(wait_s))
        result = replace(
            result, retry_after_s=wait_s, pause_s=wait_s if said.get("global") else None
        )
    return result


sender = Discord()
