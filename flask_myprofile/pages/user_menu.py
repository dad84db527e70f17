"""The user menu: ``{{ myprofile_user_menu() }}`` in the host's layout, and the same on the extension's pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any
from urllib.parse import urljoin
from weakref import WeakKeyDictionary

import flask_login
from flask import Flask, current_app, render_template, request, url_for
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup, escape
from werkzeug.routing import BuildError
from werkzeug.urls import iri_to_uri

from .. import i18n
from ..account.users import Users
from ..auth.request_state import request_state
from ..auth.session_cookie import csrf_field
from ..config import Config
from ..errors import StoreDown
from ..globals import current_profile, profile_of_app
from ..tab import Tab
from . import avatar
from .assets import static_url
from .feature_preview import NO_TOKEN, about_preview
from .kept_menu import TEMPLATE, draw, mark
from .navigation import ADMIN_ENDPOINT, USERS_ENDPOINT, first_tab, tabs_that_are_on
from .own_urls import own_url, place

#: Of each app, the entries that were left out and said to be.
_said: WeakKeyDictionary[Flask, set[str]] = WeakKeyDictionary()
_PICTURES = ("avatar_url", "picture_url", "photo_url")


def user_menu() -> Markup:
    """``{{ myprofile_user_menu() }}``: the user menu, for the end of the host's navigation bar; empty for visitors.

    It never breaks a page, an error page above all: without its tables it has no links, and where our pages have no
    address, because ``MYPROFILE_URL_PREFIX`` has a variable that this one does not say, there is no menu.
    """
    user = flask_login.current_user._get_current_object()
    if not user or not user.is_authenticated:
        return Markup("")
    try:
        return _drawn(user)
    except BuildError:
        return Markup("")


def _drawn(user: Any) -> Markup:
    profile, emit_assets = profile_of_app(), not request_state().draws_own_page
    try:
        is_admin, has_tabs, preview = profile.is_admin(user), first_tab() is not None, about_preview()
    except StoreDown:
        is_admin, has_tabs, preview = False, False, None
    person, items = _person(profile.users, user), _host_items(profile.config, user)
    named = preview and preview.name
    values = {**person, "nonce": _nonce(profile.config), "token": generate_csrf(), "previewed": named}

    def context(its: Mapping[str, Any]) -> dict[str, Any]:
        profile.preferences.come_along()  # of whoever has this menu on their next page
        about = _about(is_admin, has_tabs)
        about |= {"user": SimpleNamespace(**{name: its[name] for name in person}), "nonce": its["nonce"]}
        about["preview"] = preview and SimpleNamespace(name=its["previewed"], end_url=preview.end_url)
        menu = SimpleNamespace(emit_assets=emit_assets, host_items=lambda: items, csrf_token=its["token"], **about)
        return {"mp": menu, **text_functions()}

    return _of_parts(values, items, (emit_assets, _current(), is_admin, has_tabs), context)


def own_menu(mp: SimpleNamespace) -> Markup:
    """The same in the layout of ours.

    :param mp: what a page of ours has, see :func:`menu_context`.
    """
    person, preview, items = vars(mp.user), mp.preview, mp.host_items()
    values = {**person, "nonce": mp.nonce, "token": mp.csrf_token, "previewed": preview and preview.name}

    def context(its: Mapping[str, Any]) -> dict[str, Any]:
        about = {"user": SimpleNamespace(**{name: its[name] for name in person}), "nonce": its["nonce"]}
        about["preview"] = preview and SimpleNamespace(name=its["previewed"], end_url=preview.end_url)
        about |= {"csrf_token": its["token"], "host_items": lambda: items}
        return {"mp": SimpleNamespace(**{**vars(mp), **about}), **text_functions()}

    return _of_parts(values, items, (mp.emit_assets, mp.menu, mp.is_admin, mp.profile_url is not None), context)


def _of_parts(values: Mapping[str, Any], items: Sequence[Any], about: tuple[Any, ...], context: Any) -> Markup:
    """The menu that was kept, with these values in it; else as the template draws it.

    :param about: what it depends on besides, and its entries and place.
    :param context: answers what the template gets with these values, or with marks in their places.
    """
    # of what differs from one user to the next, the template asks no more than whether it is there
    has = tuple(map(bool, values.values()))
    # as they are drawn: markup of the host's is another label than a text of the same characters
    entries = tuple((*map(escape, (each.label, each.url)), each.current) for each in items)
    if (here := place()) is not None:
        key = here, i18n.locale(), about, has, entries, csrf_field()
        kept = draw(key, values, partial(_with_marks, context, values))
        if kept is not None:
            return kept
    return Markup(render_template(TEMPLATE, **context(values)))  # noqa: S704 (of ours)


def _with_marks(context: Any, values: Mapping[str, Any]) -> Any:
    return context({name: value and mark(name) for name, value in values.items()})


def text_functions() -> dict[str, Any]:
    """Names of our own: the host's layout goes on to find its own ``_`` in the same template context."""
    one, number = i18n.texts_in(i18n.locale())
    return {"mp_text": one, "mp_ntext": number}


def menu_context(user: Any) -> dict[str, Any]:
    """What a page of ours says of its user, and where its menu leads.

    :param user: None, or one who is not signed in, for a page that says no more than an error
    """
    if not user or not user.is_authenticated:
        nobody = SimpleNamespace(name="", email="", initials="", picture=None)
        return _about(False, False) | {
            "user": nobody,
            "nonce": _nonce(current_profile.config),
            "sign_out_url": None,
            "csrf_token": "",
            "form_token": "",
            "preview": None,
            "host_items": list,
            "on": [],
        }
    is_admin: bool
    on: Sequence[Tab]
    profile = profile_of_app()
    try:
        is_admin, on, preview = profile.is_admin(user), tabs_that_are_on(), about_preview()
    except StoreDown:
        is_admin, on, preview = False, [], None
    token = generate_csrf()
    return _about(is_admin, bool(on)) | {
        "user": SimpleNamespace(**_person(profile.users, user)),
        "nonce": _nonce(profile.config),
        "csrf_token": token,
        "form_token": token if preview is None else NO_TOKEN,
        "preview": preview,
        "host_items": partial(_host_items, profile.config, user),
        "draw_menu": own_menu,
        "on": on,
    }


def _person(users: Users, user: Any) -> dict[str, Any]:
    name, email = users.display_name(user), users.shown(user, "email")
    return {
        "name": name,
        "email": None if email == name else email,
        "initials": _initials(name),
        "picture": _picture(users, user),
    }


def _about(is_admin: bool, has_tabs: bool) -> dict[str, Any]:
    """What is the same for all who may open the same."""
    return {
        "menu": _current(),
        "is_admin": is_admin,
        "features_url": own_url(ADMIN_ENDPOINT) if is_admin else None,
        "users_url": own_url(USERS_ENDPOINT) if is_admin else None,
        "profile_url": own_url("myprofile.index") if has_tabs else None,
        "sign_out_url": own_url("myprofile.sign_out"),
        "csrf_field": csrf_field(),
        "lang": i18n.language_tag(),
        "dir": i18n.direction(),
        "css": static_url("myprofile.css"),
        "js": static_url("myprofile.js"),
    }


def _current() -> str | None:
    """The entry whose page is drawn; none where the host draws an error page at its address."""
    if not request_state().draws_own_page:
        return None
    if request.blueprint == "myprofile_admin":
        return {ADMIN_ENDPOINT: "features", USERS_ENDPOINT: "users"}.get(request.endpoint or "")
    return "profile" if request.blueprint == "myprofile" else None


def _host_items(config: Config, user: Any) -> list[SimpleNamespace]:
    """The host's own entries of the user menu. One that leads nowhere is left out: it breaks no page."""
    items = config.menu_items
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


def _nonce(config: Config) -> str | None:
    make = config.csp_nonce
    try:
        return (make() or None) if make else None
    except Exception:  # on an error page it may not have been made yet
        current_app.logger.exception("MYPROFILE_CSP_NONCE failed; the page has no nonce")
        return None


def _initials(name: str) -> str:
    words = name.split()
    letters = [word[0] for word in (words[0], words[-1])[: len(words)]] if words else []
    return "".join(letters).upper()


def _picture(users: Users, user: Any) -> str | None:
    """The one that was uploaded, or the one of the host's; only an address that a picture can have: never a script."""
    if (uploaded := avatar.picture_url(user)) is not None:
        return uploaded
    for field in _PICTURES:
        address = users.shown(user, field)
        if isinstance(address, str) and address.startswith(("https://", "http://", "/")):
            return address
    return None
