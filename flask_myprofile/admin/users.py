"""Sessions of a user: an administrator finds one user, sees where that user is signed in, and ends any of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import current_app, jsonify, redirect, request, url_for
from flask_wtf import FlaskForm
from wtforms import StringField

from ..errors import NotFound, Refused
from ..globals import after_sign_out, current_profile
from ..i18n import gettext, lazy_gettext, ngettext
from ..pages import layout
from ..pages.csrf import check_origin
from ..pages.forms import fill
from ..pages.pending_form import Purpose
from ..pages.session_rows import PAGE, as_json, as_rows, name_of, page_number, shows_places
from ..pages.sign_out import sign_out as sign_out_here
from ..pages.signed_out import say_elsewhere
from ..responses import prefers_json
from ..store.records import SessionRecord
from ..transactions import unit_of_work

#: Why a session ended, for :data:`signals.session_ended`.
REASON = "admin"
_ENDPOINT = "myprofile_admin.sessions"

#: What its forms are for, where one waits for a recent sign-in.
SIGN_OUT = Purpose(
    lambda: gettext("Sign out one session"),
    lambda sent: url_for(_ENDPOINT, user=sent.get("user")),
    deed=lazy_gettext("sign a user out of one session"),
    for_admin=True,
)
SIGN_OUT_ALL = SIGN_OUT._replace(
    words=lambda: gettext("Sign out all"), deed=lazy_gettext("sign a user out of all sessions")
)


class WhoseForm(FlaskForm):
    user = StringField()


class WhichForm(WhoseForm):
    id = StringField()


def view(admin: Any) -> Any:
    """The form that asks for a user and, once there is one, that user's sessions. Nobody is listed unasked."""
    typed = request.args.get("user", "").strip()
    user = current_profile.users.find(typed) if typed else None
    if typed and user is None:
        return _refuse(_unknown(), typed)
    return jsonify(_json(admin, user)) if prefers_json() else _show(admin, user, typed=typed)


def sign_out(admin: Any) -> Any:
    """End one session."""
    if request.method != "POST":
        return redirect(url_for(_ENDPOINT, user=request.args.get("user") or None))
    return _perform(admin, WhichForm, _end_one)


def sign_out_all(admin: Any) -> Any:
    """End all of a user's sessions; a GET asks first."""
    if request.method == "POST":
        return _perform(admin, WhoseForm, _end_all)
    typed = request.args.get("user", "")
    user = current_profile.users.find(typed)
    if typed and user is None:
        return _refuse(_unknown(), typed)
    if user is None or not current_profile.sessions.count(user):
        return redirect(url_for(_ENDPOINT, user=typed or None))
    question = _question(admin, user)
    heading = gettext("User sessions")
    return layout.render("myprofile/admin/confirm.html", title=question["title"], heading=heading, confirm=question)


# ---- what ends


def _perform(admin: Any, form_class: type[FlaskForm], end: Callable[[Any, Any, Any], tuple[str, bool]]) -> Any:
    user = None
    try:
        check_origin()
        form = fill(form_class, {})
        user = current_profile.users.find(form["user"].data or "")
        if user is None:
            raise _unknown()
        current_profile.sessions.require_fresh(admin)
        with unit_of_work(current_profile.db.session):
            message, ended_own = end(admin, user, form)
    except Refused as refusal:
        return _refuse(refusal, request.form.get("user", ""), admin, user)
    if ended_own:  # after the commit: the sign-out that is an administrator's deed is not to be noted as the user's own
        sign_out_here()
    if prefers_json():
        return jsonify(message=message)
    if ended_own:
        say_elsewhere(message)
        return redirect(after_sign_out(), 303)
    layout.remember_message(message)
    return redirect(url_for(_ENDPOINT, user=current_profile.users.key(user)), 303)


def _end_one(admin: Any, user: Any, form: WhichForm) -> tuple[str, bool]:
    id_, own = form.id.data or "", _own(admin, user)
    if not current_profile.sessions.end(user, id_, REASON, by=admin):
        raise NotFound(gettext("This user has no such session."), code="no_such_session")
    _log(admin, user, 1)
    ended = current_profile.sessions.load(id_)
    words = {"name": current_profile.users.display_name(user), "session": name_of(ended) if ended else id_}
    return gettext("%(name)s has been signed out of %(session)s.", **words), own is not None and own.id == id_


def _end_all(admin: Any, user: Any, form: WhoseForm) -> tuple[str, bool]:
    own = _own(admin, user)
    ended = current_profile.sessions.end_all(user, REASON, by=admin)
    _log(admin, user, ended)
    message = ngettext(
        "Signed out of %(num)s session of %(name)s.",
        "Signed out of %(num)s sessions of %(name)s.",
        ended,
        name=current_profile.users.display_name(user),
    )
    return message, own is not None


def _own(admin: Any, user: Any) -> SessionRecord | None:
    """The session of this request, if it is one of those that are looked at."""
    same = current_profile.users.key(admin) == current_profile.users.key(user)
    return current_profile.sessions.current(admin) if same else None


def _log(admin: Any, user: Any, ended: int) -> None:
    key = current_profile.users.key
    current_app.logger.info("MyProfile: administrator %r ended %d sessions of user %r", key(admin), ended, key(user))


# ---- what is shown


def _unknown() -> NotFound:
    return NotFound(gettext("There is no user with this user name, email address or key."), code="no_such_user")


def _refuse(refusal: Refused, typed: str, admin: Any = None, user: Any = None) -> Any:
    if prefers_json():
        raise refusal
    message = refusal.message or " ".join(str(text) for texts in refusal.errors.values() for text in texts)
    shown, status = _show(admin, user, typed=typed, error=message, status=refusal.status)
    return shown, status, refusal.headers


def _listed(user: Any) -> tuple[Any, int]:
    sessions = current_profile.sessions
    return sessions.list(user, PAGE, (page_number() - 1) * PAGE), sessions.count(user)


def _shows_address() -> bool:
    """The part's own switch: users who have no Sessions tab have sessions all the same."""
    return current_profile.features.state("sessions.address").on


def _json(admin: Any, user: Any) -> dict[str, Any]:
    if user is None:
        return {"user": None, "sessions": [], "total": 0}
    rows, total = _listed(user)
    who = {"key": current_profile.users.key(user), "name": current_profile.users.display_name(user)}
    return {"user": who, "sessions": as_json(rows, _own(admin, user), _shows_address()), "total": total}


def _show(admin: Any, user: Any, *, typed: str = "", error: Any = "", status: int = 200) -> Any:
    context: dict[str, Any] = {"whose": None, "typed": typed}
    if user is not None:
        (rows, total), key, number = _listed(user), current_profile.users.key(user), page_number()
        context = {
            "whose": _person(user),
            "typed": typed,
            "rows": as_rows(rows, _own(admin, user), _shows_address()),
            "total": total,
            "shows_places": _shows_address() and shows_places(),
            "first_url": url_for(_ENDPOINT, user=key) if number > 1 else None,
            "more_url": url_for(_ENDPOINT, user=key, page=number + 1) if number * PAGE < total else None,
        }
    title = gettext("User sessions")
    return layout.render("myprofile/admin/sessions.html", title=title, error=error, status=status, **context)


def _person(user: Any) -> dict[str, Any]:
    users = current_profile.users
    return {"key": users.key(user), "name": users.display_name(user), "email": users.get(user, "email")}


def _question(admin: Any, user: Any) -> dict[str, Any]:
    key, ended = current_profile.users.key(user), current_profile.sessions.count(user)
    signed_out = ngettext(
        "%(num)s session will have to sign in again the next time it is used.",
        "%(num)s sessions will have to sign in again the next time they are used.",
        ended,
    )
    own = [gettext("This device is among them: you will be signed out here.")] if _own(admin, user) else []
    return {
        "title": gettext("Sign out of all sessions of %(name)s?", name=current_profile.users.display_name(user)),
        "texts": [signed_out, *own, gettext("API tokens keep working.")],
        "yes": gettext("Sign out all"),
        "no": gettext("Cancel"),
        "danger": True,
        "action_url": url_for("myprofile_admin.sessions_sign_out_all"),
        "back_url": url_for(_ENDPOINT, user=key),
        "fields": {"user": key},
    }
