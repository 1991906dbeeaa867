"""Structured log lines: JSON on standard output, request and task ids in each, secrets in none."""

from __future__ import annotations

import re
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

SECRET_NAMES = re.compile(
    r"secret|password|passphrase|token|api_?key|authorization|cookie|signature", re.IGNORECASE
)
CREDENTIALS_IN_URL = re.compile(r"(?<=://)[^/@\s:]*:[^/@\s]+(?=@)")
SECRETS_IN_QUERY = re.compile(
    r"(?i)\b(api_?key|signature|hash|token|secret|password|passphrase)=[^&\s\"']+"
)
HIDDEN = "[hidden]"


def hide_secrets(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Returns the event with values of secret names, and credentials inside texts, hidden."""
    return {name: _shown(name, value) for name, value in event.items()}


def _shown(name: str, value: Any) -> Any:
    if SECRET_NAMES.search(name) and value is not None:
        return HIDDEN
    if isinstance(value, str):
        without = CREDENTIALS_IN_URL.sub(HIDDEN, value)
        return SECRETS_IN_QUERY.sub(lambda found: f"{found[1]}={HIDDEN}", without)
    if isinstance(value, dict):
        return {key: _shown(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_shown("", inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _shown(name, str(value))  # a request, for one, shows its whole address


COMMON: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.TimeStamper(fmt="iso"),
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
]


def logging_config(level: str) -> dict[str, Any]:
    """Returns Django's LOGGING: one JSON line per event, those of libraries included."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [*COMMON, structlog.stdlib.ExtraAdder()],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    hide_secrets,
                    structlog.processors.JSONRenderer(default=str),
                ],
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "httpx": {"level": "WARNING"},
            "httpcore": {"level": "WARNING"},
            "ccxt": {"level": "WARNING"},  # at DEBUG it writes the headers of signed requests
            "apprise": {"level": "WARNING"},  # below it writes payloads, keys among them
            "urllib3": {"level": "WARNING"},  # below it writes paths, keys among them
            "mail.log": {"level": "WARNING"},  # the demo's mail server; below it tells every line
            "django_structlog": {"level": "WARNING"},
        },
    }


def configure_structlog() -> None:
    """Sends structlog's own events through the same handlers."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *COMMON,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
