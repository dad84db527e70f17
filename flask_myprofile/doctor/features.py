"""Whether what says whom a feature is on for can be read, and asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import inspect, select

from ..account.feature_people import NoNames, names_in
from ..globals import current_profile
from .findings import Finding, fault, ok

#: Users whose roles are asked, of each class.
_MOST = 20


def features() -> Iterator[Finding]:
    found = [*_unreadable(), *_failing(current_profile.config.roles)]
    yield from found
    if not found:
        yield ok("Whom features are on for can be told.")


def _unreadable() -> Iterator[Finding]:
    for name in current_profile.features.unreadable():
        said = f"What is stored of whom {name} is on for cannot be read, so that it is off for everybody."
        yield fault(said, "Save it anew on Feature Management.")


def _failing(rule: Any) -> Iterator[Finding]:
    if rule is None:
        return
    models = [model for model in current_profile.users.models() if inspect(model, raiseerr=False) is not None]
    with current_profile.db.session.session_factory() as session:  # not what the host has in its own
        try:
            for model in models:
                for user in session.scalars(select(model).order_by(*inspect(model).primary_key).limit(_MOST)).unique():
                    names_in(rule(user))
        except NoNames as error:
            yield fault(f"{error}, so that nobody has a role.", "Let it answer a list of names.")
        except Exception as error:
            yield fault(f"MYPROFILE_ROLES raises {type(error).__name__}, so that nobody has a role.", "Mend it.")
