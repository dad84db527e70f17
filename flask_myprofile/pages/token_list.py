"""The API tokens of whoever may have several: the list, making one more, and ending all of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from flask import request, url_for

from ..errors import Conflict, Invalid, NotFound
from ..globals import current_profile
from ..i18n import gettext, lazy_gettext, ngettext
from ..openapi.schemas import MESSAGE, OPTIONAL_TEXT, TEXT, record
from ..store.token_records import TokenRecord
from ..tab import Action, Confirm, Done, Tab, action
from .only_changed import nothing_changed
from .token_facts import all_as_json, all_as_shown, as_json, called
from .token_form import change_form_of, changes_of, form_of, networks_of, scopes_of
from .token_life import lifetime_of
from .token_of_session import end_with_session

SHOWN = "myprofile/tabs/api_token_shown.html"
#: The code of what is refused because the user has as many as they may have.
TOO_MANY = "too_many_tokens"
_MADE = record(token=TEXT, id=OPTIONAL_TEXT)


def _consequence(tab: Tab, user: Any) -> list[str]:
    number = len(current_profile.tokens.list(user))
    ending = ngettext(
        "%(num)s token stops working at once. This cannot be undone.",
        "%(num)s tokens stop working at once. This cannot be undone.",
        number,
    )
    return [ending, gettext("Integrations using them will stop working.")]


def _what_stays(tab: Tab, user: Any) -> list[str]:
    """Which one it is."""
    record = asked_about(user)
    if record is None:
        raise gone()
    return [called(record), gettext("The token itself stays the same. Programs that have it need no new one.")]


def _why_unchanged(error: Conflict) -> str:
    if error.code == "token_unnamed":
        return gettext("This token is from before tokens had names. Regenerate it, and you can change the new one.")
    return gettext("This was done already, here or in another window. Look at the token before you try again.")


class TokenListActions:
    """The actions of the tab for it; ``list_context`` is what its page shows of it."""

    def check(self, user: Any, action: Action) -> None:
        if action.name in ("create", "change") and not current_profile.config.names_tokens:
            raise NotFound(code="feature_off")

    @action(form_of, feature="regenerate", fresh=True, purpose=lazy_gettext("make an API token"), answer=_MADE)
    def create(self, user: Any, form: Any) -> Done:
        name = form["name"].data
        try:
            scopes, lifetime, networks = scopes_of(form), lifetime_of(form), networks_of(form)
            make = partial(current_profile.tokens.make, user, name, beside=request.form.get("list_version"))
            token = make(scopes=scopes, lifetime=lifetime, networks=networks)
        except Conflict as error:
            raise Conflict(full() if error.code == TOO_MANY else _why_unchanged(error), code=error.code) from error
        end_with_session(user, token)
        return shown_page(user, token, gettext("Your new API token is ready."), fresh=True, replaced=False)

    @action(
        change_form_of,
        feature="regenerate",
        confirm=Confirm(
            lazy_gettext("Change API token"),
            _what_stays,
            lazy_gettext("Save"),
            lazy_gettext("Cancel"),
        ),
        label=lazy_gettext("Change API token"),
        purpose=lazy_gettext("let your API token do more"),
        answer=MESSAGE,
    )
    def change(self, user: Any, form: Any) -> str | Done:
        version = meant(user, form["id"].data or None, None)
        record = current_profile.tokens.find(user, version)
        if record is None:
            raise gone()
        changes = changes_of(form, record)
        if (nothing := nothing_changed(form, changes)) is not None:
            return nothing
        if current_profile.tokens.widens(record, changes):
            current_profile.sessions.require_fresh(user)
        try:
            current_profile.tokens.change(user, current_profile.tokens.version(record), seen=record, **changes)
        except Conflict as error:
            raise Conflict(_why_unchanged(error), code=error.code) from error
        return gettext("Your API token has been changed.")

    @action(
        feature=False,
        confirm=Confirm(
            lazy_gettext("Revoke all your API tokens?"),
            _consequence,
            lazy_gettext("Revoke all"),
            lazy_gettext("Cancel"),
        ),
        answer=MESSAGE,
    )
    def revoke_all(self, user: Any) -> str | Done:
        key = current_profile.users.key(user)
        if not (number := current_profile.tokens.revoke_all(key)):
            return Done(gettext("You have no API token"), kind="info")
        return ngettext("%(num)s API token has been revoked.", "%(num)s API tokens have been revoked.", number)

    @staticmethod
    def list_context(records: Sequence[TokenRecord]) -> dict[str, Any]:
        features, config = current_profile.features, current_profile.config
        return {
            "tokens": all_as_shown(records),
            "can_regenerate": features["api_token.regenerate"],
            "can_create": features["api_token.regenerate"] and config.names_tokens,
            # a form that is sent twice, as by a page that is loaded again without scripts, makes one token
            "list_version": current_profile.tokens.list_version(records),
            "full": full() if current_profile.tokens.is_full(records) else "",
            "limit": config.api_tokens,
            "number": len(current_profile.tokens.counted(records)),
            "can_copy": features["api_token.copy"],
            "has_scopes": bool(config.api_scopes),
        }


def full() -> str:
    return ngettext(
        "You have %(num)s token, which is as many as you may have. Revoke it to make another one.",
        "You have %(num)s tokens, which is as many as you may have. Revoke one to make another one.",
        current_profile.config.api_tokens,
    )


def values_of(records: Sequence[TokenRecord]) -> dict[str, Any]:
    """What a program knows that was written for one token goes on, for whoever has one."""
    only = current_profile.tokens.candidates(records)
    return {
        **as_json(only[0] if len(only) == 1 else None),
        "tokens": all_as_json(records),
        "limit": current_profile.config.api_tokens,
    }


def asked_about(user: Any) -> TokenRecord | None:
    """The token that a question is about; where there is one only, that."""
    given = request.values.get("id")
    record = current_profile.tokens.find(user, given)
    if given is not None and record is None:
        raise gone()
    if given is None and _are_several(user):
        raise which()
    return record


def meant(user: Any, id_: str | None, version: str | None) -> str | None:
    """The version of the token that an action is to be done to.

    :raises NotFound: the user has no such token.
    :raises Invalid: they have several, and nobody says which.
    """
    if id_ is None:
        if version is None and _are_several(user):
            raise which()
        return version
    if current_profile.tokens.find(user, id_) is None:
        raise gone()
    if version not in (None, id_):
        raise Conflict(code="token_changed")
    return id_


def _are_several(user: Any) -> bool:
    tokens = current_profile.tokens
    return len(tokens.candidates(tokens.list(user))) > 1


def which() -> Invalid:
    return Invalid({"id": gettext("Say which token")})


def gone() -> NotFound:
    return NotFound(
        gettext("There is no such token any more. Look at the list before you try again."), code="no_such_token"
    )


def shown_page(user: Any, token: str, message: str, **facts: Any) -> Done:
    """The answer that has a token of several in it."""
    found = current_profile.tokens.of_text(user, token)
    id_, name = (current_profile.tokens.version(found), found.name) if found else (None, "")
    can_regenerate = current_profile.features["api_token.regenerate"]
    context = {
        "secret": token,
        "name": name,
        "old_goes_on": found is not None and _goes_on(found, current_profile.tokens.list(user)),
        "can_regenerate": can_regenerate,
        "regenerate_url": url_for("myprofile.api_token_regenerate", id=id_),
        "revoke_url": url_for("myprofile.api_token_revoke", id=id_),
        "shown_once": not current_profile.features["api_token.copy"],
        **facts,
    }
    return Done(message, {"token": token, "id": id_}, SHOWN, context)


def _goes_on(new: TokenRecord, records: Sequence[TokenRecord]) -> bool:
    """Whether the token does that this one has replaced."""
    return any(each.slot == -new.slot or each.digest == new.replaces for each in records)
