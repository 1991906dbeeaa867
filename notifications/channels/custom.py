"""The long tail through Apprise: services of APPRISE_SCHEMES, each with a host of its own.

An Apprise URL can name any host, a file or a program of this machine. Only schemes whose host the
service fixes are let in, and nothing in the URL may loosen how it is asked: redirects, certificates
and times are ours. Apprise says whether a message was taken, not why it was not.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.conf import settings

from arbedge.errors import BadInput
from arbedge.names import Channel
from notifications.channels import answers, apprise_services, threads
from notifications.channels.base import Outgoing, Result
from notifications.channels.fitting import one_line, says, shortened
from notifications.codes import Code
from notifications.names import Outcome

URL: Final = re.compile(r"([a-z][a-z0-9]{1,19})://[!-~]+")
LONGEST_URL: Final = 1000
LONGEST_TITLE, LONGEST_BODY = 120, 1900
TIMEOUT_S: Final = 15.0


class Custom:
    """Services that have no channel of their own; each scheme has its own pace and breaker."""

    channel = Channel.CUSTOM
    batch = 10
    edits = False
    verified_by = "code"

    def take(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """`url`, an Apprise URL of an allowed scheme. Raises BadInput."""
        url = str(raw.get("url") or "").strip()
        if len(url) > LONGEST_URL:
            raise BadInput("This is too long.", field="url", limit=LONGEST_URL)
        found = URL.fullmatch(url)
        if found is None or found[1] not in settings.APPRISE_SCHEMES:
            known = ", ".join(f"{scheme}://" for scheme in settings.APPRISE_SCHEMES)
            raise BadInput(f"The address must begin with one of {known or 'none'}.", field="url")
        if apprise_services.made(url) is None:
            raise BadInput("The service does not know addresses of this form.", field="url")
        return {"url": url}

    def shown(self, address: Mapping[str, Any]) -> str:
        """The scheme alone: everything behind it is secret."""
        return f"{self.host(address)}://…"

    def host(self, address: Mapping[str, Any]) -> str:
        """The scheme, which stands for the service's host."""
        return str(address["url"]).partition("://")[0]

    async def send(self, batch: Sequence[Outgoing]) -> list[Result]:
        """What is not taken is tried again: Apprise does not tell why."""
        return await answers.side_by_side(batch, _notify)


async def _notify(message: Outgoing) -> Result:
    url, done = str(message.address["url"]), message.delivery_id
    if url.partition("://")[0] not in settings.APPRISE_SCHEMES:
        return Result(done, Outcome.PERMANENT, Code.REFUSED, "scheme is not allowed any more")
    try:
        async with asyncio.timeout(TIMEOUT_S):
            taken = await threads.call(Channel.CUSTOM, _told, url, message)
    except TimeoutError:
        return Result(done, Outcome.RETRY, Code.TIMEOUT, f"no answer within {TIMEOUT_S:g} s")
    if taken is None:
        return Result(done, Outcome.PERMANENT, Code.BAD_ADDRESS, "unreadable", gone=True)
    if not taken:
        return Result(done, Outcome.RETRY, Code.SERVER, "the service did not take it")
    return Result(done, Outcome.SENT)


def _told(url: str, message: Outgoing) -> bool | None:
    """Whether the service took it; None where the URL is none of its own."""
    from apprise import Apprise, NotifyFormat

    service = apprise_services.made(url)
    if service is None:
        return None
    content = message.content
    title = "" if says(content.body, content.title) else one_line(content.title, LONGEST_TITLE)
    body = shortened(content.body, LONGEST_BODY)
    teller = Apprise(service, asset=apprise_services.asset())
    return bool(teller.notify(body=body, title=title, body_format=NotifyFormat.TEXT))


sender = Custom()
