"""Changing the e-mail address on Personal Information, where it is verified: asking for it, once more, and not at all.

What the links in the mails do is in :mod:`.email_links`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask_wtf import FlaskForm

from ..account import email_changes
from ..account.addresses import is_same_address
from ..account.email_changes import CONFIRM_WITHIN, EMAIL
from ..auth.feature_preview import features_of
from ..auth.request_state import request_state
from ..errors import Conflict, Invalid, NotFound, TooMany
from ..globals import current_profile
from ..i18n import as_datetime, gettext, lazy_gettext
from ..openapi.schemas import MESSAGE
from ..store.notice_records import EmailChange
from ..tab import Action, Tab, action
from . import field_checks as checks
from .column_fields import Line
from .held_user import held_user
from .refusals import lost_race
from .throttling import too_many_attempts

#: The kind of notice that goes to the new address.
CONFIRM = "confirm_email"
_LONGEST = 320
_ACTIONS = ("change_email", "resend_email", "cancel_email_change")


def is_verified() -> bool:
    return current_profile.config.email_change == "verified"


def may_change(user: Any) -> bool:
    """Whether this user may: where Single Sign-On manages the account, the provider says what the address is."""
    if not is_verified():
        return False
    features, users = features_of(user), current_profile.users
    attribute = users.describe(users.class_of(user), EMAIL)
    is_there = attribute is not None and attribute.writable and features[f"personal_information.{EMAIL}"]
    return is_there and not current_profile.passwords.is_sso(user)


def form_of(tab: Tab, user: Any) -> type[FlaskForm]:
    """With what the column takes, and addresses of an intranet for who has one."""
    users, config = current_profile.users, current_profile.config
    attribute = users.describe(users.class_of(user), EMAIL)
    longest = min((attribute.length if attribute else None) or _LONGEST, _LONGEST)
    label = gettext("New email address")
    validators = [
        checks.given(gettext("Enter your email address")),
        checks.proper(label, longest),
        checks.email(config.personal_email_intranet, users.shown(user, EMAIL)),
    ]
    field = Line(
        label,
        validators=validators,
        render_kw={"type": "email", "inputmode": "email", "autocomplete": "off", "dir": "ltr", "spellcheck": "false"},
    )
    return type("EmailForm", (FlaskForm,), {"new_email": field})


class EmailChangeActions:
    """The actions of the tab for it; ``email_change_context`` is what its page shows of it."""

    def check(self, user: Any, action: Action) -> None:
        """See :meth:`.Tab.check`."""
        super().check(user, action)  # type: ignore[misc]
        if action.name in _ACTIONS and not may_change(user):
            raise NotFound(code="feature_off")

    @action(form_of, feature=False, fresh=True, purpose=lazy_gettext("change your email address"), answer=MESSAGE)
    def change_email(self, user: Any, form: Any) -> str:
        user, address = held_user(user), form["new_email"].data
        if is_same_address(current_profile.users.get(user, EMAIL), address):
            raise Invalid({"new_email": gettext("This is your email address already")})
        current = current_profile.sessions.current(user)
        with _answered():
            change = current_profile.email_changes.ask(user, address, current.id if current else None)
        _send(change)
        return _sent(change)

    @action(feature=False, condition=["address"], answer=MESSAGE)
    def resend_email(self, user: Any, address: str | None = None) -> str:
        with _answered():
            change = current_profile.email_changes.send_again(held_user(user), address)
        _send(change)
        return _sent(change)

    @action(feature=False, condition=["address"], answer=MESSAGE)
    def cancel_email_change(self, user: Any, address: str | None = None) -> str:
        with _answered():
            if not current_profile.email_changes.cancel(held_user(user), address=address):
                raise email_changes.NotPending
        return gettext("Your email address stays what it is.")

    @staticmethod
    def email_change_context(tab: Tab, user: Any) -> dict[str, Any]:
        if not may_change(user):
            return {"email_form": None}
        change, typed = current_profile.email_changes.pending(user), request_state().typed
        form = typed if typed is not None and "new_email" in typed else form_of(tab, user)(formdata=None)
        if change is None:
            return {"email_form": form, "email_pending": None}
        until = as_datetime(change.sent_at + CONFIRM_WITHIN)
        return {"email_form": form, "email_pending": {"address": change.new_address, "until": until}}


def _send(change: EmailChange) -> None:
    current_profile.notices.tell(
        CONFIRM, change.user_key, to=change.new_address, about=change.id, values={"new": change.new_address}
    )


def _sent(change: EmailChange) -> str:
    return gettext(
        "We have sent a link to %(address)s. Your email address changes once you open it and confirm.",
        address=change.new_address,
    )


@contextmanager
def _answered() -> Iterator[None]:
    """What the rules refuse, in words."""
    try:
        yield
    except email_changes.AddressTaken as taken:
        field = gettext("Email address")
        raise Invalid({"new_email": gettext("%(field)s is already in use", field=field)}) from taken
    except email_changes.TooManyAsked as many:
        raise TooMany(many.retry_after, too_many_attempts(many.retry_after)) from many
    except email_changes.NotPending as gone:
        raise Conflict(gettext("There is no change of your email address that waits to be confirmed.")) from gone
    except email_changes.OtherPending as other:
        raise lost_race() from other
    except email_changes.TooManySent as many:
        sentence = gettext("We have just sent a mail. Look for it, also among junk, before you ask for another one.")
        raise TooMany(many.retry_after, sentence) from many
