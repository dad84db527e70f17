"""Where something comes from that happens now: who is signed in, the browser or program, or an operator's terminal."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

import click
from flask import g

from ..account.events import COMMAND_LINE, HOST, USER, Origin
from ..globals import current_profile

_of_write: ContextVar[Origin | None] = ContextVar("flask_myprofile_origin", default=None)


def from_there(origin: Origin, write: Callable[[], object]) -> Callable[[], object]:
    """The same ``write``, which is done once the request is over that it comes from."""

    def call() -> object:
        token = _of_write.set(origin)
        try:
            return write()
        finally:
            _of_write.reset(token)

    return call


def origin_of(user_key: str, session_id: str | None, client: tuple[str, str]) -> Origin:
    """Of this request, in that session of that user; if it is a user of ours, signed in by whatever.

    :param client: its address and User-Agent.
    """
    key = user_key or _key_of_loaded()
    return Origin(USER if key else HOST, key, session_id, *client)


def _key_of_loaded() -> str | None:
    user = g.get("_login_user")  # nobody is loaded for that
    return current_profile.users.key(user) if user is not None and user.is_authenticated else None


def kept_origin() -> Origin | None:
    """That of a write whose request is over."""
    return _of_write.get()


def origin_of_no_request() -> Origin:
    context = click.get_current_context(silent=True)
    is_ours = context is not None and "myprofile" in context.command_path.split()
    return Origin(COMMAND_LINE if is_ours else HOST)
