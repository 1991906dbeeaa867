"""A guarded request connects to a checked address, yet it is the name that must be proven."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from arbedge import aio
from arbedge import http as ground
from notifications.channels import http
from notifications.channels.answers import Unsent
from notifications.codes import Code

NAME = "hooks.example.com"


class Server:
    """A server with a certificate for one name that says back what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.files = _certificate(folder)
        self.names: list[str | None] = []
        self.heads: list[str] = []
        self.port = 0

    async def listen(self) -> asyncio.Server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.files)
        context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        server = await asyncio.start_server(self.answer, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()
        writer.close()


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    return files


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Every name leads to it, and loopback counts as the public internet."""
    made = Server(tmp_path)
    listening = aio.run(made.listen())

    async def getaddrinfo(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(2, 1, 6, "", ("127.0.0.1", made.port))]

    monkeypatch.setattr(aio.loop(), "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(ground, "is_public", lambda _: True)
    yield made

    async def close() -> None:
        listening.close()

    aio.run(close())


@pytest.fixture
def trusting(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's certificate is known, as those of the internet's servers are."""
    context = ssl.create_default_context(cafile=str(server.files[0]))
    inner = httpx.AsyncHTTPTransport(
        verify=context, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
    )
    monkeypatch.setitem(http._transports, aio.loop(), {True: ground.GuardedTransport(inner)})


def post(server: Server, host: str) -> int:
    answer = aio.run(http.exchange(f"https://{host}:{server.port}/in", b"{}", {}), 30)
    return answer.status


@pytest.mark.usefixtures("trusting")
def test_the_name_is_what_is_asked_for_and_proven(server: Server) -> None:
    assert post(server, NAME) == 204
    assert server.names == [NAME]
    assert f"host: {NAME}:{server.port}\r\n" in server.heads[0].lower()


@pytest.mark.usefixtures("trusting")
def test_a_server_with_a_certificate_for_another_name_is_not_talked_to(server: Server) -> None:
    with pytest.raises(Unsent) as error:
        post(server, "other.example.com")

    assert error.value.code is Code.UNREACHABLE
    assert server.heads == []


def test_a_server_nobody_vouches_for_is_not_talked_to(server: Server) -> None:
    with pytest.raises(Unsent) as error:
        post(server, NAME)

    assert error.value.code is Code.UNREACHABLE
    assert server.heads == []
