from __future__ import annotations

import io
import json
import logging
import logging.config
from typing import Any

import pytest
import structlog
from django.test import RequestFactory

from arbedge.logs import HIDDEN, hide_secrets, logging_config


@pytest.mark.parametrize(
    "name", ["password", "api_key", "apiKey", "SECRET_KEY", "passphrase", "X-Token", "signature"]
)
def test_values_of_secret_names_are_hidden(name: str) -> None:
    assert hide_secrets(None, "info", {name: "s3cr3t"}) == {name: HIDDEN}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://ada:pw@db/edge", f"postgresql://{HIDDEN}@db/edge"),
        ("GET /orders?symbol=WIF&signature=abc123", f"GET /orders?symbol=WIF&signature={HIDDEN}"),
        ("GET /login/telegram/x?id=815&hash=ab12", f"GET /login/telegram/x?id=815&hash={HIDDEN}"),
        ("nothing to hide at 10:42", "nothing to hide at 10:42"),
    ],
)
def test_credentials_inside_texts_are_hidden(text: str, shown: str) -> None:
    assert hide_secrets(None, "info", {"event": text}) == {"event": shown}


def test_a_request_that_is_logged_as_it_is_shows_no_token() -> None:
    request = RequestFactory().get("/login/link", {"token": "s3cr3t"})
    shown = hide_secrets(None, "info", {"request": request, "status_code": 400})
    assert "s3cr3t" not in str(shown)
    assert "/login/link" in str(shown)
    assert shown["status_code"] == 400


def test_secrets_deep_inside_are_hidden() -> None:
    event = {"request": {"headers": [{"authorization": "Bearer x"}], "path": "/"}}
    assert hide_secrets(None, "info", event) == {
        "request": {"headers": [{"authorization": HIDDEN}], "path": "/"}
    }


def written(config: dict[str, Any], write: Any) -> dict[str, Any]:
    """The one line a logger of this configuration writes."""
    stream = io.StringIO()
    formatter = config["formatters"]["json"]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=formatter["foreign_pre_chain"], processors=formatter["processors"]
        )
    )
    logger = logging.Logger("venue.okx")  # noqa: LOG001  one of its own, for this line only
    logger.addHandler(handler)
    write(logger)
    line: dict[str, Any] = json.loads(stream.getvalue())
    return line


def test_a_librarys_line_is_json_with_its_extras_and_the_bound_ids() -> None:
    structlog.contextvars.bind_contextvars(request_id="r-1")
    try:
        line = written(
            logging_config("INFO"),
            lambda log: log.warning("slow %s", "answer", extra={"took_ms": 2100, "token": "t"}),
        )
    finally:
        structlog.contextvars.clear_contextvars()
    assert line["event"] == "slow answer"
    assert (line["request_id"], line["took_ms"], line["token"]) == ("r-1", 2100, HIDDEN)
    assert line["level"] == "warning"


def test_an_error_carries_its_traceback() -> None:
    def write(log: logging.Logger) -> None:
        try:
            int("no such coin")
        except ValueError:
            log.exception("scan failed")

    assert "ValueError: invalid literal" in written(logging_config("INFO"), write)["exception"]
