"""The networks that an API token may be used from."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

#: More than these would make a row that is read at each request long.
MOST = 20


class NoNetwork(ValueError):
    """:param text: what is none."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def as_text(typed: str) -> str | None:
    """As it is kept: each once, written in one way. None: nothing was typed, and any network will do.

    :raises NoNetwork: one of them is none, or has bits set beyond its prefix: it might be meant otherwise.
    """
    found = []
    for each in re.split(r"[\s,;]+", typed.strip()):
        if not each:
            continue
        try:
            network = ip_network(each)
        except ValueError as error:
            raise NoNetwork(each) from error
        if "%" in each:  # the zone of one machine, of any length: where a request comes from is known without it
            raise NoNetwork(each)
        found.append(str(_as_plain(network)))
    return " ".join(dict.fromkeys(found)) or None


def _as_plain(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """Without the form in which IPv4 is written as IPv6: the addresses that are compared are not in it."""
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None or network.prefixlen < 96:
        return network
    return IPv4Network((mapped, network.prefixlen - 96))


@lru_cache(1024)
def _networks(kept: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(map(ip_network, kept.split()))


def allows(kept: str | None, address: str) -> bool:
    """Whether a token with these networks may be used from there. An address that is not known is in none; and what
    cannot be read lets nobody in."""
    if kept is None:
        return True
    try:
        there: Any = ip_address(address)
    except ValueError:
        return False
    there = getattr(there, "ipv4_mapped", None) or there  # of a server that listens for both
    try:
        return any(there in network for network in _networks(kept))
    except ValueError:  # written beside the app
        return False


def are_within(kept: str | None, others: str | None) -> bool:
    """Whether each address of these networks is in one of the others: no, where it takes two of them together."""
    if others is None or kept is None or kept == others:
        return others is None or kept == others
    try:
        wide: list[Any] = list(_networks(others))
    except ValueError:  # it let nobody in: whatever takes its place is more
        return False
    return all(any(one.version == each.version and each.subnet_of(one) for one in wide) for each in _networks(kept))
