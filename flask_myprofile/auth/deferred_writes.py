"""Writes that are bookkeeping wait until the request is over: they need no second connection and fail no page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from flask import Flask, current_app, g
from flask.globals import request_ctx

from ..errors import StoreDown
from ..globals import current_profile
from ..transactions import hold_until_committed
from .request_state import DEFERRED


def write_after_request() -> None:
    """Where the app context goes on after the request: write at once, or a test would not see what it has done."""
    if context_outlives_request() and (waiting := g.pop(DEFERRED, ())):
        _write_all(waiting)


def write_after_context(app: Flask, **extra: Any) -> None:
    if waiting := g.pop(DEFERRED, ()):
        _write_all(waiting)
        # a host that listens to our signals may have used it again since Flask-SQLAlchemy ended it
        current_profile.db.session.remove()


def _write_all(waiting: Iterable[Callable[[], object]]) -> None:
    for write in waiting:
        try:
            with hold_until_committed(), current_profile.own_transaction():
                write()
        except Exception as failure:  # bookkeeping never fails a page
            reason = failure if isinstance(failure, StoreDown) else type(failure).__name__
            current_app.logger.error("MyProfile could not write down a session's activity: %s", reason)


def own_transaction_if_context_is_shared() -> AbstractContextManager[None]:
    """Where an app context goes on over several requests, ``db.session`` may still see the database as it was before
    the last one (MariaDB's repeatable reads): look again on a connection of our own."""
    return current_profile.own_transaction() if context_outlives_request() else nullcontext()


def context_outlives_request() -> bool:
    """Whether a surrounding ``with app.app_context()`` goes on after this request (Flask <= 3.1 lets them share it)."""
    tokens = getattr(request_ctx, "_cv_tokens", None)
    return tokens is not None and len(tokens) > 0 and tokens[-1][1] is None
