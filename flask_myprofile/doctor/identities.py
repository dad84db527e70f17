"""Whom providers say that users are: is it the same at each sign-in?"""

from __future__ import annotations

from collections.abc import Iterator

from ..globals import current_profile
from .findings import Finding, note, ok

#: At one provider, a person has one identity; a few, where people share an account or the provider was moved.
_USUAL = 5


def identities() -> Iterator[Finding]:
    with current_profile.own_transaction():
        found = current_profile.identities.crowded(_USUAL)
    most: dict[str, int] = {}
    for _, provider, count in found:
        most[provider or "a provider"] = max(count, most.get(provider or "a provider", 0))
    for name, count in sorted(most.items()):
        yield note(
            f"{name} has given one user {count} different names (subject): a new one at each sign-in?",
            "Have it give a lasting one: with SAML a persistent NameID, with LDAP entryUUID.",
        )
    if not most:
        yield ok("No user has many names at one provider.")
