"""What a browser keeps: the session, Flask-Login's remember-me cookie, and the device cookie that ties it to a row."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from flask import Response, after_this_request, current_app, request, session
from flask.ctx import RequestContext
from flask.globals import request_ctx
from flask_login import config as login_defaults
from flask_login.utils import decode_cookie, encode_cookie
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.datastructures import ImmutableMultiDict

from .account.credentials import Credential
from .globals import current_profile

#: When a session that we have not adopted yet was signed first.
SINCE = "_myprofile_since"
#: Flask 3.1.3 keeps the session under another name, and offers no way to set it.
_SESSION = "_session" if isinstance(getattr(RequestContext, "session", None), property) else "session"


def remember_name() -> str:
    return str(current_app.config.get("REMEMBER_COOKIE_NAME", login_defaults.COOKIE_NAME))


def remembered_login_id() -> str | None:
    """Whom Flask-Login's remember-me cookie names, if its signature is right.

    A cookie that an older secret key has signed is signed anew, for Flask-Login and for the browser.
    """
    cookie = request.cookies.get(remember_name(), "")
    if not cookie.isascii():
        return None  # decode_cookie() fails, and so would Flask-Login, on what no signature has
    login_id: str | None = decode_cookie(cookie)
    if login_id is None and (login_id := _signed_before(cookie)) is not None:
        _sign_anew(login_id)
    return login_id


def _signed_before(cookie: str) -> str | None:
    """Whom the cookie names by one of ``SECRET_KEY_FALLBACKS``, which Flask-Login does not know of.

    Only beside a device cookie, whose secret no key makes: with an old key alone, anybody's cookie could be forged.
    """
    if Credential.parse(request.cookies.get(current_profile.config.device_cookie)) is None:
        return None
    for key in current_app.config.get("SECRET_KEY_FALLBACKS") or ():
        # a key that Flask-Login cannot use has never signed anything
        usable = key and (isinstance(key, bytes) or all(ord(character) < 256 for character in key))
        login_id: str | None = decode_cookie(cookie, key) if usable else None
        if login_id is not None:
            return login_id
    return None


def _sign_anew(login_id: str) -> None:
    """In this request, which Flask-Login is about to read; and in the browser, once the device has proved live."""
    _replace_cookies({remember_name()}, [(remember_name(), encode_cookie(login_id))])

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


def set_device_cookie(response: Response, name: str, value: str, expires: datetime) -> None:
    response.set_cookie(name, value, expires=expires, **_attributes())


def clear_cookies(response: Response, device_name: str) -> None:
    """Delete what would sign in again. A deletion must repeat the attributes, or browsers keep the cookie."""
    for name in (remember_name(), device_name):
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


def new_session_id() -> None:
    """With a server-side session (Flask-Session): another id, so that one planted before is worth nothing now."""
    regenerate = getattr(current_app.session_interface, "regenerate", None)
    if callable(regenerate):
        regenerate(session._get_current_object())  # type: ignore[attr-defined]


def signed_in_since() -> int | None:
    """Since when, at the latest, this browser's session cookie has been a signed-in user's, in seconds since the epoch.

    None where that cannot be known. Flask signs a cookie anew whenever the session changes, so its own time is the
    first one only until then: see :func:`keep_age`.
    """
    serializer = getattr(current_app.session_interface, "get_signing_serializer", lambda app: None)(current_app)
    if not isinstance(serializer, URLSafeTimedSerializer):
        return None
    try:
        cookie = request.cookies.get(current_app.config["SESSION_COOKIE_NAME"], "")
        content, moment = serializer.loads(cookie, return_timestamp=True)
    except BadSignature:
        return None
    if "_user_id" not in content:
        return int(time.time())  # code of the host has signed the user in by itself, in this very request
    return int(content.get(SINCE, moment.timestamp()))


def keep_age(own_key: str) -> None:
    """A signed-in session that has no key of ours yet stays as old as it is when its cookie is made anew."""
    # not ``session``: that would mark it as read, and add "Vary: Cookie" to public pages
    kept: Any = getattr(request_ctx, _SESSION)
    if kept and "_user_id" in kept and own_key not in kept and SINCE not in kept:
        since = signed_in_since() if current_app.session_interface.should_set_cookie(current_app, kept) else None
        if since is not None:
            kept[SINCE] = since


def set_aside(device_name: str) -> Any:
    """Make this request one without a signed-in browser: no session, no remember-me.

    Returns the session, to be put back with :func:`put_back` before it is saved: nothing of it is lost or overwritten.
    """
    app, kept = current_app._get_current_object(), request_ctx.session  # type: ignore[attr-defined]
    hidden = {remember_name(), device_name, app.config["SESSION_COOKIE_NAME"]}
    _replace_cookies(hidden, [])
    interface = app.session_interface
    opened = interface.open_session(app, request)  # one that is empty is false, and a session all the same
    put_back(opened if opened is not None else interface.make_null_session(app))
    return kept


def _replace_cookies(names: set[str], by: list[tuple[str, str]]) -> None:
    """For the rest of this request, whoever reads them."""
    others = [(name, value) for name, value in request.cookies.items(multi=True) if name not in names]
    request.__dict__["cookies"] = ImmutableMultiDict(others + by)


def put_back(kept: Any) -> None:
    setattr(request_ctx, _SESSION, kept)
