"""Log-in links sent by mail: 256 random bits, kept as SHA-256, for 15 minutes, once.

Looking at a link does not use it up, since mail scanners open every address they find.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django_ratelimit.core import get_usage
from redis.exceptions import RedisError

from accounts.models import LoginLink
from arbedge import sealing, visitor
from arbedge.errors import BadInput

LIFE: Final = timedelta(minutes=15)
LONGEST_EMAIL: Final = 254
TOKEN_CHARACTERS: Final = 43
BATCH: Final = 5_000
RATE_PER_ADDRESS: Final = "20/h"
RATE_PER_MAIL: Final = "5/15m"
MOST_UNCACHED: Final = 5

log = structlog.get_logger(__name__)


def normal(email: str) -> str:
    """The address in lower case without spaces around it. Raises BadInput (bad_email)."""
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        email = ""
    if not email or len(email) > LONGEST_EMAIL:
        raise BadInput(
            "This is no e-mail address: it should look like name@example.org.",
            code="bad_email", field="email",
        )  # fmt: skip
    return email


def send(email: str, *, ip: str, now: datetime) -> None:
    """Mails a link to this (normal) address, whether somebody is known by it or not.

    Raises what the mail backend raises; the link then does not exist.
    """
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        LoginLink.objects.create(
            email=email, digest=sealing.sha256(token), made_at=now, expires_at=now + LIFE,
            ip=ip or None,
        )  # fmt: skip
        _mail(email, address(token))


def address(token: str) -> str:
    """The link itself. It begins with SITE_URL, whatever host the request came by.

    Logs hide whatever is called token in an address.
    """
    site = str(settings.SITE_URL).rstrip("/")
    return f"{site}{reverse('accounts:link')}?{urlencode({'token': token})}"


def _mail(email: str, link: str) -> None:
    said = {"link": link, "minutes": int(LIFE.total_seconds() // 60), "site": settings.SITE_URL}
    mail = EmailMultiAlternatives(
        subject=render_to_string("mail/login_subject.txt", said).strip(),
        body=render_to_string("mail/login.txt", said),
        to=[email],
    )
    mail.attach_alternative(render_to_string("mail/login.html", said), "text/html")
    mail.send()


def look(token: str, now: datetime) -> LoginLink:
    """Returns the link without using it. Raises BadInput (link_unknown, link_used, link_old)."""
    link = None
    if len(token) == TOKEN_CHARACTERS:
        link = LoginLink.objects.filter(digest=sealing.sha256(token)).first()
    if link is None:
        raise BadInput(
            "This link is not one of ours, or was cut short on its way. Ask for a new one.",
            code="link_unknown",
        )
    if link.used_at is not None:
        raise BadInput(
            "This link was used, or replaced by another. Ask for a new one.", code="link_used"
        )
    if link.expires_at <= now:
        raise BadInput("This link is older than 15 minutes. Ask for a new one.", code="link_old")
    return link


def use(token: str, now: datetime) -> str:
    """Uses the link up and returns its address; of two at once exactly one gets it.

    Every other link of the address is over with it. Raises BadInput as `look` does.
    """
    link = look(token, now)
    unused = Q(used_at__isnull=True, expires_at__gt=now)
    if not LoginLink.objects.filter(unused, pk=link.pk).update(used_at=now):
        return look(token, now).email  # another was faster: this says so
    LoginLink.objects.filter(unused, email=link.email).update(used_at=now)
    return link.email


def wait_s(request: HttpRequest, email: str, now: datetime) -> int:
    """Counts somebody's asking for a link; returns the seconds to wait, 0 to go on.

    Without the cache the links themselves are counted.
    """
    rules = (("login_link.ip", visitor.household(request), RATE_PER_ADDRESS),
             ("login_link.email", email, RATE_PER_MAIL))  # fmt: skip
    try:
        return max(_wait(request, *rule) for rule in rules)
    except RedisError as error:
        log.warning("throttle_without_cache", cause=type(error).__name__)
        lately = LoginLink.objects.filter(expires_at__gt=now)
        mine = Q(email=email) | Q(ip=visitor.address(request) or None)
        return int(LIFE.total_seconds()) if lately.filter(mine).count() >= MOST_UNCACHED else 0


def _wait(request: HttpRequest, group: str, who: str, rate: str) -> int:
    usage = get_usage(request, group=group, key=lambda *_: who, rate=rate, increment=True)
    return max(1, usage["time_left"]) if usage and usage["should_limit"] else 0


def forget_old(now: datetime) -> int:
    """Deletes links a day after their end, in batches. Returns how many rows."""
    total = 0
    while True:
        due = LoginLink.objects.filter(expires_at__lt=now - timedelta(days=1)).values("pk")[:BATCH]
        done = LoginLink.objects.filter(pk__in=due).delete()[0]
        total += done
        if done < BATCH:
            return total
