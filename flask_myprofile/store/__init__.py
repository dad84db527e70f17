"""Where things are kept: the records, and what a store must be able to do.

Times are whole seconds since the epoch (UTC): the same number in every database, driver and time zone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, Protocol


class SessionRecord(NamedTuple):
    """One signed-in browser. ``secret_hash`` is a SHA-256 and signs nobody in."""

    id: str
    user_key: str
    login_id: str
    secret_hash: str
    previous_hash: str | None
    rotated_at: int | None
    created_at: int
    last_seen_at: int
    ended_at: int | None
    end_reason: str | None
    method: str
    provider: str | None
    issuer: str | None
    subject: str | None
    idp_session: str | None
    remember_until: int | None
    ip: str
    user_agent: str

    @property
    def remembered(self) -> bool:
        return self.remember_until is not None


class Found(NamedTuple):
    """A session's row, the language its user chose, and the user where the same query could bring it along."""

    record: SessionRecord
    user: Any
    language: str | None


class History(NamedTuple):
    """What a user's rows tell of the past: the last time a session was ended, and whether there was a sign-in."""

    revoked_at: int | None
    signed_in: bool


class TokenRecord(NamedTuple):
    """A user's API token: its digest, and a ciphertext where it may be copied again."""

    user_key: str
    version: int
    digest: str
    ciphertext: str | None
    hint: str
    created_at: int
    expires_at: int | None
    last_used_at: int | None
    last_used_ip: str | None
    last_used_agent: str | None


class FeatureRecord(NamedTuple):
    """An admin's choice for one feature."""

    name: str
    enabled: bool
    changed_by: str
    changed_at: int


class LiveSince(NamedTuple):
    """What still gets in: started and seen since these moments (None: no such limit), or remembered until now."""

    created_at: int | None
    last_seen_at: int | None
    now: int


class SessionStore(Protocol):
    """What a technology must do to keep sessions. Nothing but ``add_session`` may bring a row to life."""

    def find_session(self, session_id: str, login_id: str | None = None) -> Found | None: ...

    def add_session(self, record: SessionRecord) -> bool: ...

    def touch_session(self, session_id: str, at: int, ip: str, user_agent: str) -> None: ...

    def rotate_session(self, record: SessionRecord, secret_hash: str, at: int, login_id: str) -> bool: ...

    def end_sessions(
        self,
        user_key: str | None,
        at: int,
        reason: str,
        *,
        only: Collection[str] | None = None,
        keep: str | None = None,
        secret_hash: str | None = None,
    ) -> list[str]: ...

    def live_sessions(
        self, user_key: str, since: LiveSince, limit: int, offset: int = 0, but: str | None = None
    ) -> Sequence[SessionRecord]: ...

    def count_live_sessions(self, user_key: str, since: LiveSince) -> int: ...

    def owns_session(self, user_key: str, session_id: str) -> bool: ...

    def history(self, user_key: str, adopted: str) -> History: ...


class TokenStore(Protocol):
    def find_token(self, user_key: str) -> TokenRecord | None: ...

    def find_token_by_digest(self, digest: str) -> TokenRecord | None: ...

    def replace_token(self, record: TokenRecord) -> bool: ...

    def delete_token(self, user_key: str) -> bool: ...

    def touch_token(self, user_key: str, digest: str, at: int, ip: str, user_agent: str) -> None: ...

    def forget_ciphertexts(self) -> None: ...


class PreferenceStore(Protocol):
    def preferences(self, user_key: str) -> Mapping[str, str]: ...

    def save_preferences(self, user_key: str, values: Mapping[str, str | None]) -> None: ...


class GuessStore(Protocol):
    def add_guess(self, user_key: str, guess: str, at: int, since: int) -> Sequence[int]:
        """Count a guess at once, for everybody to see; the moments of all the user's guesses since then."""
        ...

    def forget_guess(self, user_key: str, guess: str) -> None: ...


class FeatureStore(Protocol):
    def features(self) -> Mapping[str, FeatureRecord]: ...

    def save_features(self, values: Mapping[str, bool], changed_by: str, at: int) -> None: ...
