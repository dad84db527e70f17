"""Bearer tokens (RFC 6750) on the host's own views: ``Authorization: Bearer mpt_…`` signs the token's user in.

A request that presents a token of ours is that token's alone: cookies of a signed-in browser do not count in it, so it
needs no CSRF token, and an invalid token is refused rather than replaced by whoever else the browser is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask_login
from flask import abort, current_app, g, has_request_context, request
from werkzeug.exceptions import HTTPException

from ..account.token_networks import allows
from ..account.token_scopes import ActingToken
from ..account.tokens import Tokens
from ..config import Config
from ..errors import StoreDown
from ..globals import current_profile
from ..responses import problem, store_is_down
from ..store.token_records import CheckedToken
from . import token_scopes
from .client import client_address
from .request_state import request_state
from .token_rate import TokenRate

_EXTENSION = "myprofile_bearer"


class BearerSignIn:
    """Tells token requests from others, and signs their user in through Flask-Login's request_loader."""

    def __init__(self, config: Config, tokens: Tokens) -> None:
        self._prefix = config.api_token_prefix
        self._tokens = tokens
        self._rate = TokenRate(config) if config.api_token_rate else None

    def presented(self) -> str | None:
        """The token in the Authorization header, valid or not, if it is one of our kind."""
        header = request.environ.get("HTTP_AUTHORIZATION")
        if not header or header.isspace():
            return None
        scheme, *rest = header.split(None, 1)  # some clients put a tab there, or several blanks
        token = rest[0].rstrip() if rest else ""
        return token if scheme.lower() == "bearer" and token.startswith(self._prefix) else None

    def prepare(self) -> None:
        """Stand in the host's request_loader and CSRF check; both keep working for every other request."""
        login_manager: Any = current_app.login_manager  # type: ignore[attr-defined]
        if not isinstance(login_manager._request_callback, _RequestLoader):
            login_manager._request_callback = _RequestLoader(login_manager._request_callback)
        csrf = current_app.extensions.get("csrf")
        if csrf is not None and not isinstance(csrf.protect, _CsrfCheck):
            csrf.protect = _CsrfCheck(csrf.protect)

    def sign_in(self, token: str) -> Any:
        """The token's user, or an answer of 401 that says why (RFC 6750, section 3), or of 503: nobody can say."""
        try:
            found = self._tokens.find_live(token)
        except StoreDown as error:
            self._sign_nobody_in()
            abort(store_is_down(error))
        if found is None:
            self._sign_nobody_in()
            challenge = 'Bearer error="invalid_token"'
            abort(problem(401, "invalid_token", "The API token is not valid", headers={"WWW-Authenticate": challenge}))
        record, user = found
        self._check_use(record)
        request_state().token = record
        if record.scopes is not None and not token_scopes.knows_scopes():
            self._sign_nobody_in()
            token_scopes.refuse("The API token is limited to some scopes, and this is none of them")
        if self._tokens.is_touch_due(record):
            state, tokens = request_state(), self._tokens
            ip, agent = state.client
            state.defer(lambda: tokens.touch(record, ip, agent))
        g.csrf_valid = True  # for a FlaskForm in an app without CSRFProtect, which checks for itself
        # a host's receiver of "loaded from request" may ask for current_user, which must not come here again
        current_app.login_manager._update_request_context_with_user(user)  # type: ignore[attr-defined]
        return user

    def _check_use(self, record: CheckedToken) -> None:
        """Whether it may be used from there, and as often as that; else the answer says why not."""
        if record.networks is not None and not allows(record.networks, client_address()):
            self._sign_nobody_in()
            title = "The API token cannot be used from this network address"
            abort(problem(403, "address_not_allowed", title))
        if self._rate is not None:
            try:
                self._rate.count(record)
            except HTTPException:
                self._sign_nobody_in()
                raise

    @staticmethod
    def _sign_nobody_in() -> None:
        """The error page may ask for current_user: it finds nobody, and does not come here again."""
        current_app.login_manager._update_request_context_with_user()  # type: ignore[attr-defined]


class _RequestLoader:
    """The host's request_loader, asked whenever no token of ours was presented."""

    def __init__(self, host: Callable[[Any], Any] | None) -> None:
        self._host = host

    def __call__(self, incoming: Any) -> Any:
        bearer: BearerSignIn | None = current_app.extensions.get(_EXTENSION)
        token = bearer.presented() if bearer else None
        if bearer and token:
            return bearer.sign_in(token)
        return self._host(incoming) if self._host else None


class _CsrfCheck:
    """The host's CSRF check, left out only where a token is the acting identity."""

    def __init__(self, host: Callable[..., Any]) -> None:
        self._host = host

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if token_authenticated():
            g.csrf_valid = True
            return None
        return self._host(*args, **kwargs)


def token_authenticated() -> bool:
    """Whether the user of this request signed in by an API token, and by nothing else.

    :returns: False also where nobody is signed in, and outside a request.
    """
    bearer: BearerSignIn | None = current_app.extensions.get(_EXTENSION) if has_request_context() else None
    user = flask_login.current_user if bearer and bearer.presented() else None
    return bool(user and user.is_authenticated)


def acting_token() -> ActingToken | None:
    """See :attr:`flask_myprofile.Profile.token`."""
    record = request_state().token if token_authenticated() else None
    return current_profile.tokens.acting(record) if record is not None else None


def register(app: Any, bearer: BearerSignIn) -> None:
    app.extensions[_EXTENSION] = bearer
