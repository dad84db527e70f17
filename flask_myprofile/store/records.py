"""What is kept: the records of all stores.

Times are whole seconds since the epoch (UTC): the same number in every database, driver and time zone.
"""

# without postponed annotations: a NamedTuple compiles each text of them, at every start
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

#: In the place of a user's key: all users at once. No user has it.
EVERYONE = ""
#: What the digest begins with of the key of a user who is gone, which somebody else may have one day.
GONE = "#"
#: Seconds by which the clocks of an app's machines may differ. What is dated later than that is from a clock that was
#: ahead and has been put right since.
SKEW = 60
#: Requests already under way when the secret changed still pass for this many seconds.
ROTATION_GRACE = 30
#: Characters of a session's id that tell whose it is.
TAG_LENGTH = 12
#: The methods of a session that somebody began here: by a password, or before the extension was installed.
PASSWORD, ADOPTED = "password", "unknown"


def tag_of(user_key: str) -> str:
    """What the ids of all sessions of that user begin with, and of hardly another: half of an id. So a store that is
    spread over machines knows from an id alone where it is, next to the other sessions of the user."""
    return hashlib.sha256(user_key.encode(errors="surrogatepass")).hexdigest()[:TAG_LENGTH]


def gone(user_key: str) -> str:
    """What stands for a user who is gone."""
    return GONE + hashlib.sha256(user_key.encode()).hexdigest()


def is_sso_method(method: str) -> bool:
    """Whether a session of that method began by Single Sign-On, by whichever."""
    return method not in (PASSWORD, ADOPTED)


class SessionRecord(NamedTuple):
    """One signed-in browser. ``id`` begins with ``tag_of`` its user; ``secret_hash`` is a SHA-256 and signs nobody
    in; ``name`` is what the user calls it.

    Of a sign-in at an OpenID provider: ``idp_session`` is its ``sid``, ``callback`` the redirect URI that it used,
    ``id_token`` a ciphertext, kept only where signing out goes on to the provider, and ``asserted_at`` the moment of
    that token, by the provider's own clock. ``password_mark`` tells which password the user had when the session began,
    or when it got its secret. ``former_login_ids``, one a line, are those that the browser may still hold: we have
    changed the user's login id since.
    """

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
    name: str | None = None
    acr: str | None = None
    auth_time: int | None = None
    callback: str | None = None
    id_token: str | None = None
    asserted_at: int | None = None
    password_mark: str | None = None
    former_login_ids: str | None = None

    def may_have(self, login_id: str) -> bool:
        """Whether that is what the browser of this session holds for its user."""
        return login_id == self.login_id or login_id in (self.former_login_ids or "").split("\n")

    @property
    def remembered(self) -> bool:
        return self.remember_until is not None

    @property
    def is_sso(self) -> bool:
        return is_sso_method(self.method)


#: What a new sign-in at the same provider changes in the row of a session that goes on.
AT_PROVIDER = ("idp_session", "acr", "auth_time", "id_token", "asserted_at")
#: What a new secret changes in it, besides the secret.
RENEWED = (*AT_PROVIDER, "password_mark")


class Checked(NamedTuple):
    """What every request asks of the row of a session: no more, because each further column costs each request time."""

    user_key: str
    login_id: str
    secret_hash: str
    password_mark: str | None
    created_at: int
    last_seen_at: int
    ended_at: int | None
    remember_until: int | None
    method: str


class Found(NamedTuple):
    """What every request needs of a live session.

    With the user and their preferences, where the same query could bring them along (``preferences`` None: not asked).
    """

    secret_hash: str
    last_seen_at: int
    user_key: str
    password_mark: str | None
    method: str
    user: Any
    preferences: Mapping[str, str] | None


class Listed(NamedTuple):
    """Some of a user's sessions that can still get in. Of all of them: how many there are, how many nobody has used for
    a while, and how many have another login id than the user has now."""

    rows: Sequence[SessionRecord]
    total: int
    unused: int
    others: int


class Owner(NamedTuple):
    """What a session's row says of its user, and the user says now: another login id, or another password (None: not
    known, which is like any), and the session is nobody's."""

    login_id: str
    password_mark: str | None

    def has_password_of(self, record: SessionRecord) -> bool:
        return self.password_mark is None or record.password_mark in (None, self.password_mark)


class LiveSince(NamedTuple):
    """What still gets in: begun and seen since these moments (None: no such limit), or remembered until now.

    Not what has not begun yet: its lifetime would be longer than it may be. Nor is that over: if the clock is behind
    now, and was right then, it gets in again.
    """

    created_at: int | None
    last_seen_at: int | None
    now: int

    def admits(self, record: SessionRecord | Checked) -> bool:
        return record.ended_at is None and record.created_at <= self.now + SKEW and not self.has_run_out(record)

    def has_run_out(self, record: SessionRecord | Checked) -> bool:
        """Whether a session that nobody has ended has run out."""
        if record.remember_until is not None:
            return record.remember_until < self.now
        return record.created_at < (self.created_at or 0) or record.last_seen_at < (self.last_seen_at or 0)

    def runs_out_at(self, record: SessionRecord) -> int | None:
        """When it will have run out if nobody uses it any more; None: never."""
        if record.remember_until is not None:
            return record.remember_until
        limits = ((record.created_at, self.created_at), (record.last_seen_at, self.last_seen_at))
        return min((at + self.now - since for at, since in limits if since is not None), default=None)


class Pruned(NamedTuple):
    """How far a batch of pruning came (``after``: the last id, None at the end) and how many rows it deleted."""

    after: str | None
    deleted: int


class Put(NamedTuple):
    """Of the sessions that a store was to keep: how many it has written, how many others it has deleted, and how many
    it cannot keep; the rest was there already."""

    written: int
    deleted: int
    refused: int


class PendingFormRecord(NamedTuple):
    """A form that waits for its sender to confirm who they are. ``id`` is a digest of its name."""

    id: str
    session_id: str
    user_key: str
    ciphertext: str
    at: int


class LogoutTokenRecord(NamedTuple):
    """That somebody has signed out at a provider. ``whose`` and ``which`` are digests of the person and of the
    provider's session that it names; without ``which``, all sessions that the person had begun by ``issued_at``.
    """

    id: str
    whose: str | None
    which: str | None
    issued_at: int
    expires_at: int


class IdentityRecord(NamedTuple):
    """Whom a provider says that a user is. ``id`` is a digest of what tells people at all providers apart;
    ``noted_at`` the last sign-in with it (None: before that was kept)."""

    id: str
    user_key: str
    provider: str | None
    issuer: str | None
    subject: str | None
    noted_at: int | None = None


class EventRecord(NamedTuple):
    """Something that has happened to an account. ``id`` begins with ``tag_of`` its user, and then the moment, in
    nanoseconds: of one user, they sort by that.

    ``topic`` is what ``kind`` begins with. ``actor`` is who did it; an administrator has a key and a name, a provider a
    name. ``session_id``, ``ip`` and ``user_agent`` are those of who did it. ``details``: JSON, or None.
    """

    id: str
    user_key: str
    topic: str
    kind: str
    at: int
    actor: str
    actor_key: str | None
    actor_name: str | None
    session_id: str | None
    ip: str
    user_agent: str
    details: str | None
