"""What tells users apart: their key, and what Flask-Login keeps of them in its cookies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import current_app
from sqlalchemy import inspect

from ..account.sample_user import sample_user
from ..globals import current_profile
from .findings import Finding, fault, note, ok


def login_id() -> Iterator[Finding]:
    model = current_profile.users.model
    if model is None or inspect(model, raiseerr=False) is None:
        yield ok("Without one user class, the key is what get_id() answers.")
        return
    columns = inspect(model).primary_key
    key = ", ".join(f"{column.name} {column.type}" for column in columns)
    manager: Any = current_app.login_manager  # type: ignore[attr-defined]
    user = sample_user(model)
    try:
        answer = getattr(user, manager.id_attribute)()
    except NotImplementedError:  # what UserMixin raises
        yield fault(f"The key is {key}, and UserMixin.get_id() looks for an attribute id.", "Override get_id().")
        return
    except Exception as error:
        yield note(
            f"{manager.id_attribute}() cannot be tried on a user who is in no database: {type(error).__name__}.",
            "Nothing, if it works for the users that there are.",
        )
        return
    if len(columns) == 1 and _is_key(columns[0], answer, inspect(model).primary_key_from_instance(user)[0]):
        yield ok(f"The key is {key}, and get_id() answers it.")
    else:
        yield ok(f"The key is {key}. get_id() answers something else, so that the user_loader finds users by it.")


def _is_key(column: Any, answer: object, key: object) -> bool:
    try:
        return key is not None and bool(column.type.python_type(str(answer)) == key)
    except (TypeError, ValueError):
        return False
