"""What an administrator ends of a user's: one session, all of them, the API token, or everything at once."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for
from wtforms import StringField

from ..account.tokens_of_sessions import revoke_with_sessions
from ..errors import Conflict, NotFound
from ..globals import current_profile
from ..i18n import gettext, lazy_gettext, ngettext
from ..pages.navigation import USERS_ENDPOINT
from ..pages.session_rows import name_of as session_name
from ..pages.token_facts import called, last_use
from .user_actions import Ended, Question, WhoseForm, ask, ends, log, name_of, perform, purpose
from .users import own_session

#: Why a session ended, for :data:`signals.session_ended`.
REASON = "admin"

#: What the forms are for, where one waits for a recent sign-in.
SIGN_OUT = purpose(lambda: gettext("Sign out one session"), lazy_gettext("sign a user out of one session"))
SIGN_OUT_ALL = purpose(lambda: gettext("Sign out all"), lazy_gettext("sign a user out of all sessions"))
REVOKE = purpose(lambda: gettext("Revoke token"), lazy_gettext("revoke a user’s API token"))
END_EVERYTHING = purpose(
    lambda: gettext("Sign out everywhere and revoke"),
    lazy_gettext("sign a user out everywhere and revoke the token"),
)


class WhichForm(WhoseForm):
    id = StringField()


class TokenForm(WhoseForm):
    version = StringField()


@ends("Sign out one session of a user", WhichForm, asks=False)
def sign_out(admin: Any) -> Any:
    """End one session."""
    if request.method != "POST":
        return redirect(url_for(USERS_ENDPOINT, user=request.args.get("user") or None))
    return perform(admin, WhichForm, _end_one)


@ends("Sign out all sessions of a user", WhoseForm)
def sign_out_all(admin: Any) -> Any:
    """End all of a user's sessions; a GET asks first."""
    if request.method == "POST":
        return perform(admin, WhoseForm, _end_all)
    return ask(admin, "sessions_sign_out_all", _about_sessions, gettext("Sign out all"))


@ends("Revoke the API token of a user", TokenForm)
def revoke_token(admin: Any) -> Any:
    """End a user's API token; a GET asks first."""
    if request.method == "POST":
        return perform(admin, TokenForm, _revoke)
    return ask(admin, "sessions_revoke_token", _about_token, gettext("Revoke token"))


@ends("Sign a user out everywhere and revoke the token", WhoseForm)
def end_everything(admin: Any) -> Any:
    """End all that lets somebody in as this user, as in an emergency; a GET asks first."""
    if request.method == "POST":
        return perform(admin, WhoseForm, _end_everything)
    return ask(admin, "sessions_end_everything", _about_everything, gettext("Sign out everywhere and revoke"))


# ---- what ends


def _end_one(admin: Any, user: Any, form: WhichForm) -> Ended:
    id_, own = form.id.data or "", own_session(admin, user)
    if not current_profile.sessions.end(user, id_, REASON, by=admin):
        raise NotFound(gettext("This user has no such session."), code="no_such_session")
    log(admin, "ended 1 sessions of", user)
    ended = current_profile.sessions.load(id_)
    words = {"name": name_of(user), "session": session_name(ended) if ended else id_}
    message = gettext("%(name)s has been signed out of %(session)s.", **words)
    return Ended(message, own is not None and own.id == id_)


def _end_all(admin: Any, user: Any, form: WhoseForm) -> Ended:
    own = own_session(admin, user)
    ended = current_profile.sessions.end_all(user, REASON, by=admin)
    log(admin, f"ended {ended} sessions of", user)
    message = ngettext(
        "Signed out of %(num)s session of %(name)s.",
        "Signed out of %(num)s sessions of %(name)s.",
        ended,
        name=name_of(user),
    )
    return Ended(message, own is not None)


def _revoke(admin: Any, user: Any, form: TokenForm) -> Ended:
    try:
        ended = current_profile.tokens.revoke(user, form.condition("version"), by=admin)
    except Conflict as error:
        sentence = gettext("The token was regenerated in another window meanwhile. Look at it before you try again.")
        raise Conflict(sentence, code=error.code) from error
    if not ended:
        raise NotFound(gettext("This user has no API token."), code="no_such_token")
    return Ended(_note_revoked(admin, user, bool(form.version.data)))


def _end_everything(admin: Any, user: Any, form: WhoseForm) -> Ended:
    done = _end_all(admin, user, form)
    revoke = current_profile.tokens.revoke
    if not revoke_with_sessions(lambda: revoke(user, by=admin), current_profile.own_transaction):
        return done
    return done._replace(message=f"{done.message} {_note_revoked(admin, user)}")


def _note_revoked(admin: Any, user: Any, one: bool = False) -> str:
    """In words; ``one``: of whoever may have several."""
    log(admin, "revoked the API token of", user)
    if one or not current_profile.config.names_tokens:
        return gettext("The API token of %(name)s has been revoked.", name=name_of(user))
    return gettext("The API tokens of %(name)s have been revoked.", name=name_of(user))


# ---- what is asked first


def _about_sessions(admin: Any, user: Any) -> Question | None:
    if not (number := current_profile.sessions.count(user)):
        return None
    texts = [*_signed_out(admin, user, number), gettext("API tokens keep working.")]
    return Question(gettext("Sign out of all sessions of %(name)s?", name=name_of(user)), texts)


def _signed_out(admin: Any, user: Any, number: int) -> list[str]:
    signed_out = ngettext(
        "%(num)s session will have to sign in again the next time it is used.",
        "%(num)s sessions will have to sign in again the next time they are used.",
        number,
    )
    own = own_session(admin, user) is not None
    return [signed_out, *([gettext("This device is among them: you will be signed out here.")] if own else [])]


def _about_token(admin: Any, user: Any) -> Question | None:
    """The one that the question is for; all of them, where it is for none."""
    tokens, version = current_profile.tokens, request.args.get("version")
    records = tokens.list(user)
    if version is not None:
        records = [record for record in records if tokens.version(record) == version]
    if len(records) > 1:
        return _about_tokens(user, len(records))
    if not records:
        return None
    texts = [gettext("Integrations using the API token stop working at once."), last_use(records[0])]
    named = [called(records[0])] if version is not None else []
    title = gettext("Revoke the API token of %(name)s?", name=name_of(user))
    return Question(title, [*named, *texts], {"version": tokens.version(records[0])})


def _about_tokens(user: Any, number: int) -> Question:
    ending = ngettext(
        "%(num)s token stops working at once. This cannot be undone.",
        "%(num)s tokens stop working at once. This cannot be undone.",
        number,
    )
    title = gettext("Revoke all API tokens of %(name)s?", name=name_of(user))
    return Question(title, [ending, gettext("Integrations using them will stop working.")])


def _about_everything(admin: Any, user: Any) -> Question:
    token, number = _about_token(admin, user), current_profile.sessions.count(user)
    texts = [*_signed_out(admin, user, number), *(token.texts if token else [gettext("This user has no API token.")])]
    return Question(gettext("Sign %(name)s out everywhere and revoke the token?", name=name_of(user)), texts)
