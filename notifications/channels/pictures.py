"""The picture of a message, where it has one that can be read."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import structlog

from notifications.writing.content import Content

MOST_BYTES: Final = 8 * 1024 * 1024

log = structlog.get_logger(__name__)


def read(content: Content) -> bytes:
    """The PNG's bytes; none where there is no picture, it is too big, or it was cleared away.

    A message without its picture still says everything, so it goes out without.
    """
    if not content.image_path:
        return b""
    try:
        raw = Path(content.image_path).read_bytes()
    except OSError as error:
        log.info("picture not read", kind=type(error).__name__)
        return b""
    return raw if len(raw) <= MOST_BYTES else b""
