"""Pictures the bot sent, by names of their own, for the phone and to be sent again."""

from __future__ import annotations

import struct
from typing import Any, Final

from notifications.receivers.bot_calls import Refusal

PNG: Final = b"\x89PNG\r\n\x1a\n"
MOST_BYTES: Final = 10 * 1024 * 1024
MOST_SIDES, MOST_RATIO = 10_000, 20
UNKNOWN: Final = (800, 450)
FILE: Final = "picture:"  # before a file id of ours


class Photos:
    """The bytes of pictures by name."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def keep(self, photo: Any, name: str) -> tuple[str, list[dict[str, Any]]]:
        """Where the phone finds a picture, and its PhotoSizes. Raises Refusal.

        A text is the file id of one that was sent before, or an address.
        """
        if isinstance(photo, bytes):
            size = _size(photo)
            self.held[name] = photo
            return f"/_pictures/{name}", [_told(name, size)]
        known = str(photo).removeprefix(FILE)
        if known in self.held:
            return f"/_pictures/{known}", [_told(known, _size(self.held[known]))]
        if "://" not in str(photo):
            words = "wrong remote file identifier specified: Wrong string length"
            raise Refusal(400, f"Bad Request: {words}")
        return str(photo), [_told(name, UNKNOWN)]


def _size(photo: bytes) -> tuple[int, int]:
    """Width and height of a PNG as its header says. Raises Refusal for what Telegram refuses."""
    if len(photo) > MOST_BYTES:
        raise Refusal(413, "Request Entity Too Large")
    if not photo.startswith(PNG) or len(photo) < 24:
        return UNKNOWN
    wide, high = struct.unpack(">II", photo[16:24])
    if wide + high > MOST_SIDES or max(wide, high) > MOST_RATIO * min(wide, high):
        raise Refusal(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
    return wide, high


def _told(name: str, size: tuple[int, int]) -> dict[str, Any]:
    named = {"file_id": f"{FILE}{name}", "file_unique_id": name}
    return {**named, "width": size[0], "height": size[1]}
