"""Keys of AI providers: checked by asking for the list of models, which costs nothing.

Sources: platform.openai.com and docs.anthropic.com, "List models". A compatible service answers
`GET <base URL>/models` as OpenAI does. Every address is resolved and checked at each connection:
one that is not on the public internet is refused, when the key is added and whenever it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
import msgspec

from accounts.credentials import KeyRefused, Rights, Secret, Unchecked
from arbedge import aio
from arbedge.http import RefusedAddress, guarded_client

TIMEOUT_S: Final = 10.0
LONGEST_BODY: Final = 2_000_000
NOTE: Final = "It answers with {models} models."


@dataclass(frozen=True, slots=True)
class Provider:
    """How one provider is asked; an address of its own is given with the key."""

    name: str
    base_url: str
    header: str = "Authorization"
    prefix: str = "Bearer "
    more: tuple[tuple[str, str], ...] = ()


PROVIDERS: Final[Mapping[str, Provider]] = {
    "openai": Provider("OpenAI", "https://api.openai.com/v1"),
    "anthropic": Provider(
        "Anthropic", "https://api.anthropic.com/v1", "x-api-key", "",
        (("anthropic-version", "2023-06-01"),),
    ),
    "compatible": Provider("The service", ""),
}  # fmt: skip


def check(secret: Secret) -> Rights:
    """Returns that the key may be used, or raises why not. Takes at most 10 s.

    Raises KeyRefused (key_wrong, address_refused, rights_unknown), Unchecked (venue_unreachable).
    Must not be called on the process's event loop.
    """
    models = aio.run(_models(PROVIDERS[secret.provider], secret), TIMEOUT_S + 1)
    return Rights(read=True, trade=False, withdraw=False, note=NOTE.format(models=models))


async def _models(provider: Provider, secret: Secret) -> int:
    url = f"{secret.base_url or provider.base_url}/models"
    headers = {**dict(provider.more), provider.header: provider.prefix + secret.key.reveal()}
    try:
        status, body = await _get(url, headers)
    except RefusedAddress as error:
        text = f"{error.message}: keys are sent to public addresses only."
        raise KeyRefused(text, code="address_refused", field="base_url") from None
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        raise _unreachable(provider, type(error).__name__) from None
    if status in (401, 403):
        text = f"{provider.name} does not accept this key."
        raise KeyRefused(text, code="key_wrong", field="key")
    if status != 200:
        raise _unreachable(provider, f"status {status}")
    return _count(provider, body)


async def _get(url: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """Status and body; a redirect is an answer like any other and is not followed."""
    body = b""
    async with (
        guarded_client(timeout_s=TIMEOUT_S) as client,
        client.stream("GET", url, headers=dict(headers)) as answer,
    ):
        async for piece in answer.aiter_bytes():
            body += piece
            if len(body) > LONGEST_BODY:
                raise httpx.DecodingError("the answer is too long")
        return answer.status_code, body


def _count(provider: Provider, body: bytes) -> int:
    try:
        told: Any = msgspec.json.decode(body)
    except msgspec.DecodeError:
        told = None
    models = told.get("data") if isinstance(told, Mapping) else None
    if not isinstance(models, list):
        text = f"{provider.name} answers, but not with a list of models as OpenAI would."
        raise KeyRefused(text, code="rights_unknown", field="base_url")
    return len(models)


def _unreachable(provider: Provider, why: str) -> Unchecked:
    text = f"{provider.name} cannot be asked now ({why}), so the key was not checked and nothing"
    return Unchecked(f"{text} was stored. Try again in a few minutes.", code="venue_unreachable")
