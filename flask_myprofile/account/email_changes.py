"""A verified change of an e-mail address: asked for, confirmed at the new one, and undone at the old one.

All of it is done while the user's own row is locked: of a confirmation and an undo at the same moment, the undo has the
last word whichever comes first. That an address has one owner the database decides, by a unique digest of its normal
form for as long as the change may be undone, and by the unique column of the host.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy.exc import DBAPIError

from ..config import DAY
from ..store.database_errors import broken_rule
from ..store.notice_protocols import EmailChangeStore
from ..store.notice_records import CONFIRMED, PENDING, EmailChange
from .activity import Activity
from .addresses import address_digest
from .clock import is_recent, now
from .events import EMAIL_CHANGE_ASKED, EMAIL_CHANGE_CANCELLED, EMAIL_CHANGE_CONFIRMED, EMAIL_CHANGE_UNDONE, USER
from .one_time_links import CONFIRM_EMAIL, LIFETIMES, UNDO_EMAIL
from .users import Users

EMAIL = "email"
#: Seconds that the link to the new address is good for, and the one to the old address.
CONFIRM_WITHIN, UNDO_WITHIN = LIFETIMES[CONFIRM_EMAIL], LIFETIMES[UNDO_EMAIL]
#: Mails to new addresses that a user may cause in an hour, and seconds between two to the same one.
HOUR, MOST_SENT, SEND_AGAIN = 3600, 5, 60
#: Addresses that a user may ask for in an hour: the answer says whether somebody has one.
MOST_ASKED = 10


class NotPending(Exception):
    """It was confirmed, cancelled or undone meanwhile, or the account has another address by now."""


class OtherPending(Exception):
    """Another address waits by now than the one that was looked at."""


class AddressTaken(Exception):
    """Somebody else has the address."""


class TooManySent(Exception):
    """:param retry_after: seconds until there may be another one."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


class TooManyAsked(TooManySent):
    """The same for addresses that were asked for, mail or none."""


class EmailChanges:
    """What the caller's transaction is part of: whoever calls this commits."""

    def __init__(self, store: EmailChangeStore, users: Users, activity: Activity) -> None:
        self._store = store
        self._users = users
        self._activity = activity

    def pending(self, user: Any, *, to_write: bool = False) -> EmailChange | None:
        """The one that waits for its confirmation."""
        present = self._users.shown(user, EMAIL) or ""
        changes = self._changes(user, to_write=to_write)
        return next((each for each in changes if _waits(each) and each.old_address == present), None)

    def former_addresses(self, user: Any) -> Sequence[str]:
        """Those from before changes that may still be undone: whoever had the account then is told what happens."""
        changed = [each for each in self._changes(user, to_write=False) if each.state == CONFIRMED]
        recent = [each for each in changed if (each.confirmed_at or 0) > now() - UNDO_WITHIN]
        return list(dict.fromkeys(each.old_address for each in recent if each.old_address))

    def kept(self, user: Any) -> Sequence[EmailChange]:
        """All that are kept, whatever has become of them, the last one first."""
        return self._store.email_changes(self._users.key(user), 0, to_write=False)

    def find(self, user: Any, change_id: str | None) -> EmailChange | None:
        """One of that user, whatever has become of it, for as long as it may be undone."""
        return next((each for each in self._changes(user, to_write=False) if each.id == change_id), None)

    def _changes(self, user: Any, *, to_write: bool) -> Sequence[EmailChange]:
        """Those that may still be undone, and those that wait."""
        return self._store.email_changes(self._users.key(user), now() - UNDO_WITHIN - 2 * DAY, to_write=to_write)

    def ask(self, user: Any, address: str, session_id: str | None) -> EmailChange:
        """:raises AddressTaken: somebody has it. :raises TooManySent: of mails to whomever. :raises TooManyAsked: to be
        told who has which address."""
        key = self._users.key(user)
        # before it is looked at, so that fifty at once are no more than ten one after the other
        if wait := self._store.claim_one_of(_asks(key), key, now(), HOUR):
            raise TooManyAsked(wait)
        present, changes = self._users.lock(user, EMAIL) or "", self._changes(user, to_write=True)
        _check_sent(changes)
        _check_pause([each for each in changes if _is_same(each.new_address, address)])
        if self._users.is_address_taken(user, EMAIL, address, in_any_case=True):
            raise AddressTaken
        self._end_pending(changes)
        change_id, moment = secrets.token_hex(12), now()
        change = EmailChange(
            change_id, key, session_id, present, address, change_id, PENDING, moment, moment, 1, confirmed_at=None
        )
        self._store.add_email_change(change)
        self._activity.note(EMAIL_CHANGE_ASKED, key)
        return change

    def send_again(self, user: Any, address: str | None = None) -> EmailChange:
        """``address``: the one that was looked at, and no other.

        :raises NotPending: there is nothing to confirm. :raises OtherPending: see there. :raises TooManySent: too soon,
            or too often.
        """
        change = self._looked_at(user, address)
        if change is None:
            raise NotPending
        _check_pause([change])
        _check_sent(self._changes(user, to_write=True))
        if not self._store.note_sent(change.id, now()):
            raise NotPending
        return change

    def cancel(self, user: Any, by: Any = None, address: str | None = None) -> bool:
        """Whether there was anything to cancel. ``by``: the administrator who does it. ``address``: the one that was
        looked at, and no other.

        :raises OtherPending: see there.
        """
        self._looked_at(user, address)
        done = self._end_pending(self._changes(user, to_write=True))
        if done:
            self._activity.note(EMAIL_CHANGE_CANCELLED, user, by=by)
        return done

    def _looked_at(self, user: Any, address: str | None) -> EmailChange | None:
        """What waits, in a row that nobody else changes meanwhile."""
        self._users.lock(user, EMAIL)
        change = self.pending(user, to_write=True)
        if change is not None and address not in (None, change.new_address):
            raise OtherPending
        return change

    def end_pending(self, user: Any) -> None:
        """The same without a lock of the user's row, for whom nothing else is to be changed."""
        self._end_pending(self._changes(user, to_write=True))

    def _end_pending(self, changes: Sequence[EmailChange]) -> bool:
        return self._end([each for each in changes if each.state == PENDING])

    def _end(self, changes: Sequence[EmailChange]) -> bool:
        if changes:
            self._store.end_email_changes(changes[0].user_key, [each.id for each in changes])
        return bool(changes)

    def confirm(self, user: Any, change_id: str | None) -> EmailChange:
        """Give the user the address.

        :raises NotPending: it is not to be changed any more. :raises AddressTaken: somebody was faster.
        """
        present, changes = self._users.lock(user, EMAIL) or "", self._changes(user, to_write=True)
        change = next((each for each in changes if each.id == change_id and each.old_address == present), None)
        if change is None or not _waits(change):
            raise NotPending
        claim = address_digest(change.new_address)
        try:
            if not self._store.confirm_email_change(change.id, claim, now(), now() - UNDO_WITHIN):
                raise NotPending
            self._give(user, change.new_address)
        except DBAPIError as error:
            raise _taken(error) from error
        self._activity.note(EMAIL_CHANGE_CONFIRMED, change.user_key)
        return change

    def undo(self, user: Any, change_id: str | None) -> Sequence[EmailChange]:
        """Give the user the address from before that change, and end all that have come of it: these, that one first.

        :raises NotPending: the account has got another address otherwise. :raises AddressTaken: somebody else has it.
        """
        present, changes = self._users.lock(user, EMAIL) or "", self._changes(user, to_write=True)
        change = next((each for each in changes if each.id == change_id and each.state == CONFIRMED), None)
        since = _since(change, changes) if change is not None else []
        if change is None or not _is_same(since[-1].new_address, present):
            raise NotPending
        self._end([*since, *(each for each in changes if each.state == PENDING)])
        try:
            self._give(user, change.old_address)
        except DBAPIError as error:
            raise _taken(error) from error
        self._activity.note(EMAIL_CHANGE_UNDONE, change.user_key, actor=USER)  # whose mailbox it is
        return since

    def _give(self, user: Any, address: str) -> None:
        if self._users.is_address_taken(user, EMAIL, address, in_any_case=True):
            raise AddressTaken
        self._users.update(user, {EMAIL: address})
        self._users.flush()

    def prune(self) -> None:
        self._store.prune_email_changes(now() - UNDO_WITHIN - 3 * DAY)


def _waits(change: EmailChange) -> bool:
    """Not one that is old, nor one of a clock that was ahead and has been put right."""
    is_new = is_recent(change.sent_at, CONFIRM_WITHIN) and is_recent(change.asked_at, DAY)
    return change.state == PENDING and is_new


def _asks(key: str) -> list[str]:
    return [hashlib.sha256(f"{key}\0email_asked\0{number}".encode()).hexdigest() for number in range(MOST_ASKED)]


def _check_sent(changes: Sequence[EmailChange]) -> None:
    recent = [each for each in changes if is_recent(each.sent_at, HOUR)]
    if sum(each.times_sent for each in recent) >= MOST_SENT:
        raise TooManySent(max(1, min(each.sent_at for each in recent) + HOUR - now()))


def _check_pause(to_the_same: Sequence[EmailChange]) -> None:
    left = max((each.sent_at for each in to_the_same if is_recent(each.sent_at, SEND_AGAIN)), default=0)
    if (left := left + SEND_AGAIN - now()) > 0:
        raise TooManySent(left)


def _since(change: EmailChange, changes: Sequence[EmailChange]) -> list[EmailChange]:
    """The change, and those that lead on from its address: each begins where the one before has ended."""
    found, left = [change], [each for each in changes if each.state == CONFIRMED and each.id != change.id]
    while True:
        later = (each for each in left if (each.confirmed_at or 0) >= (found[-1].confirmed_at or 0))
        following = next((each for each in later if _is_same(each.old_address, found[-1].new_address)), None)
        if following is None:
            return found
        left.remove(following)
        found.append(following)


def _is_same(one: str, other: str) -> bool:
    """A host's model may store an address in small letters."""
    return one.casefold() == other.casefold()


def _taken(error: DBAPIError) -> Exception:
    return AddressTaken() if broken_rule(error) == "unique" else error
