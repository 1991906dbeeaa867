"""Forms of the channels' page. They read; the channels decide what they take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms

from accounts.forms import Form, Unseen
from arbedge.names import Channel

LONGEST: Final = 2100  # one more than channels take, so that they say what is too long
_PLAIN: Final = {"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}


def _url(placeholder: str) -> forms.TextInput:
    return forms.TextInput({**_PLAIN, "inputmode": "url", "placeholder": placeholder})


class EmailForm(Form):
    email = forms.CharField(
        label="E-mail", max_length=320, widget=forms.EmailInput({"autocomplete": "email"}),
        help_text="Takes the place of your account's e-mail for messages, not for log-in links.",
    )  # fmt: skip


class SmsForm(Form):
    number = forms.CharField(
        label="Number", max_length=60, help_text="With the country code: +44 7700 900123.",
        widget=forms.TextInput({"autocomplete": "tel", "inputmode": "tel"}),
    )  # fmt: skip


class WebhookForm(Form):
    url = forms.CharField(
        label="Address", max_length=LONGEST, widget=_url("https://example.org/arbedge")
    )
    bearer = forms.CharField(
        label="Bearer token", max_length=LONGEST, required=False, widget=Unseen(),
        help_text="Sent with every message, if your server asks for one.",
    )  # fmt: skip
    username = forms.CharField(
        label="User name", max_length=LONGEST, required=False, widget=forms.TextInput(_PLAIN),
        help_text="For basic authentication, instead of a token.",
    )  # fmt: skip
    password = forms.CharField(
        label="Password", max_length=LONGEST, required=False, widget=Unseen(), strip=False
    )


class SlackForm(Form):
    url = forms.CharField(
        label="Incoming webhook", max_length=LONGEST, widget=_url("https://hooks.slack.com/…"),
        help_text="Slack: Apps, Incoming Webhooks, Add new webhook; copy its address.",
    )  # fmt: skip


class DiscordForm(Form):
    url = forms.CharField(
        label="Webhook", max_length=LONGEST, widget=_url("https://discord.com/api/webhooks/…"),
        help_text="Discord: the channel's settings, Integrations, Webhooks, Copy address.",
    )  # fmt: skip


class CustomForm(Form):
    url = forms.CharField(
        label="Apprise address", max_length=LONGEST, widget=_url("pover://user@token"),
        help_text="A service Apprise knows, such as Pushover or Pushbullet.",
    )  # fmt: skip


class ProofForm(Form):
    code = forms.CharField(
        label="Code", max_length=40, help_text="Six digits, good for ten minutes.",
        widget=forms.TextInput({
            "autocomplete": "one-time-code", "inputmode": "numeric", "class": "brief",
        }),
        error_messages={"required": "Enter the code."},
    )  # fmt: skip


ADDING: Final[Mapping[Channel, type[Form]]] = {
    Channel.EMAIL: EmailForm, Channel.WEBHOOK: WebhookForm, Channel.SLACK: SlackForm,
    Channel.DISCORD: DiscordForm, Channel.SMS: SmsForm, Channel.CUSTOM: CustomForm,
}  # fmt: skip


def adding(channel: Channel, posted: Mapping[str, Any] | None = None) -> Form:
    """The form that adds an address on this channel."""
    return ADDING[channel](posted, auto_id=f"{channel.value}_%s")
