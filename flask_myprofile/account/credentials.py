"""What a browser holds of a session: ``<row id>.<secret>``, of which the store keeps the SHA-256 of the secret only."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from typing import NamedTuple

from ..store.records import ROTATION_GRACE, SessionRecord, tag_of

_ID_LENGTH = 24
_ID = f"[0-9a-f]{{{_ID_LENGTH}}}"
#: What :func:`new_secret` makes.
SECRET = r"[A-Za-z0-9_-]{43}"  # noqa: S105 (what one looks like)
#: A credential, whose parts are looked up and hashed, so that only their shape is checked.
_WRITTEN = re.compile(rf"([ -~]{{{_ID_LENGTH}}})\.([ -~]{{43}})(?:\.(.+)?)?", re.DOTALL)


class Credential(NamedTuple):
    """What a browser holds of a session; the secret never appears in a repr.

    ``user_key`` is there where the login id, which the browser holds as well, is another one: with it, one query finds
    the session and its user. The session's row says whose it is.
    """

    id: str
    secret: str
    user_key: str | None = None

    def __repr__(self) -> str:
        return f"Credential(id={self.id!r})"

    def __str__(self) -> str:
        return repr(self)

    @property
    def value(self) -> str:
        return f"{self.id}.{self.secret}" + ("" if self.user_key is None else f".{self.user_key}")

    def of(self, user_key: str, login_id: str) -> Credential:
        """The same, told whose it is."""
        return self._replace(user_key=None if user_key == login_id else user_key)

    @property
    def hash(self) -> str:
        return digest_of(self.secret)

    @classmethod
    def parse(cls, value: object) -> Credential | None:
        """The credential written like that."""
        parts = _WRITTEN.fullmatch(value) if isinstance(value, str) else None
        return cls(*parts.groups()) if parts is not None else None

    def proves(self, record: SessionRecord, moment: int) -> bool:
        """Whether the secret is that of the session, or was until a moment ago."""
        if self.is_present(record):
            return True
        in_grace = record.rotated_at is not None and abs(moment - record.rotated_at) <= ROTATION_GRACE
        return in_grace and self.was_before(record)

    def was_before(self, record: SessionRecord) -> bool:
        """Whether the secret is the one whose place the present one has taken."""
        return hmac.compare_digest(self.hash, record.previous_hash or "")

    def is_present(self, record: SessionRecord) -> bool:
        """Whether the secret is that of the session, and no other has taken its place."""
        return hmac.compare_digest(self.hash, record.secret_hash)

    def of_session(self) -> Credential:
        """The session's credential that this device credential stands for."""
        derived = hashlib.sha256(b"flask-myprofile/session:" + self.secret.encode()).digest()
        return Credential(self.id, _text(derived), self.user_key)


def is_session_id(text: object) -> bool:
    """Whether it has the shape of one."""
    return isinstance(text, str) and re.fullmatch(_ID, text) is not None


def new_device(user_key: str) -> Credential:
    return Credential(tag_of(user_key) + secrets.token_hex(6), new_secret())


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """What is stored of a secret that nobody could guess."""
    return hashlib.sha256(secret.encode()).hexdigest()


def device_from(user_key: str, *parts: bytes) -> Credential:
    """The same credential each time for the same secret input: two tabs that arrive at once adopt one row."""
    seed = hashlib.sha256(b"\x00".join((b"flask-myprofile/adopt", *parts))).digest()
    return Credential(tag_of(user_key) + hashlib.sha256(seed + b"id").hexdigest()[:12], _text(seed))


def _text(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
