"""A message as a mail: subject, text and HTML, picture, headers that machines read."""

from __future__ import annotations

import hashlib
from email.mime.image import MIMEImage
from email.utils import parseaddr
from typing import Final

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.html import escape, linebreaks

from notifications.channels import pictures
from notifications.channels.base import Outgoing
from notifications.channels.fitting import one_line

PICTURE: Final = "chart"
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
    raw = pictures.read(content)
    if raw:
        mail.attach(_picture(raw))
    return mail


def _text(message: Outgoing) -> str:
    """The text; where it names none of the links, they stand below."""
    content = message.content
    links = [(action.label, action.url) for action in content.actions if action.url]
    if any(url in content.body for _, url in links):
        links = []
    if content.unsubscribe_url and content.unsubscribe_url not in content.body:
        links.append(("Unsubscribe", content.unsubscribe_url))
    told = "\n".join(f"{label}: {url}" for label, url in links)
    return f"{content.body}\n\n{told}" if told else content.body


def _picture(raw: bytes) -> MIMEImage:
    """Shown where the HTML says `cid:chart`."""
    picture = MIMEImage(raw, "png")
    picture["Content-ID"] = f"<{PICTURE}>"
    picture.add_header("Content-Disposition", "inline", filename=f"{PICTURE}.png")
    return picture


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
