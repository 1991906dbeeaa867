"""Which role may command what, and that groups hear nothing of it."""

from __future__ import annotations

import pytest

from arbedge.names import Role, Tier
from notifications.bot import loading, registry
from notifications.bot.registry import Scope, Section
from tests.notifications.bot.asking import Said, ask, group, member, press

pytestmark = pytest.mark.django_db
loading.load()
STAFF = {Role.SUPPORT, Role.ADMIN, Role.SUPER_ADMIN}
MAY = {
    "admin_stats": STAFF,
    "admin_users #1": STAFF,
    "admin_config": {Role.SUPER_ADMIN},
    "admin_broadcast": {Role.ADMIN, Role.SUPER_ADMIN},
    "venues": STAFF,
    "pause okx": {Role.SUPER_ADMIN},
    "queue": STAFF,
}
REFUSAL = "Only the staff of ArbEdge may use this."
PRIVATE = "This works only in our private chat."


def refused(said: Said, words: str = REFUSAL) -> bool:
    return words in (said.text, said.toast)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("line", MAY)
def test_a_command_is_for_its_roles_alone(line: str, role: Role) -> None:
    who = member(role=role, tier=Tier.ENTERPRISE)
    assert refused(ask(who, f"/{line}")) is (role not in MAY[line])
    assert refused(press(who, line)) is (role not in MAY[line])


@pytest.mark.parametrize("line", MAY)
def test_a_group_hears_nothing(line: str) -> None:
    said = ask(member(role=Role.SUPER_ADMIN), f"/{line}", chat=group())
    assert refused(said, PRIVATE)


@pytest.mark.parametrize("role", list(Role))
def test_help_names_what_the_role_may(role: Role) -> None:
    listed = ask(member(role=role), "/help").text.split()
    for line, roles in MAY.items():
        assert (f"/{line.split()[0]}" in listed) is (role in roles)


def test_every_command_of_the_section_is_in_this_table() -> None:
    """Those of groups are tested with groups."""
    known = {one.name for one in registry.every()
             if one.section is Section.ADMIN and Scope.PRIVATE in one.scopes}  # fmt: skip
    assert known - {"admin_group_config"} == {line.split()[0] for line in MAY}
