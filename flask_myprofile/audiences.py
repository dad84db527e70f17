"""Whom a feature is on for. One form has it in the configuration, on the page, in JSON, in an export and in the tables:

``True``, ``False``, or ``{"on": True, "for": {"users": "sso", "roles": ["beta"], "share": 10, "from":
"2026-12-01T00:00Z", "until": "2027-01-01T00:00Z"}}``. All that ``for`` says must hold; of several roles, one is enough.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

LOCAL, SSO = "local", "sso"
#: What ``for`` may say, in the order in which it is asked: the last ones cost most.
KEYS = ("from", "until", "share", "roles", "users")
MOST_ROLES, LONGEST_ROLE = 50, 100
#: A share is counted in hundredths of a percent.
_PARTS = 10_000
#: What no name of a role has: each is a line of a form, and every database and page takes it.
_NOT_IN_NAMES = "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"
_MOMENT = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)"
#: What is wrong, in the words of a message for developers.
WORDS = {
    "rule": 'must be True, False or {"on": …, "for": {…}}',
    "on": '"on" must be True or False',
    "for": '"for" must be a dict',
    "unknown": "says %s, which is nothing that it may say: " + ", ".join(KEYS),
    "users": '"users" must be "local" or "sso"',
    "roles": f'"roles" must be a list of at most {MOST_ROLES} names, each of at most {LONGEST_ROLE} characters',
    "share": '"share" must be a number from 0 to 100, with two decimals at most',
    "from": '"from" must be a moment with a time zone, such as "2026-12-01T00:00Z"',
    "until": '"until" must be a moment with a time zone, such as "2026-12-01T00:00Z"',
    "no_roles": "asks for roles, which needs MYPROFILE_ROLES, a callable(user) that names them",
    "order": '"until" must be later than "from"',
}


class Audience(NamedTuple):
    """:param since: seconds since the epoch, as ``until``."""

    users: str | None = None
    roles: tuple[str, ...] = ()
    share: float | None = None
    since: int | None = None
    until: int | None = None


class Rule(NamedTuple):
    """Whether a feature is on, and for whom (None: everyone)."""

    on: bool
    audience: Audience | None = None


class Person(Protocol):
    """What may be asked of somebody, at most what a condition needs."""

    @property
    def key(self) -> str: ...

    @property
    def roles(self) -> frozenset[str]: ...

    @property
    def is_sso(self) -> bool: ...


class IllFormed(ValueError):
    """:param mistakes: what is wrong, each by its name in :data:`WORDS`, with what it is about."""

    def __init__(self, mistakes: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(in_english(*each) for each in mistakes))
        self.mistakes = tuple(mistakes)


def in_english(code: str, about: str) -> str:
    return WORDS[code] % about if "%s" in WORDS[code] else WORDS[code]


# ---- for whom


def unmet(audience: Audience, feature: str, person: Person | None, moment: int) -> str | None:
    """The first of :data:`KEYS` that keeps this person out; None: they are among those that it is on for."""
    if audience.since is not None and moment < audience.since:
        return "from"
    if audience.until is not None and moment >= audience.until:
        return "until"
    if audience.share is not None and (person is None or part_of(feature, person.key) >= round(audience.share * 100)):
        return "share"
    if audience.roles and (person is None or person.roles.isdisjoint(audience.roles)):
        return "roles"
    if audience.users is not None and (person is None or person.is_sso != (audience.users == SSO)):
        return "users"
    return None


@lru_cache(4096)
def part_of(feature: str, key: str) -> int:
    """Where somebody stands among all: a number below 10,000, the same for ever, and another one for each feature. Who
    is within a share is within each greater one."""
    digest = hashlib.sha256(f"{feature}\n{key}".encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") % _PARTS


# ---- the form that everybody has of it


def rule_of(data: Any) -> Rule:
    """:raises IllFormed: with all that is wrong."""
    if isinstance(data, bool):
        return Rule(data)
    if not isinstance(data, Mapping):
        raise IllFormed([("rule", "")])
    mistakes = [("unknown", _shown(key)) for key in data if key not in ("on", "for")]
    on, given = data.get("on"), data.get("for")
    if not isinstance(on, bool):
        mistakes.append(("on", ""))
    if given is not None and not isinstance(given, Mapping):
        raise IllFormed([*mistakes, ("for", "")])
    audience, wrong = _audience_of(given or {})
    if mistakes or wrong:
        raise IllFormed([*mistakes, *wrong])
    return Rule(on is True, None if audience == Audience() else audience)


def _audience_of(given: Mapping[Any, Any]) -> tuple[Audience, list[tuple[str, str]]]:
    wrong = [("unknown", _shown(key)) for key in given if key not in KEYS]
    found: dict[str, Any] = {}
    for key, read in (("users", _users), ("roles", _roles), ("share", _share), ("from", _moment), ("until", _moment)):
        if given.get(key) is not None:
            try:
                found[key] = read(given[key])
            except ValueError:
                wrong.append((key, ""))
    since, until = found.get("from"), found.get("until")
    if since is not None and until is not None and until <= since:
        wrong.append(("order", ""))
    return Audience(found.get("users"), found.get("roles", ()), found.get("share"), since, until), wrong


def _users(value: Any) -> str:
    if value not in (LOCAL, SSO):
        raise ValueError
    return str(value)


def _roles(value: Any) -> tuple[str, ...]:
    names: list[Any] = list(value) if isinstance(value, list | tuple | set | frozenset) else [None]
    if not 0 < len(names) <= MOST_ROLES or not all(map(_is_role, names)):
        raise ValueError
    return tuple(sorted(set(names)))


def _is_role(name: Any) -> bool:
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_ROLE:
        return False
    return name.strip() == name and not re.search(_NOT_IN_NAMES, name)


def _shown(key: Any) -> str:
    """Whatever it is: JSON has lone surrogates, which no page can."""
    return str(key)[:80].encode(errors="backslashreplace").decode()


def _share(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:  # nor is NaN
        raise ValueError
    hundredths = round(value * 100)
    if abs(value * 100 - hundredths) > 1e-6:
        raise ValueError
    return hundredths // 100 if hundredths % 100 == 0 else hundredths / 100


def _moment(value: Any) -> int:
    if isinstance(value, str) and re.fullmatch(_MOMENT, value):
        value = datetime.fromisoformat(value.replace("Z", "+00:00"))
    if not isinstance(value, datetime) or value.utcoffset() is None or not 1970 < value.year < 9999:
        raise ValueError
    if not 1970 < value.astimezone(timezone.utc).year < 9999:  # as it is kept, and has to be read again
        raise ValueError
    return int(value.timestamp())


def data_of(rule: Rule) -> Any:
    """What :func:`rule_of` reads: a plain True or False where it is for everyone."""
    if rule.audience is None:
        return rule.on
    return {"on": rule.on, "for": audience_data(rule.audience)}


def audience_data(audience: Audience) -> dict[str, Any]:
    found = {
        "users": audience.users,
        "roles": list(audience.roles) or None,
        "share": audience.share,
        "from": _in_words(audience.since),
        "until": _in_words(audience.until),
    }
    return {key: value for key, value in found.items() if value is not None}


def _in_words(moment: int | None) -> str | None:
    """ISO 8601 in UTC."""
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, timezone.utc).isoformat().replace("+00:00", "Z")


def text_of(rule: Rule) -> str:
    """As it is kept."""
    return json.dumps(data_of(rule), separators=(",", ":"))


@lru_cache(4096)
def kept_rule(text: str) -> Rule | None:
    """What :func:`text_of` has made; None for anything else, which nobody is to take for a permission."""
    try:
        return rule_of(json.loads(text))
    except (ValueError, RecursionError):
        return None


def rule_or_off(text: str) -> Rule:
    """The same; what nobody can read, such as of a later version, is off."""
    return kept_rule(text) or Rule(False)
