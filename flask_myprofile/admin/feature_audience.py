"""Whom one feature is on for: the page of Feature Management that says and changes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import jsonify, redirect, request, url_for
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, SelectField, StringField, TextAreaField

from ..account.feature_rules import State
from ..audiences import LOCAL, SSO, Audience, IllFormed, Rule, data_of, rule_of
from ..errors import Conflict, Forbidden, Invalid, NotFound, Refused
from ..globals import current_profile
from ..i18n import as_datetime, gettext, lazy_gettext, reader_zone, zone_name
from ..openapi.operation import Operation, described
from ..openapi.schemas import TEXT, record
from ..pages import layout
from ..pages.csrf import check_origin
from ..pages.forms import fill, sent_fields, wrong_with
from ..pages.navigation import ADMIN_ENDPOINT
from ..pages.pending_form import Purpose
from ..pages.refusals import problem_of
from ..responses import prefers_json
from . import feature_page, features
from .audience_words import mistake_in_words
from .feature_changes import CHANGED
from .feature_form import BACK, CONFIRMED, Sent, feature_names
from .feature_page import AUDIENCE_ENDPOINT

SAVE = Purpose(
    lambda: gettext("Feature Management"),
    lambda sent: url_for(ADMIN_ENDPOINT),
    deed=lazy_gettext("save the feature settings"),
    for_admin=True,
)


_USERS: Any = ["", LOCAL, SSO]


class AudienceForm(FlaskForm):
    on = BooleanField(lazy_gettext("On"))
    # the words for them stand beside them in the template
    users = SelectField(lazy_gettext("Users"), choices=_USERS, validate_choice=False)
    roles = TextAreaField(
        lazy_gettext("Roles"),
        description=lazy_gettext(
            "One on each line. Who has one of them has the feature. Empty: whatever roles they have."
        ),
        render_kw={"rows": 3, "autocapitalize": "off", "spellcheck": "false"},
    )
    share = StringField(
        lazy_gettext("Percent of people"),
        description=lazy_gettext("Whoever has it at 10 has it at 20 as well. Empty: all of them."),
        render_kw={"inputmode": "decimal", "autocomplete": "off"},
    )
    since = StringField(lazy_gettext("From"), render_kw={"type": "datetime-local", "step": "any"})
    until = StringField(lazy_gettext("Until"), render_kw={"type": "datetime-local", "step": "any"})
    feature = HiddenField()
    version = HiddenField()
    confirmed = HiddenField(name=CONFIRMED)
    back = HiddenField(name=BACK)


_RULE: Any = {"type": ["boolean", "object"]}


@described(
    get=Operation(
        "Whom a feature is on for",
        answer=record(feature=TEXT, rule=_RULE, default=_RULE, version=TEXT),
        query={"feature": TEXT},
    ),
    post=Operation("Choose whom a feature is on for", answer=CHANGED, form=AudienceForm, needs_all=False),
)
def view(user: Any) -> Any:
    """The page, what was saved on it, and why not."""
    if request.method == "POST":
        return _save(user)
    if not request.args.get("feature"):
        return redirect(url_for(ADMIN_ENDPOINT))
    name = _named(request.args["feature"])
    version = current_profile.features.version()  # before what has it
    state = current_profile.features.state(name)
    if prefers_json():
        return jsonify(feature=name, rule=data_of(state.rule), default=data_of(state.default_rule), version=version)
    if state.locked:
        return redirect(url_for(ADMIN_ENDPOINT))
    return _show(name, _form_of(name, state, version))


def _named(name: str) -> str:
    """:raises NotFound: there is no such feature."""
    if name not in feature_names():
        raise NotFound(gettext("There is no such feature"), code="no_such_feature")
    return name


def _save(user: Any) -> Any:
    try:
        check_origin()
    except Forbidden:
        raise
    except Refused as refusal:
        if prefers_json():
            raise
        return _show_again(refusal)
    name = _sent_name()
    state = current_profile.features.state(name)
    form: Any = None
    try:
        form = fill(AudienceForm, _values(name, state))
        if form.back.data:
            layout.remember_message(gettext("Nothing was saved yet."), "info")
            return _show(name, form)
        sent = Sent({name: _rule(form, state)}, form.version.data or None)
        asked = {} if prefers_json() or name in (form.confirmed.data or "").split() else _asked(sent)
        if asked:
            features.check_version(sent)
            return _ask(form, sent, asked)
        current_profile.sessions.require_fresh(user)
        changes = features.save(user, sent)
    except Refused as refusal:
        return _refuse(refusal, name, form)
    return features.answer(changes, len(changes))


def _show_again(refusal: Refused) -> Any:
    """What was typed on a page that was open too long, to be sent once more, for the version that it was about."""
    name = _sent_name()
    form = fill(AudienceForm, _values(name, current_profile.features.state(name)))
    return _show(name, form, refusal.message, refusal.status)


def _sent_name() -> str:
    """:raises Refused: it cannot be read, or there is no such feature."""
    values = sent_fields().get("feature", [])
    if wrong := wrong_with(values):
        raise Invalid({"feature": wrong})
    return _named(values[0])


def _asked(sent: Sent) -> Mapping[str, Any]:
    return feature_page.asked_about(sent.values)


def _ask(form: Any, sent: Sent, asked: Mapping[str, Any]) -> Any:
    fields = {each.name: each.data or "" for each in form if each.name not in ("csrf_token", CONFIRMED, BACK, "on")}
    fields |= {"on": "y"} if form.on.data else {}
    return feature_page.ask_about_features(
        [*feature_page.warnings(asked), gettext("This concerns those whom it is not on for any more.")],
        {**fields, CONFIRMED: " ".join(asked)},
        url_for(AUDIENCE_ENDPOINT),
    )


def _refuse(refusal: Refused, name: str, form: Any) -> Any:
    if prefers_json() or isinstance(refusal, Forbidden):
        return problem_of(refusal)
    form = form if form is not None else _form_of(name, current_profile.features.state(name), "")
    for field, texts in refusal.errors.items():
        if field in form:
            form[field].errors = [str(text) for text in (texts if isinstance(texts, list | tuple) else [texts])]
    if isinstance(refusal, Conflict):  # what is sent next is about what is there now
        form.version.data = current_profile.features.version()
    return _show(name, form, refusal.message, refusal.status)


# ---- the form


def _form_of(name: str, state: State, version: str) -> AudienceForm:
    return AudienceForm(formdata=None, data={**_values(name, state), "version": version}, meta={"csrf": False})


def _values(name: str, state: State) -> dict[str, Any]:
    audience = state.rule.audience or Audience()
    return {
        "on": state.rule.on,
        "users": audience.users or "",
        "roles": "\n".join(audience.roles),
        "share": "" if audience.share is None else f"{audience.share:g}",
        "since": _local(audience.since),
        "until": _local(audience.until),
        "feature": name,
    }


def _local(moment: int | None) -> str:
    """As the browser's own field for it has it, in the reader's zone."""
    when = as_datetime(moment)
    if when is None:
        return ""
    local = when.astimezone(reader_zone()).replace(tzinfo=None)
    return local.isoformat(timespec="seconds" if local.second else "minutes")


def _rule(form: Any, state: State) -> Rule:
    """What was typed.

    :raises Invalid: with what is wrong, at its field.
    """
    present, errors = state.rule.audience or Audience(), {}
    whom: dict[str, Any] = {"users": form.users.data or None}
    roles = [line.strip() for line in (form.roles.data or "").splitlines() if line.strip()]
    whom["roles"] = roles or None
    if roles and current_profile.config.roles is None:
        errors["roles"] = mistake_in_words("no_roles")
    for field, key, before in (("since", "from", present.since), ("until", "until", present.until)):
        try:
            whom[key] = _moment((form[field].data or "").strip(), before)
        except ValueError:
            errors[field] = gettext("Enter a day and a time, such as 2026-12-01T09:00")
    try:
        whom["share"] = _number((form.share.data or "").strip())
        rule = rule_of({"on": bool(form.on.data), "for": whom})
    except ValueError as error:
        mistakes = error.mistakes if isinstance(error, IllFormed) else (("share", ""),)
        at = {"from": "since", "order": "until"}
        errors |= {at.get(code, code): mistake_in_words(code, about) for code, about in mistakes}
    if errors:
        raise Invalid(errors)
    return rule


def _moment(typed: str, before: int | None) -> datetime | None:
    """In the reader's zone. What is there already stays the same moment, also in the hour that clocks show twice."""
    if not typed:
        return None
    if before is not None and typed == _local(before):
        return as_datetime(before)
    found = datetime.fromisoformat(typed)
    return found if found.tzinfo is not None else found.replace(tzinfo=reader_zone())


def _number(typed: str) -> float | None:
    return float(typed.removesuffix("%").strip().replace(",", ".")) if typed else None


# ---- the page


def _show(name: str, form: Any, error: Any = "", status: int = 200) -> Any:
    label, zone = feature_page.labels()[name], zone_name(datetime.now(reader_zone()))
    for field in (form.since, form.until):
        field.description = gettext("In your time zone: %(zone)s. Empty: no limit.", zone=zone)
    return layout.render(
        "myprofile/admin/feature_audience.html",
        title=gettext("Whom it is on for: %(feature)s", feature=label),
        error=error,
        status=status,
        form=form,
        users=[
            ("", gettext("All users"), None),
            (LOCAL, gettext("Users with a password here"), None),
            (SSO, gettext("Users of Single Sign On"), None),
        ],
        has_roles=current_profile.config.roles is not None,
        action_url=url_for(AUDIENCE_ENDPOINT),
        back_url=url_for(ADMIN_ENDPOINT),
    )
