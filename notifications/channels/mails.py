"""A message as a mail: subject, text and HTML, picture, headers that machines read.

The picture belongs to the HTML, which shows it (RFC 2387): a reader of the text alone gets none.
"""

from __future__ import annotations

import hashlib
from email.message import Message
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from email.utils import parseaddr
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.html import escape, linebreaks

from notifications.channels import pictures
from notifications.channels.base import Outgoing
from notifications.channels.fitting import one_line

PICTURE: Final = "chart"
PICTURE_MARK: Final = "<!--chart-->"  # where the HTML has a place for it
_SHOWN: Final = (
    '<p style="margin:16px 0 0"><img src="cid:{}" alt="{}" width="470"'
    ' style="max-width:100%;height:auto;border:0"></p>'
)
LONGEST_SUBJECT: Final = 160
LONGEST_HEADER: Final = 998  # RFC 5322


class Mail(EmailMultiAlternatives):
    """Text and HTML, and a picture the HTML shows, if any."""

    picture: MIMEImage | None = None

    def message(self, *args: Any, **named: Any) -> Any:
        """The alternatives; the last of them is HTML and picture together."""
        made: Any = super().message(*args, **named)
        if self.picture is not None:
            *others, html = made.get_payload()
            made.set_payload([*others, _related(html, self.picture)])
        return made


def mail_of(message: Outgoing, connection: BaseEmailBackend | None = None) -> Mail:
    """The mail: subject from the title, text and HTML, picture, headers that machines read."""
    content = message.content
    text, subject = _text(message), one_line(content.title, LONGEST_SUBJECT)
    mail = Mail(
        subject, text, to=[str(message.address["email"])], headers=_headers(message),
        connection=connection,
    )  # fmt: skip
    html = content.html or linebreaks(escape(text)) + PICTURE_MARK
    raw, number = pictures.read(content), f"{PICTURE}.{_number(message)}"
    if raw:
        mail.picture = _picture(raw, number)
    shown = _SHOWN.format(number, escape(subject)) if raw else ""
    mail.attach_alternative(html.replace(PICTURE_MARK, shown), "text/html")
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


def _related(html: Message, picture: MIMEImage) -> MIMEMultipart:
    whole = MIMEMultipart("related", type="text/html")
    whole.attach(html)
    whole.attach(picture)
    return whole


def _picture(raw: bytes, number: str) -> MIMEImage:
    """Shown where the HTML says `cid:` and this number, which no other mail has: programs that
    show a thread as one page mix up pictures of one name."""
    picture = MIMEImage(raw, "png")
    picture["Content-ID"] = f"<{number}>"
    picture.add_header("Content-Disposition", "inline", filename=f"{PICTURE}.png")
    return picture


def _number(message: Outgoing) -> str:
    """The same at every try: mail programs show a repeated mail once."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"{hashlib.sha256(message.key.encode()).hexdigest()[:32]}@{domain}"


def _headers(message: Outgoing) -> dict[str, str]:
    headers = {"Message-ID": f"<{_number(message)}>", "Auto-Submitted": "auto-generated"}
    earlier = one_line(message.replaces or message.answers, LONGEST_HEADER)
    if earlier:
        headers |= {"In-Reply-To": earlier, "References": earlier}
    leave = one_line(message.content.unsubscribe_url, LONGEST_HEADER)
    if leave:
        headers["List-Unsubscribe"] = f"<{leave}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers
