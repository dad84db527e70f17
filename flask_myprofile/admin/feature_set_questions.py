"""What is asked before a set of features is put back, replaced, renamed or deleted, and why one cannot be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import jsonify, redirect, request, url_for
from flask_wtf import FlaskForm
from wtforms import StringField

from ..account.feature_sets import MOST_SETS, NAME_LENGTH, FeatureSet, Plan
from ..audiences import data_of
from ..errors import Invalid, Refused
from ..globals import current_profile
from ..i18n import ago_or_unknown, gettext, join_list, lazy_gettext, ngettext
from ..pages import layout
from ..pages.refusals import lost_race
from ..responses import prefers_json
from . import feature_page

ENDPOINT = "myprofile_admin.features_sets"


class RenameForm(FlaskForm):
    id = StringField()
    old_name = StringField()
    name = StringField(lazy_gettext("Name"), render_kw={"autocomplete": "off", "maxlength": NAME_LENGTH})


def in_words(refusal: Refused) -> Refused:
    """Of what :class:`~..account.feature_sets.FeatureSets` refuses."""
    field = gettext("Name")
    wrong = {
        "missing": lambda: gettext("Enter a name for the set"),
        "long": lambda: gettext("%(field)s must be %(max)s characters or fewer", field=field, max=NAME_LENGTH),
        "blank": lambda: gettext("%(field)s has no visible character", field=field),
        "control": lambda: gettext("%(field)s has a character that cannot be used. Type it again", field=field),
    }
    said = {
        "set_exists": lambda: gettext("There is a set of that name already."),
        "too_many_sets": lambda: ngettext(
            "There is %(num)s set already. Delete it first.",
            "There are %(num)s sets already. Delete one first.",
            MOST_SETS,
        ),
        "set_renamed": lambda: lost_race().message,
        "no_such_set": lambda: gettext("There is no such set any more. Somebody has deleted it, or saved it anew."),
    }
    if isinstance(refusal, Invalid):
        return Invalid(
            {
                name: [wrong.get(str(each), lambda each=each: each)() for each in texts]
                for name, texts in refusal.errors.items()
            }
        )
    if refusal.code in said:
        return type(refusal)(said[refusal.code](), code=refusal.code)
    return refusal


def ask_put_back(found: FeatureSet, error: Any = "", status: int = 200) -> Any:
    version = current_profile.features.version()  # before what has it
    plan = current_profile.features.sets.plan(found)
    if prefers_json():
        return jsonify(**_plan_as_json(plan), version=version)
    if not plan.changes:
        layout.remember_message(" ".join([feature_page.nothing_would_change(), *_left_out(plan)]), "info")
        return redirect(url_for(ENDPOINT), 303 if request.method == "POST" else 302)
    moved = {name: change.after for name, change in plan.changes.items()}
    warned = feature_page.warnings(feature_page.asked_about(moved))
    texts = [*warned, *feature_page.in_lines(plan.changes), *_left_out(plan)]
    title = gettext("Put back the set “%(name)s”?", name=found.name)
    question = _question("put_back", title, texts, gettext("Put back"), found, bool(warned))
    question["fields"]["version"] = version
    return feature_page.ask_in_words(question, status, error=error)


def _plan_as_json(plan: Plan) -> dict[str, Any]:
    changes = {
        name: {"before": data_of(change.before), "after": data_of(change.after)}
        for name, change in plan.changes.items()
    }
    return {"changes": changes, "left_out": dict(plan.left_out), "not_in_it": list(plan.not_in_it)}


def _left_out(plan: Plan) -> list[str]:
    labels = feature_page.labels()
    said: Mapping[str, Callable[..., str]] = {
        "pinned": lambda **names: gettext("Left as they are, because the configuration pins them: %(names)s.", **names),
        "unknown": lambda **names: gettext("Left out, because they are no longer there: %(names)s.", **names),
        "no_roles": lambda **names: gettext(
            "Left out, because this application no longer has roles: %(names)s.", **names
        ),
        "unreadable": lambda **names: gettext("Left out, because they cannot be read: %(names)s.", **names),
        "new": lambda **names: gettext("Left as they are, because they are not in this set: %(names)s.", **names),
    }
    why = {**plan.left_out, **dict.fromkeys(plan.not_in_it, "new")}
    grouped = {code: [str(labels.get(name, name)) for name, each in why.items() if each == code] for code in said}
    return [said[code](names=join_list(names)) for code, names in grouped.items() if names]


def ask_replace(found: FeatureSet, status: int = 200) -> Any:
    words = {"name": found.changed_by or gettext("An administrator"), "when": ago_or_unknown(found.changed_at)}
    texts = [
        gettext("Saved by %(name)s, %(when)s.", **words),
        gettext("What all features are now takes its place. What it has now is lost."),
    ]
    title = gettext("Replace the set “%(name)s”?", name=found.name)
    question = _question("replace", title, texts, gettext("Replace"), found, True)
    question["is_answer"] = status != 200
    return feature_page.ask_in_words(question, status)


def ask_delete(found: FeatureSet) -> Any:
    title = gettext("Delete the set “%(name)s”?", name=found.name)
    texts = [gettext("The features stay what they are.")]
    return feature_page.ask_in_words(_question("delete", title, texts, gettext("Delete"), found, True))


def ask_rename(found: FeatureSet, typed: str | None = None, errors: Any = (), status: int = 200) -> Any:
    form = _new_name(found.name if typed is None else typed, errors)
    title = gettext("Rename the set “%(name)s”", name=found.name)
    question = _question("rename", title, [], gettext("Save"), found, False)
    question["fields"]["old_name"] = found.name
    return feature_page.ask_in_words(question, status, form=form)


def _new_name(name: str, errors: Any) -> Any:
    form: Any = RenameForm(formdata=None, data={"name": name}, meta={"csrf": False})
    del form.id, form.old_name  # in the fields that go with the question
    form.name.errors = list(errors)
    return form


def _question(action: str, title: str, texts: list[Any], yes: str, found: FeatureSet, danger: bool) -> dict[str, Any]:
    return {
        "title": title,
        "texts": texts,
        "yes": yes,
        "no": gettext("Cancel"),
        "danger": danger,
        "action_url": url_for(f"{ENDPOINT}_{action}"),
        "back_url": url_for(ENDPOINT),
        "fields": {"id": found.id},
    }
