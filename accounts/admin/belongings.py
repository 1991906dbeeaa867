"""What belongs to one person, as small tables. Of keys and tokens only what anybody may see."""

from __future__ import annotations

from django.utils import timezone
from django.utils.safestring import SafeString

from accounts import mutes
from accounts.admin import told
from accounts.models import ApiToken, Outcome, Preferences, Session, SessionState, StoredKey, User
from accounts.models.key import KeyState
from arbedge import choices, writing
from arbedge.desk import word
from arbedge.names import Kind, Shelf

BY_OTHERS = frozenset({Outcome.BY_STAFF, Outcome.ACCOUNT})
KEY_TONES = {KeyState.ACTIVE: "good", KeyState.DISABLED: "soft", KeyState.INVALID: "bad"}


def session_state(one: Session) -> SafeString:
    """Where a session stands; of an ended one how it ended."""
    if one.state != SessionState.ACTIVE:
        return word("warn" if one.outcome in BY_OTHERS else "soft", one.get_outcome_display())
    if one.expires_at <= timezone.now():
        return word("soft", "over", "Seven days without a word; settled tonight.")
    return word("good", "active")


def sessions(person: User, number: int) -> SafeString:
    """The newest sessions."""
    rows = Session.objects.filter(user=person).order_by("-started_at")[:number]
    return told.table(
        ("Door", "State", "Started", "Seen", "Ends", "From", "Did"),
        (
            (
                row.door, session_state(row), told.when(row.started_at), told.when(row.seen_at),
                told.when(row.ended_at or row.expires_at), row.ip or writing.NONE,
                f"{row.interactions:,} actions, saw {row.opportunities_seen:,}",
            )
            for row in rows
        ),
        empty="Never had one.",
    )  # fmt: skip


def rights(key: StoredKey) -> str:
    """What a key may do."""
    told_rights = [
        name for name, held in (("read", key.can_read), ("trade", key.can_trade)) if held
    ]
    bound = {True: "bound to addresses", False: "from any address", None: ""}[key.ip_bound]
    net = "testnet" if key.testnet else ""
    return ", ".join(part for part in (*told_rights, bound, net) if part) or writing.UNKNOWN


def key_state(key: StoredKey) -> SafeString:
    """Whether a key is used, the problem on hover."""
    return word(KEY_TONES[KeyState(key.state)], key.get_state_display(), key.problem)


def keys(person: User) -> SafeString:
    """Keys by their last four characters."""
    rows = StoredKey.objects.filter(user=person).defer("sealed", "digest").order_by("slot")
    return told.table(
        ("Key", "Label", "May", "State", "Checked", "Used"),
        (
            (
                row, row.label, rights(row), key_state(row), told.when(row.checked_at),
                told.when(row.used_at),
            )
            for row in rows
        ),
    )  # fmt: skip


def token_state(token: ApiToken) -> SafeString:
    """Whether a token still opens anything."""
    if token.revoked_at is not None:
        return word("soft", "revoked", told.when(token.revoked_at))
    if token.expires_at is not None and token.expires_at <= timezone.now():
        return word("soft", "expired", told.when(token.expires_at))
    return word("good", "active")


def tokens(person: User, number: int) -> SafeString:
    """Tokens by their prefix."""
    rows = ApiToken.objects.filter(user=person).defer("digest").order_by("-pk")[:number]
    return told.table(
        ("Token", "Scopes", "State", "Made", "Used"),
        (
            (row, ", ".join(row.scopes), token_state(row), told.when(row.made_at),
             told.when(row.used_at))
            for row in rows
        ),
    )  # fmt: skip


def preferences(person: User) -> SafeString:
    """What decides which opportunities he sees and hears of."""
    held = Preferences.objects.filter(user=person).first()
    wish = held or Preferences(user=person)
    source = f"version {wish.version}, {told.when(wish.changed_at)}" if held else "the defaults"
    return told.facts((
        ("Set by", f"preset {wish.preset}, {source}" if wish.preset else source),
        ("Focus", f"{wish.focus}, {wish.experience}, {wish.automation}"),
        ("Kinds", _chosen(wish.kinds, tuple(Kind), "all of the tier")),
        ("Shelves", _chosen(wish.shelves, tuple(Shelf), "those of the experience")),
        ("Venues", _chosen(wish.venues, choices.VENUES, "all")),
        ("Coins", _coins(wish)),
        ("Muted", _muted(person)),
        ("At least", f"net {writing.percent(wish.min_net)}, APR {writing.percent(wish.min_apr)}"),
        ("Risk", f"up to {wish.max_risk}"),
        ("Figures for", f"{writing.money(wish.notional_usd)}, {wish.horizon_hours} h"),
        ("Messages", f"{wish.frequency} by {', '.join(wish.channels) or 'the first channel'}"),
        ("Quiet", _span(wish.quiet_from_min, wish.quiet_to_min)),
        ("Written in", f"{person.language}, {wish.currency}, {wish.number_format}"),
    ))  # fmt: skip


def _chosen(bits: int | None, known: tuple[str, ...], when_empty: str) -> str:
    if bits is None:
        return when_empty
    return ", ".join(choices.unmask(bits, [str(name) for name in known])) or "none"


def _coins(wish: Preferences) -> str:
    only = f"only {', '.join(wish.assets_in)}" if wish.assets_in else "all"
    return only + (f", not {', '.join(wish.assets_out)}" if wish.assets_out else "")


def _muted(person: User) -> str:
    """What of the hidden venues and coins is hidden for a time, and until when."""
    held = mutes.listed(person.pk, timezone.now())
    ends = ((one, told.when(one.until) if one.until else "for good") for one in held)
    return ", ".join(f"{one.name} ({end})" for one, end in ends) or "nothing"


def _span(start_min: int | None, end_min: int | None) -> str:
    if start_min is None or end_min is None:
        return "never"
    return f"{_clock(start_min)} to {_clock(end_min)}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
