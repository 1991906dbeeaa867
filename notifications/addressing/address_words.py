"""What is wrong with an address, and what its owner can do about it, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from arbedge.names import Channel
from notifications.codes import Code

NAMES: Final[Mapping[Channel, str]] = {
    Channel.TELEGRAM: "Telegram", Channel.EMAIL: "E-mail", Channel.WEB_PUSH: "Web push",
    Channel.WEBHOOK: "Webhook", Channel.SMS: "SMS", Channel.SLACK: "Slack",
    Channel.DISCORD: "Discord", Channel.CUSTOM: "Other service",
}  # fmt: skip
_PROBLEMS: Final[Mapping[str, str]] = {
    Code.RATE_LIMITED: "It takes no more messages just now. Try again in some minutes.",
    Code.TIMEOUT: "It did not answer in time. Try again, and see whether it is up.",
    Code.UNREACHABLE: "It cannot be reached. See whether it is up and the address is right.",
    Code.SERVER: "It answered with a failure of its own. Try again later.",
    Code.MALFORMED: "It gave an answer that makes no sense.",
    Code.BREAKER: "It failed so often that we wait before we try again.",
    Code.UNAUTHORISED: "It does not accept our credentials. Add it again with valid ones.",
    Code.BLOCKED: "You blocked it. Unblock it there, then enable it here.",
    Code.GONE: "It does not exist any more. Remove it, and add a new one.",
    Code.MOVED: "It moved elsewhere.",
    Code.BAD_ADDRESS: "There is nobody at this address. Remove it, and add the right one.",
    Code.PRIVATE_ADDRESS: "It leads to an address that is not on the public internet.",
    Code.NO_ADDRESS: "There is no address.",
    Code.UNVERIFIED: "It is not verified yet.",
    Code.SUPPRESSED: "Whoever has it asked us not to write.",
    Code.REFUSED: "It refused the message.",
    Code.TOO_LONG: "The message was too long for it.",
    Code.BAD_MESSAGE: "The message could not be written. That is our fault, and we see it.",
    Code.NOT_CONFIGURED: "This channel is not set up here. Ask whoever runs this site.",
}
_SHORT: Final[Mapping[str, str]] = {
    "": "in use", Code.BLOCKED: "blocked", Code.GONE: "gone", Code.BAD_ADDRESS: "bad address",
    Code.UNREACHABLE: "failed too often", Code.PRIVATE_ADDRESS: "not public",
    Code.UNAUTHORISED: "not authorised",
}  # fmt: skip


def problem(code: str) -> str:
    """One or two sentences on what a code means for the owner of an address."""
    return _PROBLEMS.get(code) or f"It does not work: {code.replace('_', ' ') or 'unknown'}."


def short(code: str) -> str:
    """The same in a word or two."""
    return _SHORT.get(code) or code.replace("_", " ")
