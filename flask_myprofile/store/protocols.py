"""What a store of all else must be able to do: see :mod:`.session_store`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeVar

from .notice_records import KnownDevice
from .records import (
    EventRecord,
    IdentityRecord,
    LogoutTokenRecord,
    PendingFormRecord,
    Pruned,
)

T = TypeVar("T")


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

    def note_sign_in(self, user_key: str, device: KnownDevice | None = None) -> bool:
        """From now on something is known of the user. Within a transaction, whoever does it at the same moment waits
        for the end of that.

        Returns whether the device is news: the user has signed in from others, and from this one never.
        """
        ...

    def hold_user(self, user_key: str) -> None:
        """Within a transaction, whoever does it, or notes a sign-in or a sign-out, waits for the end of that."""
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

    def brings_user(self, user_key: str) -> bool:
        """Whether whoever looks for a session of that user finds them with it."""
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

    def identities_of(self, user_key: str) -> Sequence[IdentityRecord]:
        """All of that user, the one noted last first."""
        ...

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


class EventStore(Protocol):
    def in_one(self, work: Callable[[], T]) -> T:
        """``work`` as part of the transaction that this is in; else in one of our own, and again where somebody is in
        the way."""
        ...

    def add_event(self, record: EventRecord) -> None:
        """Part of the transaction that this is in. Where it fails, that takes nothing more."""
        ...

    def once_along(self, call: Callable[[], object]) -> None:
        """Do it once the transaction is committed that :meth:`add_event_along` writes in, and not if it is undone."""
        ...

    def add_event_along(self, record: EventRecord) -> None:
        """Part of the transaction of ``db.session``, whoever commits that, and without harm to it."""
        ...

    def add_event_at_once(self, record: EventRecord) -> None:
        """Committed when this ends, whatever becomes of the rest."""
        ...

    def try_event(self, record: EventRecord) -> None:
        """The same as ``add_event``, where what else is in the transaction matters more: it goes on.

        :raises EventLost: it could not be written."""
        ...

    def events(self, user_key: str, topic: str | None, after: str, before: str, limit: int) -> Sequence[EventRecord]:
        """Those of one user between these ids, of all topics or of one, the newest first."""
        ...

    def last_event(self, user_key: str, kind: str, after: str) -> EventRecord | None:
        """The newest of that kind."""
        ...

    def prune_events(self, before: int, limit: int) -> Pruned:
        """One batch of deleting the oldest, if they are from before that moment."""
        ...


class PreferenceStore(Protocol):
    def preferences(self, user_key: str) -> Mapping[str, str]: ...

    def bring_preferences(self) -> None:
        """From now on let them come with the query that checks the session."""
        ...

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
