"""One page a user: an administrator finds somebody, and sees what is kept of them."""

from __future__ import annotations

from typing import Any

from flask import jsonify, redirect, request, url_for

from ..account.sessions import PAGE
from ..errors import NotFound, Refused
from ..globals import current_profile
from ..i18n import gettext
from ..openapi.operation import Operation, described
from ..openapi.schemas import COUNT, FLAG, MOMENT, OPTIONAL_TEXT, TEXT, by_name, optional, record, rows
from ..pages import event_rows, layout, session_rows, token_facts
from ..pages.avatar import picture_url
from ..pages.navigation import USERS_ENDPOINT
from ..pages.session_rows import as_json, as_rows, page_number, shows_places
from ..responses import prefers_json
from ..store.records import Listed, SessionRecord
from . import user_facts

#: Users who are found at a time: whoever looks for one of more types more of the name.
MOST_FOUND = 20
_NOBODY: dict[str, Any] = {
    **{"user": None, "sessions": [], "total": 0, "token": None},
    **{"events": [], "preferences": {}, "identities": [], "email_change": None},
}


_PEOPLE = record(users=rows(record(key=TEXT, name=TEXT, email=OPTIONAL_TEXT)), more=FLAG)
_USER = record(
    user=optional(record(key=TEXT, name=TEXT)),
    sessions=rows(session_rows.SCHEMA),
    total=COUNT,
    token=optional(token_facts.SCHEMA),
    events=rows(event_rows.SCHEMA),
    preferences=by_name(TEXT),
    identities=rows(record(provider=OPTIONAL_TEXT, issuer=OPTIONAL_TEXT, subject=OPTIONAL_TEXT, at=OPTIONAL_TEXT)),
    email_change=optional(record(address=TEXT, expires_at=MOMENT)),
)


@described(
    get=Operation(
        "Users: those who are found, or one", answer={"anyOf": [_USER, _PEOPLE]}, query={"user": TEXT, "find": TEXT}
    )
)
def view(admin: Any) -> Any:
    """The form that asks for a user; those who may be meant; once it is one, that user. Nobody is listed unasked."""
    typed = request.args.get("user", "").strip()
    if not typed and (sought := request.args.get("find", "").strip()):
        return _find(sought)
    user = current_profile.users.find(typed) if typed else None
    if typed and user is None:
        return refuse(unknown(), typed)
    return jsonify(_json(admin, user)) if prefers_json() else show(admin, user)


def unknown() -> NotFound:
    return NotFound(gettext("There is no user with this user name, email address or key."), code="no_such_user")


def own_session(admin: Any, user: Any) -> SessionRecord | None:
    """The session of this request, if it is one of those that are looked at."""
    same = current_profile.users.key(admin) == current_profile.users.key(user)
    return current_profile.sessions.current(admin) if same else None


def refuse(refusal: Refused, typed: str, admin: Any = None, user: Any = None) -> Any:
    if prefers_json():
        raise refusal
    message = refusal.message or " ".join(str(text) for texts in refusal.errors.values() for text in texts)
    shown, status = show(admin, user, typed=typed, error=message, status=refusal.status)
    return shown, status, refusal.headers


# ---- who is meant


def _find(text: str) -> Any:
    found = current_profile.users.search(text, MOST_FOUND + 1)
    people, more = [person(user) for user in found[:MOST_FOUND]], len(found) > MOST_FOUND
    if prefers_json():
        return jsonify(users=people, more=more)
    if not people:
        return refuse(NotFound(gettext("Nobody has this in their name or email address.")), text)
    if len(people) == 1:
        return redirect(url_for(USERS_ENDPOINT, user=people[0]["key"]))
    return _render(typed=text, people=people, more=more)


def person(user: Any) -> dict[str, Any]:
    users = current_profile.users
    return {"key": users.key(user), "name": users.display_name(user), "email": users.shown(user, "email")}


# ---- what is shown of one


def show(admin: Any, user: Any, *, typed: str = "", error: Any = "", status: int = 200) -> Any:
    shown = (
        {}
        if user is None
        else {
            **_sessions(admin, user),
            **_token(user),
            **user_facts.as_shown(user),
            "whose": {**person(user), "picture": picture_url(user, current_profile.users.key(user))},
        }
    )
    return _render(error=error, status=status, typed=typed, **shown)


def _render(error: Any = "", status: int = 200, **context: Any) -> Any:
    """What is wrong where nobody was found is so with what was looked for."""
    at, title = "" if "whose" in context else "mp-user", gettext("Users")
    template = "myprofile/admin/sessions.html"
    given = {"whose": None, "people": None, **context}
    return layout.render(template, title=title, error=error, error_at=at, status=status, **given)


def _sessions(admin: Any, user: Any) -> dict[str, Any]:
    listed, key, number = _listed(user), current_profile.users.key(user), page_number()
    return {
        "rows": as_rows(listed.rows, own_session(admin, user), _shows_address()),
        "total": listed.total,
        "shows_places": _shows_address() and shows_places(),
        "first_url": url_for(USERS_ENDPOINT, user=key) if number > 1 else None,
        "more_url": url_for(USERS_ENDPOINT, user=key, page=number + 1) if number * PAGE < listed.total else None,
    }


def _token(user: Any) -> dict[str, Any]:
    """What has leaked can be ended while tokens are switched off as well."""
    records = current_profile.tokens.list(user)
    record, several = token_facts.last_of(records), token_facts.are_a_list(records)
    return {
        "token": token_facts.as_shown(record) if record else None,
        "tokens": token_facts.all_as_shown(records) if several else [],
        "has_scopes": bool(current_profile.config.api_scopes),
        "token_state": token_facts.state_of_all(records),
        "tokens_are_on": current_profile.features.is_on("api_token", user=user),
    }


def _listed(user: Any) -> Listed:
    return current_profile.sessions.page(user, PAGE, (page_number() - 1) * PAGE)


def _shows_address() -> bool:
    """The part's own switch: users who have no Sessions tab have sessions all the same."""
    return current_profile.features.own("sessions.address")


def _json(admin: Any, user: Any) -> dict[str, Any]:
    if user is None:
        return _NOBODY
    listed, tokens = _listed(user), current_profile.tokens.list(user)
    return {
        "user": {"key": current_profile.users.key(user), "name": current_profile.users.display_name(user)},
        "sessions": as_json(listed.rows, own_session(admin, user), _shows_address()),
        "total": listed.total,
        "token": token_facts.as_json(tokens[0]) if len(tokens) == 1 else None,
        **({"tokens": token_facts.all_as_json(tokens)} if token_facts.are_a_list(tokens) else {}),
        **user_facts.as_json(user),
    }
