"""The My Profile blueprint: a page a tab, a POST an action."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from flask import Blueprint, jsonify, redirect, request
from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader
from werkzeug.exceptions import MethodNotAllowed

from ..account.feature_rules import ROOT
from ..errors import NotFound
from ..globals import PACKAGE, current_profile
from ..i18n import gettext
from ..openapi import view as openapi
from ..openapi.operation import Operation, described
from ..openapi.schemas import MESSAGE, TEXT
from ..responses import no_store, prefers_json
from ..tab import Action, Tab
from . import avatar, not_me_page, one_time_link, recent_sign_in
from .access import guarded
from .actions import perform, show
from .assets import PagesBlueprint
from .csrf import check_origin
from .forms import read_condition
from .navigation import first_tab, url_of
from .pending_form import Purpose
from .questions import ask, form_to_ask, shown_as_json
from .sign_out import sign_out
from .signed_out import say_elsewhere

_SIGNED_OUT = {**MESSAGE, "properties": {"message": TEXT, "end_session_url": {**TEXT, "format": "uri"}}}


def blueprint(prefix: str, tabs: Iterable[Tab], *, with_links: bool = False, with_pictures: bool = False) -> Blueprint:
    """The routes of these tabs. ``with_links``: mails have links, and so there is a page for them. ``with_pictures``:
    users may have one."""
    pages = PagesBlueprint(
        "myprofile",
        PACKAGE,
        url_prefix=prefix,
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )
    # the packaged pages under a second name, so that a host's page of the same name can extend the one it replaces
    packaged = FileSystemLoader(Path(__file__).parent.parent / "templates" / "myprofile")
    loaders = [pages.jinja_loader, PrefixLoader({"myprofile-original": packaged})]
    pages.jinja_loader = ChoiceLoader([loader for loader in loaders if loader])
    pages.after_request(no_store)
    pages.add_url_rule("/", "index", guarded(_index), strict_slashes=False)
    pages.add_url_rule("/sign-out", "sign_out", guarded(_sign_out), methods=["POST"])
    pages.add_url_rule("/confirm", "confirm", guarded(recent_sign_in.view), methods=["GET", "POST"])
    pages.add_url_rule("/openapi.json", "openapi", guarded(openapi.view))
    pages.add_url_rule("/sessions/not-me", "sessions_not_me", guarded(not_me_page.view))
    if with_links:
        view = guarded(one_time_link.view, lets_visitors_in=True)
        pages.add_url_rule("/mail-link", "mail_link", view, methods=["GET", "POST"])
    if with_pictures:
        view = guarded(avatar.view, lets_visitors_in=True)
        pages.add_url_rule("/personal-information/picture", "personal_information_picture", view)
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
        if not current_profile.features[tab.name]:
            raise NotFound(_turned_off(tab), code="feature_off")
        if not tab.is_offered(user):
            raise NotFound(code="feature_off")
        return function(user, current_profile.tabs[tab.name], action)

    if action is None:
        return guarded(view)
    words, deed = partial(_words, tab, action), "" if action.purpose is None else action.purpose
    purpose = Purpose(words, lambda sent: url_of(tab), deed=deed, waits=not action.file)
    # its words are those of the request that makes it; what a class of other actions takes is filled in by templates,
    # such as the id of a session, and is nothing that somebody has typed
    is_typed = action.name == "save" or not (action.form is None or isinstance(action.form, type))
    return guarded(view, purpose._replace(form=partial(action.form_class, tab)) if is_typed else purpose)


def _turned_off(tab: Tab) -> str:
    """With its title, unless that is one of the host's which not everybody has: it is not asked while it is off."""
    ours, of_everybody = type(tab).__module__.startswith(f"{PACKAGE}."), type(tab).is_offered is Tab.is_offered
    return gettext("“%(tab)s” has been turned off.", tab=tab.label) if ours or of_everybody else ""


def _words(tab: Tab, action: Action) -> Any:
    """What the action is called."""
    if action.label:
        return action.label
    if action.confirm is not None:
        return action.confirm.title
    return next((part.label for part in tab.all_parts() if part.name == action.feature), tab.label)


@described(get=Operation("The first tab that is on", page=False, feature=ROOT, is_there=lambda user: bool(first_tab())))
def _index(user: Any) -> Any:
    """The first tab that is on."""
    first = first_tab()
    if first is None:
        raise NotFound(code="feature_off")
    return redirect(url_of(first))


@described(post=Operation("Sign out of this session", answer=_SIGNED_OUT, page=False))
def _sign_out(user: Any) -> Any:
    check_origin(signs_out=True)
    read_condition([])
    done = sign_out()
    if prefers_json():
        return jsonify(done.data)
    if done.message:
        say_elsewhere(done.message)
    return redirect(str(done.redirect), 303)


def _tab(user: Any, tab: Tab, save: Action | None) -> Any:
    if request.method == "POST":
        if save is None:
            raise MethodNotAllowed(["GET", "HEAD", "OPTIONS"])
        return perform(user, tab, save)
    if prefers_json():
        values = tab.values(user)
        answer, version = jsonify(tab.json(user, values)), tab.version(user, values)
        if version is not None:
            answer.set_etag(version)
        return answer
    return show(user, tab)


def _action(user: Any, tab: Tab, action: Action | None) -> Any:
    assert action is not None
    if action.feature:
        current_profile.features.require(f"{tab.name}.{action.feature}")
    if request.method == "POST":
        return perform(user, tab, action)
    tab.check(user, action)
    if action.confirm is None:
        return redirect(url_of(tab))
    form = form_to_ask(user, tab, action)
    if prefers_json() and action.form is not None and form is not None:
        return shown_as_json(form)
    return ask(user, tab, action, action.confirm, form)
