"""Keys as people paste them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.simulator.accounts import ACCOUNTS, account
from notifications.bot.keys.key_lines import Typed, looks_like_a_key, read, surely_a_key

PEM = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\nabcdef==\n-----END PRIVATE KEY-----"


def revealed(typed: Typed | None) -> tuple[str, str, str] | None:
    if typed is None:
        return None
    return typed.key.reveal(), typed.secret.reveal(), typed.passphrase.reveal()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("key-one\nsecret-two\nwords three", ("key-one", "secret-two", "words three")),
        ("  key-one \n\n secret-two\r\nthree\n", ("key-one", "secret-two", "three")),
        ("key-one secret-two three", ("key-one", "secret-two", "three")),
        ("API Key: key-one\nSecret Key: secret-two\nPassphrase = three",
         ("key-one", "secret-two", "three")),
        ("apikey: key-one\nsecret: secret-two\npassword: three",
         ("key-one", "secret-two", "three")),
        (f"key-one\n{PEM}\nthree", ("key-one", PEM, "three")),
    ],
    ids=["lines", "blanks", "one line", "named", "named shortly", "private key"],
)  # fmt: skip
def test_three_parts_are_read(text: str, parts: tuple[str, str, str]) -> None:
    assert revealed(read(text, 3)) == parts


def test_parts_nobody_asked_for_are_empty() -> None:
    assert revealed(read("key-one\nsecret-two", 2)) == ("key-one", "secret-two", "")
    assert revealed(read("sk-one", 1)) == ("sk-one", "", "")


def test_a_private_key_may_be_the_secret_of_two() -> None:
    assert revealed(read(f"key-one\n{PEM}", 2)) == ("key-one", PEM, "")


@pytest.mark.parametrize("text", ["", "\n \n", "key-one", "one\ntwo", "one\ntwo\nthree\nfour"])
def test_another_number_of_lines_is_not_guessed_at(text: str) -> None:
    assert read(text, 3) is None


def test_one_line_is_not_taken_apart_for_one_part() -> None:
    assert revealed(read("sk one two", 1)) == ("sk one two", "", "")


def test_what_was_typed_shows_itself_to_nobody() -> None:
    shown = repr(read("key-one\nsecret-two\nthree", 3))

    assert not any(part in shown for part in ("key-one", "secret-two", "three"))


@given(st.text(max_size=300), st.integers(1, 3))
def test_no_text_breaks_the_reading(text: str, wanted: int) -> None:
    typed = read(text, wanted)

    assert typed is None or all(part in text.replace("\r", "\n") or "\n" in part
                                for part in revealed(typed) or ())  # fmt: skip
    looks_like_a_key(text)


@pytest.mark.parametrize("venue", list(ACCOUNTS))
@pytest.mark.parametrize("part", ["key", "secret"])
def test_keys_of_the_venues_look_like_keys(venue: str, part: str) -> None:
    for who in ACCOUNTS[venue].values():
        text = getattr(who, part)
        if len(text) >= 24:
            assert looks_like_a_key(text)
            assert looks_like_a_key(f"here it is: {text}, thanks")


@pytest.mark.parametrize(
    "text",
    [
        "sk-proj-AbCdEfGhIjKlMnOpQrStUvWx", "sk-ant-api03-aaaabbbbccccddddeeee", PEM,
        "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
        "37c541a1-5ee2-42de-89e4-9a8dd1f1d8b6", "bg_0123456789abcdef0123456789abcdef",
    ],
)  # fmt: skip
def test_secrets_look_like_keys(text: str) -> None:
    assert looks_like_a_key(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "okx", "/mute WIF 4", "/setup_exchange okx", "main account", "What pays best today?",
        "https://example.com/a/page/of/some/length", "1234567890123456789012345678",
        "internationalization is a word", "ABCDEFGH", "+1 555 123 4567 890",
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "https://etherscan.io/tx/88df016429689c079f3b2f6ad39fa052532c56795b733da78a91ebe6a713944b",
    ],
)  # fmt: skip
def test_words_do_not(text: str) -> None:
    assert not looks_like_a_key(text)


SOLANA = "7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU"


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx", "bitget"])
def test_a_key_above_its_secret_is_one_beyond_doubt(venue: str) -> None:
    who = account(venue, "trader")
    both = [who.key, who.secret]

    assert surely_a_key("\n".join(both)) is looks_like_a_key(who.key)
    assert surely_a_key(f"API key: {who.secret}\nSecret: {who.secret}")
    assert surely_a_key(f"/setup_exchange {venue} {' '.join(both)}")


@pytest.mark.parametrize("text", ["sk-proj-AbCdEfGhIjKlMnOpQrStUvWx", PEM])
def test_what_begins_as_keys_do_is_one_beyond_doubt(text: str) -> None:
    assert surely_a_key(f"look: {text}")


@pytest.mark.parametrize(
    "text",
    [
        SOLANA, f"the contract is {SOLANA}\nand the pool {SOLANA}", "/setup_exchange okx",
        "88df016429689c079f3b2f6ad39fa052532c56795b733da78a91ebe6a713944b",
        f"{SOLANA}\nbuy\nnow\nor never", "",
    ],
    ids=["coin", "two coins in a sentence", "command", "transaction", "more lines", "nothing"],
)  # fmt: skip
def test_addresses_of_coins_stay_in_the_group(text: str) -> None:
    assert not surely_a_key(text)
