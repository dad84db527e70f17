"""Whom identity providers say that users are: what is known of an account beyond the session that signed in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from ..store.protocols import IdentityStore
from ..store.records import IdentityRecord, SessionRecord
from .clock import now

#: Identities that a user may have at one provider. Some give a new one at each sign-in (transient names of SAML), of
#: which there would soon be thousands, and none is ever met again.
KEPT = 20


class Identities:
    """A person is known by issuer and subject, which the provider never gives to anybody else, or where there is no
    issuer by provider and subject. Never by an e-mail address, which changes hands.
    """

    def __init__(self, store: IdentityStore) -> None:
        self._store = store

    def note(self, session: SessionRecord) -> None:
        """Remember whom somebody has just signed in as by Single Sign-On."""
        authority = session.issuer or session.provider
        record = IdentityRecord(
            digest(authority, session.subject),
            session.user_key,
            session.provider,
            session.issuer,
            session.subject,
            now(),
        )
        self._store.keep_identity(record)

    def is_linked(self, user_key: str) -> bool:
        """Whether anybody has ever signed in to this account by Single Sign-On."""
        return self._store.has_identity(user_key)

    def of(self, user_key: str) -> Sequence[IdentityRecord]:
        """All whom providers have ever said that this user is, the last one first."""
        return self._store.identities_of(user_key)

    def users(self, issuer: str, subject: str) -> Sequence[str]:
        """The keys of the users whom this person has signed in as."""
        return self._store.users_with_identity(digest(issuer, subject))

    def crowded(self, most: int = KEPT) -> Sequence[tuple[str, str | None, int]]:
        """Of users with more than so many identities at one provider: their keys, the provider, and how many."""
        return self._store.crowded_identities(most)

    def prune(self) -> None:
        """Forget those that were not met for longest, where there are more than anybody has."""
        for user_key, provider, _ in self.crowded():
            self._store.drop_identities(user_key, provider, KEPT)

    def forget(self, provider: str) -> int:
        """Forget who has signed in by a provider that the app no longer has. How many identities there were."""
        return self._store.forget_identities(provider)


def digest(*names: str | None) -> str:
    """One name for all of these together."""
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()
