"""What is on each page of My Profile that is no administrator's, loaded with the first that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import jsonify, redirect, request
from werkzeug.exceptions import MethodNotAllowed

from ..account.feature_rules import ROOT
from ..errors import NotFound
from ..globals import current_profile
from ..openapi import view as openapi
from ..openapi.operation import Operation, described
from ..openapi.schemas import MESSAGE, TEXT
from ..responses import prefers_json
from ..tab import Action, Tab
from . import not_me_page, one_time_link, picture, recent_sign_in
from .actions import perform, show
from .csrf import check_origin
from .forms import read_condition
from .navigation import first_tab, url_of
from .questions import ask, form_to_ask, shown_as_json
from .sign_out import sign_out
from .signed_out import say_elsewhere

_SIGNED_OUT = {**MESSAGE, "properties": {"message": TEXT, "end_session_url": {**TEXT, "format": "uri"}}}


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


def tab(user: Any, tab: Tab, save: Action | None) -> Any:
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


def action(user: Any, tab: Tab, action: Action | None) -> Any:
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


#: Of each page that is no tab's, by its endpoint.
VIEWS: Mapping[str, Callable[..., Any]] = {
    "index": _index,
    "sign_out": _sign_out,
    "confirm": recent_sign_in.view,
    "confirmed": recent_sign_in.confirmed,
    "openapi": openapi.view,
    "sessions_not_me": not_me_page.view,
    "mail_link": one_time_link.view,
    "personal_information_picture": picture.view,
}
