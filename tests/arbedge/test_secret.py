from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from arbedge import sealing
from arbedge.secret import (
    MISSING_IN_PRODUCTION,
    demo_bot_token,
    local_encryption_keys,
    local_key,
    local_vapid_key,
)

Keeper = Callable[..., Any]
BOTH = pytest.mark.parametrize(
    ("keeper", "name"),
    [
        (local_key, "secret_key"),
        (local_encryption_keys, "encryption_keys"),
        (local_vapid_key, "vapid_key"),
    ],
)


@BOTH
def test_a_key_is_made_once_and_kept_private(tmp_path: Path, keeper: Keeper, name: str) -> None:
    key = keeper(tmp_path / "data", production=False)

    assert keeper(tmp_path / "data", production=False) == key
    assert (tmp_path / "data" / name).stat().st_mode & 0o077 == 0


@BOTH
def test_first_starts_at_the_same_time_agree(tmp_path: Path, keeper: Keeper, name: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: keeper(tmp_path / "data", production=False), range(8)))

    assert all(key == keys[0] for key in keys)
    assert [path.name for path in (tmp_path / "data").iterdir()] == [name]


@BOTH
def test_in_production_none_is_made(tmp_path: Path, keeper: Keeper, name: str) -> None:
    assert keeper(tmp_path / "data", production=True) in (MISSING_IN_PRODUCTION, [], "")
    assert not (tmp_path / "data").exists()


def test_the_secret_key_is_long(tmp_path: Path) -> None:
    assert len(local_key(tmp_path, production=False)) > 50


def test_the_sealing_key_made_is_a_good_one(tmp_path: Path) -> None:
    assert sealing.faulty(local_encryption_keys(tmp_path, production=False)) == []


def test_a_line_on_top_of_the_file_is_the_newest_key(tmp_path: Path) -> None:
    (old,) = local_encryption_keys(tmp_path, production=False)
    (tmp_path / "encryption_keys").write_text(f"new\n{old}\n")

    assert local_encryption_keys(tmp_path, production=False) == ["new", old]


def test_the_key_of_web_pushes_is_a_whole_private_key(tmp_path: Path) -> None:
    """43 letters of base64url are 32 bytes, also where the number begins with zeros."""
    assert len(local_vapid_key(tmp_path, production=False)) == 43


def test_a_demos_bot_has_a_token_of_its_own_on_every_machine() -> None:
    """Whoever knew the token could log in as anybody."""
    token = demo_bot_token("one machine's secret")
    assert re.fullmatch(r"[0-9]{4,}:[A-Za-z0-9_-]{35}", token)
    assert token != demo_bot_token("another machine's secret")
