"""How an administrator's action on a user is carried out, and the question before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from flask import current_app, jsonify, redirect, request, url_for
from flask_wtf import FlaskForm
from wtforms import StringField

from ..errors import Refused
from ..globals import after_sign_out, current_profile
from ..i18n import gettext
from ..openapi.operation import Operation, described
from ..openapi.schemas import MESSAGE, TEXT
from ..pages import layout
from ..pages.csrf import check_origin
from ..pages.forms import fill
from ..pages.navigation import USERS_ENDPOINT
from ..pages.pending_form import Purpose
from ..pages.sign_out import sign_out as sign_out_here
from ..pages.signed_out import say_elsewhere
from ..responses import prefers_json
from ..transactions import unit_of_work
from .users import refuse, unknown


class WhoseForm(FlaskForm):
    user = StringField()

    def condition(self, name: str) -> str | None:
        """What the field is to be for the action to be done; None: it was not sent, which an empty one was."""
        return (self[name].data or "") if self[name].raw_data else None

    def check(self, user: Any) -> None:
        """:raises Invalid: what was sent does not fit the user."""


class Ended(NamedTuple):
    """What was done, in words, and whether the administrator's own session has ended by it."""

    message: str
    ended_own: bool = False


class Question(NamedTuple):
    """``fields`` are sent along; ``form`` is what has to be filled in."""

    title: str
    texts: list[str]
    fields: Mapping[str, str] = MappingProxyType({})
    form: FlaskForm | None = None


def purpose(words: Callable[[], str], deed: Any) -> Purpose:
    """What a form is for that waits for a recent sign-in."""
    return Purpose(words, lambda sent: url_for(USERS_ENDPOINT, user=sent.get("user")), deed=deed, for_admin=True)


def ends(
    summary: str, form: type[WhoseForm], *, asks: bool = True, is_there: Callable[[Any], bool] | None = None
) -> Callable[..., Any]:
    """What the OpenAPI document says of such a view. ``asks``: a GET is the question before it."""
    question = Operation(f"{summary}?", query={"user": TEXT}, page=asks, is_there=is_there)
    return described(get=question, post=Operation(summary, answer=MESSAGE, form=form, is_there=is_there))


def perform(
    admin: Any,
    form_class: type[WhoseForm],
    end: Callable[[Any, Any, Any], Ended],
    refuse: Callable[[Refused, str, Any, Any], Any] = refuse,
) -> Any:
    """Carry it out as one unit of work, for an administrator who has signed in recently.

    :param end: given the administrator, the user and the form.
    :param refuse: answers what was refused: given that, what was typed, the administrator, and the user if it is one.
    """
    user = None
    try:
        check_origin()
        form: Any = fill(form_class, {})
        user = current_profile.users.find(form["user"].data or "")
        if user is None:
            raise unknown()
        form.check(user)
        current_profile.sessions.require_fresh(admin)
        with unit_of_work(current_profile.db.session):
            done = end(admin, user, form)
    except Refused as refusal:
        return refuse(refusal, request.form.get("user", ""), admin, user)
    if done.ended_own:  # after the commit: the sign-out that is an administrator's deed is not noted as the user's own
        sign_out_here()
    if prefers_json():
        return jsonify(message=done.message)
    if done.ended_own:
        say_elsewhere(done.message)
        return redirect(after_sign_out(), 303)
    layout.remember_message(done.message)
    return redirect(url_for(USERS_ENDPOINT, user=current_profile.users.key(user)), 303)


def log(admin: Any, deed: str, user: Any) -> None:
    key = current_profile.users.key
    current_app.logger.info("MyProfile: administrator %r %s user %r", key(admin), deed, key(user))


def name_of(user: Any) -> str:
    return current_profile.users.display_name(user)


def ask(admin: Any, endpoint: str, about: Callable[[Any, Any], Question | None], yes: str) -> Any:
    """The page that asks; ``about`` answers None where there is nothing to ask about."""
    typed = request.args.get("user", "")
    user = current_profile.users.find(typed)
    if typed and user is None:
        return refuse(unknown(), typed)
    question = about(admin, user) if user is not None else None
    if question is None:  # there is nothing to end
        return redirect(url_for(USERS_ENDPOINT, user=typed or None))
    return show_question(user, endpoint, question, yes)


def show_question(user: Any, endpoint: str, question: Question, yes: str, refusal: Refused | None = None) -> Any:
    key = current_profile.users.key(user)
    confirm = {
        "title": question.title,
        "texts": question.texts,
        "yes": yes,
        "no": gettext("Cancel"),
        "danger": True,
        "action_url": url_for(f"myprofile_admin.{endpoint}"),
        "back_url": url_for(USERS_ENDPOINT, user=key),
        "fields": {"user": key, **question.fields},
    }
    return layout.render(
        "myprofile/admin/confirm.html",
        title=question.title,
        heading=gettext("Users"),
        confirm=confirm,
        form=question.form,
        status=refusal.status if refusal is not None else 200,
    )
