"""What an operator fills in for a broadcast, and how people would read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django import forms
from django.conf import settings

from accounts.names_of_people import countries
from arbedge.choices import NumberFormat
from arbedge.errors import ArbEdgeError
from arbedge.names import LANGUAGES, Channel, Language, Role, Tier
from notifications.broadcasting import broadcasts, segments
from notifications.broadcasting.segments import Segment
from notifications.models import Broadcast
from notifications.names import Topic
from notifications.writing.languages import Style
from notifications.writing.texts import written
from notifications.writing.values import MissingVariable, Reader, Told

LISTS: Final = ("tiers", "languages", "countries", "roles", "venues")
EMPTY: Final = "None chosen: all."


def _several(
    label: str, choices: list[tuple[str, str]], *, many: bool = False
) -> forms.MultipleChoiceField:
    widget = forms.SelectMultiple({"size": 6}) if many else forms.CheckboxSelectMultiple()
    return forms.MultipleChoiceField(
        label=label, choices=choices, required=False, widget=widget, help_text=EMPTY
    )


class BroadcastForm(forms.Form):
    """Texts by language, and the segment."""

    title = forms.CharField(
        label="Heading", max_length=broadcasts.TITLE_LENGTH,
        help_text="The first line, in every language.",
    )  # fmt: skip
    notice = forms.ChoiceField(
        label="What it is",
        choices=[
            ("news", "News: not to people who switched news off"),
            ("service", "Service: what everybody has to know, such as maintenance"),
        ],
    )
    tiers = _several("Tiers", [(tier.value, tier.capitalize()) for tier in Tier])
    languages = _several("Languages", [(one.value, name) for one, name in LANGUAGES.items()])
    roles = _several("Roles", [(role.value, role.replace("_", " ")) for role in Role])
    countries = _several("Countries", [], many=True)
    venues = _several("Who follows", [])
    active_days = forms.IntegerField(
        label="Seen within, days", min_value=1, max_value=segments.MOST_DAYS, required=False,
        help_text="Empty: whenever they were here.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.fields["countries"].choices = sorted(  # type: ignore[attr-defined]
            countries().items(), key=lambda one: one[1]
        )
        venues = [*settings.VENUES, *settings.EXTRA_VENUES]
        self.fields["venues"].choices = [(one, one) for one in venues]  # type: ignore[attr-defined]
        for language, name in LANGUAGES.items():
            needed = language is Language.EN
            self.fields[f"text_{language}"] = forms.CharField(
                label=f"Text, {name}", required=needed, max_length=broadcasts.TEXT_LENGTH,
                widget=forms.Textarea({"rows": 6}),
                help_text="" if needed else "Empty: they read the English text.",
            )  # fmt: skip

    @property
    def texts(self) -> dict[str, str]:
        """The texts given, by language."""
        given = {one.value: self.cleaned_data.get(f"text_{one}") or "" for one in Language}
        return {language: text for language, text in given.items() if text}

    @property
    def segment(self) -> dict[str, Any]:
        """The segment as `segments.segment` reads it."""
        names = ("notice", "active_days", *LISTS)
        return {name: self.cleaned_data.get(name) or None for name in names} | {
            "notice": self.cleaned_data.get("notice") or "news"
        }

    def written(self) -> list[forms.BoundField]:
        """The fields of the text."""
        return [self["title"], *(self[f"text_{one}"] for one in Language), self["notice"]]

    def meant(self) -> list[forms.BoundField]:
        """The fields of the segment."""
        names = ("tiers", "languages", "roles", "venues", "countries", "active_days")
        return [self[name] for name in names]

    def tell(self, error: ArbEdgeError) -> None:
        """Shows what a room refused beside its field, else above the form."""
        field = error.details.get("field")
        self.add_error(field if field in self.fields else None, error.message)


def initial(row: Broadcast) -> dict[str, Any]:
    """What the form shows of a draft."""
    texts = {f"text_{language}": text for language, text in row.texts.items()}
    return {"title": row.title, **texts, **row.segment}


@dataclass(frozen=True, slots=True)
class Preview:
    """How it reads in one language, and how many read it so."""

    language: str
    body: str
    people: int
    own: bool  # False: nobody wrote it in this language, so it is the English text


def previews(
    title: str, texts: dict[str, str], by_language: dict[str, int], now: datetime
) -> list[Preview]:
    """The message in every language, as its template makes it."""
    if not title or not texts.get(Language.EN):
        return []
    return [
        Preview(
            LANGUAGES[one], _body(title, texts, one, now), by_language.get(one.value, 0),
            own=one.value in texts,
        )
        for one in Language
    ]  # fmt: skip


def _body(title: str, texts: dict[str, str], language: Language, now: datetime) -> str:
    reader = Reader(
        1_000, 72, 0, 2.0, personal=True, style=Style(language, "UTC", NumberFormat.POINT)
    )
    told = Told({"title": title, "texts": texts}, now, now)
    try:
        return written(Topic.BROADCAST, Channel.WEBHOOK, told, reader).body
    except MissingVariable:
        return "This text cannot be written."


def whom(segment: Segment) -> list[str]:
    """The segment in words; one line that says everybody where it has no condition."""
    return segments.words(segment) or ["Everybody with a session"]
