"""What a User-Agent says about the device. Parsed when shown, never at sign-in, which no parser's fault may stop."""

from __future__ import annotations

import re
from typing import NamedTuple

from ua_parser import parse


class Device(NamedTuple):
    """``kind`` is one of computer, phone, tablet, program, unknown; names are empty where unknown."""

    browser: str
    system: str
    kind: str


_PROGRAM = re.compile(
    r"^(curl|wget|python|httpx|aiohttp|go-http|okhttp|java|postman|insomnia|werkzeug|node|axios|ruby|php)", re.I
)
_PHONE = re.compile(r"iPhone|iPod|Android.*Mobile|Windows Phone|Mobile.*Firefox", re.I)
_TABLET = re.compile(r"iPad|Tablet|Android", re.I)
_COMPUTERS = ("Windows", "Mac OS X", "Linux", "Ubuntu", "Fedora", "Chrome OS", "FreeBSD", "OpenBSD", "Debian")
_SPOKEN = {
    "Mac OS X": "macOS",
    "Mobile Safari": "Safari",
    "Chrome Mobile": "Chrome",
    "Firefox Mobile": "Firefox",
    "Edge Mobile": "Edge",
}


def describe(user_agent: str) -> Device:
    """The device that sent this User-Agent header."""
    found = parse(user_agent)
    browser = found.user_agent.family if found.user_agent else ""
    system = found.os.family if found.os else ""
    if _PROGRAM.match(user_agent):
        return Device(browser or user_agent.split("/", maxsplit=1)[0].split(" ", maxsplit=1)[0], "", "program")
    return Device(_SPOKEN.get(browser, browser), _system(user_agent, system), _kind(user_agent, system))


def _system(user_agent: str, system: str) -> str:
    if system == "iOS":  # people know the device by its name, not by its system's
        return "iPad" if "iPad" in user_agent else "iPhone"
    return _SPOKEN.get(system, system)


def _kind(user_agent: str, system: str) -> str:
    if _PHONE.search(user_agent):
        return "phone"
    if _TABLET.search(user_agent):
        return "tablet"
    return "computer" if system in _COMPUTERS else "unknown"
