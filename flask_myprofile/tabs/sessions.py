"""Sessions: where the account is signed in, what each is called, and signing out of any of it."""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_wtf import FlaskForm
from wtforms import StringField

from .. import pages
from ..account import text
from ..account.sessions import NAME_LENGTH, PAGE
from ..auth.request_state import request_state
from ..errors import Invalid, NotFound
from ..globals import current_profile
from ..i18n import gettext, lazy_gettext, ngettext
from ..openapi.schemas import COUNT, MESSAGE, Schema, record, rows
from ..pages.sign_out import sign_out as sign_out_here
from ..tab import Confirm, Effect, Part, Tab, action

#: Sessions besides this one on a page of HTML: half of what a program gets, since a row says much.
ROWS = PAGE // 2
#: The sessions in use that are shown besides this one; the others are folded below them.
SHOWN = 4


class WhichForm(FlaskForm):
    id = StringField()


class NameForm(WhichForm):
    name = StringField()


def _consequence(tab: Tab, user: Any) -> list[str]:
    others = current_profile.sessions.count(user) - 1
    signed_out = ngettext(
        "%(num)s session will have to sign in again the next time it is used.",
        "%(num)s sessions will have to sign in again the next time they are used.",
        others,
    )
    return [signed_out, gettext("This device stays signed in. API tokens keep working.")]


class Sessions(Tab):
    name = "sessions"
    label = lazy_gettext("Sessions")
    summary = lazy_gettext(
        "Where your account is signed in. A session you sign out has to sign in again the next time it is used."
    )
    meaning = lazy_gettext("Users see where they are signed in. Available to every role.")
    icon = "monitor-smartphone"
    parts = (
        Part(
            "sign_out",
            lazy_gettext("Sign out one session"),
            lazy_gettext("Users end one of their sessions, such as one that was left open."),
        ),
        Part(
            "sign_out_others",
            lazy_gettext("Sign out all other sessions"),
            lazy_gettext("Users end all their sessions but the one they are in."),
        ),
        Part(
            "rename",
            lazy_gettext("Name a session"),
            lazy_gettext("Users call a session what they like. Off: names that were given stay."),
        ),
        Part(
            "address",
            lazy_gettext("Show network address and place"),
            lazy_gettext("Users and administrators see where a session was used. Off: addresses are kept, not shown."),
        ),
    )

    query = {"page": {"type": "integer", "minimum": 1, "description": f"{PAGE} sessions each."}}

    def effects(self) -> dict[str, Effect]:
        off = gettext(
            "Users do not see where they are signed in. Nobody is signed out, and administrators can still do that."
        )
        return {self.name: Effect(off)}

    def values(self, user: Any) -> dict[str, Any]:
        sessions, current = current_profile.sessions, current_profile.sessions.current(user)
        new = [current] if current is not None and request_state().begins else []  # stored after this request
        offset = (pages.session_rows.page_number() - 1) * PAGE
        stored = sessions.page(user, PAGE, max(offset - len(new), 0))
        shown, total = ([] if offset else new) + [*stored.rows], stored.total + len(new)
        shows_address = current_profile.features["sessions.address"]
        return {"sessions": pages.session_rows.as_json(shown[:PAGE], current, shows_address), "total": total}

    def json_schema(self, user: Any) -> Schema:
        return record(sessions=rows(pages.session_rows.SCHEMA), total=COUNT)

    def context(self, user: Any) -> dict[str, Any]:
        features, current = current_profile.features, current_profile.sessions.current(user)
        page = pages.session_rows.page_number()
        offset = (page - 1) * ROWS
        others = current_profile.sessions.page(user, ROWS, offset, but=current.id if current else None)
        unused = {row.id for row in others.rows if current_profile.sessions.is_unused(row)}
        seen = [*([current] if current else []), *others.rows]
        shown = pages.session_rows.as_rows(seen, current, features["sessions.address"])
        correction = _correction(shown)
        can_say_not_me, new = pages.not_me.is_offered(user), pages.glance.ids_of_new(others.rows)
        for number, row in enumerate(shown, 0 if current else 1):
            row["number"], row["open"] = number, correction is not None and row["id"] == correction["id"]
            row["is_new"] = row["id"] in new
            row["not_me_url"] = pages.not_me.url_of_path(row["id"]) if can_say_not_me and not row["current"] else None
        first = shown.pop(0) if current else None
        return {
            "current": first,
            "groups": _groups(shown, unused, others.unused, page),
            "total_others": others.total,
            "total_unused": others.unused,
            "can_sign_out": features["sessions.sign_out"],
            "can_sign_out_others": features["sessions.sign_out_others"],
            "can_rename": features["sessions.rename"],
            "can_say_not_me": can_say_not_me,
            "rename_url": url_for("myprofile.sessions_rename", page=page if page > 1 else None),
            "correction": correction,
            "error_at": correction["field"] if correction else "",
            "shows_places": features["sessions.address"] and pages.session_rows.shows_places(),
            "first_url": url_for("myprofile.sessions") if page > 1 else None,
            "more_url": f"?page={page + 1}" if offset + ROWS < others.total else None,
            "sign_out_self_url": url_for("myprofile.sign_out"),
        }

    @action(WhichForm, purpose=lazy_gettext("sign out another session"), answer=MESSAGE)
    def sign_out(self, user: Any, form: WhichForm) -> Any:
        if not form.id.data:
            raise Invalid({"id": gettext("Say which session to sign out")})
        current = current_profile.sessions.current(user)
        if current is not None and current.id == form.id.data:
            return sign_out_here()
        current_profile.sessions.require_fresh(user)
        if not current_profile.sessions.end(user, form.id.data):
            raise NotFound(code="no_such_session")
        tells = current_profile.config.tells_of_new_devices
        if tells and pages.not_me.on_path() == form.id.data:  # which nobody knows now
            current_profile.links.forget_device_of(current_profile.users.key(user), form.id.data)
        ended = current_profile.sessions.load(form.id.data)
        name = pages.session_rows.name_of(ended) if ended else gettext("that session")
        return gettext("Signed out of %(name)s.", name=name)

    @action(
        confirm=Confirm(
            lazy_gettext("Sign out of all other sessions?"),
            _consequence,
            lazy_gettext("Sign out all others"),
            lazy_gettext("Cancel"),
        ),
        label=lazy_gettext("Sign out all other sessions"),
        purpose=lazy_gettext("sign out all other sessions"),
        fresh=True,
        answer=MESSAGE,
    )
    def sign_out_others(self, user: Any) -> str:
        ended = current_profile.sessions.end_others(user)
        if not ended:
            return gettext("There was no other session to sign out.")
        return ngettext("Signed out of %(num)s other session.", "Signed out of %(num)s other sessions.", ended)

    @action(feature="sign_out_others", label=lazy_gettext("Sign out of unused sessions"), fresh=True, answer=MESSAGE)
    def sign_out_unused(self, user: Any) -> str:
        ended = current_profile.sessions.end_unused(user)
        if not ended:
            return gettext("There was no unused session to sign out.")
        return ngettext("Signed out of %(num)s unused session.", "Signed out of %(num)s unused sessions.", ended)

    @action(NameForm, answer=MESSAGE)
    def rename(self, user: Any, form: NameForm) -> str:
        if not form.id.data:
            raise _invalid("id", gettext("Say which session to rename"))
        if form.name.data is None:
            raise _invalid("name", gettext("Say what to call the session"))
        name = text.clean(form.name.data)
        if wrong := _wrong_with(name):
            raise _invalid("name", wrong)
        if not current_profile.sessions.rename(user, form.id.data, name):
            raise NotFound(code="no_such_session")
        renamed = current_profile.sessions.load(form.id.data)
        called = name or (pages.session_rows.device_of(renamed)[0] if renamed else "")
        return gettext("The session is now called %(name)s.", name=called)


def _invalid(field: str, sentence: str) -> Invalid:
    """Said above the list as well: the field is one of many rows, which may not be in sight."""
    return Invalid({field: sentence}, sentence)


def _wrong_with(name: str) -> str | None:
    """What to correct in the name for a session; None where nothing is."""
    field = gettext("Name of this session")
    match text.problem(name):
        case "control":
            return gettext("%(field)s has a character that cannot be used. Type it again", field=field)
        case "blank":
            return gettext("%(field)s has no visible character", field=field)
    if len(name) > NAME_LENGTH:
        return gettext("%(field)s must be %(max)s characters or fewer", field=field, max=NAME_LENGTH)
    return None


def _correction(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The name that was typed and has not been taken, to be shown again beside what is wrong with it."""
    if request.method != "POST" or request.endpoint != "myprofile.sessions_rename":
        return None
    which, typed = request.form.get("id"), request.form.get("name", "")
    first = 0 if rows and rows[0]["current"] else 1
    fields = [f"mp-name-{number}" for number, row in enumerate(rows, first) if row["id"] == which]
    return {"id": which, "name": typed, "error": _wrong_with(text.clean(typed)), "field": "".join(fields)}


def _groups(rows: list[dict[str, Any]], unused: set[str], total_unused: int, page: int) -> list[dict[str, Any]]:
    """The sessions besides this one: a few, what is folded below them, and those that nobody uses. Whoever has asked
    for a further page sees all of it."""
    recent = [row for row in rows if row["id"] not in unused]
    few = len(recent) if page > 1 or len(recent) <= SHOWN + 1 else SHOWN
    rest, old = recent[few:], [row for row in rows if row["id"] in unused]
    more = ngettext("%(num)s more session", "%(num)s more sessions", len(rest))
    unused_ones = ngettext("%(num)s not used for a month", "%(num)s not used for a month", total_unused)
    return [
        {
            "label": label,
            "rows": members,
            "unused": members is old,
            "open": page > 1 or any(row["open"] for row in members),
        }
        for label, members in (("", recent[:few]), (more, rest), (unused_ones, old))
        if members or (members is old and total_unused and page == 1)  # the button is for all of them
    ]
