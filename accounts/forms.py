"""Forms of the log-in and account pages. They read; the rooms they hand on to decide."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.conf import settings

from accounts import ai_keys, tokens, vault
from accounts.names_of_people import NAME_LENGTH, countries
from arbedge.errors import ArbEdgeError
from arbedge.names import LANGUAGES, Role

LIVES: Final = {
    "30": "30 days", "90": "90 days", "365": "a year", "never": "never (not advised)",
}  # fmt: skip


class Unseen(forms.TextInput):
    """An input whose value never comes back in a page, and that browsers do not remember."""

    def __init__(self, input_type: str = "password") -> None:
        super().__init__({"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"})
        self.input_type = input_type

    def format_value(self, value: Any) -> None:  # noqa: ARG002
        return None


class Form(forms.Form):
    """A form whose labels carry no colon and whose errors may come from the rooms below."""

    use_required_attribute = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})

    def tell(self, error: ArbEdgeError) -> None:
        """Shows what a room refused, beside the field it names or above the form."""
        named = error.details.get("field")
        self.add_error(named if named in self.fields else None, error.message)


class MailForm(Form):
    email = forms.CharField(
        label="E-mail",
        max_length=320,
        widget=forms.EmailInput({"autocomplete": "email"}),
        error_messages={"required": "Enter your e-mail address."},
    )


class CodeForm(Form):
    code = forms.CharField(
        label="Invitation code",
        max_length=64,
        help_text="Eight letters and digits.",
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "characters"}),
        error_messages={"required": "Enter your code."},
    )


class ProfileForm(Form):
    name = forms.CharField(
        label="Name", max_length=4 * NAME_LENGTH, required=False, help_text="What we call you."
    )
    language = forms.ChoiceField(label="Language", choices=list(LANGUAGES.items()))
    time_zone = forms.CharField(
        label="Time zone",
        max_length=64,
        help_text="Such as Europe/Madrid. Times, quiet hours and your day follow it.",
        widget=forms.TextInput({"list": "zones", "autocomplete": "off"}),
    )
    country = forms.ChoiceField(
        label="Country",
        required=False,
        help_text="Decides what may be offered where you live. Empty: not told.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["country"]
        assert isinstance(field, forms.ChoiceField)
        by_name = sorted(countries().items(), key=lambda pair: pair[1])
        field.choices = [("", "not told"), *by_name]


class LabelForm(Form):
    label = forms.CharField(label="Label", max_length=160, required=False)


class ExchangeKeyForm(LabelForm):
    venue = forms.ChoiceField(label="Exchange")
    key = forms.CharField(label="API key", max_length=1024, widget=Unseen("text"))
    secret = forms.CharField(label="Secret", max_length=8192, widget=Unseen())
    passphrase = forms.CharField(
        label="Passphrase",
        max_length=256,
        required=False,
        strip=False,
        help_text="OKX and Bitget ask for one; leave it empty elsewhere.",
        widget=Unseen(),
    )
    testnet = forms.BooleanField(label="A key of the exchange's test network", required=False)
    field_order = ("venue", "key", "secret", "passphrase", "label", "testnet")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["venue"]
        assert isinstance(field, forms.ChoiceField)
        venues = [*settings.VENUES, *settings.EXTRA_VENUES]
        field.choices = [(venue, vault.provider_name(venue)) for venue in venues]


class AiKeyForm(LabelForm):
    provider = forms.ChoiceField(
        label="Provider", choices=[(name, vault.provider_name(name)) for name in ai_keys.PROVIDERS]
    )
    key = forms.CharField(label="API key", max_length=1024, widget=Unseen())
    base_url = forms.CharField(
        label="Address",
        max_length=300,
        required=False,
        help_text="Only for another service that speaks as OpenAI does: https://api.example.com/v1.",
    )
    field_order = ("provider", "key", "base_url", "label")


class TokenForm(Form):
    name = forms.CharField(
        label="Name",
        max_length=4 * tokens.LONGEST_NAME,
        help_text="Where you will use it, such as “laptop”.",
        error_messages={"required": "Give the token a name."},
    )
    scopes = forms.MultipleChoiceField(
        label="May be used for",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose what the token may do."},
    )
    life = forms.ChoiceField(label="Expires after", choices=list(LIVES.items()), initial="90")

    def __init__(self, role: Role, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["scopes"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(one.value, one.value) for one in tokens.scopes_for(role)]

    def expires_at(self, now: datetime) -> datetime | None:
        """When the token made now ends; None never."""
        days = self.cleaned_data["life"]
        return None if days == "never" else now + timedelta(days=int(days))


class ReferralCodeForm(Form):
    code = forms.CharField(
        label="Your code",
        max_length=64,
        help_text="6 to 12 of A–Z and 0–9.",
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "characters"}),
    )


class AffiliateForm(Form):
    site = forms.CharField(
        label="Web site", max_length=200, required=False, help_text="Begins with https://."
    )
    pitch = forms.CharField(
        label="Who would hear of us, and how?", max_length=2000, widget=forms.Textarea({"rows": 4})
    )
