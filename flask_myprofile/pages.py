"""The My Profile blueprint: a page a tab, a POST an action, each answered as HTML or JSON by the same function."""

from __future__ import annotations

from collections.abc import Iterable
from inspect import isroutine
from pathlib import Path
from typing import Any

from flask import Blueprint, current_app, flash, jsonify, redirect, request
from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from wtforms import Form

from . import page, reauth
from .door import check_origin, fill, guarded, private, problem_of, refused
from .end_session import sign_out
from .errors import Conflict, Invalid, NotFound, ReauthRequired, Refused, StoreDown
from .globals import current_profile
from .i18n import gettext
from .signals import unit_of_work
from .tab import Action, Done, Tab
from .wire import RETRY_AFTER, prefers_json, problem


def blueprint(prefix: str, tabs: Iterable[Tab]) -> Blueprint:
    """The routes of these tabs."""
    pages = page.PagesBlueprint(
        "myprofile",
        __package__ or "",
        url_prefix=prefix,
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )
    # the packaged pages under a second name, so that a host's page of the same name can extend the one it replaces
    packaged = FileSystemLoader(Path(__file__).parent / "templates" / "myprofile")
    loaders = [pages.jinja_loader, PrefixLoader({"myprofile-original": packaged})]
    pages.jinja_loader = ChoiceLoader([loader for loader in loaders if loader])
    pages.after_request(private)
    pages.add_url_rule("/", "index", guarded(_index), strict_slashes=False)
    pages.add_url_rule("/sign-out", "sign_out", guarded(_sign_out), methods=["POST"])
    pages.add_url_rule("/confirm", "confirm", guarded(reauth.view), methods=["GET", "POST"])
    for tab in tabs:
        save = tab.actions.get("save")
        pages.add_url_rule(f"/{tab.slug}", tab.name, _view(_tab, tab, save), methods=["GET", "POST"])
        for action in tab.actions.values():
            if action is not save:
                pages.add_url_rule(
                    f"/{tab.slug}/{action.slug}",
                    f"{tab.name}_{action.name}",
                    _view(_action, tab, action),
                    methods=["GET", "POST"],
                )
    return pages


def _view(function: Any, tab: Tab, action: Action | None) -> Any:
    def view(user: Any) -> Any:
        current_profile.features.require(tab.name)
        return function(user, current_profile.tabs[tab.name], action)

    return guarded(view)


def _index(user: Any) -> Any:
    """The first tab that is on."""
    tabs = page.tabs_that_are_on()
    if not tabs:
        raise NotFound(code="feature_off")
    return redirect(page.url_of(tabs[0]))


def _sign_out(user: Any) -> Any:
    check_origin()
    done = sign_out()
    if prefers_json():
        return jsonify(done.data)
    flash(str(done.message))
    return redirect(str(done.redirect), 303)


def _tab(user: Any, tab: Tab, save: Action | None) -> Any:
    if request.method == "POST":
        if save is None:
            raise MethodNotAllowed(["GET", "HEAD", "OPTIONS"])
        return _perform(user, tab, save)
    if prefers_json():
        return jsonify(tab.values(user))
    return _show(user, tab)


def _action(user: Any, tab: Tab, action: Action | None) -> Any:
    assert action is not None
    if action.feature:
        current_profile.features.require(f"{tab.name}.{action.feature}")
    if request.method == "POST":
        return _perform(user, tab, action)
    if action.confirm is None:
        return redirect(page.url_of(tab))
    return page.render(
        "myprofile/confirm.html", title=action.confirm.title, tab=tab, confirm=_question(user, tab, action)
    )


def _show(user: Any, tab: Tab, form: Form | None = None, error: Any = "", status: int = 200) -> Any:
    """The tab's page, with what was typed if it has to be corrected."""
    save = tab.actions.get("save")
    if form is None and save is not None and (form_class := save.form_class(tab, user)):
        form = form_class(formdata=None, data=tab.values(user), meta={"csrf": False})
    urls = {f"{a.name}_url": f"{page.url_of(tab)}/{a.slug}" for a in tab.actions.values() if a is not save}
    template = current_app.jinja_env.select_template([tab.template, "myprofile/tabs/_form.html"])
    context = {**urls, **tab.context(user)}
    return page.render(template, title=tab.label, tab=tab, form=form, error=error, status=status, **context)  # type: ignore[arg-type]


def _question(user: Any, tab: Tab, action: Action) -> dict[str, Any]:
    confirm = action.confirm
    assert confirm is not None
    # a lazy text is callable as well
    texts = confirm.text(tab, user) if isroutine(confirm.text) else [confirm.text]
    return {
        "title": confirm.title,
        "texts": texts,
        "yes": confirm.yes,
        "no": confirm.no,
        "danger": True,
        "action_url": f"{page.url_of(tab)}/{action.slug}",
        "back_url": page.url_of(tab),
        "fields": confirm.fields(tab, user) if confirm.fields else {},
    }


def _perform(user: Any, tab: Tab, action: Action) -> Any:
    """Carry out an action as one unit of work: all of it and its commit, or nothing."""
    form_class = action.form_class(tab, user)
    form = _typed(form_class) if form_class else None
    try:
        check_origin()
        tab.check(user, action)
        if form_class is not None:
            form = fill(form_class, tab.values(user) if action.name == "save" else {})
            if not form.validate():
                raise Invalid({})
        if action.fresh:
            current_profile.sessions.require_fresh(user)
        with unit_of_work(current_profile.db.session):
            done = action.function(tab, user, *([form] if form is not None else []))
    except (Refused, IntegrityError, DataError) as error:
        return _correct(user, tab, action, form, _as_refusal(error))
    except (HTTPException, SQLAlchemyError, StoreDown, ReauthRequired):
        raise
    except Exception as error:
        return _failed(user, tab, form, error)
    return _answer(tab, done if isinstance(done, Done) else Done(done))


def _as_refusal(error: Exception) -> Refused:
    if isinstance(error, Refused):
        return error
    if isinstance(error, IntegrityError):
        return Conflict(gettext("This clashes with what is stored already."))
    return Invalid({}, gettext("The database does not take one of these values."))


def _typed(form_class: type[Form]) -> Form | None:
    """The form as it was typed, unchecked: to be shown again whatever is wrong with the request."""
    return form_class(formdata=request.form, meta={"csrf": False}) if not request.is_json and request.form else None


def _correct(user: Any, tab: Tab, action: Action, form: Form | None, refusal: Refused) -> Any:
    """Say what to correct: beside the fields, or as JSON."""
    errors: dict[str, list[object]] = {field.name: list(field.errors) for field in form or () if field.errors}
    errors |= refusal.errors
    if prefers_json():
        return problem_of(refusal, errors)
    if isinstance(refusal, NotFound) and not refusal.message:
        return refused(refusal)
    own_form = form if action.name == "save" else None  # the tab's page has no fields of other actions
    left = [text for name, texts in errors.items() if own_form is None or name not in own_form for text in texts]
    for field in form or ():
        field.errors = [str(text) for text in errors.get(field.name, [])]
    page_, status = _show(user, tab, own_form, error=refusal.message or " ".join(map(str, left)), status=refusal.status)
    return page_, status, refusal.headers


def _failed(user: Any, tab: Tab, form: Form | None, error: Exception) -> Any:
    """The host's or a tab's own code raised: nothing was saved, nobody was signed out, and what was typed is kept."""
    if current_app.debug:
        raise error
    current_app.logger.exception("MyProfile: the %s tab failed; nothing was saved", tab.name, exc_info=error)
    sentence = gettext("Your changes could not be saved. Nothing was changed. Try again later.")
    if prefers_json():
        return problem(503, "not_saved", sentence, headers={"Retry-After": str(RETRY_AFTER)})
    return _show(user, tab, form, error=sentence, status=503)


def _answer(tab: Tab, done: Done) -> Any:
    if prefers_json():
        return jsonify(done.data if done.data is not None else {"message": str(done.message)})
    if done.template:
        return page.render(done.template, title=tab.label, tab=tab, **done.context)
    if done.redirect:
        flash(str(done.message))
        return redirect(done.redirect, 303)
    page.remember_message(done.message)
    return redirect(page.url_of(tab), 303)
