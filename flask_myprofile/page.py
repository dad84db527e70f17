"""What every page of the extension shows around its own content: the frame, the navigation and the user menu."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urljoin

import flask_login
from flask import Blueprint, Flask, current_app, render_template, request, session, url_for
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup
from werkzeug.routing import BuildError
from werkzeug.urls import iri_to_uri

from . import i18n
from .errors import StoreDown
from .globals import current_profile
from .preferences import current_preferences
from .tab import Tab

MESSAGE = "_myprofile_message"
ADMIN_ENDPOINT = "myprofile_admin.features"
_PICTURES = ("avatar_url", "picture_url", "photo_url")
_ASSETS = ("myprofile.css", "myprofile.js")
_YEAR = 31_536_000
_HEADING_TAG = re.compile(r"(</?h)([1-5])\b")


class PagesBlueprint(Blueprint):
    """Browsers keep its stylesheet and script for as long as their URLs hold, unless the host has a rule of its own."""

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        age = super().get_send_file_max_age(filename)
        if age is not None or current_app.debug or filename not in _ASSETS:
            return age
        # of this very file: while a new version is rolled out, its URLs are asked of the old one too
        return _YEAR if request.args.get("v") == _hash_of(filename) else None


def render(
    template: str,
    *,
    title: Any,
    tab: Tab | None = None,
    error: Any = "",
    error_at: str = "",
    status: int = 200,
    **context: Any,
) -> Any:
    """A page in the host's layout, or in the extension's own.

    :param error_at: the id of what ``error`` is about, where that is one field
    """
    frame = _frame(title, tab, _errors(context.get("form"), error, error_at))
    seen = (
        {"name": tab.name, "label": tab.label, "summary": tab.summary, "icon": tab.icon, "url": url_of(tab)}
        if tab
        else None
    )
    return render_template(template, mp=frame, tab=seen, when=_when, **_words(), **context), status


def url_of(tab: Tab) -> str:
    return url_for(f"myprofile.{tab.name}")


def tabs_that_are_on() -> list[Tab]:
    return [tab for tab in current_profile.tabs.values() if current_profile.features[tab.name]]


def remember_message(text: Any) -> None:
    """Say it on the page that the browser is redirected to."""
    session[MESSAGE] = str(text)


def user_menu() -> Markup:
    """``{{ myprofile_user_menu() }}``: the user menu, for the end of the host's navigation bar; empty for visitors.

    It never breaks a page, an error page above all: without its tables it has no links.
    """
    user = flask_login.current_user
    if not user or not user.is_authenticated:
        return Markup("")
    ours = (request.blueprint or "").startswith("myprofile")
    menu = SimpleNamespace(emit_assets=not ours, **_common(user))
    return Markup(render_template("myprofile/_user_menu.html", mp=menu, **_words()))  # noqa: S704 (a template of ours)


def headings(html: str) -> Markup:
    """The filter ``mp_headings``: ``h2`` for ``h1`` and so on, where the host's layout has an ``h1`` of its own.

    Here and not in the templates, because it holds for those of the host, such as a custom tab's, as well.
    """
    down = current_profile.config.heading_offset
    if down:
        html = _HEADING_TAG.sub(lambda tag: f"{tag[1]}{int(tag[2]) + down}", html)
    return Markup(html)  # noqa: S704 (what a template has made)


def _words() -> dict[str, Any]:
    """Names of our own: the host's layout goes on to find its own ``_`` in the same template context."""
    return {"mp_text": i18n.gettext, "mp_ntext": i18n.ngettext}


def _common(user: Any) -> dict[str, Any]:
    try:
        is_admin, tabs = current_profile.is_admin(user), tabs_that_are_on()
    except StoreDown:
        is_admin, tabs = False, []
    here, name = request.endpoint == ADMIN_ENDPOINT, current_profile.users.display_name(user)
    return {
        "user": SimpleNamespace(
            name=name,
            email=current_profile.users.get(user, "email"),
            initials=_initials(name),
            picture=_picture(user),
        ),
        "menu": "features" if here else "profile" if request.blueprint == "myprofile" else None,
        "is_admin": is_admin,
        "features_url": url_for(ADMIN_ENDPOINT) if is_admin else None,
        "profile_url": url_for("myprofile.index") if tabs else None,
        "sign_out_url": url_for("myprofile.sign_out"),
        "csrf_token": generate_csrf(),
        "host_items": partial(_host_items, user),
        "nonce": _nonce(),
        "lang": i18n.language_tag(),
        "dir": i18n.direction(),
        "css": _static("myprofile.css"),
        "js": _static("myprofile.js"),
        "on": tabs,
    }


def _host_items(user: Any) -> list[SimpleNamespace]:
    """The host's own entries of the user menu. One that leads nowhere is left out: it breaks no page."""
    items, here = current_profile.config.menu_items, iri_to_uri(request.base_url)
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


@lru_cache
def _say_once(app: Flask, endpoint: str) -> None:
    app.logger.warning("MYPROFILE_MENU_ITEMS: %r is no endpoint that has a URL; the entry is left out", endpoint)


def _nonce() -> str | None:
    make = current_profile.config.csp_nonce
    try:
        return (make() or None) if make else None
    except Exception:  # on an error page it may not have been made yet
        current_app.logger.exception("MYPROFILE_CSP_NONCE failed; the page has no nonce")
        return None


def _frame(title: Any, tab: Tab | None, errors: list[tuple[str, Any]]) -> SimpleNamespace:
    user = flask_login.current_user._get_current_object()
    common = _common(user)
    links = [
        SimpleNamespace(
            label=each.label, url=url_of(each), icon=each.icon, current=tab is not None and each.name == tab.name
        )
        for each in common.pop("on")
    ]
    message = session.pop(MESSAGE, None) if MESSAGE in session and not errors else None
    return SimpleNamespace(
        **common,
        layout=_layout(),
        # yes at the first call alone, in the head or, where a layout has no block for it, in the content
        assets_due=partial(next, iter([True]), False),
        title=title,
        app_name=current_profile.config.app_name or current_app.name,
        home_url=request.script_root + "/",
        tabs=links,
        message=SimpleNamespace(kind="success", text=message) if message else None,
        errors=errors,
        theme=current_preferences.theme,
        emit_assets=False,
    )


def _errors(form: Any, error: Any, error_at: str) -> list[tuple[str, Any]]:
    found = [(field.id, text) for field in form or () for text in field.errors]
    return ([(error_at or "myprofile", error)] if error else []) + found


def _layout() -> Any:
    """The template that ours extend. Where the host's blocks have other names, a bridge is made, once."""
    config = current_profile.config
    if config.base_template is None:
        return "myprofile/layout.html"
    if all(ours == theirs for ours, theirs in config.base_blocks.items()):
        return config.base_template
    return _bridge(current_app.jinja_env, config.base_template, tuple(config.base_blocks.items()))


@cache
def _bridge(environment: Any, base: str, blocks: Sequence[tuple[str, str]]) -> Any:
    # what the layout itself has in its head and among its scripts stays there
    filled = "".join(
        f"{{% block {theirs} %}}{'{{ super() }}' if ours in ('head', 'scripts') else ''}"
        f"{{% block {ours} %}}{{% endblock %}}{{% endblock %}}"
        for ours, theirs in blocks
        if ours != theirs
    )
    return environment.from_string(f'{{% extends "{base}" %}}{filled}')


@cache
def _hash_of(name: str) -> str:
    return hashlib.sha256((Path(__file__).parent / "static" / name).read_bytes()).hexdigest()[:12]


def _static(name: str) -> str:
    """A static file's URL changes with its content, so that browsers may keep it."""
    return url_for("myprofile.static", filename=name, v=_hash_of(name))


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


def _when(moment: datetime | None) -> Mapping[str, str] | None:
    """For ``<time>``: the exact moment, and how a person says it."""
    if moment is None:
        return None
    return {
        "iso": i18n.iso(int(moment.timestamp())) or "",
        "text": i18n.ago(moment),
        "date": i18n.day(moment),
        "zone": current_preferences.timezone or "",
    }
