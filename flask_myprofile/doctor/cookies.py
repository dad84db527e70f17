"""The cookies that sign people in: what they are called, where they go and who can read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from flask import current_app, has_request_context, request
from flask_login import config as login_defaults

from ..auth.remember_me import device_name, remember_name
from ..globals import current_profile
from .findings import Finding, fault, note, ok
from .proxy import proxy_fix

_FLASKS_OWN = "session"


class _Cookie(NamedTuple):
    """:param setting: what the names of its settings begin with."""

    setting: str
    names: tuple[str, ...]
    path: str
    domain: str | None
    secure: bool
    httponly: bool
    samesite: str | None


def cookies() -> Iterator[Finding]:
    session, remember = _session_cookie(), _remember_cookie()
    names = (*session.names, *remember.names)
    found = [*_about_names(names), *_about(session), *_about(remember)]
    yield from found or [ok(f"{', '.join(names)}: for this site alone, over https, and not for scripts.")]


def _session_cookie() -> _Cookie:
    app: Any = current_app._get_current_object()  # type: ignore[attr-defined]
    interface = app.session_interface
    return _Cookie(
        "SESSION_COOKIE",
        (app.config["SESSION_COOKIE_NAME"],),
        interface.get_cookie_path(app),
        interface.get_cookie_domain(app),
        interface.get_cookie_secure(app),
        interface.get_cookie_httponly(app),
        interface.get_cookie_samesite(app),
    )


def _remember_cookie() -> _Cookie:
    """Flask-Login's, and the extension's, which has the same attributes."""
    get = current_app.config.get
    return _Cookie(
        "REMEMBER_COOKIE",
        (remember_name(), device_name()),
        get("REMEMBER_COOKIE_PATH", "/"),
        get("REMEMBER_COOKIE_DOMAIN"),
        get("REMEMBER_COOKIE_SECURE", login_defaults.COOKIE_SECURE),
        get("REMEMBER_COOKIE_HTTPONLY", login_defaults.COOKIE_HTTPONLY),
        get("REMEMBER_COOKIE_SAMESITE", login_defaults.COOKIE_SAMESITE),
    )


def _about_names(names: tuple[str, ...]) -> Iterator[Finding]:
    session, remember, _ = names
    if len(set(names)) < len(names):
        yield fault(
            f"Two cookies have one name: {', '.join(names)}.",
            "Give each its own: SESSION_COOKIE_NAME, REMEMBER_COOKIE_NAME, MYPROFILE_DEVICE_COOKIE.",
        )
    elif (session == _FLASKS_OWN) != (remember == login_defaults.COOKIE_NAME):
        usual = "SESSION_COOKIE_NAME" if session == _FLASKS_OWN else "REMEMBER_COOKIE_NAME"
        yield note(
            f"{usual} is the usual one, and the other name is not: another app at this address may take the cookie.",
            f"Give this app its own {usual} as well.",
        )


def _about(cookie: _Cookie) -> Iterator[Finding]:
    setting, names = cookie.setting, ", ".join(cookie.names)
    if not cookie.httponly:
        yield fault(f"Scripts can read {names}.", f"{setting}_HTTPONLY = True")
    if not cookie.secure:
        if cookie.samesite is not None and cookie.samesite.lower() == "none":
            yield fault(f"Browsers refuse {names}: SameSite=None without Secure.", f"{setting}_SECURE = True")
        else:
            yield note(f"{names}: also sent over http.", f"Where the app is served over https, {setting}_SECURE = True")
    if cookie.samesite is None:
        yield note(f"{names}: it is left to the browser when other sites send it.", f'{setting}_SAMESITE = "Lax"')
    if cookie.domain:
        yield note(f"{names}: all hosts under {cookie.domain} get it.", f"Leave {setting}_DOMAIN out.")
    if not _covers(cookie.path, current_profile.config.url_prefix):
        yield fault(
            f"{names}: sent to {cookie.path}, and not to {current_profile.config.url_prefix}, where My Profile is.",
            f'{setting}_PATH = "/", or APPLICATION_ROOT, where the app is mounted below a path.',
        )
    yield from _about_prefixes(cookie)


def _about_prefixes(cookie: _Cookie) -> Iterator[Finding]:
    """RFC 6265bis, section 4.1.3: browsers refuse what is not as its name says."""
    for name in cookie.names:
        bound = cookie.path == "/" and not cookie.domain
        if name.startswith("__Host-") and not (cookie.secure and bound):
            yield fault(f"Browsers refuse {name}.", f'{cookie.setting}_SECURE = True, _PATH = "/", and no _DOMAIN')
        elif name.startswith("__Secure-") and not cookie.secure:
            yield fault(f"Browsers refuse {name}.", f"{cookie.setting}_SECURE = True")


def _covers(path: str, url_prefix: str) -> bool:
    """Of an app that is mounted somewhere, both may begin with where that is."""
    root = request.script_root if has_request_context() else _mounted_at()
    address = f"{root}{url_prefix}"
    return root is None or path in ("/", address) or address.startswith(path.rstrip("/") + "/")


def _mounted_at() -> str | None:
    """None: what is in front of the app names it with each request."""
    fix = proxy_fix()
    return None if fix is not None and fix.x_prefix else current_app.config["APPLICATION_ROOT"].rstrip("/")
