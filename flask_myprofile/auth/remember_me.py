"""Flask-Login's remember-me cookie, and the device cookie that ties it to one session.

The remember-me cookie is the same on all devices and has no end on the server: it counts only beside a device cookie,
``<row id>.<secret>``, whose session is live.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

from flask import Response, after_this_request, current_app, request, session
from flask_login import config as login_defaults
from flask_login.utils import decode_cookie, encode_cookie

from ..account.credentials import Credential
from ..globals import current_profile, secret_keys
from .session_cookie import hide, replace_cookies


def remember_name() -> str:
    return str(current_app.config.get("REMEMBER_COOKIE_NAME", login_defaults.COOKIE_NAME))


def device_name() -> str:
    """Of the cookie that ties it to a session. Apps that share a domain have remember-me cookies of their own names."""
    if current_profile.config.device_cookie is not None:
        return current_profile.config.device_cookie
    own = remember_name()
    return "myprofile_device" if own == login_defaults.COOKIE_NAME else f"myprofile_device_{own}"


def remembered_login_id() -> str | None:
    """Whom Flask-Login's remember-me cookie names, if its signature is right.

    A cookie that an older secret key has signed is signed anew, for Flask-Login and for the browser.
    """
    cookie = request.cookies.get(remember_name(), "")
    if not cookie.isascii():
        return None  # decode_cookie() fails, and so would Flask-Login, on what no signature has
    login_id: str | None = decode_cookie(cookie)
    if login_id is None and (login_id := _signed_before(cookie)) is not None:
        sign_anew(login_id)
    return login_id


def _signed_before(cookie: str) -> str | None:
    """Whom the cookie names by one of ``SECRET_KEY_FALLBACKS``, which Flask-Login does not know of.

    Only beside a device cookie, whose secret no key makes: with an old key alone, anybody's cookie could be forged.
    """
    if device_credential() is None:
        return None
    for key in current_app.config.get("SECRET_KEY_FALLBACKS") or ():
        # a key that Flask-Login cannot use has never signed anything
        usable = key and (isinstance(key, bytes) or all(ord(character) < 256 for character in key))
        login_id: str | None = decode_cookie(cookie, key) if usable else None
        if login_id is not None:
            return login_id
    return None


def sign_anew(login_id: str) -> None:
    """In this request, which Flask-Login is about to read; and in the browser, once the device has proved live."""
    replace_cookies({remember_name()}, [(remember_name(), encode_cookie(login_id))])

    @after_this_request
    def remember(response: Response) -> Response:
        if session.get("_user_id") == login_id and "_remember" not in session:
            session["_remember"] = "set"
        return response


def login_id_of(user: Any, app: Any = current_app) -> str:
    """What Flask-Login keeps of the user in its cookies."""
    return str(getattr(user, app.login_manager.id_attribute)())


def remember_until() -> int:
    """Until when a device that is remembered now stays so, in seconds since the epoch."""
    seconds = session.get("_remember_seconds")
    if seconds is None:
        duration = current_app.config.get("REMEMBER_COOKIE_DURATION", login_defaults.COOKIE_DURATION)
        seconds = duration.total_seconds() if isinstance(duration, timedelta) else float(duration)
    return int(time.time() + seconds)


def device_credential() -> Credential | None:
    """What the device cookie holds. It is not signed, but whose it says to be is: a query asks for that."""
    device = Credential.parse(request.cookies.get(device_name()))
    if device is None or device.user_key is None:
        return device
    named, _, mark = device.user_key.rpartition(".")
    user_key = unquote(named)
    is_ours = any(hmac.compare_digest(mark.encode(), _whose(key, device, user_key)) for key in secret_keys())
    return device._replace(user_key=user_key if is_ours else None)


def _whose(key: bytes, device: Credential, user_key: str) -> bytes:
    text = "\x00".join(("flask-myprofile/device", device.id, user_key)).encode(errors="surrogatepass")
    return hmac.new(key, text, hashlib.sha256).hexdigest().encode()


def set_device_cookie(response: Response, device: Credential, expires: datetime | None) -> None:
    """:param expires: None, where that is no date: the browser keeps it until it is closed."""
    if device.user_key is not None:
        mark = _whose(secret_keys()[0], device, device.user_key).decode()
        device = device._replace(user_key=f"{quote(device.user_key, safe='')}.{mark}")
    response.set_cookie(device_name(), device.value, expires=expires, **_attributes())


def clear_cookies(response: Response) -> None:
    """Delete what would sign in again. A deletion must repeat the attributes, or browsers keep the cookie."""
    for name in (remember_name(), device_name()):
        if name in request.cookies:
            response.delete_cookie(name, **_attributes())


def _attributes() -> dict[str, Any]:
    """The host's own choice for its remember-me cookie."""
    config = current_app.config
    return {
        "domain": config.get("REMEMBER_COOKIE_DOMAIN"),
        "path": config.get("REMEMBER_COOKIE_PATH", "/"),
        "secure": config.get("REMEMBER_COOKIE_SECURE", login_defaults.COOKIE_SECURE),
        "httponly": config.get("REMEMBER_COOKIE_HTTPONLY", login_defaults.COOKIE_HTTPONLY),
        "samesite": config.get("REMEMBER_COOKIE_SAMESITE", login_defaults.COOKIE_SAMESITE),
    }


def hide_remembered_device() -> None:
    """Make this request one of a browser that is not remembered."""
    replace_cookies({remember_name(), device_name()}, [])


def hide_signed_in_browser() -> Any:
    """Make this request one without a signed-in browser: see :func:`.session_cookie.hide`."""
    return hide(remember_name(), device_name())
