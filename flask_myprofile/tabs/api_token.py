"""API Token: one token a user, or several, to reach the host's API as that user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..account.user_search import MOST_COUNTED
from ..config import DAY
from ..errors import Conflict, Invalid, NotFound
from ..globals import current_profile
from ..i18n import gettext, lazy_gettext, ngettext
from ..openapi.schemas import MESSAGE, TEXT, Schema, record
from ..pages.api_example import example_address
from ..pages.token_facts import LIST_SCHEMA, are_a_list, as_json, as_shown, called, last_use, state_of
from ..pages.token_life import keep_form, kept_for
from ..pages.token_list import SHOWN, TOO_MANY, TokenListActions, asked_about, full, meant, shown_page, values_of
from ..pages.token_of_session import end_with_session
from ..responses import prefers_json
from ..store.token_records import TokenCounts, TokenRecord
from ..tab import Confirm, Done, Effect, Part, Tab, action

#: Seconds: "in the last 30 days".
_LATELY = 30 * DAY
_TOKEN = record(token=TEXT)


def _warning(tab: Tab, user: Any) -> list[str]:
    record = asked_about(user)
    if record is None:
        return [gettext("A program that has the token can use the API as you.")]
    stops = gettext(
        "Integrations using the current token will stop working until you update them with the new token. "
        "This cannot be undone."
    )
    return [*_which(user, record), stops, last_use(record)]


def _which(user: Any, record: TokenRecord | None) -> list[str]:
    """Said where there may be several."""
    return [called(record)] if record and are_a_list(current_profile.tokens.list(user)) else []


def _looked_at(tab: Tab, user: Any) -> dict[str, str]:
    """What the question is about, so that a confirmation is good for this token and no later one."""
    return {"version": current_profile.tokens.version(asked_about(user))}


@contextmanager
def _this_token_alone() -> Iterator[None]:
    """Says in words that there is another token by now than the one that was looked at, or that there are too many for
    one that has expired."""
    try:
        yield
    except Conflict as error:
        done = gettext("This was done already, here or in another window. Look at the token before you try again.")
        raise Conflict(full() if error.code == TOO_MANY else done, code=error.code) from error


def _without(tab: Tab, user: Any) -> list[str]:
    named = _which(user, asked_about(user))
    if current_profile.features["api_token.regenerate"]:
        return [
            *named,
            gettext("Integrations using it stop working at once. You can generate another one at any time."),
        ]
    again = gettext("Integrations using it stop working at once. Only an administrator can let you have another one.")
    return [*named, again]


def _example() -> str:
    return f'curl -H "Authorization: Bearer $TOKEN" {example_address()}'


def _shown_page(token: str, message: str, **facts: bool) -> Done:
    """The answer that has the token in it: the only one."""
    can_regenerate = current_profile.features["api_token.regenerate"]
    context = {"secret": token, "example": _example(), "can_regenerate": can_regenerate, **facts}
    return Done(message, {"token": token}, SHOWN, context)


def _reach(counts: TokenCounts) -> str:
    """How many people it concerns."""
    if counts.working >= MOST_COUNTED:
        return gettext("More than %(num)s users have a token.", num=MOST_COUNTED - 1)
    return ngettext(
        "%(num)s user has a token; used in the last 30 days: %(used)s.",
        "%(num)s users have a token; used in the last 30 days: %(used)s.",
        counts.working,
        used=counts.used,
    )


def _gone(copies: int) -> str:
    if not copies:
        return ""
    if copies >= MOST_COUNTED:
        most = MOST_COUNTED - 1
        return gettext("More than %(num)s tokens cannot be copied any more, for good. They go on working.", num=most)
    return ngettext(
        "%(num)s token cannot be copied any more, for good. It goes on working.",
        "%(num)s tokens cannot be copied any more, for good. They go on working.",
        copies,
    )


class ApiToken(TokenListActions, Tab):
    name = "api_token"
    label = lazy_gettext("API Token")
    summary = lazy_gettext("Lets scripts and integrations use the API as you. Treat it like a password.")
    meaning = lazy_gettext("Users reach the API with a personal token.")
    icon = "key-round"
    on_by_default = False
    parts = (
        Part(
            "copy",
            lazy_gettext("Copy"),
            lazy_gettext(
                "Keeps tokens encrypted, so that they can be copied at any time. "
                "Off: a token is shown once, when it is made."
            ),
        ),
        Part(
            "regenerate",
            lazy_gettext("Regenerate"),
            lazy_gettext("Users make and replace their token. Off: they can still revoke the one that they have."),
        ),
    )

    @property
    def main(self) -> str:  # type: ignore[override]
        """Who may have one token alone makes it without a form."""
        return "create" if current_profile.config.names_tokens else "save"

    def effects(self) -> dict[str, Effect]:
        counts, found = current_profile.tokens.count(_LATELY), {}
        if counts.working:
            reach = _reach(counts)
            stop = gettext("Every token stops working at once.")
            again = gettext("Tokens from before work again at once.")
            none = gettext("Nobody makes or replaces a token any more.")
            found[self.name] = Effect(f"{stop} {reach}", f"{again} {reach}", asks=True)
            found[f"{self.name}.regenerate"] = Effect(f"{none} {reach}")
        later = gettext("Tokens that are made from now on can be copied, those from before cannot.")
        found[f"{self.name}.copy"] = Effect(_gone(counts.copies), later, asks=counts.copies > 0)
        return found

    def values(self, user: Any) -> dict[str, Any]:
        records = current_profile.tokens.list(user)
        return values_of(records) if are_a_list(records) else as_json(records[0] if records else None)

    def json_schema(self, user: Any) -> Schema:
        return LIST_SCHEMA

    def context(self, user: Any) -> dict[str, Any]:
        records, features = current_profile.tokens.list(user), current_profile.features
        if are_a_list(records):
            return {
                **self.list_context(records),
                "can_regenerate": features["api_token.regenerate"],
                "example": _example(),
            }
        record = records[0] if records else None
        return {
            "state": state_of(record),
            "token": as_shown(record) if record else None,
            "can_copy": features["api_token.copy"] and record is not None and record.ciphertext is not None,
            "can_regenerate": features["api_token.regenerate"],
            "example": _example(),
        }

    @action(
        feature="regenerate",
        confirm=Confirm(
            lazy_gettext("Regenerate your API token?"),
            _warning,
            lazy_gettext("Regenerate token"),
            lazy_gettext("Keep current token"),
            _looked_at,
            keep_form,
        ),
        label=lazy_gettext("Regenerate token"),
        purpose=lazy_gettext("regenerate your API token"),
        fresh=True,
        condition=["id", "version", "keep"],
        answer=_TOKEN,
    )
    def regenerate(self, user: Any, id: str | None = None, version: str | None = None, keep: str | None = None) -> Done:
        version, seconds = meant(user, id, version), kept_for(keep)
        records = current_profile.tokens.list(user)
        replaced = bool(records)
        if version is None and not prefers_json():  # a program confirms by its call, and need not say
            if replaced:
                raise Invalid({}, gettext("You have a token already. Confirm first that it is to be replaced."))
            version = ""
        with _this_token_alone():
            token = current_profile.tokens.regenerate(user, version, keep=seconds)
        end_with_session(user, token)
        ready = gettext("Your new API token is ready.")
        if are_a_list(records):
            return shown_page(user, token, ready, fresh=True, replaced=replaced, example=_example())
        once = not current_profile.features["api_token.copy"]
        return _shown_page(token, ready, fresh=True, replaced=replaced, shown_once=once)

    @action(
        feature="copy",
        label=lazy_gettext("Copy API token"),
        purpose=lazy_gettext("see your API token"),
        fresh=True,
        condition=["id"],
        answer=_TOKEN,
    )
    def reveal(self, user: Any, id: str | None = None) -> Done:
        which = meant(user, id, None)
        try:
            token = current_profile.tokens.reveal(user, which)
        except NotFound as error:
            raise NotFound(
                gettext("This token cannot be shown again. Regenerate it to get one that can."), code=error.code
            ) from error
        said = gettext("This is your API token.")
        if are_a_list(current_profile.tokens.list(user)):
            return shown_page(user, token, said, fresh=False, replaced=False, shown_once=False, example=_example())
        return _shown_page(token, said, fresh=False, replaced=False, shown_once=False)

    @action(
        feature=False,  # whatever is off, what has leaked can be ended
        confirm=Confirm(
            lazy_gettext("Revoke your API token?"),
            _without,
            lazy_gettext("Revoke token"),
            lazy_gettext("Keep current token"),
            _looked_at,
        ),
        condition=["id", "version"],
        answer=MESSAGE,
    )
    def revoke(self, user: Any, id: str | None = None, version: str | None = None) -> str | Done:
        version = meant(user, id, version)
        with _this_token_alone():
            ended = current_profile.tokens.revoke(user, version)
        if not ended:  # by another window, or Back
            return Done(gettext("You have no API token"), kind="info")
        return gettext("Your API token has been revoked.")
