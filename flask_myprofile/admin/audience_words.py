"""Whom a feature is on for, in words, and what is wrong with what somebody has sent of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..audiences import LOCAL, LONGEST_ROLE, MOST_ROLES, Audience, IllFormed, Rule
from ..i18n import as_datetime, gettext, join_list, ngettext, short_moment


def in_words(audience: Audience) -> str:
    """ "Users with a password here · with the role beta · 10 % of people · from 1 Dec, 00:00": all of it holds."""
    found = []
    if audience.users is not None:
        is_local = audience.users == LOCAL
        found.append(gettext("Users with a password here") if is_local else gettext("Users of Single Sign On"))
    if audience.roles:
        names = join_list(audience.roles)
        found.append(
            ngettext("With the role %(names)s", "With one of the roles %(names)s", len(audience.roles), names=names)
        )
    if audience.share is not None:
        found.append(gettext("%(number)s %% of people", number=f"{audience.share:g}"))
    if audience.since is not None and (since := as_datetime(audience.since)):
        found.append(gettext("From %(when)s", when=short_moment(since)))
    if audience.until is not None and (until := as_datetime(audience.until)):
        found.append(gettext("Until %(when)s", when=short_moment(until)))
    return " · ".join(found)


def rule_in_words(rule: Rule | None) -> str:
    """None: no choice of an administrator's."""
    if rule is None:
        return gettext("Default")
    if rule.audience is None:
        return gettext("On") if rule.on else gettext("Off")
    words = {"whom": in_words(rule.audience)}
    return gettext("On for: %(whom)s", **words) if rule.on else gettext("Off. When it is on: %(whom)s", **words)


def condition_in_words(condition: str) -> str:
    """Why somebody is not among those whom it is on for: one of :data:`~..audiences.KEYS`."""
    said = {
        "from": lambda: gettext("It has not begun yet."),
        "until": lambda: gettext("It is over."),
        "share": lambda: gettext("This user is not in that share."),
        "roles": lambda: gettext("This user has none of these roles."),
        "users": lambda: gettext("This user is not one of these users."),
    }
    return said[condition]()


_MISTAKES: Mapping[str, Callable[[str], str]] = {
    "rule": lambda about: gettext("This must be true or false"),
    "on": lambda about: gettext("“on” must be true or false"),
    "for": lambda about: gettext("“for” must be an object"),
    "unknown": lambda about: gettext("There is no such field: %(name)s", name=about),
    "users": lambda about: gettext("“users” must be “local” or “sso”"),
    "roles": lambda about: gettext(
        "Enter at most %(num)s roles, each of at most %(length)s characters", num=MOST_ROLES, length=LONGEST_ROLE
    ),
    "share": lambda about: gettext("Enter a number from 0 to 100, with two decimals at most"),
    "from": lambda about: gettext("Enter a moment with its time zone, such as 2026-12-01T00:00Z"),
    "until": lambda about: gettext("Enter a moment with its time zone, such as 2026-12-01T00:00Z"),
    "order": lambda about: gettext("The end must be later than the beginning"),
    "no_roles": lambda about: gettext("This application has no roles: MYPROFILE_ROLES names them"),
}


def mistakes_in_words(error: IllFormed) -> str:
    return ". ".join(mistake_in_words(*each) for each in error.mistakes)


def mistake_in_words(code: str, about: str = "") -> str:
    return _MISTAKES[code](about)
