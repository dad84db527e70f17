"""What notices need, in the host's own database: which were sent, the links in them, and the devices that are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, delete, exists, func, insert, not_, or_, select, update

from .database import Database, Execute, in_one_transaction
from .notice_records import KnownDevice, LinkRecord
from .records import SKEW

#: Seconds after which it is written down again that a known device was seen.
SEEN_AGAIN = 30 * 86_400


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
    def drop_links(self, user_key: str) -> None:
        """Looks first: see :meth:`Database._put`."""
        table = self._tables.link
        with self._write() as execute:
            ids = list(execute(select(table.c.id).where(table.c.user_key == user_key)).scalars())
            if ids:
                execute(delete(table).where(table.c.id.in_(ids)))

    # ---- devices

    def _known(self) -> tuple[Any, Any]:
        """When a ``device`` was seen, and whether the user has any: to be asked for within another question, which is
        ``of`` the user."""
        table = self._tables.known_device
        seen = select(table.c.at).where(table.c.id == bindparam("device")).scalar_subquery()
        return seen.label("seen_at"), exists().where(table.c.user_key == bindparam("of")).label("has_any")

    def _meet(self, execute: Execute, device: KnownDevice, seen_at: int | None, has_any: bool) -> bool:
        """Keep the device; whether it is news."""
        table = self._tables.known_device
        if seen_at is None:
            return self._insert(table, device._asdict()) and has_any
        if not -SKEW <= device.at - seen_at < SEEN_AGAIN:
            execute(update(table).where(table.c.id == device.id).values(at=device.at))
        return False

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
