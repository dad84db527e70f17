"""What a store of notices and of changed e-mail addresses is asked. See :mod:`.protocols`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from .notice_records import EmailChange, LinkRecord


class NoticeStore(Protocol):
    def claim_notice(self, notice_id: str, user_key: str, at: int, interval: int) -> bool:
        """Whether none of that id was claimed within so many seconds before; of several who ask at once, one is told
        so."""
        ...

    def add_link(self, record: LinkRecord) -> None: ...

    def link(self, link_id: str) -> LinkRecord | None: ...

    def drop_link(self, link_id: str) -> bool:
        """Whether it was there: of two who use one at once, one is told so."""
        ...

    def drop_links(self, user_key: str, sent_to: Collection[str] | None = None) -> None:
        """All of a user's, or those that went to one of these addresses."""
        ...

    def count_known_devices(self, user_key: str) -> int: ...

    def forget_devices_of(self, user_key: str, session_id: str) -> None:
        """The device that this session has made known is news again."""
        ...

    def prune_notices(self, at: int, notices_before: int, devices_before: int, lifetimes: Mapping[str, int]) -> None:
        """Delete links that have run out, claims from before, and devices that were not seen since.

        :param lifetimes: by purpose. A link that would be good for longer is so from now on.
        """
        ...


class EmailChangeStore(Protocol):
    def claim_one_of(self, ids: Collection[str], user_key: str, at: int, interval: int) -> int:
        """Claim one of these that was not claimed within so many seconds before, whatever becomes of this request.

        0, or how many seconds it takes until one is free.
        """
        ...

    def add_email_change(self, record: EmailChange) -> None: ...

    def email_changes(self, user_key: str, since: int, *, to_write: bool) -> Sequence[EmailChange]:
        """Those that the user has asked for since, the last one first.

        :param to_write: as they are now, whatever was read before, and until the transaction ends.
        """
        ...

    def note_sent(self, change_id: str, at: int) -> bool:
        """That the link was sent once more; False where the change is not pending."""
        ...

    def confirm_email_change(self, change_id: str, claim: str, at: int, claimed_before: int) -> bool:
        """Once; False where it is not pending. No other change that was confirmed after ``claimed_before``, and not
        in the future, has the same claim.

        :raises IntegrityError: another user's has.
        """
        ...

    def end_email_changes(self, user_key: str, ids: Collection[str]) -> None: ...

    def prune_email_changes(self, asked_before: int) -> None: ...
