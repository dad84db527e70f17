"""Signed-in sessions: how one begins, how it is recognised, and how it ends for good.

A session is known by ``<row id>.<secret>``. The database holds the SHA-256 of the secret only. A remembered device
keeps a device secret from which the session's secret is derived, so that all its tabs come back as the same row.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from ..config import Config
from ..store import Found, LiveSince, SessionRecord, SessionStore
from .users import Users

#: The method of a session that began before the extension was installed.
ADOPTED = "unknown"
#: Requests already under way when the secret changed still pass for this many seconds.
ROTATION_GRACE = 30

_VALUE = re.compile(r"([0-9a-f]{24})\.([A-Za-z0-9_-]{43})")
_ID = re.compile(r"[0-9a-f]{24}")


class Facts(NamedTuple):
    """What a sign-in looks like from outside."""

    login_id: str
    ip: str
    user_agent: str
    method: str = "password"
    provider: str | None = None
    issuer: str | None = None
    subject: str | None = None
    idp_session: str | None = None
    remember_until: int | None = None


class Credential(NamedTuple):
    """What a browser holds of a session; the secret never appears in a repr."""

    id: str
    secret: str

    def __repr__(self) -> str:
        return f"Credential(id={self.id!r})"

    def __str__(self) -> str:
        return repr(self)

    @property
    def value(self) -> str:
        return f"{self.id}.{self.secret}"

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.secret.encode()).hexdigest()

    @classmethod
    def parse(cls, value: object) -> Credential | None:
        found = _VALUE.fullmatch(value) if isinstance(value, str) else None
        return cls(*found.groups()) if found else None

    def of_session(self) -> Credential:
        """The session's credential that this device credential stands for."""
        derived = hashlib.sha256(b"flask-myprofile/session:" + self.secret.encode()).digest()
        return Credential(self.id, _text(derived))


def new_device() -> Credential:
    return Credential(secrets.token_hex(12), secrets.token_urlsafe(32))


def device_from(*parts: bytes) -> Credential:
    """The same credential each time for the same secret input: two tabs that arrive at once adopt one row."""
    seed = hashlib.sha256(b"\x00".join((b"flask-myprofile/adopt", *parts))).digest()
    return Credential(hashlib.sha256(seed + b"id").hexdigest()[:24], _text(seed))


def _text(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class Sessions:
    """The registry. ``list``, ``end``, ``end_others`` and ``end_all`` are for hosts; the guard uses the rest.

    What a host calls outside the extension's own pages takes effect at once, in a transaction of its own.
    """

    def __init__(
        self,
        store: SessionStore,
        users: Users,
        config: Config,
        *,
        current: Callable[[], SessionRecord | None],
        renew: Callable[[Any, SessionRecord], None],
        ended: Callable[[str, Sequence[str], str], None],
    ) -> None:
        self._store = store
        self._users = users
        self._config = config
        self._current = current
        self._renew = renew
        self._ended = ended

    # ---- for hosts and tabs

    def current(self, user: Any = None) -> SessionRecord | None:
        """The session of this request; with ``user``, only if it is theirs."""
        record = self._current()
        if record is None or (user is not None and record.user_key != self._users.key(user)):
            return None
        return record

    def list(self, user: Any, limit: int = 50, offset: int = 0) -> Sequence[SessionRecord]:
        """The user's sessions that can still get in, last active first."""
        return self._store.live_sessions(self._users.key(user), self._live_since(), limit, offset)

    def is_new(self, record: SessionRecord) -> bool:
        """Whether the session began in this very request, and is stored when that is over."""
        return not self._store.owns_session(record.user_key, record.id)

    def count(self, user: Any) -> int:
        return self._store.count_live_sessions(self._users.key(user), self._live_since())

    def end(self, user: Any, session_id: str, reason: str = "signed_out") -> bool:
        """End one session of this user, for good. True also if it had ended already; False: not theirs or unknown."""
        key = self._users.key(user)
        if not isinstance(session_id, str) or not _ID.fullmatch(session_id):
            return False
        return bool(self._end(key, reason, only=[session_id])) or self._store.owns_session(key, session_id)

    def end_others(self, user: Any, reason: str = "signed_out") -> int:
        """End all sessions of this user but the one of this request; how many ended."""
        current = self.current(user)
        return len(self._end(self._users.key(user), reason, keep=current.id if current else None))

    def end_all(self, user: Any, reason: str = "signed_out") -> int:
        """End every session of this user; how many ended."""
        return len(self._end(self._users.key(user), reason))

    def renew(self, user: Any) -> None:
        """Give the session of this request a new secret; copies of the old cookie are worth nothing then."""
        current = self.current(user)
        if current is not None:
            self._renew(user, current)

    def _end(self, user_key: str, reason: str, **which: Any) -> Sequence[str]:
        ids = self._store.end_sessions(user_key, now(), reason, **which)
        if ids:
            self._ended(user_key, ids, reason)
        return ids

    # ---- for the guard

    def find(self, credential: Credential, login_id: str) -> Found | None:
        """The live session that this credential proves, or None.

        :raises StoreDown: it cannot be known now.
        """
        found = self._store.find_session(credential.id, login_id)
        if found is None or found.record.ended_at is not None or not self._proves(credential, found.record):
            return None
        return None if self._is_over(found.record) else found

    def _proves(self, credential: Credential, record: SessionRecord) -> bool:
        if hmac.compare_digest(credential.hash, record.secret_hash):
            return True
        in_grace = record.rotated_at is not None and now() - record.rotated_at <= ROTATION_GRACE
        return in_grace and hmac.compare_digest(credential.hash, record.previous_hash or "")

    def _is_over(self, record: SessionRecord) -> bool:
        since = self._live_since()
        if record.remember_until is not None:
            return record.remember_until < since.now
        return record.created_at < (since.created_at or 0) or record.last_seen_at < (since.last_seen_at or 0)

    def _live_since(self) -> LiveSince:
        moment, config = now(), self._config
        return LiveSince(
            moment - config.session_lifetime if config.session_lifetime else None,
            moment - config.session_idle if config.session_idle else None,
            moment,
        )

    def begin(self, user: Any, credential: Credential, facts: Facts) -> SessionRecord:
        """The record of a new session; :meth:`add` stores it."""
        moment = now()
        return SessionRecord(
            id=credential.id,
            user_key=self._users.key(user),
            secret_hash=credential.hash,
            previous_hash=None,
            rotated_at=None,
            created_at=moment,
            last_seen_at=moment,
            ended_at=None,
            end_reason=None,
            **facts._asdict(),
        )

    def add(self, record: SessionRecord, replaces: Iterable[Credential] = ()) -> None:
        """Store a new session; end the one that the same browser held before, and the least used one over the limit."""
        for credential in replaces:
            self.end_proven(credential, "replaced")
        self._store.add_session(record)
        limit = self._config.session_limit
        over = self._store.live_sessions(record.user_key, self._live_since(), 100, limit - 1, but=record.id)
        if over:
            self._end(record.user_key, "limit", only=[old.id for old in over])

    def end_proven(self, credential: Credential, reason: str) -> None:
        """End the session whose secret is proved: an id alone, from an unsigned cookie, ends nothing."""
        self._store.end_sessions(None, now(), reason, only=[credential.id], secret_hash=credential.hash)

    def end_record(self, record: SessionRecord, reason: str) -> None:
        self._end(record.user_key, reason, only=[record.id])

    def due(self, record: SessionRecord) -> bool:
        """Whether it is time to write down the last activity again."""
        return now() - record.last_seen_at >= self._config.session_touch

    def touch(self, record: SessionRecord, ip: str, user_agent: str) -> None:
        self._store.touch_session(record.id, now(), ip, user_agent)

    def rotate(self, record: SessionRecord, credential: Credential, login_id: str) -> bool:
        """Give a live session a new secret; False where it ended meanwhile."""
        return self._store.rotate_session(record, credential.hash, now(), login_id)

    def has_ended(self, session_id: str) -> bool:
        """Whether there was such a session and it is over."""
        found = self._store.find_session(session_id)
        return found is not None and (found.record.ended_at is not None or self._is_over(found.record))

    def may_adopt(self, user: Any, remembered: bool, signed_at: int | None) -> bool:
        """Whether a signed-in browser without a session of ours may get one.

        A session cookie may if it was signed (``signed_at``) after the user's last sign-out of anything: an older one
        could be among those signed out. A remember-me cookie has no age, and is the same on every device: it may only
        while the user has neither signed out of anything nor signed in anew, which would have given a device cookie.
        """
        if not self._config.session_adopt:
            return False
        past = self._store.history(self._users.key(user), ADOPTED)
        if remembered:
            return past.revoked_at is None and not past.signed_in
        return past.revoked_at is None or (signed_at is not None and signed_at > past.revoked_at)


def now() -> int:
    """Seconds since the epoch, UTC."""
    return int(time.time())
