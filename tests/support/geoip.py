"""Writes tiny databases of places in the MaxMind DB format (version 2.0), to be read by the real reader."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any

_MARKER = b"\xab\xcd\xefMaxMind.com"
_RECORD = 3
_TYPES = {"string": 2, "uint16": 5, "uint32": 6, "map": 7, "uint64": 9, "array": 11}


def write_database(path: Path, kind: str, places: Mapping[str, Mapping[str, Any]]) -> str:
    """``places``: network -> what is known of it; ``kind`` as GeoLite2 has it, such as "GeoLite2-City"."""
    data, offsets = b"", {}
    for network, known in places.items():
        offsets[network] = len(data)
        data += _encode(known)
    nodes: list[list[int | None]] = [[None, None]]
    ends: list[tuple[int, int, int]] = []
    for network, offset in offsets.items():
        ends.append((*_grow(nodes, network), offset))
    count = len(nodes)
    for node, side, offset in ends:
        nodes[node][side] = count + 16 + offset
    tree = b"".join((count if side is None else side).to_bytes(_RECORD, "big") for node in nodes for side in node)
    about = b"".join(
        (
            _head("map", 9),
            _encode("node_count") + _number("uint32", count),
            _encode("record_size") + _number("uint16", _RECORD * 8),
            _encode("ip_version") + _number("uint16", 6),
            _encode("database_type") + _encode(kind),
            _encode("languages") + _head("array", 1) + _encode("en"),
            _encode("binary_format_major_version") + _number("uint16", 2),
            _encode("binary_format_minor_version") + _number("uint16", 0),
            _encode("build_epoch") + _number("uint64", 1_700_000_000),
            _encode("description") + _encode({"en": "Made for a test"}),
        )
    )
    path.write_bytes(tree + bytes(16) + data + _MARKER + about)
    return str(path)


def _grow(nodes: list[list[int | None]], network: str) -> tuple[int, int]:
    """Make way to a network in the tree; its last node, and the side of it that stands for the network."""
    parsed = ip_network(network)
    length = parsed.prefixlen + (96 if parsed.version == 4 else 0)
    bits = f"{int(parsed.network_address):0128b}"[:length]
    node = 0
    for bit in map(int, bits[:-1]):
        following = nodes[node][bit]
        if following is None:
            following = nodes[node][bit] = len(nodes)
            nodes.append([None, None])
        node = following
    return node, int(bits[-1])


def _head(kind: str, size: int) -> bytes:
    number = _TYPES[kind]
    first, more = (number << 5, b"") if number < 8 else (0, bytes([number - 7]))
    return bytes([first | size]) + more if size < 29 else bytes([first | 29]) + more + bytes([size - 29])


def _number(kind: str, value: int) -> bytes:
    raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return _head(kind, len(raw)) + raw


def _encode(value: Any) -> bytes:
    if isinstance(value, str):
        raw = value.encode()
        return _head("string", len(raw)) + raw
    return _head("map", len(value)) + b"".join(_encode(part) for pair in value.items() for part in pair)
