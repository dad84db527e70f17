"""Security at a glance: on top of the first page, what somebody would look at who fears for the account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from flask import url_for

from ..account.clock import is_recent
from ..account.events import PASSWORD_CHANGED
from ..auth.request_state import request_state
from ..config import DAY
from ..globals import current_profile
from ..i18n import ago_or_unknown, gettext, ngettext
from ..store.records import SessionRecord
from ..tab import Tab
from .navigation import tabs_that_are_on
from .token_facts import last_of

FEATURE = "activity.at_a_glance"
#: Seconds for which a session is new.
NEW = 7 * DAY
#: Sessions that are looked at.
MOST = 100


class Fact(NamedTuple):
    """``mark``: what stands out of it."""

    label: str
    text: str
    url: str
    icon: str
    mark: str = ""


def facts(user: Any, tab: Tab | None) -> list[Fact]:
    """Those of the tabs that this user has; none where this is not the first page, or the feature is off."""
    if tab is None or user is None or not current_profile.features[FEATURE] or not current_profile.activity.is_kept:
        return []
    on = tabs_that_are_on()
    if not on or on[0] is not tab:
        return []
    makers = {"password": _password, "sessions": _sessions, "api_token": _api_token}
    found = (
        makers[each.name](user, url_for(f"myprofile.{each.name}"), each.icon) for each in on if each.name in makers
    )
    return [fact for fact in found if fact is not None]


def ids_of_new(sessions: Sequence[SessionRecord]) -> set[str]:
    """Of these sessions, those that stand out; none where the feature is off."""
    is_on = current_profile.features[FEATURE] and current_profile.activity.is_kept
    return {row.id for row in sessions if is_on and is_recent(row.created_at, NEW)}


def _password(user: Any, url: str, icon: str) -> Fact | None:
    if not current_profile.can_change_password(user) or not current_profile.users.has_password(user):
        return None
    changed = current_profile.activity.last(user, PASSWORD_CHANGED.name)
    if changed is None:
        text = gettext("No change on record")
    else:
        text = gettext("Changed %(when)s", when=ago_or_unknown(changed.at))
    return Fact(gettext("Password"), text, url, icon)


def _sessions(user: Any, url: str, icon: str) -> Fact:
    found = current_profile.sessions.page(user, MOST, but=request_state().session_id)
    others, new = found.total, len(ids_of_new(found.rows))
    text = ngettext("%(num)s other session", "%(num)s other sessions", others) if others else gettext("Only here")
    mark = ngettext("%(num)s new", "%(num)s new", new) if new else ""
    return Fact(gettext("Sessions"), text, url, icon, mark)


def _api_token(user: Any, url: str, icon: str) -> Fact:
    tokens = current_profile.tokens.list(user)
    token = last_of(tokens)
    if token is None:
        text = gettext("There is none")
    else:
        used = token.last_used_at
        text = gettext("Never used") if used is None else gettext("Last used %(when)s", when=ago_or_unknown(used))
    number = len(current_profile.tokens.counted(tokens))
    several = [ngettext("%(num)s token", "%(num)s tokens", number)] if number > 1 else []
    return Fact(gettext("API Token"), " · ".join([*several, text]), url, icon)
