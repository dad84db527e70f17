"""Recent sign-in (step-up): what matters asks who is there, if the sign-in is older than ``MYPROFILE_REAUTH_MAX_AGE``.

A form that was sent meanwhile is kept on the server and carried out once it is known who is there: by the password, or
where Single Sign-On manages that by a new sign-in at the provider.
"""

from __future__ import annotations

from typing import Any

from flask import current_app, jsonify, redirect, request, url_for
from flask_wtf import FlaskForm
from werkzeug.datastructures import ImmutableMultiDict
from wtforms import PasswordField

from ..account.password_throttle import TooManyGuesses
from ..account.passwords import WrongPassword
from ..auth.request_state import request_state
from ..errors import Forbidden, Invalid, Refused
from ..globals import current_profile
from ..i18n import gettext, lazy_gettext
from ..responses import prefers_json
from ..sso import step_up
from ..transactions import unit_of_work
from . import layout
from .csrf import check_origin
from .forms import fill
from .refusals import problem_of
from .throttling import too_many


class ConfirmForm(FlaskForm):
    current_password = PasswordField(
        lazy_gettext("Password"), render_kw={"autocomplete": "current-password", "required": True}
    )


def view(user: Any) -> Any:
    """The page that asks who is there, and what follows when that is known."""
    session = current_profile.sessions.current(user)
    if request.method != "POST":
        return jsonify(can_confirm=_has_password(user)) if prefers_json() else _show(user)
    try:
        check_origin()
        if session is not None and not prefers_json() and _provider(user) is not None:
            return step_up.begin(session)
        _prove(user)
    except Refused as refusal:
        return _refuse(user, refusal)
    return _go_on(user)


def confirmed(user: Any) -> Any:
    """Back from the provider: the same person, just now, goes on with what was interrupted. Else nothing happens."""
    try:
        request_state().record = step_up.check(current_profile.sessions.current(user))
    except Refused as refusal:
        return _refuse(user, refusal)
    return _go_on(user)


def _go_on(user: Any) -> Any:
    """It is known who is there: with a new secret, and with what was interrupted."""
    session = current_profile.sessions.current(user)
    with unit_of_work(current_profile.db.session):
        current_profile.sessions.renew(user)
        interrupted = current_profile.pending_forms.take(session.id) if session is not None else None
    if prefers_json():
        return jsonify(message=gettext("Thank you. Your sign-in is confirmed."))
    if interrupted is None:
        layout.remember_message(gettext("Thank you. Your sign-in is confirmed."))
        return redirect(url_for("myprofile.index"), 303)
    # as if it had been sent now; its form's CSRF token was checked when it came, and so was this one's
    request.method, request.__dict__["form"] = "POST", ImmutableMultiDict(interrupted.fields)
    request_state().resumes_form = True
    return current_app.view_functions[interrupted.endpoint]()


def _prove(user: Any) -> None:
    if not _has_password(user):
        raise Forbidden(gettext("Sign out and sign in again to continue."), code="sign_in_again")
    typed = fill(ConfirmForm, {})["current_password"].data or ""
    if not typed:
        raise Invalid({"current_password": gettext("Enter your current password")})
    try:
        current_profile.passwords.prove(user, typed, upgrade=True)
    except TooManyGuesses as many:
        raise too_many(many) from many
    except WrongPassword as wrong:
        raise Invalid({"current_password": gettext("Your current password is not correct")}) from wrong


def _has_password(user: Any) -> bool:
    """Whether a password of the app's own proves who is there: not with Single Sign-On."""
    return current_profile.can_change_password(user) and current_profile.users.has_password(user)


def _provider(user: Any) -> str | None:
    """The provider that can have this user sign in again; None: sign out first, or give the password."""
    session = current_profile.sessions.current(user)
    can_ask = session is not None and not _has_password(user) and step_up.is_possible(session)
    return session.provider if session is not None and can_ask else None


def _refuse(user: Any, refusal: Refused) -> Any:
    if prefers_json():
        return problem_of(refusal)
    shown, status = _show(user, refusal)
    return shown, status, refusal.headers


def _show(user: Any, refusal: Refused | None = None) -> Any:
    form = ConfirmForm(formdata=None, meta={"csrf": False})
    error: Any = ""
    if refusal is not None:
        form.current_password.errors = [str(text) for texts in refusal.errors.values() for text in texts]
        error = refusal.message
    return layout.render(
        "myprofile/reauth.html",
        title=gettext("Confirm it’s you"),
        form=form if _has_password(user) else None,
        provider=_provider(user),
        username=current_profile.users.get(user, "username") or current_profile.users.get(user, "email") or "",
        confirm_url=url_for("myprofile.confirm"),
        error=error,
        status=refusal.status if refusal is not None else 200,
    )
