"""Many sessions of many people, put where the app keeps them."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Protocol

from sqlalchemy import BigInteger, Column, MetaData, create_engine, insert, update

from flask_myprofile.config import DAY, Config
from flask_myprofile.store.records import SessionRecord, tag_of
from flask_myprofile.store.tables import declare

from .apps import AGENT, Subject
from .places import Place
from .variants import KNOWN, REDIS_STORE, Variant

#: How many sessions these users have beside that of their browser; everybody else has ten. Who signs in meanwhile is
#: none of them.
SESSIONS_OF = {98: 1, 99: 100, 100: 10_000}
_FIRST_OF_OTHERS = 1_000
#: Every tenth session of the others is over since long ago.
_OLD_EVERY = 10
_BATCH = 10_000

_config = Config()
_table = declare(MetaData(), _config.table_prefix, _config.table_schema).session
#: Seeded, so that two runs meet the same rows.
_chance = random.Random(1)  # noqa: S311


class Rows(Protocol):
    """The sessions in one kind of store."""

    variant: Variant
    title: str

    def __init__(self, place: Place) -> None: ...

    def clear(self) -> None:
        """Forget all sessions; before the app is built."""
        ...

    def fill(self, subject: Subject, size: int) -> None:
        """Add ``size`` sessions of others, and those of :data:`SESSIONS_OF` scattered among them."""
        ...

    def restore(self, subject: Subject, user: int) -> None:
        """Let the user have as many sessions again as before some were ended."""
        ...

    def grow_old(self, subject: Subject) -> bool:
        """Let a sixteenth of the others' sessions be over since long ago; whether that can be."""
        ...


class SqlRows(Rows):
    """In the database's table."""

    variant = KNOWN

    def __init__(self, place: Place) -> None:
        self.title = place.database
        self._url = place.database_url

    def clear(self) -> None:
        engine = create_engine(self._url)
        _table.drop(engine, checkfirst=True)
        engine.dispose()

    def fill(self, subject: Subject, size: int) -> None:
        rows = _rows(_owners(size))
        with subject.engine.begin() as connection:
            while batch := list(itertools.islice(rows, _BATCH)):
                connection.execute(insert(_table), batch)

    def restore(self, subject: Subject, user: int) -> None:
        ended = _table.c.user_key == str(user), _table.c.ended_at.is_not(None)
        with subject.engine.begin() as connection:
            connection.execute(update(_table).where(*ended).values(ended_at=None, end_reason=None))

    def grow_old(self, subject: Subject) -> bool:
        some = _table.c.user_key.not_in([str(user) for user in SESSIONS_OF]), _table.c.id.like("%f")
        with subject.engine.begin() as connection:
            connection.execute(update(_table).where(*some).values(ended_at=1, end_reason="logout"))
        return True


class RedisRows(Rows):
    """In Redis, through the extension's own store: how they lie there is its affair."""

    variant = REDIS_STORE

    def __init__(self, place: Place) -> None:
        self.title = f"Redis, users in {place.database}"
        self._client = place.redis()

    def clear(self) -> None:
        self._client.flushdb()

    def fill(self, subject: Subject, size: int) -> None:
        live = (record for record in map(_record, _rows(_owners(size))) if record.ended_at is None)
        store = subject.app.extensions["myprofile"].sessions._store
        with subject.app.app_context():
            # all of a user lie in one key, wherever the others' are: in one go; but of those who are signed in
            for owner, records in groupby(sorted(live, key=lambda record: record.user_key), lambda it: it.user_key):
                if int(owner) in SESSIONS_OF:
                    self._add(store, records)
                else:
                    store.put_sessions({owner: list(records)})

    def restore(self, subject: Subject, user: int) -> None:
        profile = subject.app.extensions["myprofile"]
        with subject.app.app_context():
            profile.sessions._store.drop_ended(str(user), 0)  # or the key grows with each repetition
            live = profile.sessions.count(profile.users.load(str(user)))
            self._add(profile.sessions._store, map(_record, _rows([user] * (SESSIONS_OF[user] + 1 - live))))

    def grow_old(self, subject: Subject) -> bool:
        return False  # what is over, Redis forgets by itself

    @staticmethod
    def _add(store: Any, records: Iterable[SessionRecord]) -> None:
        for record in records:
            store.add_session(record)


def _record(row: dict[str, Any]) -> SessionRecord:
    return SessionRecord(**{name: row[name] for name in SessionRecord._fields})


def _owners(size: int) -> list[int]:
    owners = [_FIRST_OF_OTHERS + number // 10 for number in range(size)]
    for user, sessions in SESSIONS_OF.items():
        owners += [user] * sessions
    _chance.shuffle(owners)
    return owners


def _rows(owners: Iterable[int]) -> Iterator[dict[str, Any]]:
    now = int(time.time())
    usual = {column.name: _any_value(column) for column in _table.columns}
    for number, owner in enumerate(owners):
        old = owner >= _FIRST_OF_OTHERS and number % _OLD_EVERY == 0
        seen = now - (1000 * DAY if old else _chance.randrange(DAY))
        yield usual | {
            "id": f"{tag_of(str(owner))}{_chance.getrandbits(48):012x}",
            "user_key": str(owner),
            "login_id": str(owner),
            "secret_hash": f"{_chance.getrandbits(256):064x}",
            "created_at": seen,
            "last_seen_at": seen,
            "ended_at": seen if old else None,
            "end_reason": "logout" if old else None,
            "method": "password",
            "ip": "127.0.0.1",
            "user_agent": AGENT,
        }


def _any_value(column: Column[Any]) -> Any:
    """For the columns that are of no matter here, whatever they are."""
    if column.nullable:
        return None
    return 0 if isinstance(column.type, BigInteger) else ""
