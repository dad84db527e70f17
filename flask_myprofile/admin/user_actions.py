"""What an administrator ends of a user's: one session, all of them, the API token, or everything at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from flask import current_app, jsonify, redirect, request, url_for
from flask_wtf import FlaskForm
from wtforms import StringField

from ..errors import Conflict, NotFound, Refused
from ..globals import after_sign_out, current_profile
from ..i18n import gettext, lazy_gettext, ngettext
from ..pages import layout
from ..pages.csrf import check_origin
from ..pages.forms import fill
from ..pages.navigation import USERS_ENDPOINT
from ..pages.pending_form import Purpose
from ..pages.session_rows import name_of
from ..pages.sign_out import sign_out as sign_out_here
from ..pages.signed_out import say_elsewhere
from ..pages.token_facts import last_use
from ..responses import prefers_json
from ..signals import announce, token_changed
from ..transactions import unit_of_work
from .users import own_session, refuse, unknown

#: Why a session ended, for :data:`signals.session_ended`.
REASON = "admin"

#: What the forms are for, where one waits for a recent sign-in.
SIGN_OUT = Purpose(
    lambda: gettext("Sign out one session"),
    lambda sent: url_for(USERS_ENDPOINT, user=sent.get("user")),
    deed=lazy_gettext("sign a user out of one session"),
    for_admin=True,
)
SIGN_OUT_ALL = SIGN_OUT._replace(
    words=lambda: gettext("Sign out all"), deed=lazy_gettext("sign a user out of all sessions")
)
REVOKE = SIGN_OUT._replace(words=lambda: gettext("Revoke token"), deed=lazy_gettext("revoke a user’s API token"))
END_EVERYTHING = SIGN_OUT._replace(
    words=lambda: gettext("Sign out everywhere and revoke"),
    deed=lazy_gettext("sign a user out everywhere and revoke the token"),
)


class WhoseForm(FlaskForm):
    user = StringField()


class WhichForm(WhoseForm):
    id = StringField()


class TokenForm(WhoseForm):
    version = StringField()


class Ended(NamedTuple):
    """What was done, in words, and whether the administrator's own session has ended by it."""

    message: str
    ended_own: bool = False


def sign_out(admin: Any) -> Any:
    """End one session."""
    if request.method != "POST":
        return redirect(url_for(USERS_ENDPOINT, user=request.args.get("user") or None))
    return _perform(admin, WhichForm, _end_one)


def sign_out_all(admin: Any) -> Any:
    """End all of a user's sessions; a GET asks first."""
    if request.method == "POST":
        return _perform(admin, WhoseForm, _end_all)
    return _ask(admin, "sessions_sign_out_all", _about_sessions, gettext("Sign out all"))


def revoke_token(admin: Any) -> Any:
    """End a user's API token; a GET asks first."""
    if request.method == "POST":
        return _perform(admin, TokenForm, _revoke)
    return _ask(admin, "sessions_revoke_token", _about_token, gettext("Revoke token"))


def end_everything(admin: Any) -> Any:
    """End all that lets somebody in as this user, as in an emergency; a GET asks first."""
    if request.method == "POST":
        return _perform(admin, WhoseForm, _end_everything)
    return _ask(admin, "sessions_end_everything", _about_everything, gettext("Sign out everywhere and revoke"))


# ---- what ends


def _perform(admin: Any, form_class: type[FlaskForm], end: Callable[[Any, Any, Any], Ended]) -> Any:
    user = None
    try:
        check_origin()
        form = fill(form_class, {})
        user = current_profile.users.find(form["user"].data or "")
        if user is None:
            raise unknown()
        current_profile.sessions.require_fresh(admin)
        with unit_of_work(current_profile.db.session):
            done = end(admin, user, form)
    except Refused as refusal:
        return refuse(refusal, request.form.get("user", ""), admin, user)
    if done.ended_own:  # after the commit: the sign-out that is an administrator's deed is not noted as the user's own
        sign_out_here()
    if prefers_json():
        return jsonify(message=done.message)
    if done.ended_own:
        say_elsewhere(done.message)
        return redirect(after_sign_out(), 303)
    layout.remember_message(done.message)
    return redirect(url_for(USERS_ENDPOINT, user=current_profile.users.key(user)), 303)


def _end_one(admin: Any, user: Any, form: WhichForm) -> Ended:
    id_, own = form.id.data or "", own_session(admin, user)
    if not current_profile.sessions.end(user, id_, REASON, by=admin):
        raise NotFound(gettext("This user has no such session."), code="no_such_session")
    _log(admin, "ended 1 sessions of", user)
    ended = current_profile.sessions.load(id_)
    words = {"name": _name(user), "session": name_of(ended) if ended else id_}
    message = gettext("%(name)s has been signed out of %(session)s.", **words)
    return Ended(message, own is not None and own.id == id_)


def _end_all(admin: Any, user: Any, form: WhoseForm) -> Ended:
    own = own_session(admin, user)
    ended = current_profile.sessions.end_all(user, REASON, by=admin)
    _log(admin, f"ended {ended} sessions of", user)
    message = ngettext(
        "Signed out of %(num)s session of %(name)s.",
        "Signed out of %(num)s sessions of %(name)s.",
        ended,
        name=_name(user),
    )
    return Ended(message, own is not None)


def _revoke(admin: Any, user: Any, form: TokenForm) -> Ended:
    try:
        ended = current_profile.tokens.revoke(user, form.version.data or None, by=admin)
    except Conflict as error:
        sentence = gettext("The token was regenerated in another window meanwhile. Look at it before you try again.")
        raise Conflict(sentence, code=error.code) from error
    if not ended:
        raise NotFound(gettext("This user has no API token."), code="no_such_token")
    _note_revoked(admin, user)
    return Ended(gettext("The API token of %(name)s has been revoked.", name=_name(user)))


def _end_everything(admin: Any, user: Any, form: WhoseForm) -> Ended:
    done = _end_all(admin, user, form)
    if not current_profile.tokens.revoke(user, by=admin):
        return done
    _note_revoked(admin, user)
    revoked = gettext("The API token of %(name)s has been revoked.", name=_name(user))
    return done._replace(message=f"{done.message} {revoked}")


def _note_revoked(admin: Any, user: Any) -> None:
    key = current_profile.users.key
    announce(token_changed, user_key=key(user), action="revoked", by=key(admin))
    _log(admin, "revoked the API token of", user)


def _log(admin: Any, deed: str, user: Any) -> None:
    key = current_profile.users.key
    current_app.logger.info("MyProfile: administrator %r %s user %r", key(admin), deed, key(user))


def _name(user: Any) -> str:
    return current_profile.users.display_name(user)


# ---- what is asked first


class Question(NamedTuple):
    title: str
    texts: list[str]
    fields: dict[str, str]


def _ask(admin: Any, endpoint: str, about: Callable[[Any, Any], Question | None], yes: str) -> Any:
    typed = request.args.get("user", "")
    user = current_profile.users.find(typed)
    if typed and user is None:
        return refuse(unknown(), typed)
    question = about(admin, user) if user is not None else None
    if question is None:  # there is nothing to end
        return redirect(url_for(USERS_ENDPOINT, user=typed or None))
    key = current_profile.users.key(user)
    confirm = {
        "title": question.title,
        "texts": question.texts,
        "yes": yes,
        "no": gettext("Cancel"),
        "danger": True,
        "action_url": url_for(f"myprofile_admin.{endpoint}"),
        "back_url": url_for(USERS_ENDPOINT, user=key),
        "fields": {"user": key, **question.fields},
    }
    heading = gettext("Users")
    return layout.render("myprofile/admin/confirm.html", title=question.title, heading=heading, confirm=confirm)


def _about_sessions(admin: Any, user: Any) -> Question | None:
    if not (number := current_profile.sessions.count(user)):
        return None
    texts = [*_signed_out(admin, user, number), gettext("API tokens keep working.")]
    return Question(gettext("Sign out of all sessions of %(name)s?", name=_name(user)), texts, {})


def _signed_out(admin: Any, user: Any, number: int) -> list[str]:
    signed_out = ngettext(
        "%(num)s session will have to sign in again the next time it is used.",
        "%(num)s sessions will have to sign in again the next time they are used.",
        number,
    )
    own = own_session(admin, user) is not None
    return [signed_out, *([gettext("This device is among them: you will be signed out here.")] if own else [])]


def _about_token(admin: Any, user: Any) -> Question | None:
    record = current_profile.tokens.find(user)
    if record is None:
        return None
    texts = [gettext("Integrations using the API token stop working at once."), last_use(record)]
    title = gettext("Revoke the API token of %(name)s?", name=_name(user))
    return Question(title, texts, {"version": current_profile.tokens.version(record)})


def _about_everything(admin: Any, user: Any) -> Question:
    token, number = _about_token(admin, user), current_profile.sessions.count(user)
    texts = [*_signed_out(admin, user, number), *(token.texts if token else [gettext("This user has no API token.")])]
    return Question(gettext("Sign %(name)s out everywhere and revoke the token?", name=_name(user)), texts, {})
