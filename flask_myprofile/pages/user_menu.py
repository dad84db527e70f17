"""The user menu: ``{{ myprofile_user_menu() }}`` in the host's layout, and the same on the extension's pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any
from urllib.parse import urljoin
from weakref import WeakKeyDictionary

import flask_login
from flask import Flask, current_app, render_template, request, url_for
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup
from werkzeug.routing import BuildError
from werkzeug.urls import iri_to_uri

from .. import i18n
from ..auth.request_state import request_state
from ..auth.session_cookie import csrf_field
from ..errors import StoreDown
from ..globals import current_profile
from ..tab import Tab
from .assets import static_url
from .navigation import ADMIN_ENDPOINT, USERS_ENDPOINT, first_tab, tabs_that_are_on

#: Of each app, the entries that were left out and said to be.
_said: WeakKeyDictionary[Flask, set[str]] = WeakKeyDictionary()
_PICTURES = ("avatar_url", "picture_url", "photo_url")


def user_menu() -> Markup:
    """``{{ myprofile_user_menu() }}``: the user menu, for the end of the host's navigation bar; empty for visitors.

    It never breaks a page, an error page above all: without its tables it has no links, and where our pages have no
    address, because ``MYPROFILE_URL_PREFIX`` has a variable that this one does not say, there is no menu.
    """
    user = flask_login.current_user
    if not user or not user.is_authenticated:
        return Markup("")
    try:
        menu = SimpleNamespace(emit_assets=not request_state().draws_own_page, **menu_context(user, _any_tab))
    except BuildError:
        return Markup("")
    return Markup(render_template("myprofile/_user_menu.html", mp=menu, **text_functions()))  # noqa: S704 (a template of ours)


def _any_tab() -> Sequence[Tab]:
    first = first_tab()
    return [] if first is None else [first]


def text_functions() -> dict[str, Any]:
    """Names of our own: the host's layout goes on to find its own ``_`` in the same template context."""
    one, number = i18n.texts_in(i18n.locale())
    return {"mp_text": one, "mp_ntext": number}


def menu_context(user: Any, tabs: Callable[[], Sequence[Tab]] = tabs_that_are_on) -> dict[str, Any]:
    """
    :param user: None, or one who is not signed in, for a page that says no more than an error
    :param tabs: those that it has links to; the menu alone has but one, to all of them
    """
    if not user or not user.is_authenticated:
        return _for_visitor()
    try:
        is_admin, on = current_profile.is_admin(user), tabs()
    except StoreDown:
        is_admin, on = False, []
    name, email = current_profile.users.display_name(user), current_profile.users.get(user, "email")
    return {
        **_for_visitor(),
        "user": SimpleNamespace(
            name=name,
            email=None if email == name else email,
            initials=_initials(name),
            picture=_picture(user),
        ),
        "is_admin": is_admin,
        "features_url": url_for(ADMIN_ENDPOINT) if is_admin else None,
        "users_url": url_for(USERS_ENDPOINT) if is_admin else None,
        "profile_url": url_for("myprofile.index") if on else None,
        "sign_out_url": url_for("myprofile.sign_out"),
        "csrf_token": generate_csrf(),
        "host_items": partial(_host_items, user),
        "on": on,
    }


def _for_visitor() -> dict[str, Any]:
    return {
        "user": SimpleNamespace(name="", email="", initials="", picture=None),
        "menu": _current(),
        "is_admin": False,
        "features_url": None,
        "users_url": None,
        "profile_url": None,
        "sign_out_url": None,
        "csrf_field": csrf_field(),
        "csrf_token": "",
        "host_items": list,
        "nonce": _nonce(),
        "lang": i18n.language_tag(),
        "dir": i18n.direction(),
        "css": static_url("myprofile.css"),
        "js": static_url("myprofile.js"),
        "on": [],
    }


def _current() -> str | None:
    """The entry whose page is drawn; none where the host draws an error page at its address."""
    if not request_state().draws_own_page:
        return None
    if request.blueprint == "myprofile_admin":
        return {ADMIN_ENDPOINT: "features", USERS_ENDPOINT: "users"}.get(request.endpoint or "")
    return "profile" if request.blueprint == "myprofile" else None


def _host_items(user: Any) -> list[SimpleNamespace]:
    """The host's own entries of the user menu. One that leads nowhere is left out: it breaks no page."""
    items = current_profile.config.menu_items
    if not items:
        return []
    here = iri_to_uri(request.base_url)
    try:
        return [
            SimpleNamespace(label=label, url=url, current=urljoin(here, url) == here)
            for label, target in (items(user) if callable(items) else items)
            if (url := _address(target))
        ]
    except Exception:  # whatever a callable of the host's runs into
        current_app.logger.exception("MYPROFILE_MENU_ITEMS failed; the menu is shown without them")
        return []


def _address(target: str) -> str | None:
    """Of an endpoint; a URL is taken as it is, if it is one that a link of a menu can have: never a script."""
    if target.startswith(("/", "https://", "http://")):
        return target
    try:
        return url_for(target)
    except BuildError:
        _say_once(current_app._get_current_object(), target)  # type: ignore[attr-defined]
        return None


def _say_once(app: Flask, endpoint: str) -> None:
    said = _said.setdefault(app, set())
    if endpoint in said:
        return
    said.add(endpoint)
    app.logger.warning("MYPROFILE_MENU_ITEMS: %r is no endpoint that has a URL; the entry is left out", endpoint)


def _nonce() -> str | None:
    make = current_profile.config.csp_nonce
    try:
        return (make() or None) if make else None
    except Exception:  # on an error page it may not have been made yet
        current_app.logger.exception("MYPROFILE_CSP_NONCE failed; the page has no nonce")
        return None


def _initials(name: str) -> str:
    words = name.split()
    letters = [word[0] for word in (words[0], words[-1])[: len(words)]] if words else []
    return "".join(letters).upper()


def _picture(user: Any) -> str | None:
    """Only an address that a picture can have: never a script."""
    for field in _PICTURES:
        address = current_profile.users.get(user, field)
        if isinstance(address, str) and address.startswith(("https://", "http://", "/")):
            return address
    return None
