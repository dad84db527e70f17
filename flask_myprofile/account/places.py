"""Where a network address is: asked of the host or of a GeoIP2 database when it is shown, and never stored."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

from ..errors import SetupError
from .text import printable

#: What answers: a callable(address) -> name or None, or the path of a GeoIP2 database.
PlaceSource = str | Callable[[str], "str | None"]

_LONGEST = 100
# is_private of the standard library also takes addresses that are kept for documentation, and more
_LOCAL = tuple(
    map(
        ip_network,
        (
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "fc00::/7",
            "fe80::/10",
            "::1",
        ),
    )
)


def find_places(source: PlaceSource, addresses: Iterable[str], language: str) -> dict[str, str]:
    """Address -> place, for those that have one. ``language``: as BCP 47 has it; a database may know several.

    :raises Exception: whatever the callable raises, or the database does.
    :raises SetupError: there is no such file, or no package to read it.
    """
    look_up = source if callable(source) else _in_database(source, language)
    found = {address: look_up(address) for address in set(addresses) if address}
    places = {address: printable(place, _LONGEST).strip() for address, place in found.items() if isinstance(place, str)}
    return {address: place for address, place in places.items() if place}


def is_local(address: str) -> bool:
    """Whether the address means something in its own network only, so that no map has it."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in _LOCAL)


def _in_database(path: str, language: str) -> Callable[[str], str | None]:
    try:
        reader = _reader(path, os.stat(path).st_mtime_ns)
    except OSError as error:
        raise SetupError(f"MYPROFILE_SESSION_PLACE: {path!r} cannot be read: {error.strerror}") from error

    return lambda address: _place_in(reader, address, language)


@lru_cache(maxsize=4)
def _reader(path: str, modified: int) -> Any:
    """``modified``: a database that was replaced, as they are each week, is opened anew."""
    try:
        from geoip2.database import Reader  # an optional dependency
    except ImportError as error:
        raise SetupError('MYPROFILE_SESSION_PLACE needs geoip2: pip install "Flask-MyProfile[geoip]"') from error
    try:
        return Reader(path)
    except (RuntimeError, ValueError) as error:
        raise SetupError(f"MYPROFILE_SESSION_PLACE: {path!r} is not a GeoIP2 database") from error


def _place_in(reader: Any, address: str, language: str) -> str | None:
    """The city, or else the country, as a ``geoip2.database.Reader`` knows it."""
    from geoip2.errors import AddressNotFoundError

    has_cities = "Country" not in reader.metadata().database_type
    try:
        found = reader.city(address) if has_cities else reader.country(address)
    except (AddressNotFoundError, ValueError):  # not in it, or no address at all
        return None
    names = [found.city.names] if has_cities else []
    return next((name for each in (*names, found.country.names) if (name := _spoken(each, language))), None)


def _spoken(names: Mapping[str, str], language: str) -> str | None:
    """The name in that language, in another form of it ("pt-BR" for "pt"), or in English."""
    short = language.partition("-")[0]
    related = next((name for code, name in names.items() if code.partition("-")[0] == short), None)
    return names.get(language) or related or names.get("en")
