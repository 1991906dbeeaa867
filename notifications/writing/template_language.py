"""The small language of message texts: Django's templates without a way out of them.

Texts from files and from the console know `{% if %}`, `{% for %}`, the filter `strong`, and the
variables of their topic; files may also include files of the same folder. Nothing can be loaded,
called or read beyond that, and what a text names is checked before it is ever used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Final, cast

from django.conf import settings
from django.template import Library, TemplateSyntaxError, defaulttags
from django.template.base import FilterExpression, Node, NodeList, Template, Variable
from django.template.base import VariableNode as Shown
from django.template.engine import Engine
from django.template.exceptions import TemplateDoesNotExist
from django.template.loader_tags import IncludeNode, do_include

from arbedge.errors import BadInput
from notifications.names import Topic
from notifications.writing import dialects
from notifications.writing.variables import VARIABLES, Type
from notifications.writing.variables import Variable as Declared

LONGEST: Final = 4_096
FOLDER: Final = Path("templates") / "notifications"
TAGS: Final = ("if", "for", "comment")
_LOOP: Final = ("first", "last", "counter")

Scope = Mapping[str, Declared | None]  # None: a loop's own figures

words: Final = Library()
words.tag("if", defaulttags.do_if)
words.tag("for", defaulttags.do_for)
words.tag("comment", defaulttags.comment)
words.filter("strong", dialects.strong)

with_files: Final = Library()
with_files.tag("include", do_include)


class _Bare(Engine):
    """An engine whose texts know nothing but what this module gives them."""

    default_builtins: ClassVar[list[str]] = []

    def get_template_builtins(self, builtins: list[str]) -> list[Library]:  # noqa: ARG002
        return [words]


class _WithFiles(_Bare):
    """The same for texts of the house, which may include each other."""

    def get_template_builtins(self, builtins: list[str]) -> list[Library]:  # noqa: ARG002
        return [words, with_files]


@lru_cache(maxsize=1)
def _console() -> Engine:
    return _Bare(loaders=[], autoescape=False)


@lru_cache(maxsize=1)
def _files() -> Engine:
    folder = settings.BASE_DIR / FOLDER
    loader = "django.template.loaders.filesystem.Loader"
    return _WithFiles(
        dirs=[str(folder)], loaders=[("django.template.loaders.cached.Loader", [loader])],
        autoescape=False,
    )  # fmt: skip


@lru_cache(maxsize=1024)
def file_text(name: str) -> Template | None:
    """The text in this file of the folder, None where there is no such file."""
    try:
        return _files().get_template(name)
    except TemplateDoesNotExist:
        return None


@lru_cache(maxsize=256)
def console_text(body: str) -> Template:
    """A text written in the console. Raises TemplateSyntaxError."""
    return _console().from_string(body)


def check(body: str, topic: Topic, field: str = "body") -> None:
    """Raises BadInput where a text of the console could not be sent for this topic.

    The details name the field, and for an unknown variable the nearest known ones.
    """
    if not body.strip():
        raise BadInput("Write a text: it is empty.", field=field)
    if len(body) > LONGEST:
        raise BadInput(
            f"The text has {len(body):,} characters, {LONGEST:,} fit.", field=field, limit=LONGEST
        )
    try:
        check_template(console_text(body), topic)
    except TemplateSyntaxError as error:
        raise BadInput(_explained(str(error)), field=field) from error


def check_template(template: Template, topic: Topic) -> None:
    """Raises TemplateSyntaxError where a text names what its topic does not have."""
    scope: dict[str, Declared | None] = {one.name: one for one in VARIABLES[topic]}
    _nodes(template.nodelist, scope)


def _nodes(nodes: NodeList, scope: Scope) -> None:
    for node in nodes:
        _node(node, scope)


def _node(node: Node, scope: Scope) -> None:
    if isinstance(node, Shown):
        _expression(node.filter_expression, scope)
    elif isinstance(node, defaulttags.IfNode):
        for condition, inner in node.conditions_nodelists:
            for expression in _expressions(condition):
                _expression(expression, scope)
            _nodes(inner, scope)
    elif isinstance(node, defaulttags.ForNode):
        _loop(node, scope)
    elif isinstance(node, IncludeNode):
        included = file_text(str(node.template.var))
        if included is None:
            raise TemplateSyntaxError(f"There is no text {node.template.var}.")
        _nodes(included.nodelist, scope)


def _loop(node: defaulttags.ForNode, scope: Scope) -> None:
    if "forloop" in scope:  # ten by ten by ten … would never end
        raise TemplateSyntaxError("A list cannot be gone through within a list.")
    listed = _expression(cast("FilterExpression", node.sequence), scope)
    if listed is None or listed.type is not Type.ITEMS or len(node.loopvars) != 1:
        raise TemplateSyntaxError(f"Only lists can be gone through, {node.sequence} is none.")
    inner: dict[str, Declared | None] = {**scope, node.loopvars[0]: listed, "forloop": None}
    _nodes(cast("NodeList", node.nodelist_loop), inner)
    _nodes(cast("NodeList", node.nodelist_empty), scope)


def _expressions(condition: Any) -> Iterator[FilterExpression]:
    """The expressions of an `{% if %}`, whatever joins them."""
    if isinstance(getattr(condition, "value", None), FilterExpression):
        yield condition.value
    elif condition is not None:
        yield from _expressions(getattr(condition, "first", None))
        yield from _expressions(getattr(condition, "second", None))


def _expression(expression: FilterExpression, scope: Scope) -> Declared | None:
    """The declared variable an expression shows, None for a literal."""
    for _, arguments in expression.filters:
        for is_variable, argument in arguments:
            if is_variable:
                _variable(argument, scope)
    found = expression.var
    return _variable(found, scope) if isinstance(found, Variable) else None


def _variable(variable: Variable, scope: Scope) -> Declared | None:
    if variable.lookups is None:
        return None  # a number
    name, *deeper = variable.lookups
    if name not in scope:
        raise TemplateSyntaxError(_unknown(name, scope))
    declared = scope[name]
    if declared is None:
        if len(deeper) != 1 or deeper[0] not in _LOOP:
            raise TemplateSyntaxError(_unknown(".".join(variable.lookups), scope))
        return None
    if not deeper:
        return declared
    inner = {one.name: one for one in declared.items}
    if len(deeper) > 1 or deeper[0] not in inner:
        raise TemplateSyntaxError(_unknown(deeper[0], inner))
    return inner[deeper[0]]


def _unknown(name: str, known: Mapping[str, object]) -> str:
    near = get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"nearest: {', '.join(near)}" if near else f"there are: {', '.join(sorted(known))}"
    return f"There is no variable “{name}” here; {hint}."


def _explained(problem: str) -> str:
    """Django's words about a broken text, in ours where it is about what does not exist."""
    if "Invalid filter" in problem:
        return "Only the filter “strong” can be used in messages."
    if "Invalid block tag" in problem:
        return f"Only these tags can be used in messages: {', '.join(TAGS)}. {problem}"
    return problem
