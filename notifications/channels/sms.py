"""SMS through Twilio's HTTP interface, or any that speaks it (TWILIO_API_URL).

POST /2010-04-01/Accounts/{account}/Messages.json; refusals carry Twilio's own error numbers
(https://www.twilio.com/docs/api/errors). A message costs at most three segments.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.utils import timezone

from arbedge.errors import BadInput
from arbedge.names import Channel
from notifications.channels import answers, http, sms_form
from notifications.channels.answers import Answer
from notifications.channels.base import Outgoing, Result
from notifications.codes import Code
from notifications.names import Outcome

E164: Final = re.compile(r"\+[1-9]\d{6,14}")
MOST_DIGITS: Final = 15
TYPED: Final = re.compile(r"[\s().\-/\u2011\u2013]+")
DEAD: Final = frozenset({21211, 21214, 21217, 21401, 21614})
STOPPED: Final = frozenset({21610})
TOO_LONG: Final = frozenset({21605, 21617})
OURS: Final = frozenset({20003, 20404, 21212, 21603, 21606, 21659, 21660, 21703})
BUSY: Final = frozenset({20429, 14107, 21611})
PAUSE_S: Final = 1.0


class Sms:
    """Text messages; pace and breaker are the provider's."""

    channel = Channel.SMS
    batch = 20
    edits = False
    verified_by = "code"

    def take(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """`number` with country code; blanks, brackets and dashes go. Raises BadInput."""
        typed = TYPED.sub("", str(raw.get("number") or "")[:40])
        number = f"+{typed[2:]}" if typed.startswith("00") else typed
        if not (number.isascii() and E164.fullmatch(number)):
            text = "Write the number with its country code, such as +447700900123."
            raise BadInput(text, field="number", limit=MOST_DIGITS)
        return {"number": number}

    def shown(self, address: Mapping[str, Any]) -> str:
        """The country's beginning and the last two digits."""
        number = str(address["number"])
        return f"{number[:3]} … {number[-2:]}"

    def host(self, address: Mapping[str, Any]) -> str:  # noqa: ARG002 - one provider for all
        """The provider's."""
        return urlsplit(settings.TWILIO_API_URL).hostname or ""

    async def send(self, batch: Sequence[Outgoing]) -> list[Result]:
        """Refusals by Twilio's numbers: dead, stopped by its owner, too long, ours, or busy."""
        if not (settings.TWILIO_ACCOUNT and settings.TWILIO_TOKEN and settings.TWILIO_FROM):
            return answers.not_configured(batch, "TWILIO_ACCOUNT, _TOKEN or _FROM is not set")
        return await answers.side_by_side(batch, _post)


async def _post(message: Outgoing) -> Result:
    account = settings.TWILIO_ACCOUNT
    url = f"{settings.TWILIO_API_URL}/2010-04-01/Accounts/{account}/Messages.json"
    pair = base64.b64encode(f"{account}:{settings.TWILIO_TOKEN}".encode()).decode()
    headers = {
        "Authorization": f"Basic {pair}", "Content-Type": "application/x-www-form-urlencoded",
    }  # fmt: skip
    form = urlencode(sms_form.form(message, timezone.now())).encode()
    return _judged(message, await http.exchange(url, form, headers, ours=True))


def _judged(message: Outgoing, answer: Answer) -> Result:
    said = answer.json()
    number, done = said.get("code"), message.delivery_id
    detail = f"error {number}" if isinstance(number, int) else ""
    if answer.status == 429 or number in BUSY:
        wait_s = answer.retry_after_s or PAUSE_S
        return Result(done, Outcome.RETRY, Code.RATE_LIMITED, detail, "", wait_s, pause_s=wait_s)
    if answer.status == 401 or number in OURS:
        return Result(done, Outcome.PERMANENT, Code.NOT_CONFIGURED, detail)
    for numbers, code, gone in (
        (DEAD, Code.BAD_ADDRESS, True), (STOPPED, Code.SUPPRESSED, True),
        (TOO_LONG, Code.TOO_LONG, False),
    ):  # fmt: skip
        if number in numbers:
            return Result(done, Outcome.PERMANENT, code, detail, gone=gone)
    sid = str(said.get("sid") or "")
    return answers.judged(message, answer, provider_id=sid, detail=detail)


sender = Sms()
