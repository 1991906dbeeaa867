"""The language of texts: what it can say, and that there is no way out of it."""

from __future__ import annotations

import pytest
from django.template import Context, TemplateSyntaxError

from arbedge.errors import BadInput
from notifications.names import Topic
from notifications.writing.template_language import (
    LONGEST,
    check,
    check_template,
    console_text,
    file_text,
)


def refused(body: str, topic: Topic = Topic.OPENED) -> str:
    """Why a body is refused, which it must be, at its own field."""
    with pytest.raises(BadInput) as caught:
        check(body, topic)
    assert caught.value.details["field"] == "body"
    return str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        "{{ asset }} pays {{ net|strong }}",
        "{% if apr %}{{ apr }}{% elif horizon %}{{ horizon }}{% else %}now{% endif %}",
        '{% if kind == "spot" and not at_size or 3 > 2 %}x{% endif %}',
        "{{ 'words'|strong }} {# a remark #}{% comment %}{{ nothing }}{% endcomment %}",
    ],
)
def test_what_its_topic_has_can_be_said(body: str) -> None:
    check(body, Topic.OPENED)


def test_a_list_can_be_gone_through() -> None:
    body = "{% for item in items %}{{ item.net }}{% if not forloop.last %}, {% endif %}{% endfor %}"
    check(body, Topic.DIGEST)


def test_an_unknown_variable_is_refused_with_the_nearest_known_ones() -> None:
    why = refused("{{ nett }}")
    assert "“nett”" in why
    assert "nearest: net" in why


def test_a_variable_of_another_topic_is_refused() -> None:
    assert "“code”" in refused("{{ code }}")


def test_what_is_like_nothing_known_gets_the_whole_list() -> None:
    assert "there are: channel" in refused("{{ qqqqqq }}", Topic.TEST)


@pytest.mark.parametrize(
    "body",
    [
        "{% if nett %}x{% endif %}",
        "{% if net and nett %}x{% endif %}",
        "{% if not nett == 3 %}x{% endif %}",
        "{% if net %}{% else %}{{ nett }}{% endif %}",
        "{{ 'x'|strong }}{{ nett|strong }}",
    ],
)
def test_an_unknown_variable_is_found_wherever_it_hides(body: str) -> None:
    assert "“nett”" in refused(body)


def test_an_unknown_part_of_an_item_is_refused() -> None:
    assert "“prize”" in refused("{% for i in items %}{{ i.prize }}{% endfor %}", Topic.DIGEST)


@pytest.mark.parametrize("body", ["{{ net.upper }}", "{{ net.0 }}", "{{ asset.strip.title }}"])
def test_nothing_of_a_value_can_be_called(body: str) -> None:
    assert "There is no variable" in refused(body)


@pytest.mark.parametrize(
    "body",
    [
        "{{ net.__class__ }}",
        "{% include '/etc/passwd' %}",
        "{% include 'opened/text.en.txt' %}",
        "{% extends 'base.html' %}",
        "{% load static %}",
        "{% debug %}",
        "{% url 'admin:index' %}",
        "{% now 'Y' %}",
        "{% with x=net %}{{ x }}{% endwith %}",
        "{{ net|safe }}",
        "{{ 'x'|ljust:999999999 }}",
        "{{ settings.SECRET_KEY }}",
        "{{ request.user }}",
        "{{ block.super }}",
    ],
)
def test_there_is_no_way_out(body: str) -> None:
    refused(body)


def test_a_list_within_a_list_could_grow_without_end() -> None:
    inner = "{% for a in items %}{% for b in items %}x{% endfor %}{% endfor %}"
    assert "within a list" in refused(inner, Topic.DIGEST)


@pytest.mark.parametrize(
    "body", ["{% for x in net %}{% endfor %}", "{% for x in 'ab' %}{% endfor %}"]
)
def test_only_lists_can_be_gone_through(body: str) -> None:
    assert "Only lists" in refused(body)


def test_a_list_has_one_name_for_its_items() -> None:
    refused("{% for a, b in items %}{{ a }}{% endfor %}", Topic.DIGEST)


@pytest.mark.parametrize("body", ["{% if net %}", "{{ net", "{% endif %}", "{{ }}", "{% for %}"])
def test_a_broken_text_is_refused_not_raised_through(body: str) -> None:
    if body == "{{ net":
        check(body, Topic.OPENED)  # no tag at all: words
    else:
        refused(body)


def test_filters_are_told_by_name() -> None:
    assert refused("{{ net|upper }}") == "Only the filter “strong” can be used in messages."


def test_nothing_is_no_text() -> None:
    assert "empty" in refused("  \n ")


def test_a_text_has_a_longest_size() -> None:
    check("x" * LONGEST, Topic.TEST)
    with pytest.raises(BadInput) as caught:
        check("x" * (LONGEST + 1), Topic.TEST)
    assert caught.value.details["limit"] == LONGEST


def test_a_text_of_the_console_is_filled_in_without_being_escaped() -> None:
    made = console_text("{{ asset }}").render(Context({"asset": "<b>"}, autoescape=False))
    assert made == "<b>"


def test_what_a_file_includes_is_checked_with_it() -> None:
    whole = file_text("opened/text.en.txt")
    assert whole is not None
    with pytest.raises(TemplateSyntaxError, match="There is no variable"):
        check_template(whole, Topic.TEST)


@pytest.mark.parametrize("name", ["nowhere.txt", "../base.html", "/etc/passwd"])
def test_there_are_no_files_but_those_of_the_folder(name: str) -> None:
    assert file_text(name) is None
