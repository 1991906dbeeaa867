"""Calls of the Bot API as they come: a token and a method in the path, parameters in any form."""

from __future__ import annotations

from email import policy
from email.parser import BytesParser
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

NESTED: Final = (
    "reply_markup", "reply_parameters", "link_preview_options", "allowed_updates", "commands",
    "scope", "media", "message_ids",
)  # fmt: skip


class Refusal(Exception):
    """An answer that is no success, as the Bot API words it."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters


class Unreadable(Refusal):
    """Parameters that cannot be read."""

    def __init__(self, what: str) -> None:
        super().__init__(400, f"Bad Request: {what}")


async def parameters(request: Request) -> dict[str, Any]:
    """Query, JSON, form or multipart; files are bytes, nested objects are read. Raises Refusal."""
    told: dict[str, Any] = dict(request.query_params)
    kind, body = request.headers.get("content-type", ""), await request.body()
    if kind.startswith("application/json"):
        told |= _json(body)
    elif kind.startswith("multipart/form-data"):
        told |= _multipart(kind, body)
    elif body:
        told |= dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    for name in NESTED:
        if isinstance(told.get(name), str) and told[name]:
            told[name] = _nested(name, told[name])
    return told


def number(told: dict[str, Any], name: str, default: int = 0) -> int:
    """A whole number, also where it came as text. Raises Refusal."""
    value = told.get(name, default)
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise Unreadable(f"field {name!r} must be a number") from error


def flag(told: dict[str, Any], name: str) -> bool:
    """Whether it is true, as JSON or as a form says so."""
    return told.get(name) in (True, "true", "True", "1")


def _json(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any]) if body else {}
    except msgspec.DecodeError as error:
        raise Unreadable("can't parse JSON object") from error


def _nested(name: str, text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise Unreadable(f"can't parse {name} JSON object") from error


def _multipart(kind: str, body: bytes) -> dict[str, Any]:
    head = b"Content-Type: " + kind.encode() + b"\r\nMIME-Version: 1.0\r\n\r\n"
    told: dict[str, Any] = {}
    for part in BytesParser(policy=policy.HTTP).parsebytes(head + body).walk():
        name = part.get_param("name", header="content-disposition")
        raw = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(raw, bytes):
            told[name] = raw if part.get_filename() else raw.decode(errors="replace")
    return told
