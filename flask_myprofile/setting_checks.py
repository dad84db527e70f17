"""What a setting may be, and what is made of all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import inspect
from wtforms.fields.core import UnboundField

from .errors import SetupError

#: A check answers what the value should have been, or None where it is right.
Check = Callable[[Any], "str | None"]

#: What a kind of event is called: a topic, and what has happened.
EVENT = r"([a-z][a-z0-9_]{0,31})\.[a-z][a-z0-9_]{0,31}"
#: What a scope may be called.
SCOPE = r"[!#-\[\]-~]{1,64}"
_REDIS = r"(unix|rediss?(\+cluster|\+sentinel)?)://"


def text(value: Any) -> str | None:
    return None if isinstance(value, str) and value else "a text"


def path(value: Any) -> str | None:
    right = isinstance(value, str) and value.startswith("/") and not value.endswith("/")
    return None if right else 'a path such as "/profile"'


def token_prefix(value: Any) -> str | None:
    right = isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_.-]{1,32}", value)
    return None if right else "1 to 32 of the characters A-Z, a-z, 0-9, _, . and -"


def switch(value: Any) -> str | None:
    return None if isinstance(value, bool) else "True or False"


def texts(value: Any) -> str | None:
    right = not isinstance(value, str) and isinstance(value, list | tuple) and all(isinstance(v, str) for v in value)
    return None if right else "a tuple of texts"


def fields(value: Any) -> str | None:
    pairs = value.items() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else [None]
    right = all(isinstance(each, str) or _is_field(each) for each in pairs)
    return None if right else "a tuple of names, or of (name, field of WTForms), or a dict of these"


def _is_field(value: Any) -> bool:
    if not isinstance(value, list | tuple) or len(value) != 2 or not isinstance(value[0], str):
        return False
    return value[1] is None or isinstance(value[1], UnboundField)


def mapping(value: Any) -> str | None:
    right = isinstance(value, Mapping) and all(isinstance(v, str) for pair in value.items() for v in pair)
    return None if right else "a dict of text -> text"


def kinds_of_events(value: Any) -> str | None:
    right = isinstance(value, Mapping) and all(isinstance(name, str) and re.fullmatch(EVENT, name) for name in value)
    return None if right else 'a dict of kind, such as "billing.card_changed" -> the words for it'


def scopes(value: Any) -> str | None:
    """RFC 6749, section 3.3: anything printable but a blank, a quotation mark and a backslash."""
    right = isinstance(value, Mapping) and all(isinstance(name, str) and re.fullmatch(SCOPE, name) for name in value)
    return None if right else 'a dict of scope, such as "reports:read" -> the words for it'


def function(value: Any) -> str | None:
    return None if callable(value) else "a callable"


def menu_items(value: Any) -> str | None:
    right = callable(value) or (isinstance(value, list | tuple) and all(map(_is_menu_item, value)))
    return None if right else "a tuple of (label, endpoint or URL), or a callable(user) that gives one"


def _is_menu_item(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and text(value[1]) is None


def attribute_or_callable(value: Any) -> str | None:
    return (
        None if callable(value) or text(value) is None else "the name of a user attribute, or a callable(user) -> bool"
    )


def column_or_pair(value: Any) -> str | None:
    is_pair = isinstance(value, list | tuple) and len(value) == 2 and all(map(callable, value))
    right = is_pair or text(value) is None
    return None if right else "the name of a column, or two callables: get(user) and set(user, bytes)"


def number(least: int, most: int | None = None) -> Check:
    def check(value: Any) -> str | None:
        right = isinstance(value, int) and not isinstance(value, bool) and value >= least
        if right and (most is None or value <= most):
            return None
        return f"a whole number of at least {least}" + (f" and at most {most}" if most is not None else "")

    return check


def one_of(*choices: str) -> Check:
    return lambda value: None if value in choices else "one of " + ", ".join(map(repr, choices))


def subset_of(*choices: str) -> Check:
    return lambda value: None if texts(value) is None and set(value) <= set(choices) else f"a tuple out of {choices}"


def session_store(value: Any) -> str | None:
    right = value == "sqlalchemy" or (isinstance(value, str) and re.match(_REDIS, value))
    return None if right else '"sqlalchemy" or a URL such as "redis://localhost:6379/0"'


def path_or_callable(value: Any) -> str | None:
    return None if callable(value) or text(value) is None else "the path of a GeoIP2 database, or a callable(address)"


def text_or_callable(value: Any) -> str | None:
    return None if callable(value) or text(value) is None else "a text, or a callable that gives one"


def url_or_callable(value: Any) -> str | None:
    right = callable(value) or (isinstance(value, str) and value.startswith(("https://", "http://")))
    return None if right else "the URL of a range service, or a callable(first five digits)"


def mail_or_callable(value: Any) -> str | None:
    return None if value == "mail" or callable(value) else '"mail", or a callable(user, notice)'


def site(value: Any) -> str | None:
    found = urlsplit(value) if isinstance(value, str) else None
    right = found and found.scheme in ("https", "http") and found.netloc and not (found.query or found.fragment)
    return None if right else 'the address of a site, such as "https://app.example.com"'


def optional(check: Check) -> Check:
    return lambda value: None if value is None else (problem := check(value)) and f"{problem}, or None"


def url(value: Any) -> str | None:
    right = isinstance(value, str) and value.startswith(("https://", "http://"))
    return None if right else "a URL"


def url_or_path(value: Any) -> str | None:
    return None if url(value) is None or (isinstance(value, str) and value.startswith("/")) else "a URL, or a path"


def url_or_urls(value: Any) -> str | None:
    each = value.items() if isinstance(value, Mapping) else [("", value)]
    right = all(isinstance(provider, str) and url(link) is None for provider, link in each)
    return None if right else "a URL, or a dict of provider -> URL"


class Setting(NamedTuple):
    """What is stated of a setting. ``secret``: the value may have a password in it, and is in no message."""

    default: Any
    check: Check
    doc: str
    secret: bool


def setting(default: Any, check: Check, doc: str, *, secret: bool = False) -> Any:
    """States a setting: the attribute of the class is the :class:`Setting`, and that of a Config is its value."""
    return Setting(default, check, doc, secret)


class Settings:
    """The values of what its class states, read once."""

    def __init__(self, **given: Any) -> None:
        for name, stated in self.stated():
            default = dict(stated.default) if isinstance(stated.default, dict) else stated.default
            object.__setattr__(self, name, given.get(name, default))

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{name} is read once, by MyProfile(app): set it before, in app.config")

    @classmethod
    def stated(cls) -> Iterator[tuple[str, Setting]]:
        for base in reversed(cls.__mro__):
            yield from ((name, value) for name, value in vars(base).items() if isinstance(value, Setting))


def check_models(users: Any, tabs: Iterable[Any]) -> None:
    """What is named has to be in the host's models, which are there by its first request.

    :raises SetupError: something is not.
    """
    found = {tab.name: "; ".join(tab.mistakes()) for tab in tabs}
    mistakes = [f"{said}. See docs/tabs/{name}" for name, said in found.items() if said]
    model = users.model
    if model is not None and inspect(model, raiseerr=False) is None:
        mistakes.append(f"user_model names a class that is mapped, and {model.__qualname__} is none: see docs/users")
    if mistakes:
        raise SetupError("Flask-MyProfile: " + "; ".join(mistakes) + ".")
