"""Pictures by name: drawn once for what is in them, again when that changes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from pytest_django import Settings

from arbedge import cache
from arbedge.errors import NotFound
from notifications.bot import pictures


@pytest.fixture(autouse=True)
def _own_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(pictures, "_drawn", {})
    cache.client().flushdb()
    yield
    cache.client().flushdb()


class Painter:
    """Counts how often it was asked to paint."""

    def __init__(self) -> None:
        self.strokes = 0

    def __call__(self) -> bytes:
        self.strokes += 1
        return b"PNG %d" % self.strokes


def test_a_picture_is_drawn_by_its_name_and_arguments() -> None:
    pictures.register("dot", lambda coin, theme: f"{coin} in {theme}".encode())

    assert pictures.draw("dot", ["WIF", "dark"]) == b"WIF in dark"


def test_an_unknown_picture_is_not_drawn() -> None:
    with pytest.raises(NotFound) as told:
        pictures.draw("nothing")

    assert told.value.code == "picture_unknown"


def test_two_pictures_cannot_share_a_name() -> None:
    pictures.register("dot", lambda: b"")

    with pytest.raises(ValueError, match="dot"):
        pictures.register("dot", lambda: b"")


def test_the_same_content_is_drawn_once() -> None:
    painter = Painter()

    first = pictures.kept("dot", ("WIF", 0.1), painter)

    assert pictures.kept("dot", ("WIF", 0.1), painter) == first
    assert painter.strokes == 1


@pytest.mark.parametrize("other", [("WIF", 0.2), ("SXP", 0.1)])
def test_other_content_is_drawn_anew(other: tuple[str, float]) -> None:
    painter = Painter()
    pictures.kept("dot", ("WIF", 0.1), painter)

    assert pictures.kept("dot", other, painter) == b"PNG 2"


def test_without_a_cache_it_is_drawn_every_time(settings: Settings) -> None:
    settings.CACHES = {
        "default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}
    }
    painter = Painter()

    pictures.kept("dot", 1, painter)
    pictures.kept("dot", 1, painter)

    assert painter.strokes == 2


def test_what_cannot_be_kept_is_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetful:
        def get(self, _: str) -> None:
            return None

        def set(self, *_: object) -> None:
            raise redis.ConnectionError

    monkeypatch.setattr(pictures, "cache", Forgetful())
    painter = Painter()

    assert pictures.kept("dot", 1, painter) == b"PNG 1"
    assert painter.strokes == 1
