"""The My Profile blueprint: a page a tab, a POST an action. What is on them is in :mod:`.views`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from flask import Blueprint
from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader

from .. import pages
from ..errors import NotFound
from ..globals import PACKAGE, current_profile
from ..i18n import gettext
from ..openapi.operation import described_by
from ..responses import no_store
from ..tab import Action, Tab
from .access import guarded
from .assets import PagesBlueprint
from .navigation import url_of
from .pending_form import Purpose


def blueprint(prefix: str, tabs: Iterable[Tab], *, with_links: bool = False, with_pictures: bool = False) -> Blueprint:
    """The routes of these tabs. ``with_links``: mails have links, and so there is a page for them. ``with_pictures``:
    users may have one."""
    own = PagesBlueprint(
        "myprofile",
        PACKAGE,
        url_prefix=prefix,
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )
    # the packaged pages under a second name, so that a host's page of the same name can extend the one it replaces
    packaged = FileSystemLoader(Path(__file__).parent.parent / "templates" / "myprofile")
    loaders = [own.jinja_loader, PrefixLoader({"myprofile-original": packaged})]
    own.jinja_loader = ChoiceLoader([loader for loader in loaders if loader])
    own.after_request(no_store)
    own.add_url_rule("/", "index", guarded(view_of("index")), strict_slashes=False)
    own.add_url_rule("/sign-out", "sign_out", guarded(view_of("sign_out")), methods=["POST"])
    own.add_url_rule("/confirm", "confirm", guarded(view_of("confirm")), methods=["GET", "POST"])
    own.add_url_rule("/openapi.json", "openapi", guarded(view_of("openapi")))
    own.add_url_rule("/sessions/not-me", "sessions_not_me", guarded(view_of("sessions_not_me")))
    if with_links:
        view = guarded(view_of("mail_link"), lets_visitors_in=True)
        own.add_url_rule("/mail-link", "mail_link", view, methods=["GET", "POST"])
    if with_pictures:
        view = guarded(view_of("personal_information_picture"), lets_visitors_in=True)
        own.add_url_rule("/personal-information/picture", "personal_information_picture", view)
    for tab in tabs:
        save = tab.actions.get("save")
        own.add_url_rule(f"/{tab.slug}", tab.name, _view(_tab, tab, save), methods=["GET", "POST"])
        for action in tab.actions.values():
            if action is not save:
                own.add_url_rule(
                    f"/{tab.slug}/{action.slug}",
                    f"{tab.name}_{action.name}",
                    _view(_action, tab, action),
                    methods=["GET", "POST"],
                )
    return own


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


def view_of(endpoint: str) -> Callable[..., Any]:
    """The view of a page that is no tab's."""

    @described_by(lambda: pages.views.VIEWS[endpoint])
    def view(*user: Any) -> Any:
        return pages.views.VIEWS[endpoint](*user)

    return view


def _tab(user: Any, tab: Tab, save: Action | None) -> Any:
    return pages.views.tab(user, tab, save)


def _action(user: Any, tab: Tab, action: Action | None) -> Any:
    return pages.views.action(user, tab, action)
