"""Adding a key in a private chat: which, of which network, then the key in a message of its own.

Dispatch deletes whatever is typed while this conversation runs before it comes here, since people
paste keys at the wrong moment too. Nothing typed is kept, but by the vault. An update handled twice
(its process was killed between the vault's commit and the answer's) finds its key and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from accounts import ai_keys, key_shapes, vault, vault_rows
from accounts.credentials import KeyRefused, Secret, Unchecked
from accounts.models import MOST_KEYS, KeyKind, StoredKey
from accounts.permissions import Permission, need
from accounts.vault_rows import Shown
from arbedge import sealing
from arbedge.errors import ArbEdgeError, Forbidden, TooMany
from arbedge.hidden import Hidden
from arbedge.names import Door
from exchanges.keys import DESKS
from notifications.bot import answering, talks
from notifications.bot.asks import Ask
from notifications.bot.keys import key_lines, key_words
from notifications.bot.keys.key_lines import Typed
from notifications.bot.replies import Button, Reply, html, rows
from notifications.models import Talk

LASTS: Final = timedelta(minutes=15)
EXCHANGE: Final = "setup_exchange"
AI: Final = "setup_ai"
PROVIDER, NETWORK, ADDRESS, SECRET, DONE = "provider", "network", "address", "secret", "done"
STEPS: Final = frozenset({PROVIDER, NETWORK, ADDRESS, SECRET, DONE})  # a key may be typed at any
REAL, TEST = "real", "test"
OWN_ADDRESS: Final = "compatible"


def begin(ask: Ask, name: str) -> Reply:
    """Asks whose key it is."""
    full = _full(ask)
    if full is not None:
        return full
    _put(ask, name, PROVIDER)
    known = DESKS if name == EXCHANGE else ai_keys.PROVIDERS
    picks = [Button(_label(ask, one), f"{_PICKS[name]} {one}") for one in known]
    return _asked(ask, ask.say(f"keys.which.{name}"), picks)


_PICKS: Final = {EXCHANGE: "key_venue", AI: "key_provider"}


def _label(ask: Ask, provider: str) -> str:
    return ask.say("keys.compatible") if provider == OWN_ADDRESS else vault.provider_name(provider)


def venue(ask: Ask, provider: str) -> Reply:
    """Asks of which network the key is."""
    full = _full(ask)
    if full is not None:
        return full
    _put(ask, EXCHANGE, NETWORK, {"provider": provider})
    picks = [
        Button(ask.say(f"keys.network.{one}"), f"key_network {provider} {one}")
        for one in (REAL, TEST)
    ]
    text = ask.say("keys.network.which", venue=vault.provider_name(provider))
    return _asked(ask, text, picks)


def network(ask: Ask, provider: str, chosen: str) -> Reply:
    """Asks for the key itself."""
    _put(ask, EXCHANGE, SECRET, {"provider": provider, "testnet": chosen == TEST})
    told = "keys.send.passphrase" if DESKS[provider].passphrase else "keys.send.secret"
    return _asked(ask, _send(ask, told, vault.provider_name(provider)))


def ai_provider(ask: Ask, provider: str) -> Reply:
    """Asks for the key, or first for the address where the service is anybody's."""
    full = _full(ask)
    if full is not None:
        return full
    if provider == OWN_ADDRESS:
        _put(ask, AI, ADDRESS, {"provider": provider})
        return _asked(ask, ask.say("keys.address.which"))
    _put(ask, AI, SECRET, {"provider": provider})
    return _asked(ask, _send(ask, "keys.send.ai", vault.provider_name(provider)))


def answer(ask: Ask, talk: Talk) -> Reply:
    """What a message in the conversation leads to. Raises Forbidden without an active session."""
    if ask.standing is None:
        raise Forbidden("You have no active session. Send /start to begin one.", code="no_session")
    need(ask.standing, Permission.OPPORTUNITIES_VIEW, now=ask.now, session=True)
    if talk.step == SECRET:
        return _key(ask, talk)
    if talk.step == DONE:
        return _again(ask, talk)
    if key_lines.looks_like_a_key(ask.said):
        return _asked(ask, ask.say("keys.too_early"))
    if talk.step == ADDRESS:
        return _address(ask)
    return _choice(ask, talk)


def _choice(ask: Ask, talk: Talk) -> Reply:
    """A button's word that was typed."""
    word = ask.said.strip().lower()
    if talk.step == NETWORK and word in (REAL, TEST):
        return network(ask, str(talk.data["provider"]), word)
    if talk.step == PROVIDER and talk.name == EXCHANGE and word in DESKS:
        return venue(ask, word)
    if talk.step == PROVIDER and talk.name == AI and word in ai_keys.PROVIDERS:
        return ai_provider(ask, word)
    if talk.step == NETWORK:
        return venue(ask, str(talk.data["provider"]))
    return begin(ask, talk.name)


def _address(ask: Ask) -> Reply:
    try:
        base_url = key_shapes.base_url(ask.said)
    except KeyRefused:
        return _asked(ask, ask.say("keys.address.refused"))
    _put(ask, AI, SECRET, {"provider": OWN_ADDRESS, "base_url": base_url})
    return _asked(ask, _send(ask, "keys.send.ai", base_url))


def _key(ask: Ask, talk: Talk) -> Reply:
    """The key itself: has it checked and kept."""
    typed = key_lines.read(ask.said, _lines(talk))
    if typed is None:
        return _asked(ask, ask.say("keys.lines", lines=str(_lines(talk))))
    answering.send([_typing(ask)])
    provider = str(talk.data["provider"])
    try:
        row = _added(ask, talk, typed)
    except (KeyRefused, Unchecked, TooMany) as error:
        return _refused(ask, talk, error, provider)
    _put(ask, talk.name, DONE, {"key": row.pk, "message": ask.message_id})
    return _told(ask, row.pk)


def _lines(talk: Talk) -> int:
    if talk.name == AI:
        return 1
    return 3 if DESKS[str(talk.data["provider"])].passphrase else 2


def _added(ask: Ask, talk: Talk, typed: Typed) -> StoredKey:
    """The stored key: this one, or the one this very message has led to before.

    Raises as the vault does.
    """
    try:
        return _add(ask, talk.data, typed, talk.name)
    except KeyRefused as error:
        row = _known(ask, talk, typed) if error.code == "key_known" else None
        if row is None:
            raise
        return row


def _add(ask: Ask, data: Mapping[str, Any], typed: Typed, name: str) -> StoredKey:
    provider, door = str(data["provider"]), Door.TELEGRAM
    if name == AI:
        return vault.add_ai(
            ask.user, provider, typed.key.reveal(), base_url=str(data.get("base_url", "")),
            door=door,
        )  # fmt: skip
    return vault.add_exchange(
        ask.user, provider, typed.key.reveal(), typed.secret.reveal(), typed.passphrase.reveal(),
        testnet=bool(data["testnet"]), door=door,
    )  # fmt: skip


def _known(ask: Ask, talk: Talk, typed: Typed) -> StoredKey | None:
    """The person's row of this key, where it was added since he was asked for it."""
    kind = KeyKind.AI if talk.name == AI else KeyKind.EXCHANGE
    base_url = str(talk.data.get("base_url", ""))
    nothing = Hidden("")
    whole = Secret(str(talk.data["provider"]), typed.key, nothing, nothing, base_url=base_url)
    mark = vault_rows.mark(kind, whole)
    rows = StoredKey.objects.filter(user=ask.user, made_at__gte=talk.changed_at)
    return next((row for row in rows if sealing.same(bytes(row.digest), mark)), None)


def _refused(ask: Ask, talk: Talk, error: ArbEdgeError, provider: str) -> Reply:
    """The person may send another key; where that leads nowhere the conversation is over."""
    why = key_words.refusal(ask, error, provider)
    if error.code in ("too_many_keys", "key_known", "not_installed"):
        talks.end(ask.user.pk)
        return Reply(ask.say("keys.over", why=html(why)), _status(ask))
    _put(ask, talk.name, SECRET, talk.data)
    return _asked(ask, ask.say("keys.not_added", why=html(why)))


def _again(ask: Ask, talk: Talk) -> Reply:
    """After the end: the same message once more, or one nobody waits for."""
    if ask.message_id and talk.data.get("message") == ask.message_id:
        return _told(ask, int(talk.data["key"]))
    talks.end(ask.user.pk)
    if key_lines.looks_like_a_key(ask.said):
        return Reply(ask.say("keys.not_asked"))
    return Reply(ask.say("keys.finished"), _status(ask))


def _told(ask: Ask, key_id: int) -> Reply:
    """What the added key may do; it may have been removed since."""
    key = find(ask, key_id)
    if key is None:
        return Reply(ask.say("keys.finished"), _status(ask))
    told = {
        "key": html(key_words.title(ask, key)),
        "rights": html(key_words.rights(ask, key)),
    }
    buttons = [Button(ask.say("keys.button.name"), f"key_name {key_id}")]
    return Reply(ask.say("keys.added", **told), (tuple(buttons), *_status(ask)))


def find(ask: Ask, key_id: int) -> Shown | None:
    """The person's key of that id, None where there is none."""
    return next((one for one in vault.listed(ask.user) if one.id == key_id), None)


def _full(ask: Ask) -> Reply | None:
    if len(vault.listed(ask.user)) < MOST_KEYS:
        return None
    return Reply(ask.say("keys.refused.too_many_keys", most=str(MOST_KEYS)), _status(ask))


def _put(ask: Ask, name: str, step: str, data: Mapping[str, Any] | None = None) -> None:
    talks.put(ask.user.pk, name, step, ask.now, data, lasts=LASTS)


def _send(ask: Ask, key: str, who: str) -> str:
    return ask.say("keys.send.whole", what=html(ask.say(key, venue=who)), venue=who)


def _asked(ask: Ask, text: str, picks: list[Button] | None = None) -> Reply:
    """A question with the way out of the conversation below it."""
    leave = (Button(ask.say("keys.button.stop"), "stop"),)
    return Reply(text, (*rows(picks or []), leave))


def _status(ask: Ask) -> tuple[tuple[Button, ...], ...]:
    return ((Button(ask.say("keys.button.status"), "setup_status"),),)


def _typing(ask: Ask) -> dict[str, Any]:
    return {
        "method": "sendChatAction", "told": {"chat_id": ask.place.chat_id, "action": "typing"},
    }  # fmt: skip
