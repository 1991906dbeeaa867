"""Keys in the bot: added in a conversation, shown, checked, switched off and on, named, removed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from accounts import ai_keys, vault
from accounts.credentials import KeyRefused, Unchecked
from accounts.models import MOST_KEYS, KeyState, StoredKey
from accounts.vault_rows import Shown
from arbedge.errors import BadInput, NotFound, TooMany
from arbedge.names import Door
from exchanges.keys import DESKS
from notifications.bot import grammar, planning, registry, talks
from notifications.bot.asks import Ask
from notifications.bot.grammar import Arg
from notifications.bot.keys import key_lines, key_talk, key_words, set_up, spilled
from notifications.bot.registry import Command, Conversation, Section
from notifications.bot.replies import Button, Reply, Rows, html, rows
from notifications.models import Talk

NAMING: Final = "key_name"
LABEL: Final = "label"
_MOST_WORDS: Final = 2  # of a command and a name
_OTHER: Final = "?"  # something else than a name of ours was typed; what, nobody needs to know


def _chosen(known: frozenset[str]) -> grammar.Read:
    """Reads one of these names; all else, which may be a key, is not kept."""

    def read(word: str) -> str:
        return word.lower() if word.lower() in known else _OTHER

    return read


def setup_exchange(ask: Ask) -> Reply:
    """Asks for a key of an exchange."""
    return _begun(ask, key_talk.EXCHANGE, key_talk.venue)


def setup_ai(ask: Ask) -> Reply:
    """Asks for a key of an AI provider."""
    return _begun(ask, key_talk.AI, key_talk.ai_provider)


def _begun(ask: Ask, name: str, go_on: Callable[[Ask, str], Reply]) -> Reply:
    chosen = ask.args["of"]
    if chosen is None:
        return key_talk.begin(ask, name)
    if chosen != _OTHER:
        return go_on(ask, chosen)
    if len(ask.said.split()) > _MOST_WORDS or key_lines.looks_like_a_key(ask.said):
        return spilled.removed(ask).then(key_talk.begin(ask, name))
    return key_talk.begin(ask, name)


def key_venue(ask: Ask) -> Reply:
    """The exchange was chosen by its button."""
    return key_talk.venue(ask, ask.args["of"])


def key_network(ask: Ask) -> Reply:
    """The network was chosen by its button."""
    return key_talk.network(ask, ask.args["of"], ask.args["network"])


def key_provider(ask: Ask) -> Reply:
    """The AI provider was chosen by its button."""
    return key_talk.ai_provider(ask, ask.args["of"])


def setup_status(ask: Ask) -> Reply:
    """Every key, and what is still to be set up."""
    keys = vault.listed(ask.user)
    told = [ask.say("keys.status.head", used=str(len(keys)), most=str(MOST_KEYS))]
    told += [_line(ask, key) for key in keys] or [ask.say("keys.status.none")]
    missing = set_up.missing(ask, keys)
    told += [ask.say("keys.status.missing", what=html("\n".join(missing)))] if missing else []
    buttons = [Button(key_words.name(key), f"key {key.id}") for key in keys]
    more = [Button(ask.say("keys.button.exchange"), "setup_exchange"),
            Button(ask.say("keys.button.ai"), "setup_ai")]  # fmt: skip
    return Reply("\n\n".join(told), (*rows(buttons), *rows(more)))


def _line(ask: Ask, key: Shown) -> str:
    return ask.say(
        "keys.status.key",
        key=html(key_words.title(ask, key)),
        may=ask.say(f"keys.may.{_may(key)}"),
        state=html(key_words.standing(ask, key)),
    )


def _may(key: Shown) -> str:
    if key.kind == "ai":
        return "ask"
    return "trade" if key.can_trade else "read"


def key(ask: Ask) -> Reply:
    """One key with what can be done about it."""
    return _shown(ask, _mine(ask))


def _shown(ask: Ask, one: Shown, said: str = "") -> Reply:
    text = ask.say(
        "keys.one",
        key=html(key_words.title(ask, one)),
        rights=html(key_words.rights(ask, one)),
        state=html(key_words.standing(ask, one)),
    )
    return Reply(f"{said}\n\n{text}" if said else text, _buttons(ask, one))


def _buttons(ask: Ask, one: Shown) -> Rows:
    off = one.state != KeyState.ACTIVE
    switch = "on" if off else "off"
    return (
        (Button(ask.say("keys.button.check"), f"key_check {one.id}"),
         Button(ask.say(f"keys.button.{switch}"), f"key_{switch} {one.id}")),
        (Button(ask.say("keys.button.name"), f"key_name {one.id}"),
         Button(ask.say("keys.button.drop"), f"key_drop {one.id}")),
        (Button(ask.say("keys.button.back"), "setup_status"),),
    )  # fmt: skip


def key_check(ask: Ask) -> Reply:
    """Asks again what the key may do."""
    return _asked_again(ask, vault.revalidate)


def key_on(ask: Ask) -> Reply:
    """Uses the key again, once it was asked what it may do now."""
    return _asked_again(ask, vault.enable)


def _asked_again(ask: Ask, deed: Callable[..., StoredKey]) -> Reply:
    one = _mine(ask)
    said = ""
    try:
        deed(ask.user, one.id, door=Door.TELEGRAM)
    except (KeyRefused, Unchecked, TooMany) as error:
        said = key_words.refusal(ask, error, one.provider)
    return _shown(ask, _mine(ask), said)


def key_off(ask: Ask) -> Reply:
    """Keeps the key and uses it no more."""
    one = _mine(ask)
    vault.disable(ask.user, one.id, door=Door.TELEGRAM)
    return _shown(ask, _mine(ask))


def key_drop(ask: Ask) -> Reply:
    """Removes a key for good, after a question that names it."""
    one = _mine(ask)
    if not ask.confirmed:
        text = ask.say("keys.drop.really", key=html(key_words.title(ask, one)))
        return Reply(text, planning.asked(ask, f"key_drop {one.id}"))
    vault.delete(ask.user, one.id, door=Door.TELEGRAM)
    text = ask.say("keys.drop.done", key=key_words.name(one), venue=key_words.provider(one))
    return Reply(text, ((Button(ask.say("keys.button.back"), "setup_status"),),))


def key_name(ask: Ask) -> Reply:
    """Asks for another name of the key."""
    one = _mine(ask)
    talks.put(ask.user.pk, NAMING, LABEL, ask.now, {"key": one.id}, lasts=key_talk.LASTS)
    text = ask.say("keys.naming.which", key=html(key_words.title(ask, one)))
    return Reply(text, ((Button(ask.say("keys.button.stop"), "stop"),),))


def named(ask: Ask, talk: Talk) -> Reply:
    """The name that was typed; what looks like a key is none, since names are not sealed."""
    if key_lines.looks_like_a_key(ask.said):
        return spilled.removed(ask)
    key_id = int(talk.data["key"])
    try:
        vault.relabel(ask.user, key_id, ask.said, door=Door.TELEGRAM)
    except BadInput as error:
        one = key_talk.find(ask, key_id)
        return Reply(key_words.refusal(ask, error, one.provider if one else ""))
    talks.end(ask.user.pk)
    found = key_talk.find(ask, key_id)
    assert found is not None, "it was named in this very transaction"
    return _shown(ask, found)


def _mine(ask: Ask) -> Shown:
    found = key_talk.find(ask, ask.args["key"])
    if found is None:
        raise NotFound("There is no such key.", code="key_unknown")
    return found


_VENUE: Final = frozenset(DESKS)
_PROVIDER: Final = frozenset(ai_keys.PROVIDERS)
_KEY: Final = (Arg("key", grammar.whole(1, 2**62)),)


def _hidden(name: str, handler: Callable[[Ask], Reply], args: tuple[Arg, ...],
            *, outside: bool = False) -> Command:  # fmt: skip
    return Command(name, handler, topic="keys", section=Section.ACCOUNT, args=args,
                   outside=outside, hidden=True)  # fmt: skip


registry.add(
    Command("setup_exchange", setup_exchange, topic="keys", section=Section.ACCOUNT, outside=True,
            args=(Arg("of", _chosen(_VENUE), optional=True, rest=True, shown="VENUE"),)),
    Command("setup_ai", setup_ai, topic="keys", section=Section.ACCOUNT, outside=True,
            args=(Arg("of", _chosen(_PROVIDER), optional=True, rest=True, shown="PROVIDER"),)),
    Command("setup_status", setup_status, topic="keys", section=Section.ACCOUNT),
    _hidden("key_venue", key_venue, (Arg("of", grammar.one_of(*DESKS)),)),
    _hidden("key_network", key_network, (
        Arg("of", grammar.one_of(*DESKS)),
        Arg("network", grammar.one_of(key_talk.REAL, key_talk.TEST)),
    )),
    _hidden("key_provider", key_provider, (Arg("of", grammar.one_of(*ai_keys.PROVIDERS)),)),
    _hidden("key", key, _KEY),
    _hidden("key_check", key_check, _KEY, outside=True),
    _hidden("key_on", key_on, _KEY, outside=True),
    _hidden("key_off", key_off, _KEY),
    _hidden("key_name", key_name, _KEY),
    _hidden("key_drop", key_drop, _KEY),
)  # fmt: skip
registry.converse(Conversation(key_talk.EXCHANGE, key_talk.answer, key_talk.STEPS))
registry.converse(Conversation(key_talk.AI, key_talk.answer, key_talk.STEPS))
registry.converse(Conversation(NAMING, named))
