"""What a program may know of a view, stated beside the view where neither its rule nor a form says it."""

# without postponed annotations, as in store/records.py
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from wtforms import Form

from .schemas import Schema

_F = TypeVar("_F", bound=Callable[..., Any])
_ATTRIBUTE = "myprofile_operations"


class Operation(NamedTuple):
    """One method of one address.

    :param answer: the JSON Schema of what it answers; None: it has no JSON, and redirects or shows a page.
    :param page: whether a browser is shown something, and not sent elsewhere.
    :param query: parameter -> JSON Schema.
    :param form: the class of the form that it takes.
    :param needs_all: whether what must be filled in has to be sent; else it keeps what it has.
    :param body: the JSON Schema of what it takes, where that is no form of WTForms.
    :param takes_json: whether it reads a body in JSON, and not a form alone.
    :param has_version: whether what it shows has an ``ETag``, which what it takes may name in ``If-Match``.
    :param feature: by which it is switched; None: it is there whatever is off.
    :param is_there: callable(user), where a switch alone does not say whether they have it.
    :param for_visitors: whether nobody has to be signed in.
    :param for_providers: whether it is for an identity provider, and for whoever it sends back, and no user's to ask.
    :param responses: instead of the usual ones.
    """

    summary: str = ""
    description: str = ""
    answer: Schema | None = None
    page: bool = True
    query: Mapping[str, Schema] = {}
    form: type[Form] | None = None
    needs_all: bool = True
    body: Schema | None = None
    takes_json: bool = True
    has_version: bool = False
    feature: str | None = None
    is_there: Callable[[Any], bool] | None = None
    for_visitors: bool = False
    for_providers: bool = False
    responses: Mapping[str, Any] | None = None


def described(*, get: Operation | None = None, post: Operation | None = None) -> Callable[[_F], _F]:
    """Say what a view does when it is asked, and when it is sent something."""

    def mark(view: _F) -> _F:
        setattr(view, _ATTRIBUTE, {"GET": get, "POST": post})
        return view

    return mark


def described_by(find: Callable[[], Callable[..., Any]]) -> Callable[[_F], _F]:
    """Say that it is another view that does it, which is loaded when it is first asked for."""

    def mark(view: _F) -> _F:
        setattr(view, _ATTRIBUTE, lambda: getattr(find(), _ATTRIBUTE, None))
        return view

    return mark


def is_described(view: Any) -> bool:
    return _said(view) is not None


def operation_of(view: Any, method: str) -> Operation | None:
    """What the view says of itself; None: it does not take that method."""
    return (_said(view) or {}).get(method)


def _said(view: Any) -> Mapping[str, Operation | None] | None:
    found = getattr(view, _ATTRIBUTE, None)
    return found() if callable(found) else found
