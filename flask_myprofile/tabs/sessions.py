"""Sessions: where the account is signed in, and signing out of any of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flask_login
from flask import request, url_for
from flask_wtf import FlaskForm
from wtforms import StringField

from ..account.sessions import ADOPTED
from ..errors import Invalid, NotFound
from ..globals import current_profile, login_page
from ..i18n import gettext, iso, lazy_gettext, moment, ngettext
from ..store import SessionRecord
from ..tab import Confirm, Done, Part, Tab, action
from ..visit import current_visit

PAGE = 50
ICONS = {"computer": "laptop", "phone": "smartphone", "tablet": "tablet", "program": "terminal", "unknown": "globe"}


class WhichForm(FlaskForm):
    id = StringField()


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
        Part("sign_out", lazy_gettext("Sign out one session")),
        Part("sign_out_others", lazy_gettext("Sign out all other sessions")),
    )

    def values(self, user: Any) -> dict[str, Any]:
        rows, total = self._listed(user)
        current = current_profile.sessions.current(user)
        return {"sessions": [self._json(row, current) for row in rows], "total": total}

    def _listed(self, user: Any) -> tuple[Sequence[SessionRecord], int]:
        """One page of the user's sessions, and how many there are: one of this very request is stored after it."""
        sessions, current = current_profile.sessions, current_profile.sessions.current(user)
        rows, total = sessions.list(user, PAGE, self._offset()), sessions.count(user)
        if current is not None and current_visit().begins and not self._offset():
            return [current, *rows], total + 1
        return rows, total

    def context(self, user: Any) -> dict[str, Any]:
        features, current = current_profile.features, current_profile.sessions.current(user)
        rows, total = self._listed(user)
        more = self._offset() + PAGE < total
        return {
            "current": self._row(current, True) if current else None,
            "others": [self._row(row, False) for row in rows if current is None or row.id != current.id],
            "total_others": total - (1 if current else 0),
            "can_sign_out": features["sessions.sign_out"],
            "can_sign_out_others": features["sessions.sign_out_others"],
            "show_address": True,
            "more_url": f"?page={self._page() + 1}" if more else None,
            "sign_out_self_url": url_for("myprofile.sign_out"),
            "password_url": url_for("myprofile.password") if self._can_change_password(user) else None,
        }

    @action(WhichForm)
    def sign_out(self, user: Any, form: WhichForm) -> Any:
        if not form.id.data:
            raise Invalid({"id": gettext("Say which session to sign out")})
        current = current_profile.sessions.current(user)
        if current is not None and current.id == form.id.data:
            sentence = gettext("You have been signed out.")  # while it is known whose language to say it in
            flask_login.logout_user()
            return Done(sentence, redirect=login_page())
        name = self._name_of(user, form.id.data)
        if not current_profile.sessions.end(user, form.id.data):
            raise NotFound(code="no_such_session")
        return gettext("Signed out of %(name)s.", name=name)

    @action(
        confirm=Confirm(
            lazy_gettext("Sign out of all other sessions?"),
            _consequence,
            lazy_gettext("Sign out all others"),
            lazy_gettext("Cancel"),
        ),
    )
    def sign_out_others(self, user: Any) -> str:
        ended = current_profile.sessions.end_others(user)
        if not ended:
            return gettext("There was no other session to sign out.")
        return ngettext("Signed out of %(num)s other session.", "Signed out of %(num)s other sessions.", ended)

    def _can_change_password(self, user: Any) -> bool:
        return current_profile.features["password"] and current_profile.can_change_password(user)

    # ---- how a session reads

    def _page(self) -> int:
        page = request.args.get("page", "")
        return int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 7 else 1

    def _offset(self) -> int:
        return (max(self._page(), 1) - 1) * PAGE

    def _name_of(self, user: Any, session_id: str) -> str:
        rows = current_profile.sessions.list(user, PAGE)
        return next((device_name(row)[0] for row in rows if row.id == session_id), gettext("that session"))

    def _json(self, row: SessionRecord, current: SessionRecord | None) -> dict[str, Any]:
        return {
            "id": row.id,
            "current": current is not None and row.id == current.id,
            "name": device_name(row)[0],
            "ip": row.ip or None,
            "created_at": iso(row.created_at),
            "last_seen_at": iso(row.last_seen_at),
            "method": row.method,
            "provider": row.provider,
            "remembered": row.remembered,
        }

    def _row(self, row: SessionRecord, current: bool) -> dict[str, Any]:
        name, icon = device_name(row)
        method, method_icon = method_of(row)
        return {
            "id": row.id,
            "name": name,
            "icon": icon,
            "ip": row.ip or gettext("unknown address"),
            "active_now": current,
            "last_seen_at": moment(row.last_seen_at),
            "created_at": moment(row.created_at),
            "method_text": method,
            "method_icon": method_icon,
            "current": current,
        }


def device_name(row: SessionRecord) -> tuple[str, str]:
    """("Firefox on Linux", icon)."""
    # the parser takes 30 ms and as many megabytes when it is first needed, which most processes never do
    from ..account.devices import describe

    device = describe(row.user_agent)
    icon = ICONS[device.kind]
    if device.browser and device.system:
        return gettext("%(browser)s on %(system)s", browser=device.browser, system=device.system), icon
    if device.system:
        return gettext("Unknown browser on %(system)s", system=device.system), icon
    return device.browser or gettext("Unknown device"), icon


def method_of(row: SessionRecord) -> tuple[str, str]:
    """How it signed in, in words, and an icon for it."""
    if row.method == "sso":
        return (
            gettext("Single Sign On · %(provider)s", provider=row.provider)
            if row.provider
            else gettext("Single Sign On")
        ), "shield-check"
    if row.method == "password":
        return (gettext("Password, remembered") if row.remembered else gettext("Password")), "lock"
    if row.method == ADOPTED:
        return gettext("Signed in earlier"), "lock"
    return row.provider or row.method, "shield-check"
