"""Who may open the administrators' pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import current_app
from sqlalchemy import inspect, select

from ..globals import current_profile
from .findings import Finding, fault, note, ok

#: Users who are looked at, of each class.
_MOST = 100


def admin_rule() -> Iterator[Finding]:
    models = [model for model in current_profile.users.models() if inspect(model, raiseerr=False) is not None]
    if not models:
        yield ok("Users are of no mapped class, so that none can be looked at.")
        return
    rule = current_profile.is_admin.rule
    with current_profile.db.session.session_factory() as session:  # not what the host has in its own
        users = [user for model in models for user in session.scalars(_first(model)).unique()]
        yield _without(rule, models) or _failing(rule, users) or _counted(users)


def _first(model: type[Any]) -> Any:
    return select(model).order_by(*inspect(model).primary_key).limit(_MOST)


def _without(rule: Any, models: list[type[Any]]) -> Finding | None:
    if not isinstance(rule, str) or any(hasattr(model, rule) for model in models):
        return None
    said = f"{models[0].__name__} has no attribute {rule}, so that nobody is an administrator."
    change = "Name one that is True for administrators, or a callable(user): MYPROFILE_ADMIN."
    return fault(said, change) if "MYPROFILE_ADMIN" in current_app.config else note(said, change)


def _failing(rule: Any, users: list[Any]) -> Finding | None:
    """Of a rule that fails, or answers neither True nor False, each user is none."""
    try:
        answers = [_answer(rule, user) for user in users]
    except Exception as error:
        return fault(f"MYPROFILE_ADMIN raises {type(error).__name__}, so that nobody is an administrator.", "Mend it.")
    wrong = [answer for answer in answers if answer is not None and answer not in (True, False)]
    if not wrong:
        return None
    return fault(f"MYPROFILE_ADMIN answers a {type(wrong[0]).__name__}.", "Let it answer True or False.")


def _answer(rule: Any, user: Any) -> Any:
    found = rule(user) if callable(rule) else getattr(user, rule, None)
    return found() if callable(found) and not callable(rule) else found


def _counted(users: list[Any]) -> Finding:
    admins = sum(1 for user in users if current_profile.is_admin(user))
    if not users:
        return ok("There are no users yet.")
    if not admins:
        return note("None of the first users is an administrator.", "Make somebody one, or see MYPROFILE_ADMIN.")
    if admins == len(users) > 1:
        return note(f"All of the first {admins} users are administrators.", "Make MYPROFILE_ADMIN stricter.")
    verb = "is an administrator" if admins == 1 else "are administrators"
    return ok(f"{admins} of the first {len(users)} users {verb}.")
