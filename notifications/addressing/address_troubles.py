"""Addresses that stop working: disabled, gone, moved, or failing for too long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from auditlog.context import disable_auditlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from accounts.models import User
from arbedge.names import Channel
from notifications.addressing import address_rows, suppressions
from notifications.addressing.suppressions import BOUNCED
from notifications.channels.base import sender
from notifications.codes import Code
from notifications.models import Address, Chat
from notifications.names import AddressState, Recipient
from notifications.telegram import chats

MOST_FAILURES: Final = 20
# Servers of people's own: when they fail for long, it is theirs to mend and ours to stop.
JUDGED_BY_FAILURES: Final = (Channel.WEBHOOK.value, Channel.CUSTOM.value)


def disable(
    problem: str,
    *,
    address_id: int | None = None,
    recipient: str = Recipient.USER.value,
    recipient_id: int = 0,
    channel: Channel = Channel.TELEGRAM,
    now: datetime | None = None,
) -> Address | Chat | None:
    """Uses an address no more because of `problem`, a word of codes.Code.

    Named by its row, or by recipient and channel where it has none: a chat, a person's Telegram
    or account e-mail. Returns what was disabled just now, so that its owner can be told; None
    where it was disabled before or is gone.
    """
    at = now or timezone.now()
    with transaction.atomic(), disable_auditlog():
        if address_id is not None:
            row = Address.objects.select_for_update().filter(pk=address_id).first()
        elif recipient == Recipient.CHAT.value:
            return chats.refused(recipient_id, problem)
        else:
            row = _own_row(recipient_id, channel)
        if row is None or row.state == AddressState.DISABLED.value:
            return None
        before, row.state = row.state, AddressState.DISABLED.value
        row.problem, row.disabled_at = problem, at
        row.save()
        changes = {"state": (before, row.state), "problem": ("", problem)}
        audit.record("address.disabled", row, whom=row.recipient_id, changes=changes)
    return row


def works_again(user_id: int, channel: Channel = Channel.TELEGRAM) -> Address | None:
    """Uses what a person has without a row of his own making again: he unblocked the bot.

    Returns what was enabled just now, None where there was nothing to enable.
    """
    with transaction.atomic(), disable_auditlog():
        row = Address.objects.select_for_update().filter(
            recipient=Recipient.USER.value, recipient_id=user_id, channel=channel.value,
            state=AddressState.DISABLED.value,
        ).first()  # fmt: skip
        if row is None:
            return None
        before, row.state = row.state, AddressState.ACTIVE.value
        changes = {"state": (before, row.state), "problem": (row.problem, "")}
        row.problem, row.failures, row.disabled_at = "", 0, None
        row.save()
        audit.record("address.enabled", row, whom=user_id, changes=changes)
    return row


def moved(recipient: str, recipient_id: int, channel: Channel, address: Mapping[str, Any]) -> bool:
    """A chat has a new id (a group that became a supergroup), or lost the topic its posts went to.
    Returns whether it was changed.
    """
    if recipient != Recipient.CHAT.value or channel is not Channel.TELEGRAM:
        return False
    if (topic := address.get("topic_left")) is not None:
        return chats.topic_lost(recipient_id, int(topic))
    chat = Chat.objects.filter(pk=recipient_id).first()
    telegram_id = int(address[address_rows.NAMED_BY[Channel.TELEGRAM]])
    return chat is not None and chats.migrated(chat.telegram_id, telegram_id)


def count(
    worked: Iterable[int], failed: Iterable[int], *, now: datetime | None = None
) -> list[Address]:
    """Counts what attempts came to, by address id: failures in a row, none after one that worked.

    Returns the addresses disabled just now: people's own servers after 20 failures in a row.
    """
    good, bad = set(worked), Counter(failed)
    touched = Q(pk__in=list(bad)) | Q(pk__in=good, failures__gt=0)
    with transaction.atomic():
        # Always in the same order, so that no two workers wait for each other.
        rows = list(Address.objects.select_for_update(no_key=True).filter(touched).order_by("pk"))
        for row in rows:
            row.failures = (0 if row.pk in good else row.failures) + bad[row.pk]
        Address.objects.bulk_update(rows, ["failures"])
    done = [disable(Code.UNREACHABLE.value, address_id=row.pk, now=now)
            for row in rows if row.pk in bad and _is_hopeless(row)]  # fmt: skip
    return [row for row in done if isinstance(row, Address)]


def _is_hopeless(row: Address) -> bool:
    return row.failures >= MOST_FAILURES and row.channel in JUDGED_BY_FAILURES


def _own_row(user_id: int, channel: Channel) -> Address | None:
    """The row of what a person has without one, made where it is wanted first.

    None where there is nothing to disable, or where another mailbox has the row while it waits to
    be verified: then the account's own is suppressed instead.
    """
    user = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    address = None if user is None else address_rows.of_account(user).get(channel)
    row = Address.objects.select_for_update().filter(
        recipient=Recipient.USER.value, recipient_id=user_id, channel=channel
    ).first()  # fmt: skip
    if user is None or address is None:
        return row
    mark = address_rows.digest(channel, address)
    if row is None:
        row = Address(
            recipient=Recipient.USER.value, recipient_id=user.pk, channel=channel.value,
            state=AddressState.ACTIVE.value,
        )  # fmt: skip
    elif bytes(row.digest) == mark or row.state == AddressState.ACTIVE.value:
        return row
    elif channel is Channel.EMAIL:
        suppressions.suppress(channel, mark, BOUNCED, sender(channel).shown(address))
        return None
    row.sealed, row.digest = address_rows.sealed(address), mark
    row.shown, row.state = sender(channel).shown(address), AddressState.ACTIVE.value
    return row
