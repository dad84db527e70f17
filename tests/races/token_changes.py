"""Changes of a user's API tokens, whose texts stay what they are, by the page and in JSON; and what must hold of a
token that was changed while others regenerated or revoked it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from flask_myprofile.account.token_changes import FACTS
from flask_myprofile.store.token_records import TokenRecord
from tests.support.host import JSON, Browser, Host

PAGE, PROGRAM = "change by the page", "change in JSON"
CHANGES = (PAGE, PROGRAM)
SETTINGS: dict[str, Any] = {
    "MYPROFILE_API_SCOPES": {"read": "Read", "write": "Write"},
    "MYPROFILE_API_TOKEN_NETWORKS": True,
    "MYPROFILE_REAUTH_MAX_AGE": 86_400,  # every other change lets a token do more
    "WTF_CSRF_ENABLED": False,
}
#: What each token is good for, whatever it is limited to.
SCOPE, ADDRESS = "read", "127.0.0.1"
_LIMITS: dict[str, Sequence[str | None]] = {
    "scopes": (None, "read", "read write"),
    "networks": (None, "127.0.0.0/8", "127.0.0.1/32"),
}
_URL, _CHANGED = "/profile/api-token/change", "Your API token has been changed."

#: Some of the name, the scopes and the networks of a token.
Facts = Mapping[str, str | None]


def others(record: TokenRecord, chance: random.Random) -> Facts:
    """One or two facts that are not so yet."""
    found: dict[str, str | None] = {"name": f"name {chance.randrange(1_000_000)}"}
    for name, values in _LIMITS.items():
        found[name] = chance.choice([value for value in values if value != getattr(record, name)])
    return {name: found[name] for name in chance.sample(FACTS, chance.randint(1, 2))}


def ready_to_change(host: Host, cookies: str, what: str, version: str, facts: Facts) -> Callable[[], bool]:
    """What is to be called when all are ready, and says whether it was done; the page is open before that."""
    browser, headers = Browser(host.app.test_client(use_cookies=False)), {"Cookie": cookies}
    sent = {"id": version, **_as_fields(facts)}
    if what == PROGRAM:
        return lambda: _is_done(browser.client.post(_URL, json=sent, headers={**headers, **JSON}))
    page = {**browser.get(f"{_URL}?id={version}", headers={**headers, **JSON}).json, **sent}
    return lambda: _is_done(browser.client.post(_URL, data=page, headers=headers))


def _as_fields(facts: Facts) -> dict[str, Any]:
    fields: dict[str, Any] = {name: value or "" for name, value in facts.items() if name != "scopes"}
    if "scopes" in facts:
        scopes = facts["scopes"]
        fields |= {"access": "scopes", "scopes": scopes.split()} if scopes else {"access": "everything"}
    return fields


def _is_done(answer: Any) -> bool:
    """Somebody may have changed or replaced it, or it is gone, or it was locked for too long."""
    assert answer.status_code in (200, 303, 404, 409, 503), answer.text
    return bool(answer.status_code == 303 or (answer.json or {}).get("message") == _CHANGED)


def not_as_changed(before: TokenRecord, now: TokenRecord, changes: Sequence[Facts]) -> Iterator[str]:
    """What of a token is as nobody has said; or as it was, where somebody was told that it is something else.

    :param now: it, or what has taken its place; :param changes: those that were done.
    """
    for name in FACTS:
        said = {facts[name] for facts in changes if name in facts} or {getattr(before, name)}
        if getattr(now, name) not in said:
            yield f"a token has the {name} {getattr(now, name)!r}, and not one of {said}"
