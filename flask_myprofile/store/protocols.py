"""What a store must be able to do, whichever technology it is made of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Protocol

from .records import (
    FeatureRecord,
    Found,
    IdentityRecord,
    LiveSince,
    LogoutTokenRecord,
    Owner,
    PendingFormRecord,
    Pruned,
    SessionRecord,
    TokenCounts,
    TokenRecord,
)


class SessionStore(Protocol):
    """What a technology must do to keep sessions. Nothing but ``add_session`` may bring a row to life.

    ``transactional``: whether a rollback of the host's transaction undoes what one of our pages has done to them.
    """

    transactional: bool

    def find_live(self, session_id: str, login_id: str, since: LiveSince, user_key: str | None = None) -> Found | None:
        """The live session of that id and login id, fit to be asked for at each request. A store in the user's own
        database is told whose it is said to be (default: the login id), and finds no other's."""
        ...

    def session(self, session_id: str) -> SessionRecord | None:
        """The whole row, whether live or ended."""
        ...

    def add_session(self, record: SessionRecord) -> bool:
        """Store a new session; False where its id is taken: a parallel request of the same browser was faster."""
        ...

    def touch_session(self, session_id: str, at: int, ip: str, user_agent: str) -> None:
        """Write down the last activity of a session that has not ended, unless a later one is known, which is not from
        the future. Left out rather than waited for."""
        ...

    def rotate_session(self, record: SessionRecord, secret_hash: str, at: int, login_id: str) -> bool:
        """Replace the secret that ``record`` has, and keep what it says in :data:`~.records.RENEWED`; False where it
        ended or got another secret meanwhile."""
        ...

    def follow_user(self, user_key: str, before: Owner, now: Owner, only: str | None = None) -> None:
        """The user's live sessions (or only one) that have the login id, or the password, of before get those of now;
        what their browsers hold stays good. With the transaction that changes the user, where that can be."""
        ...

    def erase_sessions(self, user_key: str) -> list[str]:
        """Delete all rows of that user; the ids of those that had not ended."""
        ...

    def name_session(self, user_key: str, session_id: str, name: str | None) -> bool:
        """Keep the user's own name for one of their live sessions; False where it is none."""
        ...

    def end_sessions(
        self,
        user_key: str | None,
        at: int,
        reason: str,
        *,
        only: Collection[str] | None = None,
        keep: str | None = None,
        secret_hash: str | None = None,
    ) -> list[str]:
        """End live sessions of one user, or of whoever proves a secret, all at once; the ids that ended.

        The secret before the present one proves the session for :data:`~.records.ROTATION_GRACE` seconds."""
        ...

    def end_over_limit(self, record: SessionRecord, limit: int, since: LiveSince, reason: str) -> Sequence[str]:
        """End the least used of the user's sessions that can get in until ``limit`` are left, but not that of
        ``record``, which has just begun; the ids that ended. Of several at once each sees what the other has ended."""
        ...

    def end_everyone(self, at: int, reason: str) -> Iterator[tuple[str, Sequence[str]]]:
        """End every live session there is, in short steps that keep nobody waiting: a user's key, and which of their
        sessions have just ended, a user possibly more than once."""
        ...

    def live_sessions(
        self, user_key: str, since: LiveSince, limit: int, offset: int = 0, but: str | None = None
    ) -> Sequence[SessionRecord]:
        """The user's sessions that can still get in, last active first."""
        ...

    def count_live_sessions(self, user_key: str, since: LiveSince, owner: Owner | None = None) -> tuple[int, int]:
        """How many those are, and how many of them are not of this owner: see :class:`~.records.Owner`."""
        ...

    def sessions_at_provider(self, idp_session: str, since: LiveSince) -> Sequence[SessionRecord]:
        """The sessions, whosever, that can still get in and have that ``sid``, at whichever provider."""
        ...

    def drop_ended(self, user_key: str, keep: int) -> None:
        """Delete the user's ended rows but the newest ``keep``: signing in and out in a loop fills no table."""
        ...

    def prune_sessions(self, since: LiveSince, ended_before: int, after: str | None, limit: int) -> Pruned:
        """One batch of deleting, in the order of ids, what can never get in again: ended before then, or run out."""
        ...


class ProbedStore(Protocol):
    """What says of itself whether it works. Raises :class:`~..errors.StoreDown` where it does not."""

    @property
    def technology(self) -> str: ...

    def clock(self) -> float | None:
        """The time there, in seconds since the epoch; None where it cannot be asked."""
        ...

    def try_writing(self) -> None:
        """Write something that is not kept."""
        ...


class UserStore(Protocol):
    """All that is kept of a user, but for sessions that are kept elsewhere."""

    def erase_user(self, user_key: str, at: int) -> None:
        """Delete it. What stays is a digest of the key: cookies from before are not good for whoever has it next."""
        ...

    def user_keys(self, after: str, limit: int) -> Sequence[str]:
        """The next keys of users of whom something is kept, in their order."""
        ...

    def missing_users(self, keys: Collection[str]) -> set[str]:
        """Those of these keys that no user has."""
        ...


class HistoryStore(Protocol):
    """What outlives a user's sessions, wherever those are kept: it tells an old cookie from a signed-out one."""

    def signed_out_at(self, user_key: str) -> int | None:
        """When the user, or :data:`EVERYONE`, last signed out of any session; 0: never, but the user has signed in;
        None: nothing is known."""
        ...

    def note_sign_in(self, user_key: str) -> None:
        """From now on something is known of the user. Within a transaction, whoever does it at the same moment waits
        for the end of that."""
        ...

    def note_sign_out(self, user_key: str, at: int) -> None:
        """Keep that moment if it is the latest, or the known one is from the future. The key :data:`EVERYONE` stands
        for every user."""
        ...

    def put_sign_outs_right(self, user_key: str, at: int) -> None:
        """Where a sign-out of this user, or of everyone, is from the future: it was before ``at``."""
        ...

    def note_rehash(self, user_key: str, old_mark: str, new_mark: str) -> None:
        """The user's password has got another hash, and so another mark. Committed by the caller, with the hash."""
        ...

    def last_rehash(self, user_key: str) -> tuple[str, str] | None:
        """The old mark and the new one."""
        ...


class PendingFormStore(Protocol):
    def add_pending_form(self, record: PendingFormRecord) -> None: ...

    def pending_form(self, form_id: str) -> PendingFormRecord | None: ...

    def pending_forms(
        self, *, user_key: str | None = None, session_id: str | None = None
    ) -> Sequence[PendingFormRecord]:
        """Those of one user or of one session, the last one first."""
        ...

    def drop_pending_forms(self, ids: Collection[str]) -> int:
        """Delete these; how many there were. Of two who delete one at once, one is told so."""
        ...

    def drop_all_pending_forms(self, but_between: tuple[int, int] | None = None) -> None:
        """Delete all, or all but those that were kept between these moments."""
        ...


class IdentityStore(Protocol):
    def keep_identity(self, record: IdentityRecord) -> None: ...

    def has_identity(self, user_key: str) -> bool: ...

    def users_with_identity(self, identity_id: str) -> Sequence[str]:
        """The keys of the users whom somebody with this identity has signed in as."""
        ...

    def forget_identities(self, provider: str) -> int:
        """Those of one provider; how many there were."""
        ...

    def crowded_identities(self, keep: int) -> Sequence[tuple[str, str | None, int]]:
        """The keys of users with more than so many at one provider, which, and how many they are there."""
        ...

    def drop_identities(self, user_key: str, provider: str | None, keep: int) -> int:
        """Of that user at that provider all but those noted last; how many there were."""
        ...


class LogoutTokenStore(Protocol):
    def add_logout_token(self, record: LogoutTokenRecord) -> None:
        """Remember a logout token, unless it is known."""
        ...

    def close_logout_token(self, token_id: str) -> bool:
        """Note that it is carried out; False where it was already."""
        ...

    def logout_tokens(self, whose: str | None, which: str | None) -> Sequence[LogoutTokenRecord]:
        """Those that name this person or this session of a provider."""
        ...

    def drop_logout_tokens(self, before: int) -> None: ...


class TokenStore(Protocol):
    def find_token(self, user_key: str) -> TokenRecord | None: ...

    def find_token_by_digest(self, digest: str) -> TokenRecord | None: ...

    def replace_token(self, record: TokenRecord, digest: str | None) -> bool:
        """Put ``record`` in the place of the user's token that has this digest (None: of none); False where that is no
        longer so, and nothing was changed."""
        ...

    def delete_token(self, user_key: str, digest: str | None = None) -> bool:
        """Delete the user's token, or only one that has this digest; whether there was such a one."""
        ...

    def touch_token(self, user_key: str, digest: str, at: int, ip: str, user_agent: str) -> None: ...

    def forget_ciphertexts(self) -> None: ...

    def count_tokens(self, at: int, since: int, most: int) -> TokenCounts:
        """At this moment; "lately" is after ``since``. Of more than ``most`` tokens, the rest is not looked at."""
        ...

    def rewrite_ciphertexts(self, rewrite: Callable[[str], str | None], after: str, limit: int) -> str | None:
        """One batch, in the order of user keys; the last key of it, or None where there is nothing ``after``."""
        ...


class PreferenceStore(Protocol):
    def preferences(self, user_key: str) -> Mapping[str, str]: ...

    def save_preferences(self, user_key: str, values: Mapping[str, str | None]) -> None: ...

    def count_preferences(self, most: int) -> Mapping[str, int]:
        """How many users have chosen each. Of more than ``most`` choices, the rest is not looked at."""
        ...


class GuessStore(Protocol):
    """What is written here counts for everybody at once, whatever becomes of the rest of the request.

    A guess is named so that names sort by the time of the guess: its first 16 characters are that, in nanoseconds.
    """

    def add_guess(self, user_key: str, guess: str, at: int) -> Sequence[int]:
        """Count a guess; the moments of all that count for this user."""
        ...

    def put_guesses_right(self, user_key: str, at: int) -> Sequence[int]:
        """Those of later than ``at`` are from before it, which a clock that was ahead has dated; the moments of all."""
        ...

    def guesses(self, user_key: str, until: str) -> Sequence[int]:
        """The moments of those that count, up to this guess."""
        ...

    def forget_guess(self, user_key: str, guess: str) -> None: ...

    def forget_guesses(self, user_key: str, until: str) -> None:
        """This guess and those before it."""
        ...


class FeatureStore(Protocol):
    def features(self) -> Mapping[str, FeatureRecord]: ...

    def features_version(self) -> int:
        """How often they have been saved: all of them together have one version."""
        ...

    def save_features(
        self,
        values: Callable[[int, Mapping[str, FeatureRecord]], Mapping[str, bool]],
        changed_by: str,
        at: int,
    ) -> None:
        """Save what ``values`` answers, which is told the version and the features as they are while nobody else can
        change them. Nothing to save is no new version."""
        ...
