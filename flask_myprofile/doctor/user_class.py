"""Which class the app's users are of, and who loads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import current_app
from sqlalchemy import inspect

from ..globals import current_profile
from ..store.user_rows import more_than_columns
from .findings import Finding, fault, note, ok


def user_class() -> Iterator[Finding]:
    manager: Any = getattr(current_app, "login_manager", None)
    if manager is None:
        yield fault("The app has no Flask-Login.", "Call LoginManager(app).")
        return
    if manager._user_callback is None:
        yield fault(
            "Flask-Login has no user_loader, so that nobody stays signed in.",
            "Decorate the function that loads a user with @login_manager.user_loader.",
        )
    model, candidates = current_profile.users.model, current_profile.users._candidates()
    if model is not None:
        yield _about(model, found=candidates == [model])
    elif candidates:
        names = ", ".join(sorted(each.__name__ for each in candidates))
        yield note(
            f"Several classes have Flask-Login's methods: {names}. Users of each can sign in.",
            "If only one's do, name it: MyProfile(app, user_model=…).",
        )
    else:
        yield note(
            "No mapped class has Flask-Login's methods: users are loaded by the user_loader alone.",
            "Derive the user class from flask_login.UserMixin, unless users are kept elsewhere.",
        )


def _about(model: type[Any], found: bool) -> Finding:
    name = f"{model.__module__}.{model.__qualname__}"
    if inspect(model, raiseerr=False) is None:
        return fault(f"{name} is no mapped class.", "Give MyProfile(app, user_model=…) a model of Flask-SQLAlchemy.")
    lacking = [each for each in ("is_authenticated", "is_active", "get_id") if not hasattr(model, each)]
    if lacking:
        return fault(f"{name} has no {', '.join(lacking)}.", "Derive it from flask_login.UserMixin.")
    how = "the only mapped class with Flask-Login's methods" if found else "named to MyProfile or Users"
    more = more_than_columns(inspect(model))
    read = "by a plain query" if more is None else f"as the ORM loads them ({more})"
    return ok(f"{name}: {how}. With each request its users are read {read}.")
