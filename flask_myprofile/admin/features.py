"""Feature Management: an admin switches tabs and parts of them on and off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import jsonify, redirect, request, url_for

from ..account.feature_rules import Change, State
from ..audiences import Rule, audience_data
from ..errors import Conflict, Forbidden, Refused
from ..globals import current_profile
from ..i18n import gettext, lazy_gettext, ngettext
from ..openapi.operation import Operation, described
from ..openapi.schemas import FLAG, TEXT, by_name, record
from ..pages import layout
from ..pages.csrf import check_origin
from ..pages.forms import read_condition
from ..pages.navigation import ADMIN_ENDPOINT
from ..pages.pending_form import Purpose
from ..pages.refusals import problem_of
from ..responses import prefers_json
from ..tab import Effect
from . import feature_page
from .feature_changes import CHANGED, as_json, commit, meanwhile
from .feature_form import NOTHING, Sent, as_typed, defaults, differs, is_on, read
from .feature_page import RESET_ENDPOINT

#: What its forms are for, where one waits for a recent sign-in.
SAVE = Purpose(
    lambda: gettext("Feature Management"),
    lambda sent: url_for(ADMIN_ENDPOINT),
    deed=lazy_gettext("save the feature settings"),
    for_admin=True,
)
RESET = SAVE._replace(words=lambda: gettext("Reset to defaults"), deed=lazy_gettext("reset all features"))


_STATES = by_name(record(on=FLAG, locked=FLAG, default=FLAG))
#: On or off, or for whom it is on.
_SWITCH: Any = {"type": ["boolean", "object"]}
_VERSION = {"type": "object", "properties": {"version": TEXT}}


@described(
    get=Operation("Every feature", answer=record(features=_STATES, version=TEXT)),
    post=Operation("Switch features", answer=CHANGED, body={**_VERSION, "additionalProperties": _SWITCH}),
)
def view(user: Any) -> Any:
    """The page, what was saved on it, and why not."""
    if request.method == "POST":
        return _save_page(user)
    if not prefers_json():
        return feature_page.show()
    version = current_profile.features.version()  # before what has it
    return jsonify(features=_json(), version=version)


@described(
    get=Operation("Give every feature its default?", page=True),
    post=Operation("Give every feature its default", answer=CHANGED, body={**_VERSION, "additionalProperties": False}),
)
def reset(user: Any) -> Any:
    """Give every feature that is not locked its default; a GET asks first."""
    if request.method == "POST":
        return _reset(user)
    version = current_profile.features.version()
    if not differs(current_profile.features.states()):
        return redirect(url_for(ADMIN_ENDPOINT))
    undone = gettext("What administrators have changed on this page is undone, for all users at once.")
    question = {
        "title": gettext("Reset all features to their defaults?"),
        "texts": [undone, *feature_page.warnings(_asked(Sent(defaults())))],
        "yes": gettext("Reset to defaults"),
        "no": gettext("Cancel"),
        "danger": True,
        "action_url": url_for(RESET_ENDPOINT),
        "back_url": url_for(ADMIN_ENDPOINT),
        "fields": {"version": version},
    }
    return feature_page.ask_in_words(question)


# ---- saving


def _save_page(user: Any) -> Any:
    sent = NOTHING
    try:
        sent = _checked()
        if sent.goes_back:
            layout.remember_message(gettext("Nothing was saved yet."), "info")
            return feature_page.show(sent)
        # a program means what it says
        if not prefers_json() and (asked := _asked(sent)):
            check_version(sent)
            return feature_page.ask(sent, asked)
        current_profile.sessions.require_fresh(user)
        changes = save(user, sent)
    except Refused as refusal:
        # what another site has sent is not kept for anybody
        return _refuse(refusal, NOTHING if isinstance(refusal, Forbidden) else as_typed())
    return answer(changes, len(changes) or len(sent.moved()))


def _checked() -> Sent:
    check_origin()
    return read()


def _asked(sent: Sent) -> dict[str, Effect]:
    """Of the features that are to be switched off, those that are asked about, and what comes of each."""
    return feature_page.asked_about({name: each for name, each in sent.values.items() if name not in sent.confirmed})


def check_version(sent: Sent) -> None:
    if sent.version not in (None, current_profile.features.version()):
        raise meanwhile()


def _reset(user: Any) -> Any:
    try:
        check_origin()
        current_profile.sessions.require_fresh(user)
        changes = save(user, Sent(defaults(), read_condition(["version"]).get("version")))
    except Refused as refusal:
        return _refuse(refusal, NOTHING)
    return answer(changes, len(changes))


def save(user: Any, sent: Sent) -> Mapping[str, Change]:
    try:
        return commit(user, lambda name: current_profile.features.change(sent.values, name, sent.version))
    except Conflict as error:
        if error.code == "feature_locked":
            raise
        if _is_done(sent):
            return {}
        raise meanwhile() from error


def _is_done(sent: Sent) -> bool:
    """Whether all that the administrator has moved is so by now: a form that came twice is no mistake."""
    features = current_profile.features
    features.version()  # so that it is read again
    if sent.shown is None:
        rules = [(name, value) for name, value in sent.values.items() if isinstance(value, Rule)]
        return 0 < len(rules) == len(sent.values) and all(features.state(name).rule == rule for name, rule in rules)
    return all(is_on(sent.values[name]) == features.state(name).on for name in sent.moved())


# ---- what is answered


def _refuse(refusal: Refused, sent: Sent) -> Any:
    if prefers_json():
        return problem_of(refusal)
    texts = [str(text) for texts in refusal.errors.values() for text in texts]
    return feature_page.show(sent, refusal.message or " ".join(texts), refusal.status)


def answer(changes: Mapping[str, Change], number: int) -> Any:
    said = ngettext("Feature settings saved. %(num)s change.", "Feature settings saved. %(num)s changes.", number)
    if not number:
        said = gettext("Nothing was changed.")
    if prefers_json():
        return jsonify(message=said, **as_json(changes))
    layout.remember_message(said, "success" if number else "info")
    return redirect(url_for(ADMIN_ENDPOINT), 303)


def _json() -> dict[str, dict[str, Any]]:
    return {
        name: {"on": state.on, "locked": state.locked, "default": state.default, **_for_whom(state)}
        for name, state in current_profile.features.states().items()
    }


def _for_whom(state: State) -> dict[str, Any]:
    """Where it is, or would be, not everyone."""
    audiences = {"for": state.rule.audience, "default_for": state.default_rule.audience}
    return {key: audience_data(audience) for key, audience in audiences.items() if audience is not None}
