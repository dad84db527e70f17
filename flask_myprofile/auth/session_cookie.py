"""The host's session cookie: what the extension keeps in it, how old it is, and a request without it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from flask import Response, current_app, g, request, session
from flask.ctx import RequestContext
from flask.globals import request_ctx
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.datastructures import ImmutableMultiDict

#: Our key in the session: ``<row id>.<secret>``. Whatever else is ours there begins with it.
KEY = "_myprofile"
#: In the place of a session that ended: until the sign-in page has said so, and from then until somebody signs in.
SIGNED_OUT, TOLD = "signed out", "signed out, and told"
#: Beside that, for whoever had proved the session: the reason that it ended for, and when, in seconds.
WHY = "_myprofile_why"
#: When a session that we have not adopted yet was signed first.
SINCE = "_myprofile_since"
_AS_IT_CAME = "_flask_myprofile_as_it_came"
#: Flask 3.1.3 keeps the session under another name, and offers no way to set it.
_SESSION = "_session" if isinstance(getattr(RequestContext, "session", None), property) else "session"


def as_it_came() -> Mapping[str, Any]:
    """What the session of the browser held when the request arrived, whatever has become of it in the meantime."""
    incoming = request._get_current_object()  # type: ignore[attr-defined]
    if _AS_IT_CAME not in vars(incoming):
        vars(incoming)[_AS_IT_CAME] = dict(_opened_again() or {})
    came: Mapping[str, Any] = vars(incoming)[_AS_IT_CAME]
    return came


def _opened_again() -> Any:
    """The session of the cookie that was sent, as it is now: see :func:`hide`."""
    app: Any = current_app._get_current_object()  # type: ignore[attr-defined]
    return app.session_interface.open_session(app, app.request_class(request.environ, populate_request=False))


def restore(came: Mapping[str, Any]) -> None:
    """Give the session what it held then. One that is kept in the cookie still does; one on the server was saved with
    the answer that is not sent."""
    if dict(session) != came:
        session.clear()
        session.update(came)


def forget_user(*, and_csrf_token: bool = True) -> None:
    """What belongs to whoever was signed in here does not outlive them: all that is ours, and the CSRF token, with
    which a page of theirs would write into the account of whoever comes next."""
    for name in [name for name in session if str(name).startswith(KEY)]:
        session.pop(name)
    if and_csrf_token:
        forget_csrf_token()


def forget_csrf_token() -> None:
    """Flask-WTF's. The next form gets another one, also if it is in this very answer."""
    field = csrf_field()
    session.pop(field, None)
    g.pop(field, None)


def has_given_csrf_token() -> bool:
    """Whether this very answer may have the CSRF token in it: a form of the host's, made before anybody asked who is
    there."""
    return csrf_field() in g


def came_with_csrf_token() -> bool:
    """Whether the browser had one before this request, which somebody else may have planted."""
    app: Any = current_app._get_current_object()  # type: ignore[attr-defined]
    return csrf_field() in (app.session_interface.open_session(app, request) or ())


def csrf_field() -> str:
    """What Flask-WTF calls it, in forms, in the session and in ``g``."""
    return str(current_app.config.get("WTF_CSRF_FIELD_NAME", "csrf_token"))


def new_session_id() -> None:
    """With a server-side session (Flask-Session): another id, so that one planted before is worth nothing now."""
    regenerate = getattr(current_app.session_interface, "regenerate", None)
    if callable(regenerate):
        came, kept = as_it_came(), session._get_current_object()  # type: ignore[attr-defined]
        before = kept.sid
        regenerate(kept)
        if KEY in came and kept.sid != before:
            _leave_behind(before, came[KEY])


def _leave_behind(session_id: str, value: str) -> None:
    """A request that is under way still comes with the id before, which signs nobody in any more. By the secret that it
    had it is known as one: a visitor whom nobody knows would be given another session in the place of the new one."""
    app: Any = current_app._get_current_object()  # type: ignore[attr-defined]
    before = _opened_again()
    before.sid, before[KEY] = session_id, value
    app.session_interface.save_session(app, before, app.response_class())


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


def keep_age() -> object:
    """A signed-in session that has no key of ours yet stays as old as it is when its cookie is made anew.

    True where the host has changed a session that nobody is signed in to now.
    """
    # not ``session``: that would mark it as read, and add "Vary: Cookie" to public pages
    kept: Any = getattr(request_ctx._get_current_object(), _SESSION)  # type: ignore[attr-defined]
    if not kept or "_user_id" not in kept:
        return kept is not None and kept.modified
    if KEY not in kept and SINCE not in kept:
        since = signed_in_since() if current_app.session_interface.should_set_cookie(current_app, kept) else None
        if since is not None:
            kept[SINCE] = since
    return False


def will_be_saved() -> bool:
    """Whether the session goes out with the answer: the host has changed it, or renews it with each."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    return bool(app.session_interface.should_set_cookie(app, getattr(request_ctx, _SESSION)))


def hide(*cookies: str) -> Any:
    """Make this request one without a session and without these ``cookies``, whoever reads them.

    Returns the session, to be put back with :func:`put_back` before it is saved: nothing of it is lost or overwritten.
    """
    app, kept = current_app._get_current_object(), request_ctx.session  # type: ignore[attr-defined]
    replace_cookies({*cookies, app.config["SESSION_COOKIE_NAME"]}, [])
    interface = app.session_interface
    opened = interface.open_session(app, request)  # one that is empty is false, and a session all the same
    put_back(opened if opened is not None else interface.make_null_session(app))
    return kept


def is_emptied() -> bool:
    """Whether the session has nothing in it any more."""
    kept: Any = getattr(request_ctx, _SESSION)
    return not kept and kept is not None and bool(kept.modified)


def put_back(kept: Any) -> None:
    setattr(request_ctx, _SESSION, kept)


def keep_unsaved(response: Response) -> None:
    """Leave the browser the session that it has."""
    put_back(current_app.session_interface.make_null_session(current_app._get_current_object()))  # type: ignore[attr-defined]
    response.vary.add("Cookie")


def replace_cookies(names: set[str], by: list[tuple[str, str]]) -> None:
    """For the rest of this request, whoever reads them."""
    others = [(name, value) for name, value in request.cookies.items(multi=True) if name not in names]
    request.__dict__["cookies"] = ImmutableMultiDict(others + by)
