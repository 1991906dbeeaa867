"""A message as a mail: subject, text and HTML, picture, headers that machines read."""

from __future__ import annotations

import hashlib
from email.utils import parseaddr
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.html import escape, linebreaks

from notifications.channels.base import Outgoing
from notifications.channels.fitting import one_line

LONGEST_SUBJECT: Final = 160
LONGEST_HEADER: Final = 998  # RFC 5322


def mail_of(
    message: Outgoing, connection: BaseEmailBackend | None = None
) -> EmailMultiAlternatives:
    """The mail: subject from the title, text and HTML, picture, headers that machines read."""
    content = message.content
    text, subject = _text(message), one_line(content.title, LONGEST_SUBJECT)
    mail = EmailMultiAlternatives(
        subject, text, to=[str(message.address["email"])], headers=_headers(message),
        connection=connection,
    )  # fmt: skip
    mail.attach_alternative(content.html or linebreaks(escape(text)), "text/html")
    if content.image_path and Path(content.image_path).is_file():
        mail.attach_file(content.image_path)
    return mail


def _text(message: Outgoing) -> str:
    content = message.content
    links = [(action.label, action.url) for action in content.actions]
    links.append(("Unsubscribe", content.unsubscribe_url))
    further = [f"{label}: {url}" for label, url in links if url and url not in content.body]
    return "\n\n".join([content.body, *(["\n".join(further)] if further else [])])


def _headers(message: Outgoing) -> dict[str, str]:
    """The same Message-ID at every try: mail programs show a repeated mail once."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    number = hashlib.sha256(message.key.encode()).hexdigest()[:32]
    headers = {"Message-ID": f"<{number}@{domain}>", "Auto-Submitted": "auto-generated"}
    earlier = one_line(message.replaces or message.answers, LONGEST_HEADER)
    if earlier:
        headers |= {"In-Reply-To": earlier, "References": earlier}
    leave = one_line(message.content.unsubscribe_url, LONGEST_HEADER)
    if leave:
        headers["List-Unsubscribe"] = f"<{leave}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers
