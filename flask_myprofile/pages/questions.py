"""The page of an action that asks first: a question, with what there is to choose; or the form of the action, where it
has one, which is corrected there."""

from __future__ import annotations

from inspect import isroutine
from typing import Any

from flask import Response, jsonify
from wtforms import Form

from ..tab import Action, Confirm, Tab
from . import layout
from .csrf import csrf_field
from .forms import never_kept
from .navigation import url_of
from .only_changed import VERSION


def form_to_ask(user: Any, tab: Tab, action: Action) -> Form | None:
    """What is filled in on that page."""
    made = action.form_class(tab, user)
    if made is not None:
        form: Form = made(formdata=None, data={}, meta={"csrf": False})
        return form
    ask_for = action.confirm.form if action.confirm is not None else None
    return ask_for(tab, user) if ask_for is not None else None


def ask(
    user: Any, tab: Tab, action: Action, confirm: Confirm, form: Form | None, error: Any = "", status: int = 200
) -> Any:
    # a lazy text is callable as well
    texts = confirm.text(tab, user) if isroutine(confirm.text) else [confirm.text]
    question = {
        "title": confirm.title,
        "texts": texts,
        "yes": confirm.yes,
        "no": confirm.no,
        "danger": action.form is None,
        "action_url": f"{url_of(tab)}/{action.slug}",
        "back_url": url_of(tab),
        "fields": confirm.fields(tab, user) if confirm.fields else {},
    }
    return layout.render(
        "myprofile/confirm.html",
        title=confirm.title,
        tab=tab,
        confirm=question,
        form=form,
        error=error,
        status=status,
    )


def shown_as_json(form: Form) -> Response:
    """What is in the fields, for a program that would change some of them."""
    left_out = {csrf_field(), *never_kept(form)}
    answer = jsonify({field.name: field.data for field in form if field.name not in left_out})
    if VERSION in form:
        answer.set_etag(form[VERSION].data)
    return answer
