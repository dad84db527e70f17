"""How a session reads: on the user's own page, on the administrator's, and in JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import current_app, request

from ..account.clock import now
from ..account.devices import APP, MAC_OR_IPAD, TELEVISION, Device, describe
from ..account.places import find_places, is_local
from ..config import DAY
from ..errors import SetupError
from ..globals import current_profile
from ..i18n import as_datetime, gettext, iso_time, language_tag, lazy_gettext, short_date, short_moment
from ..openapi.schemas import FLAG, MOMENT, OPTIONAL_TEXT, TEXT, record
from ..store.records import ADOPTED, PASSWORD, EventRecord, SessionRecord

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


#: What :func:`as_json` says of each.
SCHEMA = record(
    **{"id": TEXT, "current": FLAG, "name": TEXT, "device": TEXT, "ip": OPTIONAL_TEXT, "place": OPTIONAL_TEXT},
    **dict.fromkeys(("created_at", "last_seen_at", "expires_at"), MOMENT),
    **{"method": OPTIONAL_TEXT, "provider": OPTIONAL_TEXT, "remembered": FLAG},
)


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
        "expires_at": iso_time(current_profile.sessions.runs_out_at(row)),
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
        "user_agent": row.user_agent,
        "method_text": _method_of(row),
        "method_name": row.provider or row.method,
        "signed_in_text": _signed_in(row),
        "until_text": _until(row),
        # the page of its owner says more
        "open": False,
        "is_new": False,
        "not_me_url": None,
    }


def _signed_in(row: SessionRecord) -> str:
    """The template puts the moment in, and what the method is called."""
    if row.method == PASSWORD:
        return gettext("Signed in with a password on %(when)s")
    if row.method == ADOPTED:
        return gettext("Signed in before %(when)s")
    if row.method == "sso" and not row.provider:
        return gettext("Signed in by Single Sign On on %(when)s")
    return gettext("Signed in with %(method)s on %(when)s")


def _until(row: SessionRecord) -> str:
    """When it runs out, to the minute where that is today or tomorrow; or that it has ended."""
    if row.ended_at is not None:
        return gettext("has been signed out")
    at, idle = current_profile.sessions.runs_out_at(row), current_profile.config.session_idle
    moment = as_datetime(at)
    if at is None or moment is None:
        return ""
    when = short_moment(moment) if at < now() + DAY else short_date(moment)
    if idle and not row.remembered and at == row.last_seen_at + idle:
        return gettext("is signed out on %(when)s unless it is used", when=when)
    if row.remembered:
        return gettext("stays signed in until %(when)s", when=when)
    return gettext("is signed out on %(when)s at the latest", when=when)  # the browser may forget it before


def name_of(row: SessionRecord) -> str:
    """What its user calls it, else what device it is."""
    return row.name or device_of(row)[0]


def device_of(row: SessionRecord) -> tuple[str, str]:
    """("Firefox on Linux", icon)."""
    return device_by(row.user_agent)


def device_by(user_agent: str) -> tuple[str, str]:
    """The same by what a browser calls itself."""
    device = describe(user_agent)
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


def _method_of(row: SessionRecord) -> str:
    """How it signed in, in words."""
    if row.method == "sso":
        return (
            gettext("Single Sign On · %(provider)s", provider=row.provider)
            if row.provider
            else gettext("Single Sign On")
        )
    if row.method == PASSWORD:
        return gettext("Password, remembered") if row.remembered else gettext("Password")
    if row.method == ADOPTED:
        return gettext("Signed in earlier")
    return row.provider or row.method


def shows_places() -> bool:
    """Whether the host has said how to find out where an address is."""
    return current_profile.config.session_place is not None


def places_of(records: Sequence[SessionRecord | EventRecord]) -> dict[str, str]:
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
