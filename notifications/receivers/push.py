"""A push service with browsers behind it: asks for what real ones ask for, reads what they read.

`subscribe` gives what a browser's PushSubscription gives. A push must carry a TTL and a token of
the key the browser subscribed with; it is then decrypted with the browser's own keys. Unknown
endpoints are 404, ended ones 410.
"""

from __future__ import annotations

import base64
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import http_ece  # type: ignore[import-untyped]
import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from notifications.receivers.book import Book, Shown
from notifications.receivers.faults import Board, spoiled

NAME: Final = "web_push"
LONGEST_BODY: Final = 4096
LONGEST_TOKEN_S: Final = 24 * 3600
AUTHORIZATION: Final = re.compile(r"vapid t=([\w-]+)\.([\w-]+)\.([\w-]+), ?k=([\w-]+)")
TOPIC: Final = re.compile(r"[\w-]{1,32}", re.ASCII)
URGENCIES: Final = ("", "very-low", "low", "normal", "high")


@dataclass(slots=True)
class Browser:
    """A subscription's keys; `server_key` is whose pushes it wants, empty for anybody's."""

    server_key: str = ""
    ended: bool = False
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False
    )
    auth: bytes = field(default_factory=lambda: secrets.token_bytes(16), repr=False)

    @property
    def keys(self) -> dict[str, str]:
        """What it tells its page, for whoever pushes to it."""
        public = self.private.public_key()
        point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"p256dh": _encoded(point), "auth": _encoded(self.auth)}


class PushService:
    """Browsers by the last part of their endpoints."""

    def __init__(self, book: Book, board: Board) -> None:
        self.book, self.board = book, board
        self.browsers: dict[str, Browser] = {}

    def routes(self) -> Sequence[BaseRoute]:
        """A path for new browsers, and one per browser."""
        return [
            Route("/push", self.open, methods=["POST"]),
            Route("/push/{name}", self.take, methods=["POST"]),
        ]

    async def open(self, request: Request) -> Response:
        """`?key=` subscribes a new browser to that server's pushes and says its subscription."""
        key, name = request.query_params.get("key", ""), secrets.token_hex(8)
        base_url = str(request.base_url).rstrip("/")
        return JSONResponse(self.subscribe(base_url, name, key), 201)

    def subscribe(self, base_url: str, name: str, server_key: str = "") -> dict[str, Any]:
        """A new browser's subscription, as its page would send it to us."""
        browser = self.browsers[name] = Browser(server_key)
        endpoint = f"{base_url}/push/{name}"
        return {"endpoint": endpoint, "expirationTime": None, "keys": browser.keys}

    async def take(self, request: Request) -> Response:
        """201 with the message's place; 4xx as services say it."""
        name, body = request.path_params["name"], await request.body()
        tag = request.headers.get("topic", "")
        answer, payload = await self._answer(request, name, body)
        text = msgspec.json.encode(payload).decode() if payload else ""
        self.book.note(
            NAME,
            "POST",
            name,
            answer.status_code,
            number=tag,
            text=text,
            headers=dict(request.headers),
        )
        if payload:
            title, told = str(payload.get("title", "")), str(payload.get("body", ""))
            self.book.show(Shown(NAME, name, tag or secrets.token_hex(8), told, title))
        return answer

    async def _answer(
        self, request: Request, name: str, body: bytes
    ) -> tuple[Response, dict[str, Any]]:
        browser = self.browsers.get(name)
        if browser is None or browser.ended:
            return _refused(404 if browser is None else 410, "no such subscription"), {}
        wished = await spoiled(self.board.hit(NAME, name))
        if wished is not None:
            return wished, {}
        status, problem = _problem(request, browser, len(body))
        if problem:
            return _refused(status, problem), {}
        try:
            payload = opened(browser, body)
        except (http_ece.ECEException, msgspec.DecodeError, ValueError) as error:
            return _refused(400, f"the browser cannot read it: {type(error).__name__}"), {}
        return Response(status_code=201, headers={"Location": f"/message/{name}"}), payload


def _problem(request: Request, browser: Browser, length: int) -> tuple[int, str]:
    """What a service finds wrong before it looks at the body; 0 and nothing where all is well."""
    headers = request.headers
    origin = f"{request.url.scheme}://{headers.get('host', '')}"
    checks = [
        (400, "no TTL", headers.get("ttl", "").isdigit()),
        (400, "bad Urgency", headers.get("urgency", "") in URGENCIES),
        (400, "bad Topic", "topic" not in headers or TOPIC.fullmatch(headers["topic"]) is not None),
        (415, "not aes128gcm", headers.get("content-encoding") == "aes128gcm"),
        (413, "too long", length <= LONGEST_BODY),
        (403, "bad token", _known(headers.get("authorization", ""), origin, browser.server_key)),
    ]
    return next(((status, said) for status, said, good in checks if not good), (0, ""))


def _known(header: str, origin: str, server_key: str) -> bool:
    """Whether the token is for us, in time, and signed by the key the browser subscribed with."""
    found = AUTHORIZATION.fullmatch(header)
    if found is None or (server_key and found[4] != server_key):
        return False
    head, claims = (msgspec.json.decode(_decoded(found[part])) for part in (1, 2))
    now_s, signature = time.time(), _decoded(found[3])
    half = len(signature) // 2
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _decoded(found[4]))
    try:
        key.verify(
            utils.encode_dss_signature(
                int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
            ),
            f"{found[1]}.{found[2]}".encode(),
            ec.ECDSA(SHA256()),
        )
    except InvalidSignature:
        return False
    in_time = now_s < claims["exp"] <= now_s + LONGEST_TOKEN_S
    contact = str(claims["sub"]).startswith(("mailto:", "https://"))
    return bool(head["alg"] == "ES256" and claims["aud"] == origin and in_time and contact)


def opened(browser: Browser, body: bytes) -> dict[str, Any]:
    """What the browser reads. Raises ECEException, ValueError, DecodeError where it cannot."""
    plain = http_ece.decrypt(
        body, private_key=browser.private, auth_secret=browser.auth, version="aes128gcm"
    )
    return msgspec.json.decode(plain, type=dict[str, Any])


def _refused(status: int, said: str) -> Response:
    return JSONResponse({"code": status, "error": said}, status)


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
