"""Links in mails: good once, for a while, and for one thing. What is stored of one is a digest of its secret."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..config import DAY
from ..store.notice_protocols import NoticeStore
from ..store.notice_records import LinkRecord
from ..store.records import SKEW
from .addresses import address_digest
from .clock import now
from .credentials import SECRET, digest_of, new_secret

#: What a link may be for.
NOT_ME, CONFIRM_EMAIL, UNDO_EMAIL = "not_me", "confirm_email", "undo_email"
#: Seconds that each of them is good for.
LIFETIMES = {NOT_ME: 7 * DAY, CONFIRM_EMAIL: 3600, UNDO_EMAIL: 3 * DAY}
#: A device that was not seen for longer is news again: no browser keeps a cookie for longer.
DEVICE_LIFETIME = 400 * DAY


class OneTimeLinks:
    """The links of all users."""

    def __init__(self, store: NoticeStore) -> None:
        self._store = store

    def make(self, user_key: str, purpose: str, about: str | None, to: str | None) -> str:
        """The secret of a new link, for a mail to that address. The caller commits."""
        secret, until = new_secret(), now() + LIFETIMES[purpose]
        self._store.add_link(LinkRecord(digest_of(secret), user_key, purpose, about, until, to and address_digest(to)))
        return secret

    def find(self, secret: str) -> LinkRecord | None:
        """What a link is for; None where it is none, was used, or is too old; or is of a clock that was ahead, until
        pruning has put it right; or is for what another version has."""
        record = self._store.link(digest_of(secret)) if re.fullmatch(SECRET, secret) else None
        if record is None or record.purpose not in LIFETIMES:
            return None
        return record if 0 < record.expires_at - now() <= LIFETIMES[record.purpose] + SKEW else None

    def take(self, secret: str) -> LinkRecord | None:
        """The same, once: of two who come with the same link at once, one gets it. The caller commits."""
        record = self.find(secret)
        return record if record is not None and self._store.drop_link(record.id) else None

    def drop_all(self, user_key: str) -> None:
        """Those that were sent to that user do nothing any more. The caller commits."""
        self._store.drop_links(user_key)

    def drop_sent_to(self, user_key: str, addresses: Iterable[str]) -> None:
        """Those of that user's that went to these addresses, which are not theirs any more. The caller commits."""
        self._store.drop_links(user_key, [address_digest(each) for each in addresses])

    def forget_device_of(self, user_key: str, session_id: str) -> None:
        """The browser that somebody has signed in from for the first time by this session is not known any more."""
        self._store.forget_devices_of(user_key, session_id)

    def prune(self, interval: int) -> None:
        """Delete what is of no use any more, and have links of a clock that was ahead count from now on: by them
        somebody is kept out. ``interval``: seconds in which a notice is not repeated."""
        self._store.prune_notices(now(), now() - max(interval, DAY), now() - DEVICE_LIFETIME, LIFETIMES)
