"""What every page of the extension shows around its own content: the host's layout or its own, and the navigation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

import flask_login
from flask import current_app, render_template, request, session, url_for
from jinja2 import TemplateNotFound
from markupsafe import escape

from ..account.feature_rules import DOCTOR
from ..adapters import adapter_of
from ..auth.request_state import request_state
from ..config import Config
from ..globals import EXTENSION, current_profile
from ..i18n import current_preferences
from ..tab import Tab
from . import not_me
from .feature_preview import told_that_it_is_over
from .forms import each_field
from .glance import facts
from .moments import moment_of
from .navigation import url_of
from .quick_widgets import quicken
from .typed_again import note
from .user_menu import menu_context, text_functions

MESSAGE = "_myprofile_message"
_OWN = "myprofile/layout.html"
#: What no GET of the same address has: loaded again, it is for the form to be sent again.
_ANSWERS_ALONE = ("myprofile/error.html", "myprofile/reauth.html", "myprofile/mail_link.html")
#: A template that another one extends, includes or imports from.
_PARTS = re.compile(r"""\{%[-+]?\s*(?:extends|include|import|from)\s+["']([^"']+)""")
_TITLE = re.compile(r"<title[^>]*>([^<]*)</title>")


def render(
    template: str,
    *,
    title: Any,
    tab: Tab | None = None,
    error: Any = "",
    error_at: str = "",
    beside: Any = None,
    message: tuple[str, Any] | None = None,
    status: int = 200,
    for_visitor: bool = False,
    in_own_layout: bool = False,
    **context: Any,
) -> Any:
    """A page in the host's layout, or in the extension's own.

    :param error_at: the id of what ``error`` is about, where that is one field
    :param beside: another form of the page than ``form``, with what is wrong in it
    :param message: what was done, where the page is the answer to that: its kind, and the words
    :param for_visitor: nothing is asked of the store, which is down
    """
    state = request_state()
    state.draws_own_page = True
    try:
        user = None if for_visitor else flask_login.current_user._get_current_object()
        form = context.get("form")
        note(form or ())
        quicken(each_field(form or ()))
        frame = _frame(title, tab, _errors((form, beside), error, error_at), message, user)
        frame.forgets_its_form = status in (400, 409, 422, 429) and template not in _ANSWERS_ALONE
        if in_own_layout:
            frame.layout = _OWN
        return _drawn(template, frame, tab, context), status
    finally:
        state.draws_own_page = False


def _drawn(template: str, frame: SimpleNamespace, tab: Tab | None, context: Mapping[str, Any]) -> str:
    seen = (
        {"name": tab.name, "label": tab.label, "summary": tab.summary, "icon": tab.icon, "url": _url_of(tab)}
        if tab
        else None
    )
    given = {"form": None, **adapter_of(current_app).template_context(), **text_functions(), **context}
    html = render_template(template, mp=frame, tab=seen, when=moment_of, **given)
    return _named_once(html, str(escape(frame.app_name)))


def _named_once(html: str, app_name: str) -> str:
    """Where the host's layout puts the app's name into each title, ours is not beside it."""
    found = _TITLE.search(html)
    before, ours, after = found[1].partition(f" – {app_name}") if found else ("", "", "")
    if found and ours and (after.strip() or app_name.casefold() in before.casefold()):
        return html[: found.start(1)] + before + after + html[found.end(1) :]
    return html


def _url_of(tab: Tab) -> str:
    """The form of the Password tab goes on along the path that it is a step of."""
    path = not_me.on_path() if tab.name == "password" else None
    return url_for("myprofile.password", not_me=path) if path else url_of(tab)


def remember_message(text: Any, kind: str = "success") -> None:
    """Say it on the page that the browser is redirected to; ``info`` where nothing was done."""
    session[MESSAGE] = (kind, str(text))


def _frame(title: Any, tab: Tab | None, errors: list[tuple[str, Any]], message: Any, user: Any) -> SimpleNamespace:
    common = menu_context(user)
    links = [
        SimpleNamespace(
            label=each.label, url=url_of(each), icon=each.icon, current=tab is not None and each.name == tab.name
        )
        for each in common.pop("on")
    ]
    if not message and not errors and MESSAGE in session:
        message = session.pop(MESSAGE)
    elif not message and not errors and (over := told_that_it_is_over()):
        message = ("info", over)
    return SimpleNamespace(
        **common,
        layout=_layout(),
        # yes at the first call alone, in the head or, where a layout has no block for it, in the content
        assets_due=partial(next, iter([True]), False),
        # htmx takes the body of a page alone
        is_swapped_in="HX-Request" in request.headers,
        title=title,
        app_name=current_profile.config.app_name or current_app.name,
        home_url=request.script_root + "/",
        tabs=links,
        message=SimpleNamespace(kind=message[0], text=message[1]) if message else None,
        errors=errors,
        theme=current_preferences.theme,
        skip_url=_skip_url(tab),
        glance=facts(user, tab),
        emit_assets=False,
        has_doctor=request.blueprint == "myprofile_admin" and user is not None and current_profile.features[DOCTOR],
    )


def _skip_url(tab: Tab | None) -> str | None:
    """Where “This wasn’t me” goes on without this page."""
    path = not_me.on_path() if tab is not None and tab.name == "password" else None
    return not_me.url_of_path(path, tab.name) if path and tab else None


def _errors(forms: Iterable[Any], error: Any, error_at: str) -> list[tuple[str, Any]]:
    """What is wrong, each with the id of the field that it is about; without one, it is no link in the summary."""
    found = [(field.id, text) for form in forms for field in each_field(form or ()) for text in field.errors]
    return ([(error_at, error)] if error else []) + found


def _layout() -> Any:
    """The template that ours extend. Where the host's blocks have other names, a bridge is made, once."""
    config = current_profile.config
    if config.base_template is None:
        return adapter_of(current_app).layout or _OWN
    if all(ours == theirs for ours, theirs in config.base_blocks.items()):
        return config.base_template
    made = current_app.extensions.setdefault(EXTENSION + "_bridges", {})  # a template holds its app: it goes with it
    asked = (config.base_template, tuple(config.base_blocks.items()))
    if asked not in made:
        made[asked] = _bridge(current_app.jinja_env, *asked)
    return made[asked]


def follows_theme() -> bool:
    """Whether light or dark, as a user chooses it, shows: in the layout of ours, in one of the host's that asks for the
    choice, and where the host says so, by the feature."""
    config, name = current_profile.config, "preferences.theme"
    told = current_profile.features.is_asked_for(name)
    return told or config.base_template is None or any("current_preferences" in text for text in _sources(config))


def _sources(config: Config) -> Iterator[str]:
    """The text of the host's layout, and of the templates that it is made of."""
    environment = current_app.jinja_env
    loader: Any = environment.loader
    left, seen = [config.base_template], set()
    while left:
        name = left.pop()
        seen.add(name)
        try:
            text = loader.get_source(environment, name)[0]
        except TemplateNotFound:
            continue
        yield text
        left += set(_PARTS.findall(text)) - seen


def _bridge(environment: Any, base: str, blocks: Sequence[tuple[str, str]]) -> Any:
    # what the layout itself has in its head and among its scripts stays there
    filled = "".join(
        f"{{% block {theirs} %}}{'{{ super() }}' if ours in ('head', 'scripts') else ''}"
        f"{{% block {ours} %}}{{% endblock %}}{{% endblock %}}"
        for ours, theirs in blocks
        if ours != theirs
    )
    return environment.from_string(f'{{% extends "{base}" %}}{filled}')
