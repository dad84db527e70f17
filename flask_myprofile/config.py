"""Every ``MYPROFILE_*`` setting: its type, its default and what it is for, stated once.

``docs/configuration.md`` is checked against this file by a test.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any

from .errors import SetupError

PREFIX = "MYPROFILE_"
DAY = 86_400

#: A check answers what the value should have been, or None where it is right.
Check = Callable[[Any], "str | None"]


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) and value else "a text"


def _path(value: Any) -> str | None:
    right = isinstance(value, str) and value.startswith("/") and not value.endswith("/")
    return None if right else 'a path such as "/profile"'


def _token_prefix(value: Any) -> str | None:
    right = isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_.-]{1,32}", value)
    return None if right else "1 to 32 of the characters A-Z, a-z, 0-9, _, . and -"


def _switch(value: Any) -> str | None:
    return None if isinstance(value, bool) else "True or False"


def _switches(value: Any) -> str | None:
    right = isinstance(value, Mapping) and all(isinstance(k, str) and isinstance(v, bool) for k, v in value.items())
    return None if right else "a dict of feature name -> True or False"


def _texts(value: Any) -> str | None:
    right = not isinstance(value, str) and isinstance(value, list | tuple) and all(isinstance(v, str) for v in value)
    return None if right else "a tuple of texts"


def _mapping(value: Any) -> str | None:
    right = isinstance(value, Mapping) and all(isinstance(v, str) for pair in value.items() for v in pair)
    return None if right else "a dict of text -> text"


def _attribute_or_callable(value: Any) -> str | None:
    return (
        None if callable(value) or _text(value) is None else "the name of a user attribute, or a callable(user) -> bool"
    )


def _number(least: int, most: int | None = None) -> Check:
    def check(value: Any) -> str | None:
        right = isinstance(value, int) and not isinstance(value, bool) and value >= least
        if right and (most is None or value <= most):
            return None
        return f"a whole number of at least {least}" + (f" and at most {most}" if most is not None else "")

    return check


def _one_of(*choices: str) -> Check:
    return lambda value: None if value in choices else "one of " + ", ".join(map(repr, choices))


def _subset_of(*choices: str) -> Check:
    return lambda value: None if _texts(value) is None and set(value) <= set(choices) else f"a tuple out of {choices}"


def _session_store(value: Any) -> str | None:
    right = value == "sqlalchemy" or (isinstance(value, str) and value.startswith(("redis://", "rediss://", "unix://")))
    return None if right else '"sqlalchemy" or a URL such as "redis://localhost:6379/0"'


def _path_or_callable(value: Any) -> str | None:
    return None if callable(value) or _text(value) is None else "the path of a GeoIP2 database, or a callable(address)"


def _url_or_callable(value: Any) -> str | None:
    right = callable(value) or (isinstance(value, str) and value.startswith(("https://", "http://")))
    return None if right else "the URL of a range service, or a callable(first five digits)"


def _optional(check: Check) -> Check:
    return lambda value: None if value is None else (problem := check(value)) and f"{problem}, or None"


def _setting(default: Any, check: Check, doc: str, *, secret: bool = False) -> Any:
    """``secret``: the value may have a password in it, and is in no repr and no message."""
    if isinstance(default, Mapping):
        return field(default_factory=lambda: dict(default), metadata={"check": check, "doc": doc})
    return field(default=default, repr=not secret, metadata={"check": check, "doc": doc})


@dataclass(frozen=True)
class Config:
    """The settings of one app, read once by :meth:`read`."""

    url_prefix: str = _setting("/profile", _path, "Where My Profile lives.")
    features: Mapping[str, bool] = _setting(
        {}, _switches, "Features that differ from their built-in default; an admin may change them."
    )
    features_pinned: Mapping[str, bool] = _setting(
        {}, _switches, "Features that nobody can change on the Feature Management page."
    )
    admin: str | Callable[[Any], bool] = _setting(
        "is_admin",
        _attribute_or_callable,
        "Who may open Feature Management: an attribute that is True, or a callable(user). No such attribute: nobody.",
    )
    app_name: str | None = _setting(
        None, _optional(_text), "The app's name in page titles; the Flask app's own name where unset."
    )
    base_template: str | None = _setting(
        None, _optional(_text), "The host's layout that the pages extend; unset: a layout of the extension's own."
    )
    base_blocks: Mapping[str, str] = _setting(
        {"title": "title", "head": "head", "content": "content", "scripts": "scripts"},
        _mapping,
        "Our block -> the block of the host's layout. Only `content` must be there; leave out what the layout lacks.",
    )
    table_prefix: str = _setting("myprofile_", _text, "What the names of the extension's tables begin with.")
    table_schema: str | None = _setting(None, _optional(_text), "The database schema of the extension's tables.")
    bind_key: str | None = _setting(
        None, _optional(_text), "The Flask-SQLAlchemy bind that holds the extension's tables."
    )
    password_min_length: int = _setting(
        15, _number(8), "Least length of a new password, in code points (NIST SP 800-63B-4 asks for 15)."
    )
    password_max_length: int = _setting(256, _number(64), "Greatest length of a new password, in code points.")
    password_require: tuple[str, ...] = _setting(
        (),
        _subset_of("lower", "upper", "digit", "symbol"),
        "Kinds of character a new password must have. Empty, as NIST SP 800-63B-4 asks.",
    )
    password_context: tuple[str, ...] = _setting(
        (), _texts, "Words, such as the product's name, that alone do not make a password."
    )
    password_blocklist: str | None = _setting(
        None,
        _optional(_text),
        "A text file of passwords that nobody may choose, one a line; unset: the packaged list of common ones.",
    )
    password_breach_check: str | Callable[[str], Any] | None = _setting(
        None,
        _optional(_url_or_callable),
        "Who knows breached passwords by the first five digits of a SHA-1: a URL or a callable. Unset: none is asked.",
        secret=True,
    )
    password_hash: str = _setting(
        "scrypt",
        _one_of("scrypt", "argon2id"),
        "How passwords are hashed for user models without `set_password`. Your login must know `argon2id` as well.",
    )
    password_end_sessions: str = _setting(
        "choice",
        _one_of("choice", "always"),
        "A new password ends all other sessions: always, or unless the user unticks the box.",
    )
    session_store: str = _setting(
        "sqlalchemy",
        _session_store,
        'Where sessions are kept: `"sqlalchemy"`, the app\'s own database, or the URL of a Redis server.',
        secret=True,
    )
    session_idle: int | None = _setting(
        None,
        _optional(_number(60)),
        "Seconds without a request after which a session ends. Remembered devices are exempt.",
    )
    session_lifetime: int | None = _setting(
        30 * DAY,
        _optional(_number(60)),
        "Seconds after sign-in at which a session ends. Remembered devices: `REMEMBER_COOKIE_DURATION`.",
    )
    session_touch: int = _setting(
        60, _number(1), "Least number of seconds between two writes of a session's last activity."
    )
    session_limit: int = _setting(
        100, _number(1), "Sessions a user may have; a further sign-in ends the least recently used one."
    )
    session_keep_ended: int = _setting(
        30 * DAY,
        _number(0),
        "Seconds that the row of an ended session is kept, with its address, until `flask myprofile sessions prune`.",
    )
    session_place: str | Callable[[str], str | None] | None = _setting(
        None,
        _optional(_path_or_callable),
        "Where an address is: a callable(address) -> name or None, or the path of a GeoIP2 city or country database.",
    )
    session_adopt: bool = _setting(
        True, _switch, "Keep people signed in who signed in before the extension was installed."
    )
    reauth_max_age: int = _setting(
        1800,
        _number(60),
        "Seconds after a sign-in during which what matters is done without asking for the password again.",
    )
    device_cookie: str = _setting(
        "myprofile_device", _text, "Name of the cookie that ties a remember-me cookie to its session."
    )
    store_down: str = _setting(
        "deny", _one_of("deny", "allow"), "When sessions cannot be checked: answer 503, or let signed-in people pass."
    )
    api_token_prefix: str = _setting("mpt_", _token_prefix, "What every API token begins with.")
    api_token_lifetime: int | None = _setting(
        None, _optional(_number(60)), "Seconds an API token is valid; unset: until it is replaced."
    )
    personal_fields: tuple[str, ...] | None = _setting(
        None,
        _optional(_texts),
        "User attributes on Personal Information; unset: the conventional ones that the user model has.",
    )
    personal_readonly: tuple[str, ...] = _setting(
        ("username", "email"), _texts, "Fields that are shown and cannot be edited."
    )
    languages: tuple[str, ...] | None = _setting(
        None, _optional(_texts), "Codes of the languages offered; unset: those the app has translations for."
    )
    sso_authlib: bool = _setting(True, _switch, "Recognise sign-ins that went through an Authlib client.")

    @classmethod
    def read(cls, app_config: Mapping[str, Any]) -> Config:
        """The settings in ``app.config``.

        :raises SetupError: names every unknown and every ill-typed ``MYPROFILE_*`` key in one message.
        """
        known = {PREFIX + f.name.upper(): f for f in fields(cls)}
        given = {key: value for key, value in app_config.items() if key.startswith(PREFIX)}
        problems = [f"{key} is not a setting" for key in given if key not in known]
        for key, value in given.items():
            if key in known and (wanted := known[key].metadata["check"](value)):
                given_as = f", not {value!r}" if known[key].repr else ""
                problems.append(f"{key} must be {wanted}{given_as}")
        if not problems:
            settings = cls(**{known[key].name: _frozen(value) for key, value in given.items()})
            problems = settings._clashes()
            if not problems:
                return settings
        raise SetupError("Flask-MyProfile: " + "; ".join(sorted(problems)) + ". See docs/configuration.")

    def _clashes(self) -> list[str]:
        if self.password_max_length < self.password_min_length:
            return ["MYPROFILE_PASSWORD_MAX_LENGTH is below MYPROFILE_PASSWORD_MIN_LENGTH"]
        if "content" not in self.base_blocks:
            return ['MYPROFILE_BASE_BLOCKS must name the layout\'s block for "content"']
        return []


def settings() -> list[tuple[str, Field[Any]]]:
    """Every setting as (key, field), for the documentation."""
    return [(PREFIX + f.name.upper(), f) for f in fields(Config)]


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
