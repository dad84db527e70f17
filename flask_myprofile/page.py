"""What every page of the extension shows around its own content: the frame, the navigation and the user menu."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import flask_login
from flask import current_app, render_template, request, session, url_for
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from . import i18n
from .errors import StoreDown
from .globals import current_profile
from .tab import Tab

MESSAGE = "_myprofile_message"
ADMIN_ENDPOINT = "myprofile_admin.features"
_PICTURES = ("avatar_url", "picture_url", "photo_url")


def render(
    template: str, *, title: Any, tab: Tab | None = None, error: Any = "", status: int = 200, **context: Any
) -> Any:
    """A page in the host's layout, or in the extension's own."""
    frame = _frame(title, tab, context.get("form"), error)
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
        "lang": i18n.language_tag(),
        "dir": i18n.direction(),
        "css": _static("myprofile.css"),
        "js": _static("myprofile.js"),
        "on": tabs,
    }


def _frame(title: Any, tab: Tab | None, form: Any, error: Any) -> SimpleNamespace:
    user = flask_login.current_user._get_current_object()
    common = _common(user)
    links = [
        SimpleNamespace(
            label=each.label, url=url_of(each), icon=each.icon, current=tab is not None and each.name == tab.name
        )
        for each in common.pop("on")
    ]
    errors = _errors(form, error)
    message = session.pop(MESSAGE, None) if MESSAGE in session and not errors else None
    return SimpleNamespace(
        **common,
        layout=_layout(),
        host_head=not current_profile.config.base_template or "head" in current_profile.config.base_blocks,
        title=title,
        app_name=current_profile.config.app_name or current_app.name,
        home_url=request.script_root + "/",
        tabs=links,
        message=SimpleNamespace(kind="success", text=message) if message else None,
        errors=errors,
        theme="",
        emit_assets=False,
    )


def _errors(form: Any, error: Any) -> list[tuple[str, Any]]:
    found = [(field.id, text) for field in form or () for text in field.errors]
    return ([("myprofile", error)] if error else []) + found


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
    filled = "".join(
        f"{{% block {theirs} %}}{{% block {ours} %}}{{% endblock %}}{{% endblock %}}"
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
    return {"iso": i18n.iso(int(moment.timestamp())) or "", "text": i18n.ago(moment), "date": i18n.day(moment)}
