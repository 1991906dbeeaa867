from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from arbedge import checks, sealing

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture(autouse=True)
def one_old_key(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = [OLD]


@pytest.mark.parametrize("plain", [b"", b"\x00\xff", "käse 🧀", "k" * 5000])
def test_what_was_sealed_comes_back(plain: bytes | str) -> None:
    raw = plain.encode() if isinstance(plain, str) else plain

    assert sealing.unseal(sealing.seal(plain)) == raw


def test_a_seal_shows_nothing_and_never_repeats() -> None:
    first, second = sealing.seal("a secret"), sealing.seal("a secret")

    assert first != second
    assert "secret" not in first


def test_a_changed_seal_does_not_open() -> None:
    sealed = sealing.seal("a secret")
    broken = sealed[:20] + ("A" if sealed[20] != "A" else "B") + sealed[21:]

    with pytest.raises(sealing.Unsealable):
        sealing.unseal(broken)


def test_old_seals_open_after_a_new_key_came(settings: Settings) -> None:
    sealed = sealing.seal("a secret")
    settings.ENCRYPTION_KEYS = [NEW, OLD]

    assert sealing.unseal(sealed) == b"a secret"
    assert not sealing.is_newest(sealed)


def test_resealing_lets_the_old_key_go(settings: Settings) -> None:
    sealed = sealing.seal("a secret")
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    again = sealing.reseal(sealed)
    settings.ENCRYPTION_KEYS = [NEW]

    assert sealing.is_newest(again)
    assert sealing.unseal(again) == b"a secret"


def test_resealing_what_is_newest_changes_nothing() -> None:
    sealed = sealing.seal("a secret")

    assert sealing.reseal(sealed) == sealed


def test_a_seal_whose_key_is_gone_is_said_to_be_so(settings: Settings) -> None:
    sealed = sealing.seal("a secret")
    settings.ENCRYPTION_KEYS = [NEW]

    assert not sealing.is_newest(sealed)
    for work in (sealing.unseal, sealing.reseal):
        with pytest.raises(sealing.Unsealable, match="ENCRYPTION_KEYS"):
            work(sealed)


def test_without_keys_nothing_is_sealed(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = []

    with pytest.raises(sealing.Unsealable, match="set ENCRYPTION_KEYS"):
        sealing.seal("a secret")


def test_a_digest_depends_on_purpose_and_secret_key(settings: Settings) -> None:
    here = sealing.digest("invitation", "ABCD1234")
    elsewhere = sealing.digest("referral", "ABCD1234")
    settings.SECRET_KEY = "another"

    assert len({here, elsewhere, sealing.digest("invitation", "ABCD1234")}) == 3
    assert len(here) == sealing.DIGEST_BYTES


def test_a_digest_is_the_same_for_the_same_text() -> None:
    assert sealing.digest("invitation", "ABCD1234") == sealing.digest("invitation", "ABCD1234")


def test_tokens_are_hashed_plainly() -> None:
    assert sealing.sha256("abc").hex().startswith("ba7816bf")


@pytest.mark.parametrize(
    ("a", "b", "equal"), [("é", "é", True), (b"a", "a", True), ("a", "b", False)]
)
def test_comparing(a: bytes | str, b: bytes | str, *, equal: bool) -> None:
    assert sealing.same(a, b) is equal


@pytest.mark.parametrize(
    ("keys", "told"),
    [([], "is empty"), ([NEW, "short"], "Key number 2"), (["ä" * 44], "Key number 1")],
)
def test_a_start_without_good_keys_is_refused_with_how_to_make_one(
    settings: Settings, keys: list[str], told: str
) -> None:
    settings.ENCRYPTION_KEYS = keys

    (message,) = checks.sealing_keys()

    assert message.id == "arbedge.E013"
    assert told in message.msg
    assert "Fernet.generate_key" in str(message.hint)
    assert not any(key in f"{message.msg} {message.hint}" for key in keys)
