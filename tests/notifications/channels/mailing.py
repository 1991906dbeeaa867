"""Mails that a server on loopback takes."""

from __future__ import annotations

import socket
from typing import Any

import pytest

ANN = {"email": "ann@example.com"}


def connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The addresses that are connected to from now on."""
    asked: list[Any] = []
    connect = socket.create_connection

    def counted(address: tuple[str, int], *more: Any, **named: Any) -> socket.socket:
        asked.append(address)
        return connect(address, *more, **named)

    monkeypatch.setattr(socket, "create_connection", counted)
    return asked
