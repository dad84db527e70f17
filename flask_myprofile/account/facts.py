"""What a sign-in looks like from outside."""

from __future__ import annotations

from typing import NamedTuple

from ..store import SessionRecord
from .credentials import Credential


class Facts(NamedTuple):
    login_id: str
    ip: str
    user_agent: str
    method: str = "password"
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
