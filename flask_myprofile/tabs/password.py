"""Password: change it, unless Single Sign-On manages it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import BooleanField, PasswordField

from .. import pages
from ..account.hashing import normalized
from ..account.passwords import WrongPassword
from ..account.policy import CHARACTERS, PolicyBroken, Rule
from ..errors import Conflict, Forbidden, Invalid
from ..globals import current_profile
from ..i18n import gettext, join_list, lazy_gettext, ngettext
from ..openapi.schemas import COUNT, FLAG, MESSAGE, OPTIONAL_TEXT, TEXT, Schema, optional, record, rows
from ..pages.held_user import held_user
from ..tab import Action, Effect, Tab, action

UNREADABLE = lazy_gettext("Your password cannot be checked here, and so it cannot be changed here either.")
#: The one sentence, as the product has it.
SSO_SENTENCE = lazy_gettext("Your account uses Single Sign On (SSO). Password is managed by your organization.")


class _TickedUnlessSaidOtherwise(BooleanField):
    """A box whose page sends "false" after it, so that one without a tick differs from one that was not there."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        if valuelist:
            super().process_formdata(valuelist)


class PasswordForm(FlaskForm):
    current_password = PasswordField(lazy_gettext("Current password"))
    new_password = PasswordField(lazy_gettext("New password"))
    confirm_password = PasswordField(lazy_gettext("Confirm new password"))
    #: Codes of the rules that the new password breaks: the page marks them.
    broken: frozenset[str] = frozenset()


class PasswordAndSessionsForm(PasswordForm):
    sign_out_others = _TickedUnlessSaidOtherwise(lazy_gettext("Sign out of all other sessions"), default=True)


def _form(tab: Tab, user: Any) -> type[PasswordForm]:
    always = current_profile.config.password_end_sessions == "always"  # noqa: S105 (no password)
    return PasswordForm if always else PasswordAndSessionsForm


class Password(Tab):
    name = "password"
    label = lazy_gettext("Password")
    summary = lazy_gettext("A few random words make a password that is strong and easy to remember.")
    meaning = lazy_gettext("Users change their own password. Single Sign On users never can.")
    icon = "lock"

    def effects(self) -> dict[str, Effect]:
        off = gettext("Users cannot change their password here, not even one that has leaked. Nobody is signed out.")
        return {self.name: Effect(off)}

    def values(self, user: Any) -> dict[str, Any]:
        managed = not current_profile.can_change_password(user)
        unreadable = not managed and not current_profile.passwords.can_check(user)
        return {
            "can_change": not managed and not unreadable,
            "reason": str(SSO_SENTENCE) if managed else str(UNREADABLE) if unreadable else None,
            "password_url": _elsewhere(user) if managed else None,
            "rules": [{"code": rule.code, "number": rule.number} for rule in current_profile.passwords.rules_for(user)],
            "sign_out_others": True,  # what a program gets that leaves the field out
        }

    def json_schema(self, user: Any) -> Schema:
        rules = rows(record(code=TEXT, number=optional(COUNT)))
        return record(can_change=FLAG, reason=OPTIONAL_TEXT, password_url=OPTIONAL_TEXT, rules=rules)

    def context(self, user: Any) -> dict[str, Any]:
        users, session = current_profile.users, current_profile.sessions.current(user)
        sso = None
        if not current_profile.can_change_password(user):
            account = users.shown(user, "email") or users.display_name(user)
            provider = session.provider if session else None
            sso = {"message": SSO_SENTENCE, "provider": provider, "account": account, "url": _elsewhere(user)}
        unreadable = sso is None and not current_profile.passwords.can_check(user)
        if unreadable:
            users.log_unreadable(user)
        return {
            "sso": sso,
            "unreadable": UNREADABLE if unreadable else "",
            "has_password": users.has_password(user),
            "username": users.shown(user, "username") or users.shown(user, "email") or "",
            "rules": [
                {"code": rule.code, "test": rule.browser_test, "text": hint(rule)}
                for rule in current_profile.passwords.rules_for(user)
                if rule != CHARACTERS
            ],
        }

    def check(self, user: Any, action: Action) -> None:
        if not current_profile.can_change_password(user):
            raise Forbidden(SSO_SENTENCE, code="sso_managed")

    @action(_form, answer=MESSAGE)
    def save(self, user: Any, form: PasswordForm) -> str:
        current, new = form.current_password.data or "", form.new_password.data or ""
        user = held_user(user)
        before = current_profile.sessions.owner(user)
        with pages.password_answers.answered():
            self._store(user, current, new, self._checked(user, form, current, new))
        # if the database refuses the user, it does so now: sessions that are kept elsewhere end for good
        current_profile.db.session.flush()
        pages.csrf.renew_session(user)
        current_profile.pending_forms.drop_of_user(current_profile.users.key(user))
        if "sign_out_others" in form and not form.sign_out_others.data:
            current_profile.sessions.follow(user, before)
            return gettext("Your password has been changed. Your other sessions stay signed in.")
        return self._end_other_sessions(user)

    def _checked(self, user: Any, form: PasswordForm, current: str, new: str) -> Any:
        """What the current password was compared with.

        :raises Invalid: it is wrong, the new one is, or both: all of it at once.
        """
        errors: dict[str, object] = {}
        broken: Sequence[Rule] = ()
        compared = None
        if not current:
            errors["current_password"] = gettext("Enter your current password")
        elif new:
            try:
                compared = current_profile.passwords.check(user, current, new)
            except WrongPassword:
                errors["current_password"] = pages.password_answers.WRONG
            except PolicyBroken as refused:
                broken = refused.rules
        if errors and new:
            broken = current_profile.passwords.faults_of(user, new)
        form.broken = frozenset(rule.code for rule in broken)
        if not new:
            errors["new_password"] = gettext("Enter a new password")
        elif broken:
            errors["new_password"] = sentences(broken)
        # a program that sends JSON cannot mistype, and may leave the field out
        repeated = form.confirm_password.raw_data or not request.is_json
        if new and repeated and not _same(form.confirm_password.data or "", new):
            errors["confirm_password"] = gettext("Enter the same new password twice")
        if errors:
            raise Invalid(errors)
        return compared

    def _store(self, user: Any, current: str, new: str, compared: Any) -> None:
        try:
            current_profile.passwords.set(user, current, new, compared)
        except PolicyBroken as broken:
            raise Invalid({"new_password": sentences(broken.rules)}) from broken
        except Conflict as error:
            sentence = gettext(
                "Your password was changed in another window or on another device meanwhile. "
                "To change it again, enter the one that is current now."
            )
            raise Conflict(sentence, code=error.code) from error

    def _end_other_sessions(self, user: Any) -> str:
        """With the password's own transaction, where sessions are kept in the database: both are done or none."""
        ended = current_profile.sessions.end_others(user, "password_changed")
        if not ended:
            return gettext("Your password has been changed.")
        return ngettext(
            "Your password has been changed. %(num)s other session was signed out.",
            "Your password has been changed. %(num)s other sessions were signed out.",
            ended,
        )


def _elsewhere(user: Any) -> str | None:
    """Where the organization lets the user change the password."""
    urls, session = current_profile.config.sso_password_url, current_profile.sessions.current(user)
    if urls is None or isinstance(urls, str):
        return urls
    return urls.get(session.provider or "") if session is not None else None


#: Code of a rule -> how the list says it before anything is typed.
_HINTS = {
    "min_length": lazy_gettext("At least %(number)s characters; spaces count"),
    "max_length": lazy_gettext("At most %(number)s characters"),
    "max_bytes": lazy_gettext("At most %(number)s bytes: a letter with an accent takes 2, an emoji 4"),
    "lower": lazy_gettext("At least one lower-case letter"),
    "upper": lazy_gettext("At least one capital letter"),
    "digit": lazy_gettext("At least one number"),
    "symbol": lazy_gettext("At least one symbol"),
    "differs": lazy_gettext("Different from your current password"),
    "context": lazy_gettext("Not just your name, email address or the name of this service"),
    "common": lazy_gettext("Not one of the passwords that many people use"),
    "breached": lazy_gettext("Not known from a data breach"),
}


def hint(rule: Rule) -> str:
    """A rule as the list says it before anything is typed."""
    said = str(_HINTS[rule.code])
    return said if rule.number is None else said % {"number": rule.number}


def sentences(rules: Sequence[Rule]) -> list[str]:
    """Everything that is wrong, with its number, at once."""
    required = {
        "min_length": gettext("at least %(number)s characters", number=_number(rules, "min_length")),
        "max_length": gettext("at most %(number)s characters", number=_number(rules, "max_length")),
        "max_bytes": gettext("at most %(number)s bytes", number=_number(rules, "max_bytes")),
        "lower": gettext("at least one lower-case letter"),
        "upper": gettext("at least one capital letter"),
        "digit": gettext("at least one number"),
        "symbol": gettext("at least one symbol"),
    }
    whole = {
        "differs": gettext("Choose a password that is different from your current one"),
        "context": gettext("Your password must not be your name, your email address or the name of this service"),
        "common": gettext("Many people use this password, so it is guessed first. Choose another one"),
        "breached": gettext("This password is known from a data breach. Choose another one"),
        "hash": gettext("This password cannot be stored. Choose another one"),
        "characters": gettext("Your new password has a character that cannot be used. Type it again"),
    }
    codes = [rule.code for rule in rules]
    found = [whole[code] for code in codes if code in whole]
    if clauses := [required[code] for code in codes if code in required]:
        found.insert(0, gettext("Your new password must have %(clauses)s", clauses=join_list(clauses)))
    return found


def _same(one: str, other: str) -> bool:
    """Whichever way the keyboard composed the letters; what is too long for a password is not normalised."""
    longest = current_profile.config.password_max_length
    return one == other or (max(len(one), len(other)) <= longest and normalized(one) == normalized(other))


def _number(rules: Sequence[Rule], code: str) -> int | None:
    return next((rule.number for rule in rules if rule.code == code), None)
