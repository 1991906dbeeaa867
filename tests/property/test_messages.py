"""Whatever the names and figures of a trade are, its messages stay whole."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from arbedge.errors import BadInput
from arbedge.names import Channel, Kind, Risk
from notifications.names import Topic
from notifications.writing import dialects
from notifications.writing.dialects import DIALECTS
from notifications.writing.template_language import check
from notifications.writing.texts import written
from notifications.writing.values import MissingVariable
from tests.notifications.factories import facts
from tests.notifications.writing.dialect_checks import balanced
from tests.notifications.writing.reading import LANGUAGES, reader, text, told

NAMES = st.text(min_size=1, max_size=200).filter(lambda name: dialects.tame(name) != "")
SIGNS = st.text(alphabet="<>&*_~`[]()|\\@#/:.\n\ue000\ue001\ue002\ue003\ue004 ab", min_size=1)
FIGURES = st.floats(-0.9, 9.0)


@st.composite
def trades(draw: st.DrawFn) -> dict[str, Any]:
    """Facts of a trade with any name and any figures."""
    name = "A" + draw(NAMES | SIGNS)
    return facts(
        asset=name,
        kind=draw(st.sampled_from([Kind.FUNDING, Kind.SPOT, Kind.BASIS])).value,
        net=draw(FIGURES),
        cost=draw(FIGURES),
        risk=draw(st.sampled_from(Risk)).value,
        reasons=draw(st.integers(0, (1 << 49) - 1)),
        also=[{"long_venue": name, "short_venue": "okx", "net": draw(FIGURES)}],
        long={"venue": draw(NAMES), "rate": draw(FIGURES)},
        cohorts=None,
    )


@settings(max_examples=60, deadline=None)
@given(trade=trades(), language=st.sampled_from(LANGUAGES))
def test_telegram_s_html_is_balanced_and_fits(trade: dict[str, Any], language: str) -> None:
    body = text(Topic.OPENED, Channel.TELEGRAM, reader(language), facts=trade).body
    assert balanced(body)
    assert len(body) <= 4096


@settings(max_examples=40, deadline=None)
@given(trade=trades(), channel=st.sampled_from(Channel))
def test_no_channel_s_text_is_longer_than_it_takes_or_has_marks_left(
    trade: dict[str, Any], channel: Channel
) -> None:
    made = text(Topic.OPENED, channel, facts=trade)
    bare = dialects.filled(made.body, {})
    assert len(bare) <= DIALECTS[channel].limit
    assert not any("\ue000" <= sign <= "\uf8ff" for sign in bare + made.title)


PIECES = st.sampled_from([
    "{{ net }}", "{{ asset|strong }}", "{% if apr %}", "{% if cost and net %}", "{% else %}",
    "{% endif %}", "{% for x in items %}", "{% endfor %}", "{{ nett }}", "{{ net.real }}",
    "{% include 'x' %}", "{{ 'a'|strong }}", "{{", "}}", "{%", "\n", " words ", "<b>", "{# x #}",
])  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(pieces=st.lists(PIECES | st.text(max_size=8), max_size=12))
def test_what_the_console_takes_can_be_sent_whole(pieces: list[str]) -> None:
    body = "".join(pieces)
    try:
        check(body, Topic.OPENED)
    except BadInput:
        return
    try:
        said = written(Topic.OPENED, Channel.TELEGRAM, told(Topic.OPENED), reader(), body).body
        missing = ""
    except MissingVariable as error:
        said, missing = "", error.name
    assert missing in {"", "any words"}  # the latter: nothing but blanks and remarks
    assert balanced(said)


@settings(max_examples=60, deadline=None)
@given(words=st.text(max_size=10_000))
def test_a_broadcast_of_any_words_stays_whole(words: str) -> None:
    said = {"title": "News", "texts": {"en": words or "x"}}
    body = text(Topic.BROADCAST, Channel.TELEGRAM, facts=said).body
    assert balanced(body)
    assert len(body) <= 4096
