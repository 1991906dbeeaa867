"""Pieces and tables as bytes: a line of JSON with times and counts, then an Arrow IPC stream."""

from __future__ import annotations

import io

import msgspec
import polars as pl

from arbedge.names import Market
from exchanges.snapshot import Piece


class _Meta(msgspec.Struct, frozen=True):
    """What an entry says before its columns; the fields are those of Piece."""

    venue: str
    feed: str
    market: Market
    captured_at_ms: float
    venue_at_ms: float | None
    offset_ms: float
    took_ms: float
    dropped: dict[str, int]
    essential: bool
    instruments: bool
    absent: dict[str, float]


_decode_meta = msgspec.json.Decoder(_Meta).decode


def encode(piece: Piece) -> bytes:
    """Returns the piece as bytes."""
    meta = {name: getattr(piece, name) for name in _Meta.__struct_fields__}
    return msgspec.json.encode(meta) + b"\n" + columns_to_bytes(piece.frame)


def decode(raw: bytes) -> Piece:
    """Returns the piece these bytes are."""
    head, _, columns = raw.partition(b"\n")
    meta = _decode_meta(head)
    told = {name: getattr(meta, name) for name in _Meta.__struct_fields__}
    return Piece(frame=columns_from_bytes(columns), **told)


def columns_to_bytes(frame: pl.DataFrame) -> bytes:
    """Returns the frame as an Arrow IPC stream."""
    buffer = io.BytesIO()
    frame.write_ipc_stream(buffer)
    return buffer.getvalue()


def columns_from_bytes(raw: bytes) -> pl.DataFrame:
    """Returns the frame of an Arrow IPC stream."""
    return pl.read_ipc_stream(raw)
