"""Signing in with a password, and signing out."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_login import current_user, login_user, logout_user
from flask_wtf import FlaskForm
from sqlalchemy import func, or_, select
from werkzeug.security import check_password_hash, generate_password_hash
from wtforms import BooleanField, PasswordField, StringField
from wtforms.validators import DataRequired

from flask_myprofile import current_profile

from .extensions import db
from .models import User

bp = Blueprint("auth", __name__)

# checked where there is no password to check, so that the time taken does not tell who has an account
NOBODYS_HASH = generate_password_hash("nobody has this password")


class SignInForm(FlaskForm):
    identifier = StringField(
        lazy_gettext("Email or user name"), [DataRequired(lazy_gettext("Enter your email or user name."))]
    )
    password = PasswordField(lazy_gettext("Password"), [DataRequired(lazy_gettext("Enter your password."))])
    remember = BooleanField(lazy_gettext("Keep me signed in"))


@bp.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """The sign-in page; the one message for every failure does not say which part was wrong."""
    target = safe_next(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(target or url_for("pages.dashboard"))
    form = SignInForm()
    if form.validate_on_submit():
        user = authenticate(form.identifier.data or "", form.password.data or "")
        if user and login_user(user, remember=form.remember.data):
            return redirect(target or url_for("pages.dashboard"), 303)
        form.form_errors.append(gettext("That did not work. Check what you typed and try again."))
    return render_template("sign_in.html", form=form, next=target), 422 if form.is_submitted() else 200


def sign_in_once_more() -> ResponseReturnValue:
    """The answer to a form whose session is over: cookies were deleted, or somebody has signed in in another tab. What
    was typed stays, but for the password."""
    target = safe_next(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(target or url_for("pages.dashboard"), 303)
    form = SignInForm()
    form.form_errors.append(gettext("Enter your password and send this once more."))
    return render_template("sign_in.html", form=form, next=target), 400


@bp.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """A POST with a CSRF token: a link or an image on another site cannot sign anybody out.

    Whoever came by Single Sign-On is asked by the provider next whether to sign out there as well.
    """
    at_provider = current_profile.end_session_url()
    logout_user()
    flash(gettext("You have signed out."), "info")
    return redirect(at_provider or url_for("pages.start"), 303)


def authenticate(identifier: str, password: str) -> User | None:
    """Whom this e-mail address or user name, and this password, belong to."""
    wanted = identifier.strip().lower()
    if "\0" in wanted:
        return None  # PostgreSQL refuses to compare with it
    user = db.session.scalar(select(User).where(or_(func.lower(User.email) == wanted, User.username == wanted)))
    if user is None or user.password_hash is None:
        check_password_hash(NOBODYS_HASH, password)
        return None
    return user if user.check_password(password) else None


def safe_next(target: str | None) -> str | None:
    """``target`` if it is a path on this site, otherwise None.

    ``//host`` and ``/\\host`` are other sites to a browser, and it drops tabs and line ends inside an address.
    """
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    if "\\" in target or any(ord(c) <= 0x20 or 0x7F <= ord(c) <= 0x9F for c in target):
        return None
    return target
