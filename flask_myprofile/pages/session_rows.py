"""How a session reads: on the user's own page, on the administrator's, and in JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import current_app, request

from ..account.devices import APP, MAC_OR_IPAD, TELEVISION, Device, describe
from ..account.places import find_places, is_local
from ..errors import SetupError
from ..globals import current_profile
from ..i18n import as_datetime, gettext, iso_time, language_tag, lazy_gettext
from ..store.records import ADOPTED, SessionRecord

#: Sessions on one page.
PAGE = 50
ICONS = {
    "computer": "laptop",
    "phone": "smartphone",
    "tablet": "tablet",
    "television": "tv",
    "console": "gamepad-2",
    "program": "terminal",
    "unknown": "globe",
}
_WORDS = {MAC_OR_IPAD: lazy_gettext("Mac or iPad"), TELEVISION: lazy_gettext("Television")}


def page_number() -> int:
    """Which page of a long list is asked for: ``?page=``, from 1."""
    page = request.args.get("page", "")
    return max(int(page), 1) if page.isascii() and page.isdigit() and len(page) < 7 else 1


def as_json(
    records: Sequence[SessionRecord], current: SessionRecord | None, shows_address: bool
) -> list[dict[str, Any]]:
    places = places_of(records) if shows_address else {}
    return [_json(row, current is not None and row.id == current.id, places, shows_address) for row in records]


def _json(row: SessionRecord, current: bool, places: Mapping[str, str], shows_address: bool) -> dict[str, Any]:
    device, _ = device_of(row)
    return {
        "id": row.id,
        "current": current,
        "name": row.name or device,
        "device": device,
        "ip": (row.ip or None) if shows_address else None,
        "place": places.get(row.ip),
        "created_at": iso_time(row.created_at),
        "last_seen_at": iso_time(row.last_seen_at),
        "method": row.method,
        "provider": row.provider,
        "remembered": row.remembered,
    }


def as_rows(
    records: Sequence[SessionRecord], current: SessionRecord | None, shows_address: bool
) -> list[dict[str, Any]]:
    """The same for the templates."""
    places = places_of(records) if shows_address else {}
    return [_row(row, current is not None and row.id == current.id, places, shows_address) for row in records]


def _row(row: SessionRecord, current: bool, places: Mapping[str, str], shows_address: bool) -> dict[str, Any]:
    device, icon = device_of(row)
    method, method_icon = method_of(row)
    return {
        "id": row.id,
        "name": row.name or device,
        "own_name": row.name or "",
        "device": device,
        "icon": icon,
        "ip": (row.ip or gettext("unknown address")) if shows_address else None,
        "place": places.get(row.ip),
        "current": current,
        "last_seen_at": as_datetime(row.last_seen_at),
        "created_at": as_datetime(row.created_at),
        "method_text": method,
        "method_icon": method_icon,
    }


def name_of(row: SessionRecord) -> str:
    """What its user calls it, else what device it is."""
    return row.name or device_of(row)[0]


def device_of(row: SessionRecord) -> tuple[str, str]:
    """("Firefox on Linux", icon)."""
    device = describe(row.user_agent)
    return _in_words(device), ICONS[device.kind]


def _in_words(device: Device) -> str:
    browser, system = device.browser, str(_WORDS.get(device.system, device.system))
    if not system:
        return browser or gettext("Unknown device")
    if device.kind in ("television", "console"):
        return system
    if browser == APP:
        return gettext("App on %(system)s", system=system)
    if browser:
        return gettext("%(browser)s on %(system)s", browser=browser, system=system)
    return gettext("Unknown browser on %(system)s", system=system)


def method_of(row: SessionRecord) -> tuple[str, str]:
    """How it signed in, in words, and an icon for it."""
    if row.method == "sso":
        return (
            gettext("Single Sign On · %(provider)s", provider=row.provider)
            if row.provider
            else gettext("Single Sign On")
        ), "shield-check"
    if row.method == "password":
        return (gettext("Password, remembered") if row.remembered else gettext("Password")), "lock"
    if row.method == ADOPTED:
        return gettext("Signed in earlier"), "lock"
    return row.provider or row.method, "shield-check"


def shows_places() -> bool:
    """Whether the host has said how to find out where an address is."""
    return current_profile.config.session_place is not None


def places_of(records: Sequence[SessionRecord]) -> dict[str, str]:
    """Address -> place. What fails is the host's callable or database; a page does without, and says so in the log."""
    source, addresses = current_profile.config.session_place, {row.ip for row in records}
    if source is None:
        return {}
    try:
        found = find_places(source, addresses, language_tag())
    except Exception as error:
        reason = error if isinstance(error, SetupError) else f"MYPROFILE_SESSION_PLACE failed: {type(error).__name__}"
        current_app.logger.error("MyProfile shows no places. %s", reason)
        found = {}
    return {address: gettext("Local network") for address in addresses if is_local(address)} | found
