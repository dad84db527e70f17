"""What a request with an API token may do: rules for views, for blueprints and for the whole app (RFC 6750, section 3).

A token that is limited to some scopes is good for views that have such a rule and for no other: what somebody has
forgotten to mark is closed to it. Who has signed in otherwise is not held to scopes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, NoReturn, TypeVar

from flask import abort, current_app, request
from flask.views import MethodView

from ..errors import SetupError
from ..globals import current_profile
from ..responses import problem

#: What is marked by it knows of scopes.
_MARK = "__myprofile_token_scopes__"
_READING = ("GET", "HEAD", "OPTIONS")

F = TypeVar("F", bound=Callable[..., Any])


def token_scope(*scopes: str) -> Callable[[F], F]:
    """Let a token call this view if it has all of these scopes, or is not limited. Put it below ``@login_required``.

    :param scopes: names of ``MYPROFILE_API_SCOPES``. None at all: any token may, and the view asks
        ``current_profile.token`` by itself.
    :returns: a decorator. A token that lacks one is answered 403, ``insufficient_scope``.
    :raises SetupError: at a request, if ``MYPROFILE_API_SCOPES`` has no such scope.
    """

    def mark(view: F) -> F:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            _require(scopes)
            return current_app.ensure_sync(view)(*args, **kwargs)

        setattr(checked, _MARK, True)
        return checked  # type: ignore[return-value]

    return mark


def require_token_scope(*scopes: str) -> Callable[[], None]:
    """The same for all views of a blueprint, or of the app: ``api.before_request(require_token_scope("api:read"))``.

    :param scopes: as for :func:`token_scope`.
    :returns: what ``before_request`` takes.
    :raises SetupError: as for :func:`token_scope`.
    """
    return _rule(lambda: scopes)


def scope_by_method(read: str, write: str) -> Callable[[], None]:
    """A rule for tokens that only read: ``api.before_request(scope_by_method("api:read", "api:write"))``.

    :param read: the scope that GET, HEAD and OPTIONS need.
    :param write: the one that all other methods need.
    :returns: what ``before_request`` takes.
    :raises SetupError: as for :func:`token_scope`.
    """
    return _rule(lambda: (read if request.method in _READING else write,))


def _rule(needed: Callable[[], tuple[str, ...]]) -> Callable[[], None]:
    def check() -> None:
        _require(needed())

    setattr(check, _MARK, True)
    return check


def _require(scopes: tuple[str, ...]) -> None:
    configured = current_profile.config.api_scopes
    if configured and not configured.keys() >= set(scopes):
        unknown = ", ".join(sorted(set(scopes) - configured.keys()))
        raise SetupError(f"MYPROFILE_API_SCOPES has no {unknown}, which a rule for {request.endpoint} asks for")
    token = current_profile.token
    if token is not None and not token.has(*scopes):
        refuse("The API token lacks a scope that this needs", scopes)


def refuse(title: str, scopes: tuple[str, ...] = ()) -> NoReturn:
    needed = f', scope="{" ".join(scopes)}"' if scopes else ""
    challenge = f'Bearer error="insufficient_scope"{needed}'
    abort(problem(403, "insufficient_scope", title, headers={"WWW-Authenticate": challenge}))


def knows_scopes() -> bool:
    """Whether what this request asks for has a rule; also where nothing is there that could have one."""
    view = current_app.view_functions.get(request.endpoint or "")
    return view is None or any(hasattr(each, _MARK) for each in _deciding(view))


def _deciding(view: Any) -> Iterator[Any]:
    """What may be marked: the view, the method of a class of views, and what is called before it."""
    yield view
    of_class, method = getattr(view, "view_class", None), request.method.lower()
    if isinstance(of_class, type) and issubclass(of_class, MethodView):
        # as Flask does it: a class that answers HEAD by itself does not call its get()
        yield getattr(of_class, "get" if method == "head" and not hasattr(of_class, method) else method, None)
    for name in (None, *request.blueprints):
        yield from current_app.before_request_funcs.get(name, ())
