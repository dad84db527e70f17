"""Who is at the other end of the connection: address and User-Agent."""

from __future__ import annotations

from ipaddress import ip_address

from flask import request

from ..account import text


def client_address() -> str:
    """The peer as the host's ProxyFix has it; no forwarding header is read here. Empty behind a Unix socket."""
    try:
        address = ip_address((request.remote_addr or "").partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)


def client_user_agent() -> str:
    return text.printable(request.headers.get("User-Agent", ""), 512)
