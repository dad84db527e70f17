"""Carrying out an action of a tab: the form, the rules, the commit, and the answer as HTML or JSON."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from flask import Response, current_app, jsonify, redirect, request
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from wtforms import Form

from ..account.host_code import HostFailed
from ..auth.request_state import request_state
from ..errors import Conflict, Invalid, NotFound, ReauthRequired, Refused, StoreDown
from ..globals import current_profile
from ..i18n import gettext
from ..responses import RETRY_AFTER, prefers_json, problem
from ..store.database_errors import is_clash
from ..tab import Action, Done, Tab
from ..transactions import unit_of_work
from . import layout, not_me, uploads
from .csrf import check_origin
from .forms import each_field, fill, read_condition
from .navigation import url_of
from .only_changed import VersionedForm
from .questions import ask
from .refusals import lost_race, of_the_host, problem_of, refused
from .signed_out import say_elsewhere

#: What the code of a host or of a tab raises for its own mistakes: to come back later helps nobody.
_FAULTS = (ArithmeticError, AssertionError, AttributeError, LookupError, NameError, NotImplementedError, TypeError)


def show(
    user: Any, tab: Tab, form: Form | None = None, error: Any = "", status: int = 200, refused: Form | None = None
) -> Any:
    """The tab's page, with what was typed if it has to be corrected.

    :param refused: a form of another action, whose fields say what is wrong where the page has it as well
    """
    main = tab.actions.get(tab.main)
    if form is None and main is not None and (form_class := main.form_class(tab, user)):
        form = form_class(formdata=None, data=tab.values(user), meta={"csrf": False})
    template = current_app.jinja_env.select_template([tab.template, "myprofile/tabs/_form.html"])
    context = {**_urls(tab), **tab.context(user)}
    if refused is not None and not any(each is refused for each in context.values()):
        error = error or " ".join(str(text) for field in each_field(refused) for text in field.errors)
        refused = None
    return layout.render(
        template,  # type: ignore[arg-type]
        title=tab.label,
        tab=tab,
        form=form,
        beside=refused,
        error=error,
        status=status,
        **context,
    )


def _urls(tab: Tab) -> dict[str, str]:
    """Of its actions, for its templates."""
    return {f"{a.name}_url": f"{url_of(tab)}/{a.slug}" for a in tab.actions.values() if a.name != "save"}


def perform(user: Any, tab: Tab, action: Action) -> Any:
    """Carry out an action as one unit of work: all of it and its commit, or nothing."""
    if action.max_body is None:
        return _perform(user, tab, action)
    uploads.allow(action.max_body)
    try:
        return _perform(user, tab, action)
    except RequestEntityTooLarge:
        uploads.let_it_come(request.max_content_length or 0)
        return _correct(user, tab, action, None, uploads.too_large())


def _perform(user: Any, tab: Tab, action: Action) -> Any:
    form_class = action.form_class(tab, user)
    form = request_state().typed = _typed(form_class) if form_class else None
    try:
        check_origin()
        tab.check(user, action)
        _check_complete()
        if form_class is not None:
            form = fill(form_class, tab.values(user) if action.name == "save" else {})
            if not form.validate():
                raise Invalid({})
        arguments, condition = ([], read_condition(action.condition)) if form is None else ([form], {})
        if action.fresh:
            current_profile.sessions.require_fresh(user)
        with unit_of_work(current_profile.db.session):
            done = action.function(tab, user, *arguments, **condition)
    except (Refused, HostFailed, DBAPIError, StaleDataError, StoreDown) as error:
        refusal = _as_refusal(error)
        if refusal is None:
            raise
        return _correct(user, tab, action, form, refusal)
    except (HTTPException, SQLAlchemyError, ReauthRequired):
        raise
    except Exception as error:
        return _failed(user, tab, form if action.name == "save" else None, error)
    return _answer(tab, action, done if isinstance(done, Done) else Done(done))


def _check_complete() -> None:
    """A form that has waited says less than it did where something in it is never kept."""
    resumed = request_state().resumed
    if resumed is not None and resumed.left_out:
        raise Invalid(
            dict.fromkeys(resumed.left_out, gettext("Enter this again: it is not kept while you confirm who you are"))
        )


def _as_refusal(error: Exception) -> Refused | None:
    """What the sender can correct, or send again, or whose mistake it is; None where nobody knows."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, HostFailed):
        return of_the_host(error)
    if isinstance(error, IntegrityError):
        return Conflict(gettext("This clashes with what is stored already."))
    if isinstance(error, DataError):
        return Invalid({}, gettext("The database does not take one of these values."))
    if isinstance(error, StaleDataError) or is_clash(error):
        return lost_race()
    return None


def _typed(form_class: type[Form]) -> Form | None:
    """The form as it was typed, unchecked: to be shown again whatever is wrong with the request."""
    return form_class(formdata=request.form, meta={"csrf": False}) if not request.is_json and request.form else None


def _beside_values(user: Any, tab: Tab, form: Form | None) -> Form | None:
    """A form that is compared with the tab's data has to be so where it was refused before that, too."""
    if isinstance(form, VersionedForm) and form is request_state().typed:
        return type(form)(formdata=request.form, data=tab.values(user), meta={"csrf": False})
    return form


def _correct(user: Any, tab: Tab, action: Action, form: Form | None, refusal: Refused) -> Any:
    """Say what to correct: beside the fields, or as JSON."""
    form = _beside_values(user, tab, form)
    fields = list(each_field(form or ()))
    errors: dict[str, list[object]] = {field.name: list(field.errors) for field in fields if field.errors}
    errors |= refusal.errors
    if prefers_json():
        return problem_of(refusal, errors)
    if isinstance(refusal, NotFound) and not refusal.message:
        return refused(refusal)
    for field in fields:
        field.errors = [str(text) for text in errors.pop(field.name, [])]
    error = refusal.message or " ".join(str(text) for texts in errors.values() for text in texts)
    page_, status = _page(user, tab, action, form, error, refusal.status)
    return page_, status, refusal.headers


def _page(user: Any, tab: Tab, action: Action, form: Form | None, error: Any, status: int) -> Any:
    """Where the form of the action is: on a page of its own, unless there is nothing any more that it could ask about;
    else on the tab's."""
    if action.name != tab.main and form is not None and action.form is not None and action.confirm is not None:
        with suppress(Refused):
            return ask(user, tab, action, action.confirm, form, error, status)
    if action.name == tab.main:
        return show(user, tab, form, error=error, status=status)
    typed, wrong = request_state().typed or form, {field.name: field.errors for field in each_field(form or ())}
    for field in each_field(typed or ()):  # as it was typed, which checks may have written otherwise
        field.errors = wrong.get(field.name, [])
    return show(user, tab, error=error, status=status, refused=typed)


def _failed(user: Any, tab: Tab, form: Form | None, error: Exception) -> Any:
    """The host's or a tab's own code raised: nothing was saved, nobody was signed out, and what was typed is kept."""
    if current_app.debug:
        raise error
    current_app.logger.exception("MyProfile: the %s tab failed; nothing was saved", tab.name, exc_info=error)
    if isinstance(error, _FAULTS):
        status, headers = 500, {}
        sentence = gettext("This application has made a mistake. Nothing was changed. Tell your administrator.")
    else:
        status, headers = 503, {"Retry-After": str(RETRY_AFTER)}
        sentence = gettext("Your changes could not be saved. Nothing was changed. Try again later.")
    if prefers_json():
        return problem(status, "not_saved", sentence, headers=headers)
    return show(user, tab, form, error=sentence, status=status)


def _answer(tab: Tab, action: Action, done: Done) -> Any:
    if prefers_json():
        return jsonify(done.data if done.data is not None else {"message": str(done.message)})
    if done.filename:
        return _file(done)
    if done.template:
        said = (done.kind, done.message) if done.message else None
        return layout.render(done.template, title=tab.label, tab=tab, message=said, **{**_urls(tab), **done.context})
    if done.redirect:
        if done.message:
            say_elsewhere(done.message)
        return redirect(done.redirect, 303)
    layout.remember_message(done.message, done.kind)
    return redirect(not_me.onward(tab, action) or url_of(tab), 303)


def _file(done: Done) -> Response:
    """Indented, because somebody may want to read it."""
    text = current_app.json.dumps(done.data, indent=2, ensure_ascii=False)
    response = current_app.response_class(f"{text}\n", mimetype="application/json")
    response.headers.set("Content-Disposition", "attachment", filename=done.filename)
    return response
