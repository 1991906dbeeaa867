from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from arbedge.secret import MISSING_IN_PRODUCTION, local_key


def test_the_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    key = local_key(tmp_path / "data", production=False)
    assert len(key) > 50
    assert local_key(tmp_path / "data", production=False) == key
    assert (tmp_path / "data/secret_key").stat().st_mode & 0o077 == 0


def test_first_starts_at_the_same_time_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: local_key(tmp_path / "data", production=False), range(8)))
    assert len(keys) == 1
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret_key"]


def test_in_production_none_is_made(tmp_path: Path) -> None:
    assert local_key(tmp_path / "data", production=True) == MISSING_IN_PRODUCTION
    assert not (tmp_path / "data").exists()
