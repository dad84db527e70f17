"""Time zones: which there are, and which of them make a list that is quick to read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import tzinfo
from functools import cache

from babel import Locale
from babel.core import get_global
from babel.dates import get_timezone


def find(name: str) -> tzinfo | None:
    """The zone of that name; None where there is none, or the machine has no data of it."""
    if name in get_global("zone_territories") or name in get_global("zone_aliases"):
        with suppress(LookupError):
            return get_timezone(name)
    return None


def are_known() -> bool:
    """Whether the machine has any data of time zones: by its system, or by the package tzdata."""
    return find("UTC") is not None


def canonical(name: str) -> str:
    """One name for each zone, whichever of its names was used: ``Asia/Kolkata`` for ``Asia/Calcutta``."""
    return str(get_global("zone_aliases").get(name, name))


def of_cities() -> Iterator[str]:
    """The zone of every city that has one to itself."""
    return (name for name in get_global("zone_territories") if not name.startswith("Etc/"))


@cache
def common() -> tuple[str, ...]:
    """A well-known city's for each clock that differs from the others now or did lately, as CLDR has chosen them."""
    chosen = {canonical(name) for name in get_global("windows_zone_mapping").values()}
    return tuple(name for name in of_cities() if name in chosen)


def city(name: str, spoken: Locale) -> str:
    """ "Mailand"; the zone's own name where the language has none for the city."""
    usual = canonical(name)
    # Babel knows the cities of some zones by an old name only
    known = (spoken.time_zones.get(each, {}).get("city") for each in (usual, *_other_names().get(usual, ())))
    return next(filter(None, known), usual.rpartition("/")[2].replace("_", " "))


@cache
def _other_names() -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for other, usual in get_global("zone_aliases").items():
        names.setdefault(usual, []).append(other)
    return names
