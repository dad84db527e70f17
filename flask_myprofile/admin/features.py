"""Feature Management: an admin switches tabs and parts of them on and off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import jsonify, redirect, request, url_for
from sqlalchemy.exc import DBAPIError

from ..errors import Conflict, Invalid, Refused, StoreDown
from ..features import DOCTOR, State
from ..globals import current_profile
from ..i18n import as_datetime, gettext, lazy_gettext, ngettext, time_ago
from ..pages import layout
from ..pages.csrf import check_origin
from ..pages.forms import read_condition, sent_fields, wrong_with
from ..pages.navigation import ADMIN_ENDPOINT
from ..pages.pending_form import Purpose
from ..pages.refusals import problem_of
from ..responses import prefers_json
from ..signals import announce, features_changed
from ..store.database_errors import is_clash
from ..tab import Tab
from ..transactions import unit_of_work

_RESET = "myprofile_admin.features_reset"

#: What its forms are for, where one waits for a recent sign-in.
SAVE = Purpose(
    lambda: gettext("Feature Management"),
    lambda sent: url_for(ADMIN_ENDPOINT),
    deed=lazy_gettext("save the feature settings"),
    for_admin=True,
)
RESET = SAVE._replace(words=lambda: gettext("Reset to defaults"), deed=lazy_gettext("reset all features"))

_ON, _OFF = ("on", "true", "1"), ("off", "false", "0", "")


def view(user: Any) -> Any:
    """The page, what was saved on it, and why not."""
    if request.method == "POST":
        return _change(user, _wanted)
    if not prefers_json():
        return _show()
    version = current_profile.features.version()  # before what has it
    return jsonify(features=_json(), version=version)


def reset(user: Any) -> Any:
    """Give every feature that is not locked its default; a GET asks first."""
    if request.method == "POST":
        return _change(user, lambda: (_defaults(), read_condition(["version"]).get("version")))
    version = current_profile.features.version()
    if not _differing():
        return redirect(url_for(ADMIN_ENDPOINT))
    question = {
        "title": gettext("Reset all features to their defaults?"),
        "texts": [gettext("What administrators have changed on this page is undone, for all users at once.")],
        "yes": gettext("Reset to defaults"),
        "no": gettext("Cancel"),
        "danger": True,
        "action_url": url_for(_RESET),
        "back_url": url_for(ADMIN_ENDPOINT),
        "fields": {"version": version},
    }
    return layout.render("myprofile/admin/confirm.html", title=gettext("Feature Management"), confirm=question)


def _defaults() -> dict[str, bool]:
    """Feature -> its default, for those that are not locked."""
    states = {name: current_profile.features.state(name) for name in _names()}
    return {name: state.default for name, state in states.items() if not state.locked}


def _differing() -> bool:
    """Whether an administrator has changed any of them to something else."""
    return any(current_profile.features.state(name).on != default for name, default in _defaults().items())


def _change(user: Any, wanted: Callable[[], tuple[dict[str, bool], str | None]]) -> Any:
    try:
        check_origin()
        current_profile.sessions.require_fresh(user)
        changes = _save(user, *wanted())
    except Refused as refusal:
        if prefers_json():
            return problem_of(refusal)
        return _show(
            refusal.message or " ".join(str(t) for texts in refusal.errors.values() for t in texts), refusal.status
        )
    saved = ngettext(
        "Feature settings saved. %(num)s change.", "Feature settings saved. %(num)s changes.", len(changes)
    )
    if prefers_json():
        return jsonify(message=saved, changes=changes)
    layout.remember_message(saved)
    return redirect(url_for(ADMIN_ENDPOINT), 303)


def _save(user: Any, wanted: dict[str, bool], version: str | None) -> dict[str, bool]:
    try:
        return _store(user, wanted, version)
    except Conflict as error:
        if error.code == "feature_locked":
            sentence = gettext("Set in the application's configuration: %(names)s", names=error.message)
            raise Conflict(sentence, code=error.code) from error
        raise _meanwhile() from error
    except (DBAPIError, StoreDown) as error:
        if is_clash(error):
            raise _meanwhile() from error
        raise


def _meanwhile() -> Conflict:
    return Conflict(gettext("Somebody changed these settings while you were editing. Check them and save again."))


def _store(user: Any, wanted: dict[str, bool], version: str | None) -> dict[str, bool]:
    features, name = current_profile.features, current_profile.users.display_name(user)
    with unit_of_work(current_profile.db.session):
        changes = features.save(wanted, name, version)
        if changes.get("api_token.copy") is False:
            current_profile.tokens.forget_copies()
        if changes:
            announce(features_changed, user_key=current_profile.users.key(user), changes=changes)
    return changes


def _wanted() -> tuple[dict[str, bool], str | None]:
    """Feature -> on, for those that were sent, and the version of the page they were on, if that was. A switch sends
    "off" and then, if it is on, "on": the last counts."""
    sent, known = sent_fields(), set(_names())
    version = sent.pop("version", None)
    errors = {name: gettext("There is no such feature") for name in sent if name not in known}
    values = {name: _switch(each[-1]) for name, each in sent.items()}
    errors |= {name: gettext("This must be true or false") for name, value in values.items() if value is None}
    if version is not None and (wrong := wrong_with(version)):
        errors["version"] = wrong
    if errors:
        raise Invalid(errors)
    return {name: bool(value) for name, value in values.items()}, version[0] if version else None


def _switch(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    text = value.lower() if isinstance(value, str) else None
    return True if text in _ON else False if text in _OFF else None


def _names() -> list[str]:
    return ["my_profile", DOCTOR, *(name for tab in current_profile.tabs.values() for name in (tab.name, *_parts(tab)))]


def _parts(tab: Tab) -> list[str]:
    return [f"{tab.name}.{part.name}" for part in tab.all_parts()]


def _json() -> dict[str, dict[str, bool]]:
    states = {name: current_profile.features.state(name) for name in _names()}
    return {name: {"on": state.on, "locked": state.locked, "default": state.default} for name, state in states.items()}


def _show(error: Any = "", status: int = 200) -> Any:
    features, tabs = current_profile.features, list(current_profile.tabs.values())
    version = features.version()  # before what has it
    return layout.render(
        "myprofile/admin/features.html",
        title=gettext("Feature Management"),
        error=error,
        status=status,
        sections=[_section(tab) for tab in tabs],
        administration=_doctor(),
        on_count=sum(features.state(tab.name).on for tab in tabs),
        count=len(tabs),
        version=version,
        reset_url=url_for(_RESET) if _differing() else None,
    )


def _section(tab: Tab) -> dict[str, Any]:
    parts = [{"label": part.label, "hint": part.hint, **_row(f"{tab.name}.{part.name}")} for part in tab.all_parts()]
    return {"label": tab.label, "meaning": tab.meaning, "icon": tab.icon, "parts": parts, **_row(tab.name)}


def _doctor() -> dict[str, Any]:
    meaning = gettext("Administrators see whether this app is set up right, with names of settings and tables.")
    return {"label": gettext("Doctor"), "meaning": meaning, "icon": "badge-check", **_row(DOCTOR)}


def _row(name: str) -> dict[str, Any]:
    state = current_profile.features.state(name)
    locked = f'MYPROFILE_FEATURES_PINNED = {{"{name}": {state.on}}}' if state.locked else ""
    return {
        "name": name,
        "on": state.on,
        "locked": state.locked,
        "locked_text": locked,
        "changed_text": _provenance(state),
    }


def _provenance(state: State) -> str:
    if state.changed is None:
        return ""
    when = as_datetime(state.changed.changed_at)
    words = {"name": state.changed.changed_by, "when": time_ago(when) if when else ""}
    if state.default:
        return gettext("Changed by %(name)s, %(when)s. Default: on.", **words)
    return gettext("Changed by %(name)s, %(when)s. Default: off.", **words)
