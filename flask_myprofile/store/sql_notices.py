"""What notices need, in the host's own database: which were sent, the links in them, and the devices that are known."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import bindparam, delete, exists, func, insert, literal, not_, or_, select, update

from ..config import DAY
from .database import Database, Execute, in_one_transaction
from .notice_records import KnownDevice, LinkRecord
from .records import SKEW

#: Seconds after which it is written down again that a known device was seen.
SEEN_AGAIN = 30 * DAY
#: Browsers that are known of a user: whoever clears the cookies at each sign-in has a new one each time.
MOST_DEVICES = 100


class SqlNotices(Database):
    """See :class:`~.protocols.NoticeStore`."""

    @in_one_transaction
    def claim_notice(self, notice_id: str, user_key: str, at: int, interval: int) -> bool:
        table = self._tables.notice
        if self._insert(table, {"id": notice_id, "user_key": user_key, "at": at}):
            return True
        old = or_(table.c.at <= at - interval, table.c.at > at + SKEW)  # or of a clock that was ahead
        with self._write() as execute:
            return bool(execute(update(table).where(table.c.id == notice_id, old).values(at=at)).rowcount)

    def claim_one_of(self, ids: Collection[str], user_key: str, at: int, interval: int) -> int:
        table = self._tables.notice
        with self._at_once() as execute:
            claimed = execute(select(table.c.id, table.c.at).where(table.c.id.in_(ids)))
            known = {row.id: row.at for row in claimed}
            for each in ids:
                before = known.get(each)
                if before is None:
                    if self._insert(table, {"id": each, "user_key": user_key, "at": at}):
                        return 0
                elif not at - interval < before <= at + SKEW:
                    free = (table.c.id == each, table.c.at == before)  # unless somebody else was faster
                    if execute(update(table).where(*free).values(at=at)).rowcount:
                        return 0
        taken = [before for before in known.values() if before <= at + SKEW]
        return max(1, min(taken, default=at) + interval - at)

    # ---- links

    @in_one_transaction
    def add_link(self, record: LinkRecord) -> None:
        with self._write() as execute:
            execute(insert(self._tables.link), record._asdict())

    def link(self, link_id: str) -> LinkRecord | None:
        table = self._tables.link
        row = self._read(select(*table.c).where(table.c.id == link_id)).first()
        return LinkRecord._make(row) if row else None

    @in_one_transaction
    def drop_link(self, link_id: str) -> bool:
        table = self._tables.link
        with self._write() as execute:
            return bool(execute(delete(table).where(table.c.id == link_id)).rowcount)

    @in_one_transaction
    def drop_links(self, user_key: str, sent_to: Collection[str] | None = None) -> None:
        """Looks first: see :meth:`Database._put`."""
        table = self._tables.link
        these = [table.c.user_key == user_key, *([] if sent_to is None else [table.c.sent_to.in_(sent_to)])]
        with self._write() as execute:
            ids = list(execute(select(table.c.id).where(*these)).scalars())
            if ids:
                execute(delete(table).where(table.c.id.in_(ids)))

    # ---- devices

    def _known(self) -> tuple[Any, Any]:
        """When a ``device`` was seen, and how many the user has, :data:`MOST_DEVICES` at most: to be asked for within
        another question, which is ``of`` the user."""
        table = self._tables.known_device
        seen = select(table.c.at).where(table.c.id == bindparam("device")).scalar_subquery()
        theirs = select(literal(1)).where(table.c.user_key == bindparam("of")).limit(MOST_DEVICES).subquery()
        return seen.label("seen_at"), select(func.count()).select_from(theirs).scalar_subquery().label("number")

    def _is_known(self) -> Any:
        """Whether the ``device`` is, and :meth:`_meet` would write nothing."""
        table = self._tables.known_device
        recent = table.c.at > bindparam("seen_after"), table.c.at <= bindparam("seen_until")
        return exists().where(table.c.id == bindparam("device"), *recent)

    def _meet(self, execute: Execute, device: KnownDevice, seen_at: int | None, number: int) -> bool:
        """Keep the device, and no more than :data:`MOST_DEVICES` of the user; whether it is news."""
        table = self._tables.known_device
        if seen_at is None:
            if number >= MOST_DEVICES:
                self._forget_oldest_devices(execute, device.user_key)
            return self._insert(table, device._asdict()) and number > 0
        if not -SKEW <= device.at - seen_at < SEEN_AGAIN:
            execute(update(table).where(table.c.id == device.id).values(at=device.at))
        return False

    def _forget_oldest_devices(self, execute: Execute, user_key: str) -> None:
        """So that there is a place for one more. By their ids: a DELETE of a range locks it in MySQL's databases."""
        table = self._tables.known_device
        newest_first = select(table.c.id).where(table.c.user_key == user_key).order_by(table.c.at.desc(), table.c.id)
        ids = list(execute(newest_first.offset(MOST_DEVICES - 1).limit(500)).scalars())
        if ids:
            execute(delete(table).where(table.c.id.in_(ids)))

    def count_known_devices(self, user_key: str) -> int:
        table = self._tables.known_device
        theirs = select(func.count()).select_from(table).where(table.c.user_key == user_key)
        return int(self._read(theirs).scalar() or 0)

    @in_one_transaction
    def forget_devices_of(self, user_key: str, session_id: str) -> None:
        table = self._tables.known_device
        with self._write() as execute:
            execute(delete(table).where(table.c.user_key == user_key, table.c.session_id == session_id))

    # ----

    @in_one_transaction
    def prune_notices(self, at: int, notices_before: int, devices_before: int, lifetimes: Mapping[str, int]) -> None:
        link, notice, device = self._tables.link, self._tables.notice, self._tables.known_device
        with self._write() as execute:
            execute(delete(link).where(link.c.expires_at < at))
            for purpose, lifetime in lifetimes.items():  # of a clock that was ahead
                future = link.c.expires_at > at + lifetime + SKEW
                execute(update(link).where(link.c.purpose == purpose, future).values(expires_at=at + lifetime))
            execute(delete(notice).where(not_(notice.c.at.between(notices_before, at + SKEW))))
            execute(delete(device).where(device.c.at < devices_before))
