"""Where somebody is sent who has been signed out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from flask import current_app
from werkzeug.exceptions import HTTPException, NotFound

from .findings import Finding, fault, note, ok


def login_view() -> Iterator[Finding]:
    manager: Any = getattr(current_app, "login_manager", None)
    if manager is None:
        yield fault("The app has no Flask-Login.", "Call LoginManager(app).")
        return
    views = {"login_view": manager.login_view}
    views |= {f"blueprint_login_views[{name!r}]": view for name, view in manager.blueprint_login_views.items()}
    given = {name: view for name, view in views.items() if view is not None}
    if manager.unauthorized_callback is not None:
        yield ok("The app's unauthorized_handler answers.")
    elif manager.login_view is None:
        yield note(
            "login_manager.login_view is not set: whoever has been signed out sees a page that says 401.",
            'Name the view where people sign in: login_manager.login_view = "…".',
        )
    wrong = {name: view for name, view in given.items() if not _leads_somewhere(view)}
    for name, view in wrong.items():
        yield fault(f"login_manager.{name} = {view!r} is no endpoint that has a URL.", "Name the view, or a URL.")
    if given and not wrong:
        yield ok(", ".join(f"{name} = {view!r}" for name, view in given.items()) + ".")


def _leads_somewhere(view: str) -> bool:
    if view.startswith(("https://", "http://")):
        return True
    if view.startswith("/"):
        return _is_served(urlsplit(view).path)
    rules = current_app.url_map._rules_by_endpoint.get(view, ())
    return any(not rule.arguments - set(rule.defaults or ()) for rule in rules)


def _is_served(path: str) -> bool:
    if current_app.url_map.host_matching:
        return True
    try:
        current_app.url_map.bind("localhost").match(path)
    except NotFound:
        return False
    except HTTPException:  # another method, or a redirect
        return True
    return True
