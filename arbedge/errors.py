"""The one family of errors that doors turn into answers."""

from __future__ import annotations

from typing import Any


class ArbEdgeError(Exception):
    """An expected failure: a stable code, a message for people, details for programs.

    `status` is the HTTP status a web door answers with.
    """

    code = "error"
    status = 400

    def __init__(self, message: str, /, *, code: str | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.details = details


class BadSetting(ArbEdgeError):
    """A setting has a value the product cannot run with."""

    code = "bad_setting"


class NotFound(ArbEdgeError):
    """The thing asked for does not exist."""

    code = "not_found"
    status = 404


class NoData(ArbEdgeError):
    """A source has nothing to say; details carry `since` where it is known."""

    code = "no_data"
    status = 503


class Conflict(ArbEdgeError):
    """Another writer was there first."""

    code = "conflict"
    status = 409


class BadInput(ArbEdgeError):
    """Input that cannot be taken; details name the `field` and, where there is one, its `limit`."""

    code = "bad_input"


class Unauthorised(ArbEdgeError):
    """Who asks could not be told."""

    code = "unauthorised"
    status = 401


class Forbidden(ArbEdgeError):
    """Who asks may not; the code is the reason."""

    code = "forbidden"
    status = 403


class TooMany(ArbEdgeError):
    """Asked too often; details carry `retry_after_s`."""

    code = "too_many"
    status = 429
