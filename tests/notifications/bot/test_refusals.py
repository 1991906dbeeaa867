"""What somebody reads who may not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from accounts import permissions, standing
from accounts.permissions import Permission
from arbedge.errors import ArbEdgeError, Forbidden
from arbedge.names import Tier
from notifications.bot import refusals
from notifications.bot.asks import Ask, Place, Sender
from tests.notifications.bot.asking import member
from tests.notifications.factories import NOON

pytestmark = pytest.mark.django_db


def asked(language: str, **columns: object) -> Ask:
    person = member(language=language, **columns)
    return Ask(NOON, Sender(1), Place(1), person, standing.known(person.pk))


def refused(ask: Ask, permission: Permission) -> ArbEdgeError:
    assert ask.standing is not None
    with pytest.raises(Forbidden) as found:
        permissions.need(ask.standing, permission, now=NOON)
    return found.value


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Premium shows technical signals. You are on Free. /subscription"),
        ("es", "Premium muestra señales técnicas. Estás en Free. /subscription"),
        ("fr", "Premium montre des signaux techniques. Vous êtes en Free. /subscription"),
    ],
)
def test_which_tier_has_it_and_which_one_is_held(language: str, text: str) -> None:
    ask = asked(language)
    assert refusals.told(ask, refused(ask, Permission.OPPORTUNITIES_TECHNICAL)) == text


def test_a_tier_with_an_end_names_it() -> None:
    ask = asked("es", tier=Tier.BASIC, tier_until=NOON + timedelta(days=40))
    told = refusals.told(ask, refused(ask, Permission.ANALYTICS_VIEW))
    assert told.startswith("Pro tiene el panel de análisis. Estás en Basic hasta el 31 dic")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Your beta is over. Premium shows"),
        ("fr", "Votre bêta est terminée. Premium montre"),
    ],
)
def test_a_beta_that_is_over_is_named(language: str, text: str) -> None:
    ask = asked(language, beta_until=NOON - timedelta(days=1))
    told = refusals.told(ask, refused(ask, Permission.OPPORTUNITIES_TECHNICAL))
    assert told.startswith(text)


@pytest.mark.parametrize("language", ["en", "es", "fr"])
def test_a_missing_key_is_told_with_the_way_to_one(language: str) -> None:
    ask = asked(language, tier=Tier.PRO, tier_until=NOON + timedelta(days=9))
    assert "/setup_exchange" in refusals.told(ask, refused(ask, Permission.TRADING_MANUAL))


@pytest.mark.parametrize("language", ["en", "es", "fr"])
def test_a_group_learns_nothing_of_who_registered_it(language: str) -> None:
    ask = asked(language, tier=Tier.BASIC, tier_until=NOON + timedelta(days=40))
    in_group = replace(ask, place=Place(-5, "supergroup"), person=None)
    told = refusals.told(in_group, refused(ask, Permission.ANALYTICS_VIEW))
    assert "Pro" in told
    assert "Basic" not in told
