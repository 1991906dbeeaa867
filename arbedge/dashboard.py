"""The console's first page: three questions, answered by what the apps above bring.

An app registers a callable for a question; it returns the lines of its answer, worst first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import structlog
from django.http import HttpRequest

QUESTIONS: Final = {
    "broken": "Is anything broken?",
    "waiting": "Is anyone waiting?",
    "found": "What did we find today?",
}
NOTHING: Final = {
    "broken": "Nothing: every part answers.",
    "waiting": "Nobody.",
    "found": "Nothing yet.",
}
MARKS: Final = {"good": "●", "warn": "■", "bad": "■", "soft": "○"}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an answer: its tone (good, warn, bad, soft), a text and where it leads."""

    tone: str
    text: str
    figure: str = ""
    url: str = ""

    @property
    def mark(self) -> str:
        """The sign that goes with the tone."""
        return MARKS[self.tone]


Answer = Callable[[HttpRequest], Iterable[Line]]
answers: dict[str, list[Answer]] = {question: [] for question in QUESTIONS}


def answer(question: str, told: Answer) -> None:
    """Adds a part of the answer to a question (broken, waiting, found)."""
    if told not in answers[question]:
        answers[question].append(told)


def context(request: HttpRequest, held: dict[str, Any]) -> dict[str, Any]:
    """What the first page shows beside the list of tables."""
    held["questions"] = [
        (title, list(_lines(request, question)), NOTHING[question])
        for question, title in QUESTIONS.items()
    ]
    return held


def _lines(request: HttpRequest, question: str) -> Iterable[Line]:
    for told in answers[question]:
        try:
            yield from told(request)
        except Exception as error:
            log.exception("dashboard.answer_failed", question=question)
            yield Line("bad", f"{told.__module__} cannot tell: {error or type(error).__name__}")
