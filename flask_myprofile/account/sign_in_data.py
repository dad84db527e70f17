"""What is known of a sign-in: the browser it came from, and what an identity provider says of the person."""

from __future__ import annotations

from typing import NamedTuple

from ..store.records import PASSWORD, SessionRecord
from .credentials import Credential


class SignInData(NamedTuple):
    """The browser of a new session, and how it signed in."""

    login_id: str
    ip: str
    user_agent: str
    method: str = PASSWORD
    remember_until: int | None = None

    def record(self, user_key: str, credential: Credential, moment: int) -> SessionRecord:
        """The session that begins with it. What an identity provider says of it is added later."""
        return SessionRecord(
            id=credential.id,
            user_key=user_key,
            login_id=self.login_id,
            secret_hash=credential.hash,
            previous_hash=None,
            rotated_at=None,
            created_at=moment,
            last_seen_at=moment,
            ended_at=None,
            end_reason=None,
            method=self.method,
            provider=None,
            issuer=None,
            subject=None,
            idp_session=None,
            remember_until=self.remember_until,
            ip=self.ip,
            user_agent=self.user_agent,
        )


class SsoIdentity(NamedTuple):
    """Who the identity provider says this is. Named by issuer and subject, never by an e-mail address.

    The fields are those of the session's row: see :class:`SessionRecord`.
    """

    method: str = "sso"
    provider: str | None = None
    issuer: str | None = None
    subject: str | None = None
    idp_session: str | None = None
    acr: str | None = None
    auth_time: int | None = None
    callback: str | None = None
    id_token: str | None = None
    asserted_at: int | None = None
