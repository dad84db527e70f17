"""Who is at the other end of the connection: address and User-Agent."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address

from flask import request

from ..account import text

#: An IPv6 address in brackets, or an IPv4 address, with or without a port.
_WITH_PORT = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d+)?|([0-9.]+):\d+")


def client_address() -> str:
    """The peer as the host's ProxyFix has it; no forwarding header is read here. Empty behind a Unix socket."""
    return _address(request.remote_addr or "")


@lru_cache(1024)  # several things of a request are from there
def _address(sent: str) -> str:
    sent = sent.partition("%")[0]
    if (with_port := _WITH_PORT.fullmatch(sent)) is not None:  # some gateways put it there
        sent = with_port[1] or with_port[2]
    try:
        address = ip_address(sent)
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)


def client_user_agent() -> str:
    return text.printable(request.headers.get("User-Agent", ""), 512)
