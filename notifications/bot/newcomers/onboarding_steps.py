"""The first steps one by one: what each asks, and the buttons that answer it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from accounts import preferences, tiers
from accounts.preferences import Entry
from accounts.presets import PRESETS
from arbedge.names import LANGUAGES
from notifications.bot.asks import Ask
from notifications.bot.preferences import (
    preference_forms,
    preference_words,
    tier_lines,
    zone_choice,
)
from notifications.bot.preferences.preference_changes import Form, chosen, form, offered
from notifications.bot.replies import Button, Reply, Rows, in_rows, rows, ticked, turns

STEPS: Final = ("focus", "experience", "risk", "venues", "notifications", "zone", "tiers")
QUIET: Final = "23:00-07:00"
VENUES_ON_PAGE: Final = 10
GAINS_TOLD: Final = 5
TOLD_OF_TIER: Final = ("opportunities_per_hour", "pushes_per_day")

Shown = tuple[list[str], Rows]


def step(ask: Ask, name: str, *, note: str = "", page: int = 1) -> Reply:
    """One step: where one is, what it asks, what can be answered, and the ways out of it."""
    known = form(ask)
    head = ask.say(
        "onboarding.head", number=STEPS.index(name) + 1, all=len(STEPS),
        title=ask.say(f"onboarding.{name}.title"),
    )  # fmt: skip
    lines, buttons = _STEPS[name](ask, known, page)
    parts = [*([note, ""] if note else []), head, "", *lines]
    return Reply("\n".join(parts), (*buttons, *_ways(ask, name)))


def done(ask: Ask) -> Reply:
    """What was chosen, and what comes next."""
    known = form(ask)
    lines = [preference_forms.line(ask, known, name) for name in ("focus", "experience", "venues")]
    lines.append(preference_forms.line(ask, known, "frequency"))
    lines.append(zone_choice.line(ask))
    text = "\n".join([ask.say("onboarding.done.title"), "", *lines, "", *_next(ask, known)])
    ways = ("opportunities", "market", "setup_exchange", "settings", "help")
    return Reply(text, rows([Button(ask.say(f"onboarding.ways.{one}"), one) for one in ways]))


def after(name: str) -> str:
    """The step that follows, "done" after the last."""
    at = STEPS.index(name) + 1
    return STEPS[at] if at < len(STEPS) else "done"


def page_of(ask: Ask, venue: str) -> int:
    """The page of the step of venues that this one is on."""
    names = [one.value for one in offered(form(ask).entries["venues"])]
    return 1 + (names.index(venue) // VENUES_ON_PAGE if venue in names else 0)


def _next(ask: Ask, known: Form) -> Iterator[str]:
    assert ask.standing is not None
    delay_s = tiers.of(ask.standing, now=ask.now).delay_s
    found = "found" if delay_s else "found_at_once"
    yield ask.say(f"onboarding.done.{found}", delay=known.style.span(delay_s))
    yield ask.say("onboarding.done.keys")


def _ways(ask: Ask, name: str) -> Rows:
    """Back, on, and later."""
    at = STEPS.index(name)
    row = [] if at == 0 else [Button(ask.say("onboarding.back"), f"onb go {STEPS[at - 1]}")]
    on = "finish" if after(name) == "done" else "next" if name in _STAYS else "skip"
    row.append(Button(ask.say(f"onboarding.{on}"), f"onb go {after(name)}"))
    return (tuple(row), (Button(ask.say("onboarding.later"), "onb later"),))


_STAYS: Final = frozenset({"venues", "notifications"})  # several things are pressed there


def _choices(known: Form, entry: Entry, wide: int) -> Rows:
    """A button for each choice, with a tick at what was chosen."""
    shown = []
    for one in entry.choices:
        label = preference_words.choice(known.style, entry, one.value)
        line = f"onb set {entry.name} {one.value}"
        shown.append(Button(ticked(label, one.value == entry.value), line))
    return rows(shown, wide)


def _focus(ask: Ask, known: Form, _: int) -> Shown:
    """What is traded; here the language can be changed as well."""
    lines = [ask.say("onboarding.focus.ask")]
    technical = next(one for one in known.entries["kinds"].choices if one.value == "technical")
    if technical.need:
        lines += ["", ask.say("onboarding.focus.needs", tier=technical.need.value.capitalize())]
    others = [Button(title, f"onb language {language.value}")
              for language, title in LANGUAGES.items() if language != ask.language]  # fmt: skip
    return lines, (*_choices(known, known.entries["focus"], 3), tuple(others))


def _experience(ask: Ask, known: Form, _: int) -> Shown:
    return [ask.say("onboarding.experience.ask")], _choices(known, known.entries["experience"], 3)


def _risk(ask: Ask, known: Form, _: int) -> Shown:
    """The presets with their figures."""
    lines, shown = [ask.say("onboarding.risk.ask")], []
    held = preferences.of(ask.user.pk).preset
    for name in PRESETS:
        title = ask.say(f"preferences.preset.{name}")
        lines += ["", f"<b>{title}</b>", preference_forms.preset(ask, known, name)]
        shown.append(Button(ticked(title, name == held), f"onb risk {name}"))
    return lines, rows(shown, 3)


def _venues(ask: Ask, known: Form, page: int) -> Shown:
    entry = known.entries["venues"]
    held, every = chosen(known, entry), offered(entry)
    first = (page - 1) * VENUES_ON_PAGE
    shown = [
        Button(
            ticked(preference_words.choice(known.style, entry, one.value), one.value in held),
            f"onb flip {one.value}",
        )
        for one in every[first : first + VENUES_ON_PAGE]
    ]
    pages = -(-len(every) // VENUES_ON_PAGE)
    lines = [ask.say("onboarding.venues.ask", number=len(every))]
    return lines, in_rows(*rows(shown), turns(page, pages, "onb", "page"))


def _notifications(ask: Ask, known: Form, _: int) -> Shown:
    """How often, and when not."""
    frequency, quiet = known.entries["frequency"], known.entries["quiet_from_min"]
    lines = [ask.say("onboarding.notifications.ask", digest=known.entries["digest_at_min"].value)]
    hours = QUIET
    if quiet.value is not None:
        hours = f"{quiet.value}-{known.entries['quiet_to_min'].value}"
    label = f"{ask.say('onboarding.notifications.quiet')} {hours.replace('-', '–')}"
    toggle = Button(ticked(label, quiet.value), f"onb quiet {'off' if quiet.value else 'on'}")
    return lines, (*_choices(known, frequency, 2), (toggle,))


def _zone(ask: Ask, _: Form, __: int) -> Shown:
    lines = [ask.say("onboarding.zone.ask"), "", zone_choice.line(ask)]
    return lines, zone_choice.buttons(ask, "onboarding")


def _tiers(ask: Ask, known: Form, _: int) -> Shown:
    """What the own tier has, what of it is used, what the next one adds."""
    assert ask.standing is not None
    have = tiers.of(ask.standing, now=ask.now)
    lines = [*tier_lines.tier(ask), "", *tier_lines.used(ask, have, TOLD_OF_TIER)]
    if have.delay_s:
        lines.append(ask.say("onboarding.tiers.delay", delay=known.style.span(have.delay_s)))
    offer = next(iter(tier_lines.offers(ask, have)), [])
    if offer:
        lines += ["", *offer[: 1 + GAINS_TOLD]]
    return lines, ((Button(ask.say("onboarding.tiers.all"), "+subscription"),),)


_STEPS: Final[Mapping[str, Callable[[Ask, Form, int], Shown]]] = {
    "focus": _focus, "experience": _experience, "risk": _risk, "venues": _venues,
    "notifications": _notifications, "zone": _zone, "tiers": _tiers,
}  # fmt: skip
