"""Whom identity providers say that users are: what is known of an account beyond the session that signed in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from ..store.protocols import IdentityStore
from ..store.records import IdentityRecord, SessionRecord


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
            digest(authority, session.subject), session.user_key, session.provider, session.issuer, session.subject
        )
        self._store.keep_identity(record)

    def is_linked(self, user_key: str) -> bool:
        """Whether anybody has ever signed in to this account by Single Sign-On."""
        return self._store.has_identity(user_key)

    def users(self, issuer: str, subject: str) -> Sequence[str]:
        """The keys of the users whom this person has signed in as."""
        return self._store.users_with_identity(digest(issuer, subject))

    def forget(self, provider: str) -> int:
        """Forget who has signed in by a provider that the app no longer has. How many identities there were."""
        return self._store.forget_identities(provider)


def digest(*names: str | None) -> str:
    """One name for all of these together."""
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()
