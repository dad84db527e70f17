"""Recent sign-in (step-up): what matters asks who is there, if the sign-in is older than ``MYPROFILE_REAUTH_MAX_AGE``.

A form that was sent meanwhile is kept on the server and carried out once it is known who is there: by the password, or
where Single Sign-On manages that by a new sign-in at the provider.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import jsonify, redirect, request, url_for
from flask_wtf import FlaskForm
from wtforms import PasswordField

from ..account.events import CONFIRMED
from ..account.pending_forms import SentForm
from ..auth.request_state import request_state
from ..errors import Forbidden, Invalid, Refused
from ..globals import current_profile
from ..i18n import gettext, lazy_gettext
from ..openapi.operation import Operation, described
from ..openapi.schemas import FLAG, MESSAGE, TEXT, record
from ..responses import prefers_json
from ..sso import step_up
from ..store.records import SessionRecord
from ..transactions import unit_of_work
from . import layout, pending_form
from .csrf import StaleForm, check_origin, renew_session
from .forms import fill
from .password_answers import CANNOT_CHECK, answered
from .refusals import problem_of

_GONE = lazy_gettext("The form that you had sent waits no longer: it was carried out already, or it is too old.")


class ConfirmForm(FlaskForm):
    current_password = PasswordField(
        lazy_gettext("Password"), render_kw={"autocomplete": "current-password", "required": True}
    )


_FOLLOWS = dict.fromkeys(("form", "next", "back"), TEXT)


@described(
    get=Operation("Whether a password can confirm who it is", answer=record(can_confirm=FLAG), query=_FOLLOWS),
    post=Operation("Confirm who it is", answer=MESSAGE, form=ConfirmForm),
)
def view(user: Any) -> Any:
    """The page that asks who is there, and what follows when that is known."""
    session = current_profile.sessions.current(user)
    if request.method != "POST":
        follows = pending_form.came_from() | pending_form.what_follows(request.args)
        return jsonify(can_confirm=_has_password(user)) if prefers_json() else _show(user, follows)
    follows = {} if prefers_json() else pending_form.what_follows(request.form)
    try:
        check_origin()
        if not prefers_json():
            if "cancel" in request.form:
                return _cancel(session, follows)
            if session is not None and _provider(user) is not None:
                return step_up.begin(session, follows)
        with unit_of_work(current_profile.db.session):
            _prove(user)
            form = _renew(user, follows)
    except Refused as refusal:
        return _refuse(user, refusal, follows)
    return _go_on(form, follows)


@described(get=Operation("Back from the provider", for_providers=True))
def confirmed(user: Any) -> Any:
    """Back from the provider: the same person, just now, goes on with what was interrupted. Else nothing happens."""
    follows = step_up.asked_for()
    try:
        request_state().record = step_up.check(current_profile.sessions.current(user))
        with unit_of_work(current_profile.db.session):
            form = _renew(user, follows)
    except Refused as refusal:
        return _refuse(user, refusal, follows)
    return _go_on(form, follows)


def _renew(user: Any, follows: Mapping[str, str]) -> SentForm | None:
    """It is known who is there: with a new secret. Returns what this confirmation was asked for."""
    renew_session(user)
    current_profile.activity.note(CONFIRMED, user)
    return pending_form.take(current_profile.sessions.current(user), follows)


def _go_on(form: SentForm | None, follows: Mapping[str, str]) -> Any:
    if form is not None:
        return pending_form.carry_out(form)
    said = gettext("Thank you. Your sign-in is confirmed.")
    if prefers_json():
        return jsonify(message=said)
    if "form" in follows:
        said = f"{said} {_GONE}"
    layout.remember_message(said)
    return redirect(follows.get("next") or url_for("myprofile.index"), 303)


def _cancel(session: SessionRecord | None, follows: Mapping[str, str]) -> Any:
    """Forget the form, and go back to where it was sent from."""
    with unit_of_work(current_profile.db.session):
        form = pending_form.take(session, follows)
    purpose = pending_form.purpose_of(form) if form is not None else None
    layout.remember_message(gettext("Nothing was changed."), "info")
    back = purpose.page(dict(form.fields)) if form and purpose else follows.get("back")
    return redirect(back or url_for("myprofile.index"), 303)


def _prove(user: Any) -> None:
    if not _has_password(user):
        raise Forbidden(gettext("Sign out and sign in again to continue."), code="sign_in_again")
    typed = fill(ConfirmForm, {})["current_password"].data or ""
    if not typed:
        raise Invalid({"current_password": gettext("Enter your current password")})
    with answered():
        current_profile.passwords.prove(user, typed, upgrade=True)


def _has_password(user: Any) -> bool:
    """Whether a password proves who is there: one of the app's own, not with Single Sign-On, that can be checked."""
    with_own = current_profile.can_change_password(user) and current_profile.users.has_password(user)
    return with_own and current_profile.passwords.can_check(user)


def _is_unreadable(user: Any) -> bool:
    """Whether there is a password of the app's own, and nobody here who can check it."""
    return current_profile.can_change_password(user) and not current_profile.passwords.can_check(user)


def _provider(user: Any) -> str | None:
    """The provider that can have this user sign in again; None: sign out first, or give the password."""
    session = current_profile.sessions.current(user)
    can_ask = session is not None and not _has_password(user) and step_up.is_possible(session)
    return session.provider if session is not None and can_ask else None


def _refuse(user: Any, refusal: Refused, follows: Mapping[str, str]) -> Any:
    if prefers_json():
        return problem_of(refusal)
    shown, status = _show(user, follows, refusal)
    return shown, status, refusal.headers


def _show(user: Any, follows: Mapping[str, str], refusal: Refused | None = None) -> Any:
    form = ConfirmForm(formdata=None, meta={"csrf": False})
    session = current_profile.sessions.current(user)
    waiting = pending_form.find(session, follows)
    error: Any = ""
    if refusal is not None:
        form.current_password.errors = [str(text) for texts in refusal.errors.values() for text in texts]
        error = refusal.message
        if isinstance(refusal, StaleForm) and "form" in follows and waiting is None:
            error = _GONE  # the page that followed was loaded once more, and sent it again
    else:
        form.current_password.render_kw = {**form.current_password.render_kw, "data-mp-focus": True}
    unreadable = _is_unreadable(user)
    if unreadable:
        current_profile.users.log_unreadable(user)
    # whoever checks has not taken it: to type it again is of no use
    unreadable = unreadable or (refusal is not None and refusal.code == CANNOT_CHECK)
    purpose = pending_form.purpose_of(waiting) if waiting is not None else None
    return layout.render(
        "myprofile/reauth.html",
        title=gettext("Confirm it’s you"),
        form=form if _has_password(user) and not unreadable else None,
        unreadable=unreadable,
        provider=_provider(user),
        undated=session is not None and step_up.is_undated(session),
        # who was asked for a recent sign-in and came back with one has seen that this is possible
        counts_again=session is not None and session.auth_time is not None,
        purpose=purpose.words() if purpose else "",
        deed=purpose.deed if purpose else "",
        for_admin=purpose is not None and purpose.for_admin and current_profile.is_admin(user),
        # a form of another browser, or one that waits no longer, is not asked for
        follows={name: value for name, value in follows.items() if name != "form" or waiting is not None},
        waits=waiting is not None,
        back_url=follows.get("back"),
        username=current_profile.users.shown(user, "username") or current_profile.users.shown(user, "email") or "",
        confirm_url=url_for("myprofile.confirm"),
        error=error,
        status=refusal.status if refusal is not None else 200,
    )
