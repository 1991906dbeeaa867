"""The form of an alert: fractions are typed in per cent."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from accounts.forms import Form
from notifications.alerts import triggers
from notifications.alerts.alert_words import venue_name
from notifications.alerts.trigger_rules import (
    FRACTIONS,
    LABEL_LENGTH,
    LONGEST_SUBJECT,
    RULES,
    watched,
)
from notifications.models import AlertTrigger
from notifications.names import TriggerKind

ANY: Final = "any (for prices: the median)"


class AlertForm(Form):
    """What to watch, where, and up to which level."""

    kind = forms.ChoiceField(label="Tell me when")
    subject = forms.CharField(
        label="Of what", max_length=LONGEST_SUBJECT,
        help_text="A coin or pair (WIF, BTC/USDT); for venues and accounts the venue (okx).",
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "characters"}),
        error_messages={"required": "Name a coin, a pair or a venue."},
    )  # fmt: skip
    level = forms.FloatField(
        label="At", required=False,
        help_text="A price in the quote currency; net, funding (per 8 h) and balance in per cent;"
        " profit in USDT, a loss with a minus. Nothing for a venue that stops answering.",
        widget=forms.NumberInput({"step": "any", "inputmode": "decimal"}),
    )  # fmt: skip
    venue = forms.ChoiceField(label="On", required=False, help_text="For prices and funding only.")
    label = forms.CharField(
        label="Note", required=False, max_length=LABEL_LENGTH, help_text="Comes with the message."
    )

    def __init__(self, user_id: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [(kind.value, title) for kind, title in triggers.choices(user_id)]
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]
        venues = [("", ANY), *((one, venue_name(one)) for one in watched())]
        self.fields["venue"].choices = venues  # type: ignore[attr-defined]

    @property
    def given(self) -> dict[str, Any]:
        """The wish as `triggers.add` takes it."""
        wanted = dict(self.cleaned_data)
        if wanted["level"] is not None and _in_per_cent(wanted["kind"]):
            wanted["level"] = round(wanted["level"] / 100, 12)
        return wanted


def initial(row: AlertTrigger) -> dict[str, Any]:
    """What the form shows of an alert that is there."""
    percent = row.level is not None and _in_per_cent(row.kind)
    level = round(row.level * 100, 10) if percent and row.level is not None else row.level
    names = ("kind", "subject", "venue", "label")
    return {**{name: getattr(row, name) for name in names}, "level": level}


def _in_per_cent(kind: str) -> bool:
    return RULES[TriggerKind(kind)].unit in FRACTIONS
