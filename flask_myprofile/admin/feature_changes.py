"""What comes of saved features, whichever page or command has saved them: events, signals, the log, and the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask import current_app
from sqlalchemy.exc import DBAPIError

from ..account.events import FEATURES_CHANGED
from ..account.feature_rules import Change
from ..audiences import audience_data, data_of
from ..errors import Conflict, StoreDown
from ..globals import current_profile
from ..i18n import gettext, join_list
from ..openapi.schemas import FLAG, TEXT, by_name, record
from ..signals import announce, features_changed
from ..store.database_errors import broken_rule, is_clash
from ..store.feature_records import Author
from ..transactions import unit_of_work

#: While it is on, tokens are kept so that they can be copied.
_COPY = "api_token.copy"

T = TypeVar("T")

#: What programs are answered, as :func:`as_json` has it.
CHANGED = record(message=TEXT, changes=by_name(FLAG))


def commit(user: Any, work: Callable[[Author], Mapping[str, Change]]) -> Mapping[str, Change]:
    """Carry ``work`` out, which is told who the administrator is, and what comes of it, in one transaction.

    :raises Conflict: somebody else was faster, or the configuration pins it.
    """

    def both() -> Mapping[str, Change]:
        changes = work(author_of(user))
        carry_out(changes, user)
        return changes

    try:
        changes = in_one(both)
    except Conflict as error:
        if error.code == "feature_locked":
            names = join_list(str(error.message).split(", "))
            sentence = gettext("Set in the application's configuration: %(names)s", names=names)
            raise Conflict(sentence, code=error.code) from error
        raise
    log(changes, user)
    return changes


def author_of(user: Any) -> Author:
    return Author(current_profile.users.display_name(user), current_profile.users.key(user))


def in_one(work: Callable[[], T]) -> T:
    """In one transaction. :raises Conflict: somebody else was faster."""
    try:
        with unit_of_work(current_profile.db.session):
            return work()
    except (DBAPIError, StoreDown) as error:
        if is_clash(error) or (isinstance(error, DBAPIError) and broken_rule(error) == "unique"):
            raise meanwhile() from error
        raise


def meanwhile() -> Conflict:
    return Conflict(gettext("Somebody changed these settings while you were editing. Check them and save again."))


def carry_out(changes: Mapping[str, Change], user: Any) -> None:
    """In the transaction of the change.

    :param user: the administrator; None: an operator, by the command line.
    """
    if not changes:
        return
    if _COPY in changes and not changes[_COPY].after.on:
        current_profile.tokens.forget_copies()
    key = None if user is None else current_profile.users.key(user)
    before = {name: data_of(change.before) for name, change in changes.items()}
    after = {name: data_of(change.after) for name, change in changes.items()}
    if user is not None:
        current_profile.activity.note(FEATURES_CHANGED, user, {"before": before, "after": after})
    announce(features_changed, user_key=key, **as_json(changes))


def log(changes: Mapping[str, Change], user: Any) -> None:
    """Once it is committed."""
    who = "an operator" if user is None else f"administrator {current_profile.users.key(user)!r}"
    for name, (before, after) in changes.items():
        if before.on != after.on:
            current_app.logger.info("MyProfile: %s switched %s %s", who, name, "on" if after.on else "off")
        if before.audience != after.audience:
            whom = "everyone" if after.audience is None else audience_data(after.audience)
            current_app.logger.info("MyProfile: %s set whom %s is on for: %s", who, name, whom)


def as_json(changes: Mapping[str, Change]) -> dict[str, Any]:
    """Feature -> on or off, of all that were changed; and of those that are on for others than before, for whom they
    are now (None: everyone)."""
    whom = {
        name: None if change.after.audience is None else audience_data(change.after.audience)
        for name, change in changes.items()
        if change.before.audience != change.after.audience
    }
    switches = {name: change.after.on for name, change in changes.items()}
    return {"changes": switches, **({"audiences": whom} if whom else {})}
