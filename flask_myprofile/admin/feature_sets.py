"""Sets of features: what all features are now, kept under a name, and put back later once it was shown what changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import current_app, jsonify, redirect, request, url_for
from flask_wtf import FlaskForm
from wtforms import StringField

from ..account.feature_sets import NAME_LENGTH, FeatureSet
from ..account.text import printable
from ..errors import Conflict, Invalid, NotFound, Refused
from ..globals import current_profile
from ..i18n import as_datetime, gettext, iso_time, lazy_gettext, ngettext
from ..openapi.operation import Operation, described
from ..openapi.schemas import ANYTHING, COUNT, MESSAGE, MOMENT, OPTIONAL_TEXT, TEXT, by_name, record, rows
from ..pages import layout
from ..pages.csrf import check_origin
from ..pages.forms import fill, read_condition
from ..pages.navigation import ADMIN_ENDPOINT
from ..pages.pending_form import Purpose
from ..pages.refusals import problem_of
from ..responses import prefers_json
from . import feature_page
from . import feature_set_questions as questions
from .feature_changes import CHANGED, as_json, author_of, commit, in_one, meanwhile
from .feature_set_questions import ENDPOINT


def _purpose(deed: Any) -> Purpose:
    return Purpose(lambda: gettext("Sets of features"), lambda sent: url_for(ENDPOINT), deed=deed, for_admin=True)


CHANGE = _purpose(lazy_gettext("change the sets of features"))
PUT_BACK = _purpose(lazy_gettext("put a set of features back"))


class NameForm(FlaskForm):
    name = StringField(
        lazy_gettext("Name"),
        description=lazy_gettext(
            "All features are kept under this name as they are now, but for those that the configuration pins."
        ),
        render_kw={"autocomplete": "off", "maxlength": NAME_LENGTH},
    )


_SET = record(id=TEXT, name=TEXT, by=OPTIONAL_TEXT, at=MOMENT, would_change=COUNT)
_WHICH: Any = {**ANYTHING, "properties": {"id": TEXT}, "additionalProperties": False}
_WHICH_AT: Any = {**ANYTHING, "properties": {"id": TEXT, "version": TEXT}, "additionalProperties": False}
_SAVED = record(message=TEXT, id=TEXT)
_PLAN = record(changes=by_name(ANYTHING), left_out=by_name(TEXT), not_in_it=rows(TEXT), version=TEXT)


@described(
    get=Operation("The sets of features", answer=record(sets=rows(_SET))),
    post=Operation("Save what all features are as a set", answer=_SAVED, form=NameForm),
)
def view(user: Any) -> Any:
    """The sets, and the form that saves one. A name that there is already is asked about."""
    return _save(user) if request.method == "POST" else _show()


@described(
    get=Operation("Save a set of features anew?", query={"id": TEXT}),
    post=Operation("Save a set of features anew", answer=_SAVED, body=_WHICH),
)
def replace(user: Any) -> Any:
    def work(sent: Mapping[str, str]) -> Any:
        saved = in_one(lambda: current_profile.features.sets.replace(sent.get("id", ""), author_of(user)))
        _log(user, "saved anew", saved.name)
        return _done(gettext("The set “%(name)s” is saved.", name=saved.name), id=saved.id)

    return _perform(user, ["id"], work) if request.method == "POST" else _asked(questions.ask_replace)


@described(
    get=Operation("What a set of features would change", answer=_PLAN, query={"id": TEXT}),
    post=Operation("Put a set of features back", answer=CHANGED, body=_WHICH_AT),
)
def put_back(user: Any) -> Any:
    if request.method == "POST":
        return _perform(user, ["id", "version"], lambda sent: _put_back(user, sent))
    return _asked(questions.ask_put_back)


@described(
    get=Operation("Rename a set of features?", query={"id": TEXT}),
    post=Operation("Rename a set of features", answer=MESSAGE, form=questions.RenameForm),
)
def rename(user: Any) -> Any:
    return _rename(user) if request.method == "POST" else _asked(questions.ask_rename)


@described(
    get=Operation("Delete a set of features?", query={"id": TEXT}),
    post=Operation("Delete a set of features", answer=MESSAGE, body=_WHICH),
)
def delete(user: Any) -> Any:
    def work(sent: Mapping[str, str]) -> Any:
        name = _found(sent).name
        in_one(lambda: current_profile.features.sets.delete(sent.get("id", "")))
        _log(user, "deleted", name)
        return _done(gettext("The set “%(name)s” is deleted.", name=name))

    return _perform(user, ["id"], work) if request.method == "POST" else _asked(questions.ask_delete)


# ---- what is done


def _perform(user: Any, fields: list[str], work: Callable[[Mapping[str, str]], Any]) -> Any:
    try:
        check_origin()
        sent = read_condition(fields)
        _found(sent)
        current_profile.sessions.require_fresh(user)
        return work(sent)
    except Refused as refusal:
        return _refuse(questions.in_words(refusal))


def _save(user: Any) -> Any:
    form: Any = None
    try:
        check_origin()
        form = fill(NameForm, {})
        current_profile.sessions.require_fresh(user)
        saved = in_one(lambda: current_profile.features.sets.save(form.name.data or "", author_of(user)))
    except Refused as refusal:
        there = current_profile.features.sets.named(form.name.data) if refusal.code == "set_exists" else None
        if there is not None and not prefers_json():
            return questions.ask_replace(there, status=422)
        if refusal.status == 400 and not prefers_json():  # the page was open for too long
            return _show(refusal.message, refusal.status, _form(request.form.get("name", "")))
        return _refuse(questions.in_words(refusal), form)
    _log(user, "saved", saved.name)
    return _done(gettext("The set “%(name)s” is saved.", name=saved.name), id=saved.id)


def _rename(user: Any) -> Any:
    found, typed = None, ""
    try:
        check_origin()
        form: Any = fill(questions.RenameForm, {})
        found, typed = _found({"id": form["id"].data or ""}), form.name.data or ""
        current_profile.sessions.require_fresh(user)
        seen = form.old_name.data or None
        name = in_one(lambda: current_profile.features.sets.rename(found.id, typed, seen))
    except Refused as refusal:
        said = questions.in_words(refusal)
        if found is None or prefers_json():
            return _refuse(said)
        texts = [text for each in said.errors.values() for text in each]
        return questions.ask_rename(found, typed, texts or [said.message], said.status)
    _log(user, "renamed", found.name)
    return _done(gettext("The set is now called %(name)s.", name=name))


def _put_back(user: Any, sent: Mapping[str, str]) -> Any:
    found, sets = _found(sent), current_profile.features.sets
    try:
        changes = commit(user, lambda author: sets.put_back(found.id, author, sent.get("version")))
    except Conflict as refusal:
        current_profile.features.version()  # so that they are read again
        if sets.plan(found).changes:
            late = refusal if refusal.message else meanwhile()
            return problem_of(late) if prefers_json() else questions.ask_put_back(found, late.message, late.status)
        changes = {}  # a form that came twice is no mistake
    if changes:
        _log(user, "put back", found.name)
    said = ngettext(
        "The set “%(name)s” is put back. %(num)s change.",
        "The set “%(name)s” is put back. %(num)s changes.",
        len(changes),
        name=found.name,
    )
    return _done(said if changes else feature_page.nothing_would_change(), bool(changes), **as_json(changes))


def _done(said: str, changed: bool = True, **answer: Any) -> Any:
    if prefers_json():
        return jsonify(message=said, **answer)
    layout.remember_message(said, "success" if changed else "info")
    return redirect(url_for(ENDPOINT), 303)


def _log(user: Any, deed: str, name: str) -> None:
    key = current_profile.users.key(user)
    current_app.logger.info("MyProfile: administrator %r %s the set of features %r", key, deed, printable(name, 80))


def _found(sent: Mapping[str, str]) -> FeatureSet:
    try:
        return current_profile.features.sets.find(sent.get("id", "")[:64])
    except NotFound as error:
        raise questions.in_words(error) from error


# ---- what is shown


def _refuse(refusal: Refused, form: Any = None) -> Any:
    if prefers_json():
        return problem_of(refusal)
    if isinstance(refusal, Invalid) and form is not None:
        form.name.errors = [text for texts in refusal.errors.values() for text in texts]
        return _show(form=form, status=refusal.status)
    if isinstance(refusal, Conflict | Invalid | NotFound):
        texts = [str(text) for texts in refusal.errors.values() for text in texts]
        return _show(refusal.message or " ".join(texts), refusal.status, form)
    raise refusal


def _show(error: Any = "", status: int = 200, form: Any = None) -> Any:
    sets, plan = current_profile.features.sets.list(), current_profile.features.sets.plan
    states = current_profile.features.states()
    numbers = [len(plan(each, states).changes) for each in sets]
    if prefers_json():
        return jsonify(sets=[_as_json(each, number) for each, number in zip(sets, numbers, strict=True)])
    return layout.render(
        "myprofile/admin/feature_sets.html",
        title=gettext("Sets of features"),
        error=error,
        status=status,
        form=form or _form(),
        rows=[_row(each, number) for each, number in zip(sets, numbers, strict=True)],
        action_url=url_for(ENDPOINT),
        back_url=url_for(ADMIN_ENDPOINT),
    )


def _form(name: str = "") -> NameForm:
    return NameForm(formdata=None, data={"name": name}, meta={"csrf": False})


def _as_json(found: FeatureSet, number: int) -> dict[str, Any]:
    by, at = found.changed_by or None, iso_time(found.changed_at)
    return {"id": found.id, "name": found.name, "by": by, "at": at, "would_change": number}


def _row(found: FeatureSet, number: int) -> dict[str, Any]:
    would = ngettext("Would change %(num)s feature", "Would change %(num)s features", number)
    links = {each: url_for(f"{ENDPOINT}_{each}", id=found.id) for each in ("put_back", "rename", "replace", "delete")}
    return {
        "name": found.name,
        "by": found.changed_by or gettext("An administrator"),
        "at": as_datetime(found.changed_at),
        "state": would if number else gettext("As the features are now"),
        "url": links,
    }


def _asked(ask: Callable[[FeatureSet], Any]) -> Any:
    """The page that asks; without a set, the sets."""
    if not request.args.get("id"):
        return redirect(url_for(ENDPOINT))
    try:
        return ask(_found(request.args))
    except NotFound as refusal:
        return _refuse(refusal)
