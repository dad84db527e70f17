"""“This wasn’t me”: one path through all that keeps a stranger out, each step of which may be skipped.

A step is an action of a tab, with its switches, its rules and its question for a recent sign-in. The address that it is
sent to names the session that the path is about (``?not_me=…``), and so the path goes on when the action is done.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import request, session, url_for

from ..account.credentials import is_session_id
from ..globals import current_profile
from ..i18n import gettext, ngettext
from ..store.records import SessionRecord
from ..tab import Action, Tab
from .session_rows import name_of

#: The steps in their order, and the action that each is.
STEPS = {
    "sign_out": "sessions.sign_out",
    "sign_out_others": "sessions.sign_out_others",
    "password": "password.save",
    "api_token": "api_token.revoke",
}
#: What else is the same step, for whoever has several.
_ALSO = {"api_token.revoke_all": "api_token"}
#: In Flask's session: the path that this browser is on, and the steps of it that were done.
_DONE = "_myprofile_not_me"


class Step(NamedTuple):
    """``done``: what it has led to, or ``""``. ``url``: where its form is sent, or its link leads. ``elsewhere``: it is
    done in another place, and nobody here knows whether it was."""

    name: str
    title: str
    text: str = ""
    button: str = ""
    url: str | None = None
    sends: bool = True
    elsewhere: bool = False
    fields: tuple[tuple[str, str], ...] = ()
    done: str = ""


def url_of_path(session_id: str, after: str | None = None) -> str:
    return url_for("myprofile.sessions_not_me", id=session_id, after=after)


def on_path() -> str | None:
    """The id of the session whose path this request is a step of."""
    given = request.args.get("not_me", "")
    return given if is_session_id(given) else None


def onward(tab: Tab, action: Action) -> str | None:
    """Where the browser goes when an action is done that is a step of a path; None: it is none."""
    session_id, done = on_path(), f"{tab.name}.{action.name}"
    step = next((name for name, each in STEPS.items() if each == done), _ALSO.get(done))
    if session_id is None or step is None:
        return None
    session[_DONE] = [session_id, *{*_done(session_id), step}]
    return url_of_path(session_id, step)


def _done(session_id: str) -> list[str]:
    kept = session.get(_DONE) or [""]
    return kept[1:] if kept[0] == session_id else []


def is_offered(user: Any) -> bool:
    """Whether there is a step that this user may take about any session."""
    features = current_profile.features
    has_step = features["sessions.sign_out"] or features["sessions.sign_out_others"] or _has_password(user)
    return features["sessions"] and has_step  # the page of the path belongs to that tab


def steps(user: Any, record: SessionRecord) -> list[Step]:
    """Those that are offered to this user, none that is switched off."""
    features, tokens, done = current_profile.features, current_profile.tokens, _done(record.id)
    found = []
    if features["sessions.sign_out"]:
        found.append(_sign_out(record))
    if features["sessions.sign_out_others"]:
        found.append(_sign_out_others(user, record))
    if _has_password(user):
        found.append(_password(user, record, "password" in done))
    if features["api_token"]:
        number = len(tokens.list(user))
        if number or "api_token" in done:
            found.append(_api_token(record, number))
    return found


def _has_password(user: Any) -> bool:
    """Whether there is one to change, here or at the user's organization."""
    managed = not current_profile.can_change_password(user)
    return current_profile.features["password"] and (managed or current_profile.users.has_password(user))


def _sign_out(record: SessionRecord) -> Step:
    name = name_of(record)
    return Step(
        "sign_out",
        gettext("Sign out of %(name)s", name=name),
        gettext("Whoever uses it has to sign in again."),
        gettext("Sign out"),
        url_for("myprofile.sessions_sign_out", not_me=record.id),
        fields=(("id", record.id),),
        done=gettext("Signed out of %(name)s.", name=name) if record.ended_at is not None else "",
    )


def _sign_out_others(user: Any, record: SessionRecord) -> Step:
    others = current_profile.sessions.count(user) - 1
    return Step(
        "sign_out_others",
        gettext("Sign out all other sessions"),
        ngettext(
            "%(num)s session will have to sign in again the next time it is used.",
            "%(num)s sessions will have to sign in again the next time they are used.",
            others,
        ),
        gettext("Sign out all others"),
        url_for("myprofile.sessions_sign_out_others", not_me=record.id),
        done=gettext("You are signed in only here") if others < 1 else "",
    )


def _password(user: Any, record: SessionRecord, changed: bool) -> Step:
    """As its tab says it: a form there, or what to do for those whose password is managed elsewhere."""
    values, title = current_profile.tabs["password"].values(user), gettext("Change your password")
    if not current_profile.can_change_password(user):
        title, url = gettext("Change your password at your organization"), values["password_url"]
        ask = "" if url else f" {gettext('Tell whoever looks after it there that this was not you.')}"
        return Step("password", title, f"{values['reason']}{ask}", title, url, sends=False, elsewhere=True)
    if not values["can_change"]:
        text = f"{values['reason']} {gettext('Ask your administrator how to change it.')}"
        return Step("password", title, text, sends=False, elsewhere=True)
    return Step(
        "password",
        title,
        gettext("Nobody gets in with the old one any more."),
        title,
        url_for("myprofile.password", not_me=record.id),
        sends=False,
        done=gettext("Your password has been changed.") if changed else "",
    )


def _api_token(record: SessionRecord, number: int) -> Step:
    action = "revoke" if number < 2 else "revoke_all"
    return Step(
        "api_token",
        gettext("Revoke your API token") if number < 2 else gettext("Revoke all your API tokens"),
        f"{gettext('A program that has the token can use the API as you.')} "
        f"{gettext('Integrations using it will stop working.')}",
        gettext("Revoke token") if number < 2 else gettext("Revoke all"),
        url_for(f"myprofile.api_token_{action}", not_me=record.id),
        done="" if number else gettext("Your API token has been revoked."),
    )
