"""The fields of Personal Information, and the columns behind them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..globals import current_profile
from .findings import Finding, fault, note, ok


def personal_fields() -> Iterator[Finding]:
    users = current_profile.users
    tab: Any = current_profile.tabs["personal_information"]
    models = users.models()
    for mistake in tab.mistakes():
        yield fault(f"{mistake}.", "Name attributes of the user class, or map them with Users(fields=…).")
    for column in current_profile.avatars.loaded_each_time():
        yield note(
            f"{column} is loaded with the user at every request.", "Declare it with mapped_column(deferred=True)."
        )
    for model in models:
        for name, source in users._fields.items():
            if users.describe(model, name) is None:
                yield fault(
                    f"Users(fields=…) maps {name} to {source}, which {model.__name__} does not have.",
                    "Name an attribute, or a path.",
                )
        if fields := tab.fields(model):
            yield ok(f"{model.__name__}: {', '.join(_typed(model, name) for name in fields)}.")
        else:
            yield note(
                f"{model.__name__} has no fields here.",
                'Map its columns, such as Users(fields={"email": "mail"}), or name others: MYPROFILE_PERSONAL_FIELDS.',
            )
    if not models:
        yield ok("Users are of no mapped class: their fields are known when one signs in.")


def _typed(model: type[Any], name: str) -> str:
    found = current_profile.users.describe(model, name)
    return name if found is None or found.type is None else f"{name} {found.type}"
