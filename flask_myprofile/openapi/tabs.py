"""Tabs and their actions as operations: what they take is in their forms, what they answer they may say themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from flask import current_app
from sqlalchemy.exc import SQLAlchemyError
from wtforms import Form

from ..errors import Refused, StoreDown
from ..globals import current_profile
from ..tab import Action, Tab
from .operation import Operation
from .schemas import ANYTHING, TEXT, Schema

_T = TypeVar("_T")
#: An action answers its message, unless it has something else to say.
_SAID: Schema = {**ANYTHING, "properties": {"message": TEXT}}


#: The tab that an endpoint belongs to and, unless it is the tab's own, the action.
Own = tuple[Tab, Action | None]


def endpoints() -> Mapping[str, Own]:
    """Endpoint -> whose it is."""
    found: dict[str, Own] = {}
    for tab in current_profile.tabs.values():
        found[f"myprofile.{tab.name}"] = tab, None
        for action in tab.actions.values():
            if action.name != "save":
                found[f"myprofile.{tab.name}_{action.name}"] = tab, action
    return found


def operation(tab: Tab, action: Action | None, method: str, user: Any) -> Operation | None:
    """What a GET or a POST of this tab, or of this action of it, is; None: there is none."""
    if method == "GET":
        return _page(tab, user) if action is None else _question(tab, action)
    acts = action or tab.actions.get("save")
    return _act(tab, acts, user) if acts is not None else None


def has(tab: Tab, action: Action | None, method: str, user: Any) -> bool:
    """Whether this user has it: it is on, there is something on it for them, and they are not refused at once."""
    features = current_profile.features
    if not features[tab.name] or not tab.is_offered(user):
        return False
    acts = action or (tab.actions.get("save") if method == "POST" else None)
    if acts is None:
        return True
    if acts.feature and not features[f"{tab.name}.{acts.feature}"]:
        return False
    try:
        tab.check(user, acts)
    except Refused:
        return False
    return True


def _page(tab: Tab, user: Any) -> Operation:
    return Operation(
        summary=str(tab.label),
        description=str(tab.summary),
        answer=_known(lambda: tab.json_schema(user), tab) or ANYTHING,
        query=tab.query,
        has_version=_has_version(tab),
    )


def _has_version(tab: Tab) -> bool:
    return type(tab).version is not Tab.version


def _question(tab: Tab, action: Action) -> Operation:
    if action.confirm is None:
        return Operation(summary=f"Back to {tab.label}", page=False)
    return Operation(summary=str(action.confirm.title))


def _act(tab: Tab, action: Action, user: Any) -> Operation:
    saves = action.name == "save"
    form = _known(lambda: _made(action.form_class(tab, user)), tab)
    body = None if form is not None else _condition(action) if action.form is None else ANYTHING
    return Operation(
        summary=f"{tab.label}: {'save' if saves else ' '.join(_words(tab, action))}",
        description="Needs a recent sign-in." if action.fresh else "",
        answer=action.answer or _SAID,
        form=form,
        needs_all=not saves,
        body=body,
        has_version=saves and _has_version(tab),
    )


def _made(form_class: type[Form] | None) -> type[Form] | None:
    """The same, which can be made without anything that was sent."""
    if form_class is not None:
        form_class(formdata=None, meta={"csrf": False})
    return form_class


def _condition(action: Action) -> Schema:
    return {**ANYTHING, "properties": dict.fromkeys(action.condition, TEXT), "additionalProperties": False}


def _words(tab: Tab, action: Action) -> Iterator[str]:
    if action.label:
        yield str(action.label)
        return
    parts = {part.name: part.label for part in tab.all_parts()}
    yield str(parts.get(action.name) or action.name.replace("_", " "))


def _known(ask: Callable[[], _T], tab: Tab) -> _T | None:
    """None where the tab's own code has no answer for a user of whom nothing is known."""
    try:
        return ask()
    except (StoreDown, SQLAlchemyError):
        raise
    except Exception:
        current_app.logger.debug("MyProfile: the tab %s is not described in full", tab.name, exc_info=True)
        return None
