"""What a User-Agent says about the device. Parsed when shown, never at sign-in, which no parser's fault may stop."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote

from .text import printable

#: What is no name but a word, which pages say in the user's language.
APP, MAC_OR_IPAD, TELEVISION = "App", "Mac or iPad", "Television"


class Device(NamedTuple):
    """``kind`` is computer, phone, tablet, television, console, program or unknown; names are empty where unknown."""

    browser: str
    system: str
    kind: str


#: For these the parser has no system, or that of another device. Their browsers have no names that people know.
_APPLIANCES = [
    (re.compile(pattern), name, kind)
    for pattern, name, kind in (
        (r"(?i:PlayStation)|\(PS3\)", "PlayStation", "console"),
        (r"(?i:Xbox)", "Xbox", "console"),
        (r"Nintendo Switch", "Nintendo Switch", "console"),
        (r"Nintendo", "Nintendo", "console"),
        (r"SteamDeck|Valve Steam", "Steam Deck", "console"),
        (r"Apple ?TV|tvOS", "Apple TV", "television"),
        (r"Web0S|webOS\.TV|NetCast|LG Browser|HbbTV.*\bLGE?\b", "LG TV", "television"),
        (r"Samsung;SmartTV|SmartHub|(?i:SMART-?TV).*(?:Tizen|Maple)|Tizen.* TV ", "Samsung TV", "television"),
        (r"BRAVIA|HbbTV.*; ?Sony;", "Sony TV", "television"),
        (r"\bAFT[A-Z]", "Fire TV", "television"),
        (r"\bRoku\b", "Roku", "television"),
        (r"CrKey", "Chromecast", "television"),
        (r"Android ?TV", "Android TV", "television"),
        (
            r"(?i:HbbTV|Smart-?TV|Google ?TV|\b[DQ]?TV\b|TV ?Box)|NETRANGE|VIDAA|VIERA|\bOMI/|Andr0id",
            TELEVISION,
            "television",
        ),
    )
]

_COMPUTERS = (
    "Windows,Linux,Ubuntu,Kubuntu,Lubuntu,Debian,Fedora,Linux Mint,Arch Linux,SUSE,openSUSE,Gentoo,CentOS,Red Hat,"
    "PCLinuxOS,Mageia,Mandriva,Puppy,Slackware,SerenityOS,Solaris,FreeBSD,OpenBSD,NetBSD,BSD"
)
_PHONES = "Windows Phone,KaiOS,Bada,Tizen,Firefox OS,Sailfish,MeeGo,Maemo,webOS,BREW,Samsung"
#: The parser's name of a system -> what people call it, and the kind of device.
_SYSTEMS = {
    **{name: (name, "computer") for name in _COMPUTERS.split(",")},
    **{name: (name, "phone") for name in _PHONES.split(",")},
    "Mac OS X": ("macOS", "computer"),
    "Mac OS": ("macOS", "computer"),
    "Chrome OS": ("ChromeOS", "computer"),
    "BlackBerry OS": ("BlackBerry", "phone"),
    "BlackBerry Tablet OS": ("BlackBerry", "tablet"),
    "Kindle": ("Kindle", "tablet"),
    "Symbian OS": ("Symbian", "phone"),
    "Symbian^3": ("Symbian", "phone"),
    "Symbian^3 Anna": ("Symbian", "phone"),
    "Symbian^3 Belle": ("Symbian", "phone"),
    "Nokia Series 30 Plus": ("Nokia", "phone"),
    "Nokia Series 40": ("Nokia", "phone"),
    "Brew MP": ("BREW", "phone"),
    "Windows Mobile": ("Windows Phone", "phone"),
    "WatchOS": ("Apple Watch", "unknown"),
    "Other": ("", "unknown"),
}
#: The parser's name of a browser -> what people call it.
_BROWSERS = {
    "Baidu Browser": "Baidu",
    "Baidu Explorer": "Baidu",
    "BlackBerry WebKit": "BlackBerry Browser",
    "Bon Echo": "Firefox",
    "Chrome Frame": "Internet Explorer",
    "Facebook Messenger": "Messenger",
    "Firefox Alpha": "Firefox",
    "Firefox Beta": "Firefox",
    "Google": "Google App",
    "IE": "Internet Explorer",
    "IE Large Screen": "Internet Explorer",
    "Iceweasel": "Firefox",
    "MiuiBrowser": "Mi Browser",
    "Mobile Safari": "Safari",
    "MobileSafari": "Safari",
    "Nokia OSS Browser": "Nokia Browser",
    "Nokia Services (WAP) Browser": "Nokia Browser",
    "Opera Coast": "Opera",
    "Opera Touch": "Opera",
    "Other": "",
    "Ovi Browser": "Nokia Browser",
    "Seznam prohlížeč": "Seznam",
    "UP.Browser": "",
    "VivoBrowser": "vivo Browser",
    "WebKit Nightly": "",
    "YandexSearch": "Yandex",
    # what a page is shown by inside of an app that does not say its name
    "Apple Mail": APP,
    "Apple Watch App": APP,
    "CFNetwork": APP,
    "Chrome Mobile WebView": APP,
    "Crosswalk": APP,
    "Electron": APP,
    "Mobile Safari UI/WKWebView": APP,
    "Qt Web Engine": APP,
}
#: What the parser adds to a name, and the page says by the system.
_ADDED = re.compile(r"(?:(?: for)?[ .-]?(?:Mobile|iOS|Android))+$| \(\w+\)$")
_ENGINE = re.compile(r"^(?:Mozilla|Opera|Dalvik)|AppleWebKit|KHTML|Gecko/|MSIE|Trident|Presto|MIDP|UP\.|Browser/", re.I)
#: The first token of what has no engine, without its version: "curl", "Microsoft Office", "Listen%20App".
_TOKEN = re.compile(r"([a-z][\w.+%&'!: -]*?)(?: ?/| [(\[]| v?\d| -|$)", re.I | re.A)
#: "com.example.reader": a name for stores.
_BUNDLE = re.compile(r"[a-z]{2,3}\.\w+\.")
_TABLET = re.compile(r"iPad|Tablet|\bTab\b|\bPad\b|/apad|\bSM-[TXP]\d|\bTB-?\w?\d|\bKF[A-Z]{2}")
_PHONE = re.compile(r"Mobile|Phone")
_BROWSER = re.compile(r"Safari|Firefox")


@lru_cache(1000)
def describe(user_agent: str) -> Device:
    """The device that sent this User-Agent header."""
    for pattern, name, kind in _APPLIANCES:
        if pattern.search(user_agent):
            return Device("", name, kind)
    browser, family = _parsed(user_agent)
    system, kind = _system(user_agent, family)
    own = "" if _ENGINE.search(user_agent) else _own_name(user_agent)
    if own and kind in ("computer", "unknown") and "CFNetwork" not in user_agent:
        return Device(own, "", "program")
    browser = (APP if _BUNDLE.match(own) else own) or _browser(user_agent, browser)
    return Device("" if browser == APP and not system else browser, system, kind)


def _parsed(user_agent: str) -> tuple[str, str]:
    from ua_parser import Domain

    found = _parser()(user_agent, Domain.USER_AGENT | Domain.OS)
    return found.user_agent.family if found.user_agent else "", found.os.family if found.os else ""


@cache
def _parser() -> Any:
    """Made when first needed, which in most processes is never, and without its thousand rules for models."""
    from ua_parser import Parser, load_lazy_builtins

    browsers, systems, _ = load_lazy_builtins()
    return Parser.from_matchers((browsers, systems, []))


def _own_name(user_agent: str) -> str:
    found = _TOKEN.match(user_agent)
    return printable(_ADDED.sub("", unquote(found[1])), 40).strip() if found else ""


def _browser(user_agent: str, family: str) -> str:
    if family == "Android":  # its old browser, or an app's own requests
        return "" if "Safari" in user_agent else APP
    name = _BROWSERS.get(family, family)
    return printable(_BROWSERS.get(shorter := _ADDED.sub("", name), shorter), 40)


def _system(user_agent: str, family: str) -> tuple[str, str]:
    """What it is called and its kind, which are one decision."""
    if family == "iOS":  # people know the device by its name; an iPad's agent may name the iPhone, or the Mac
        return ("iPad", "tablet") if re.search("iPad|Macintosh", user_agent) else ("iPhone", "phone")
    if family == "Mac OS X" and "AppleWebKit/605" in user_agent:  # an iPad says that it is a Mac
        return MAC_OR_IPAD, "computer"
    if "Harmony" in user_agent:
        return "HarmonyOS", "computer" if "(PC" in user_agent else _handheld(user_agent)
    if family == "Android":
        return "Android", _handheld(user_agent)
    return _SYSTEMS.get(family, (family, "unknown"))


def _handheld(user_agent: str) -> str:
    """Browsers on a tablet leave out "Mobile"; apps leave it out everywhere, and two in three of those are phones."""
    if _TABLET.search(user_agent):
        return "tablet"
    return "tablet" if _BROWSER.search(user_agent) and not _PHONE.search(user_agent) else "phone"
