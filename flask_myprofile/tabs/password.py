"""Password: change it, unless Single Sign-On manages it."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import PasswordField

from ..account.guesses import TooManyGuesses
from ..account.passwords import PolicyBroken, Rule, WrongPassword
from ..errors import Forbidden, Invalid, TooMany
from ..globals import current_profile
from ..i18n import gettext, lazy_gettext, listing, ngettext
from ..signals import announce, password_changed
from ..tab import Action, Tab, action

#: The one sentence, as the product has it.
SSO_SENTENCE = lazy_gettext("Your account uses Single Sign On (SSO). Password is managed by your organization.")


class PasswordForm(FlaskForm):
    current_password = PasswordField(lazy_gettext("Current password"))
    new_password = PasswordField(lazy_gettext("New password"))
    confirm_password = PasswordField(lazy_gettext("Confirm new password"))


class Password(Tab):
    name = "password"
    label = lazy_gettext("Password")
    summary = lazy_gettext("A few random words make a password that is strong and easy to remember.")
    meaning = lazy_gettext("Users change their own password. Single Sign On users never can.")
    icon = "lock"

    def values(self, user: Any) -> dict[str, Any]:
        managed = not current_profile.can_change_password(user)
        return {
            "can_change": not managed,
            "reason": str(SSO_SENTENCE) if managed else None,
            "rules": [{"code": rule.code, "number": rule.number} for rule in current_profile.passwords.rules],
        }

    def context(self, user: Any) -> dict[str, Any]:
        users, session = current_profile.users, current_profile.sessions.current(user)
        sso = None
        if not current_profile.can_change_password(user):
            account = users.get(user, "email") or users.display_name(user)
            sso = {"message": SSO_SENTENCE, "provider": session.provider if session else None, "account": account}
        return {
            "sso": sso,
            "has_password": users.has_password(user),
            "username": users.get(user, "username") or users.get(user, "email") or "",
            "rules": [
                {"test": rule.browser_test, "text": hint(rule), "failed": False}
                for rule in current_profile.passwords.rules
                if rule.code != "characters"
            ],
        }

    def check(self, user: Any, action: Action) -> None:
        if not current_profile.can_change_password(user):
            raise Forbidden(SSO_SENTENCE, code="sso_managed")

    @action(PasswordForm)
    def save(self, user: Any, form: PasswordForm) -> str:
        current, new = form.current_password.data or "", form.new_password.data or ""
        if errors := self._left_empty(current, new) or self._wrong(user, form, current, new):
            raise Invalid(errors)
        current_profile.passwords.set(user, new)
        # if the database refuses the user, it does so now: sessions that are kept elsewhere end for good
        current_profile.db.session.flush()
        return self._end_other_sessions(user)

    def _left_empty(self, current: str, new: str) -> dict[str, object]:
        errors: dict[str, object] = {}
        if not current:
            errors["current_password"] = gettext("Enter your current password")
        if not new:
            errors["new_password"] = gettext("Enter a new password")
        return errors

    def _wrong(self, user: Any, form: PasswordForm, current: str, new: str) -> dict[str, object]:
        """A wrong current password alone; else everything that is wrong with the new one."""
        errors: dict[str, object] = {}
        try:
            current_profile.passwords.check(user, current, new)
        except TooManyGuesses as many:
            minutes = -(-many.retry_after // 60)
            sentence = ngettext(
                "Too many attempts. Try again in %(num)s minute",
                "Too many attempts. Try again in %(num)s minutes",
                minutes,
            )
            raise TooMany(many.retry_after, sentence) from many
        except WrongPassword:
            return {"current_password": gettext("Your current password is not correct")}
        except PolicyBroken as broken:
            errors["new_password"] = sentences(broken.rules)
        # a program that sends JSON cannot mistype, and may leave the field out
        if form.confirm_password.data != new and (form.confirm_password.raw_data or not request.is_json):
            errors["confirm_password"] = gettext("Enter the same new password twice")
        return errors

    def _end_other_sessions(self, user: Any) -> str:
        """With the password's own transaction, where sessions are kept in the database: both are done or none."""
        announce(password_changed, user_key=current_profile.users.key(user))
        current_profile.sessions.renew(user)
        ended = current_profile.sessions.end_others(user, "password_changed")
        if not ended:
            return gettext("Your password has been changed.")
        return ngettext(
            "Your password has been changed. %(num)s other session was signed out.",
            "Your password has been changed. %(num)s other sessions were signed out.",
            ended,
        )


def hint(rule: Rule) -> str:
    """A rule as the list says it before anything is typed."""
    words = {
        "min_length": gettext("At least %(number)s characters; spaces count", number=rule.number),
        "max_length": gettext("At most %(number)s characters", number=rule.number),
        "lower": gettext("At least one lower-case letter"),
        "upper": gettext("At least one capital letter"),
        "digit": gettext("At least one number"),
        "symbol": gettext("At least one symbol"),
        "differs": gettext("Different from your current password"),
        "context": gettext("Not just your name, email address or the name of this service"),
    }
    return words[rule.code]


def sentences(rules: tuple[Rule, ...]) -> list[str]:
    """Everything that is wrong, with its number, at once."""
    required = {
        "min_length": gettext("at least %(number)s characters", number=_number(rules, "min_length")),
        "max_length": gettext("at most %(number)s characters", number=_number(rules, "max_length")),
        "lower": gettext("at least one lower-case letter"),
        "upper": gettext("at least one capital letter"),
        "digit": gettext("at least one number"),
        "symbol": gettext("at least one symbol"),
    }
    whole = {
        "differs": gettext("Choose a password that is different from your current one"),
        "context": gettext("Your password must not be your name, your email address or the name of this service"),
        "characters": gettext("Your new password has a character that cannot be used. Type it again"),
    }
    codes = [rule.code for rule in rules]
    found = [whole[code] for code in codes if code in whole]
    if clauses := [required[code] for code in codes if code in required]:
        found.insert(0, gettext("Your new password must have %(clauses)s", clauses=listing(clauses)))
    return found


def _number(rules: tuple[Rule, ...], code: str) -> int | None:
    return next((rule.number for rule in rules if rule.code == code), None)
