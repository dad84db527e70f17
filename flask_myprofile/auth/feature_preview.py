"""Preview "as this person": the browser of an administrator has the features of somebody else for a while.

Their features alone: whoever is signed in stays who they are, with their own data. It is kept in the session of that
browser, where it goes with the sign-in (see :func:`.session_cookie.forget_user`), and looked at where somebody asks for
features that are not the same for everyone.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Any, NamedTuple

import flask_login
from flask import has_request_context, request, session
from sqlalchemy.exc import SQLAlchemyError

from ..account.clock import is_recent, now
from ..errors import StoreDown, in_log
from ..globals import current_profile
from .request_state import request_state
from .session_cookie import KEY

_log = logging.getLogger(__name__)

#: Seconds for which it goes on at most.
LASTS = 3600
_KEPT = KEY + "_preview"
#: In its place where it has ended by itself, until somebody has been told.
_OVER = "over"


class Preview(NamedTuple):
    """``user``: whose features they are; ``until``: when it is over, in seconds since the epoch."""

    user: Any
    key: str
    name: str
    until: int


def current_preview() -> Preview | None:
    """The one that this browser is in. It ends by itself where anything that it stands on is gone.

    :raises StoreDown: nobody can say.
    """
    if not has_request_context() or _KEPT not in session:
        return None
    state = request_state()
    if state.preview is None:
        state.preview = False  # for what the host's own code asks meanwhile
        try:
            state.preview = _found(session[_KEPT]) or False
        except Exception:
            state.preview = None
            raise
        current_profile.features.ask_again()
        if not state.preview and _KEPT in session:  # not where an API token has hidden the session
            session[_KEPT] = _OVER
    return state.preview or None


def whose_features() -> Any | None:
    """Whose features are asked for instead of those of who is signed in. On the administrators' pages nobody's: what is
    off for somebody else would lock an administrator out."""
    user = previewed_user()
    return None if user is None or request.blueprint == "myprofile_admin" else user


def previewed_user() -> Any | None:
    preview = current_preview()
    return None if preview is None else preview.user


def features_of(user: Any) -> Any:
    """What a page asks for the features of a user who may be the one that looks at it."""
    features, users = current_profile.features, current_profile.users
    if current_preview() is not None and users.key(flask_login.current_user._get_current_object()) == users.key(user):
        return features
    return features.for_user(user)


def new_preview(user: Any) -> Preview:
    """One that is to begin now."""
    return _preview(user, current_profile.users.key(user), now())


def begin(preview: Preview) -> None:
    """From now on it is this browser's."""
    state = request_state()
    session[_KEPT] = [preview.key, preview.until - LASTS, _mark(preview.user), state.session_id]
    state.preview = preview
    current_profile.features.ask_again()


def end() -> None:
    session.pop(_KEPT, None)
    current_profile.features.ask_again()


def has_ended_by_itself() -> bool:
    """Whether it has, and nobody was told yet."""
    if session.get(_KEPT) != _OVER:
        return False
    end()
    return True


def _found(kept: Any) -> Preview | None:
    admin: Any = flask_login.current_user._get_current_object()
    if _KEPT not in session or not (admin and admin.is_authenticated):
        return None
    match kept:
        case [str(key), int(since), str(mark), str(session_id)] if is_recent(since, LASTS - 1):
            if session_id != request_state().session_id or not current_profile.is_admin(admin):
                return None
            return _of_kept(key, since, mark)
    return None


def _of_kept(key: str, since: int, mark: str) -> Preview | None:
    """None as well where the host's model cannot read the person: every page would break until the administrator signs
    out, the one that ends the preview too."""
    try:
        with current_profile.db.session.no_autoflush:  # it is the host's session, in the middle of its work
            user = current_profile.users.load(key)
        # a key may have gone to somebody else
        return None if user is None or _mark(user) != mark else _preview(user, key, since)
    except SQLAlchemyError as error:
        raise StoreDown(in_log(error)) from error
    except Exception:  # whatever a value that nobody expects leads to
        _log.exception("The preview of user %r ends: the user cannot be read", key)
        return None


def _preview(user: Any, key: str, since: int) -> Preview:
    return Preview(user, key, current_profile.users.display_name(user) or key, since + LASTS)


def _mark(user: Any) -> str:
    """Who it is, apart from the key."""
    users = current_profile.users
    known = (users.display_name(user), users.get(user, "username"), users.get(user, "email"))
    return hashlib.sha256(repr(known).encode(errors="surrogatepass")).hexdigest()[:16]
