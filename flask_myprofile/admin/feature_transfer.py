"""Features as a file: taken out of one app and put into another, such as from a trial into what is in use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Response, jsonify, make_response, request, url_for

from ..account.feature_rules import Change
from ..account.text import storable
from ..audiences import IllFormed, Rule, data_of, rule_of
from ..errors import Conflict, Forbidden, Invalid, Refused
from ..globals import current_profile
from ..i18n import gettext, lazy_gettext
from ..openapi.operation import Operation, described
from ..openapi.schemas import ANYTHING
from ..pages import layout
from ..pages.csrf import check_origin
from ..pages.forms import json_object, wrong_with
from ..pages.navigation import ADMIN_ENDPOINT
from ..pages.pending_form import Purpose
from ..pages.refusals import problem_of
from ..responses import prefers_json
from . import feature_page, features
from .audience_words import mistake_in_words, mistakes_in_words
from .feature_changes import CHANGED
from .feature_form import BACK, Sent, feature_names, is_of_roles

#: What a file of this form has beside the features.
FORM = "flask_myprofile_features"
_ENDPOINT, _FIELD, _CONFIRMED = "myprofile_admin.features_import", "document", "_confirmed"

IMPORT = Purpose(
    lambda: gettext("Import features"),
    lambda sent: url_for(_ENDPOINT),
    deed=lazy_gettext("import features"),
    for_admin=True,
)


def document() -> dict[str, Any]:
    """All features that the configuration does not pin, each with whom it is on for."""
    states = current_profile.features.states()
    return {FORM: 1, "features": {name: data_of(state.rule) for name, state in states.items() if not state.locked}}


def rules_in(found: Any) -> Mapping[str, Rule]:
    """What :func:`document` has made, here or in another app.

    :raises Invalid: with all that is wrong, by feature.
    """
    given = found.get("features") if isinstance(found, dict) and found.get(FORM) == 1 else None
    if not isinstance(given, dict) or set(found) != {FORM, "features"} or not all(map(storable, given)):
        raise Invalid({_FIELD: gettext("This is no export of features")})
    known, rules, errors = set(feature_names()), {}, {}
    for name, data in given.items():
        try:
            rules[name] = rule_of(data)
        except IllFormed as error:
            errors[name] = mistakes_in_words(error)
        else:
            if name not in known:
                errors[name] = gettext("There is no such feature")
            elif is_of_roles(rules[name]):
                errors[name] = mistake_in_words("no_roles")
    if errors:
        raise Invalid(errors)
    return rules


@described(get=Operation("All features as a file", answer=ANYTHING, page=False))
def export(user: Any) -> Response:
    answer = make_response(json.dumps(document(), indent=2) + "\n")
    answer.mimetype = "application/json"
    answer.headers["Content-Disposition"] = "attachment; filename=features.json"
    return answer


@described(
    get=Operation("All features, and the page that takes a file", answer=ANYTHING),
    post=Operation("Import features", answer=CHANGED, body=ANYTHING),
)
def import_(user: Any) -> Any:
    """The page that takes a file; what it would change is shown before it is saved."""
    if request.method == "POST":
        return _import(user)
    return jsonify(document()) if prefers_json() else _show("")


def _import(user: Any) -> Any:
    typed = ""
    try:
        check_origin()
        if request.is_json:
            rules = rules_in(json_object())
        else:
            typed = _typed()
            rules = rules_in(_read(typed))
            if request.form.get(BACK) or not request.form.get(_CONFIRMED):
                return _ask(rules, typed) if not request.form.get(BACK) else _show(typed)
        current_profile.sessions.require_fresh(user)
        changes = features.save(user, Sent(dict(rules), request.form.get("version") or None))
    except Refused as refusal:
        if prefers_json() or isinstance(refusal, Forbidden):
            return problem_of(refusal)
        return _refuse(refusal, typed)
    return features.answer(changes, len(changes))


def _typed() -> str:
    """The text, or the file in its place.

    :raises Invalid: it is no text.
    """
    file = request.files.get("file")
    values: list[Any] = request.form.getlist(_FIELD) or [""]
    if file is not None and file.filename:
        try:
            values = [file.read().decode("utf-8-sig")]
        except UnicodeDecodeError as error:
            raise Invalid({_FIELD: gettext("This is no export of features")}) from error
    if wrong := wrong_with(values):
        raise Invalid({_FIELD: wrong})
    return str(values[0])


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid({_FIELD: gettext("This is no export of features")}) from error


def _ask(rules: Mapping[str, Rule], typed: str) -> Any:
    version = current_profile.features.version()  # before what has it
    states = current_profile.features.states()
    changes = {name: Change(states[name].rule, rule) for name, rule in rules.items() if states[name].rule != rule}
    if not changes:
        layout.remember_message(feature_page.nothing_would_change(), "info")
        return _show(typed)
    moved = {name: change.after for name, change in changes.items()}
    texts = [*feature_page.warnings(feature_page.asked_about(moved)), *feature_page.in_lines(changes)]
    fields = {_FIELD: typed, _CONFIRMED: "1", "version": version}
    return feature_page.ask_about_features(texts, fields, url_for(_ENDPOINT))


def _refuse(refusal: Refused, typed: str) -> Any:
    labels = feature_page.labels()
    texts = [
        str(text) if name == _FIELD else f"{labels.get(name, name)}: {text}"
        for name, found in refusal.errors.items()
        for text in (found if isinstance(found, list | tuple) else [found])
    ]
    if not refusal.message and not texts and not isinstance(refusal, Conflict):
        raise refusal
    return _show(typed, refusal.message or ". ".join(texts), refusal.status)


def _show(typed: str, error: Any = "", status: int = 200) -> Any:
    return layout.render(
        "myprofile/admin/feature_transfer.html",
        title=gettext("Export and import"),
        error=error,
        error_at="mp-document" if error else "",
        status=status,
        typed=typed,
        field=_FIELD,
        export_url=url_for("myprofile_admin.features_export"),
        action_url=url_for(_ENDPOINT),
        back_url=url_for(ADMIN_ENDPOINT),
    )
