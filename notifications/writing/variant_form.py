"""What an operator fills in for a test of a wording."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from arbedge.errors import BadInput
from arbedge.names import LANGUAGES, Channel
from notifications.models import Variant
from notifications.names import Topic
from notifications.writing.template_language import LONGEST, check
from notifications.writing.wording import LONGEST_NAME

CHANNELS: Final = {one: one.value.replace("_", " ") for one in Channel}
TOPICS: Final = {one: one.value.replace("_", " ") for one in Topic}


class PlaceForm(forms.Form):
    """A topic on a channel."""

    topic = forms.ChoiceField(choices=[(one.value, name) for one, name in TOPICS.items()])
    channel = forms.ChoiceField(choices=[(one.value, name) for one, name in CHANNELS.items()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["label_suffix"] = ""
        super().__init__(*args, **kwargs)


class VariantForm(PlaceForm):
    """Name, place, share and words."""

    language = forms.ChoiceField(choices=[(one.value, name) for one, name in LANGUAGES.items()])
    name = forms.SlugField(
        max_length=LONGEST_NAME, help_text="Letters, digits, - and _; results stand under it."
    )
    percent = forms.IntegerField(
        label="Share, per cent", min_value=1, max_value=99, initial=50,
        help_text="Of the readers; the others read the house's text and are compared with.",
    )  # fmt: skip
    body = forms.CharField(
        label="Text", max_length=LONGEST, strip=False, widget=forms.Textarea({"rows": 10}),
        help_text="The first line is the title. {{ net }} shows a figure, {{ net|strong }} strong.",
    )  # fmt: skip

    field_order = ("name", "topic", "channel", "language", "percent", "body")

    def __init__(self, *args: Any, row: Variant | None = None, **kwargs: Any) -> None:
        self.row = row
        super().__init__(*args, **kwargs)

    def clean_name(self) -> str:
        """The name, if no other test has it."""
        name = str(self.cleaned_data["name"])
        others = Variant.objects.filter(name=name)
        if self.row is not None:
            others = others.exclude(pk=self.row.pk)
        if others.exists():
            raise forms.ValidationError("Another test has this name; its results would mix.")
        return name

    def clean(self) -> dict[str, Any]:
        """With the text checked against what its topic has."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        body, topic = given.get("body"), given.get("topic")
        if body and topic:
            try:
                check(body, Topic(topic))
            except BadInput as error:
                self.add_error("body", error.message)
        return given

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of the test; after it was found valid."""
        given = self.cleaned_data
        names = ("name", "topic", "channel", "language", "body")
        return {name: given[name] for name in names} | {"share": given["percent"] / 100}


def initial(row: Variant) -> dict[str, Any]:
    """What the form shows of a draft."""
    names = ("name", "topic", "channel", "language", "body")
    return {name: getattr(row, name) for name in names} | {"percent": round(row.share * 100)}
