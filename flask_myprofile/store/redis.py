"""Sessions in Redis, or in what speaks like it: for hosts with many machines, or that keep sessions there anyway."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from ..config import DAY
from ..errors import StoreDown
from . import redis_scripts
from .records import RENEWED, TAG_LENGTH, Found, Listed, LiveSince, Owner, Pruned, Put, SessionRecord, tag_of
from .redis_lists import in_order, listed
from .redis_prelude import Script
from .redis_records import FORGOTTEN, forgetful, packed, unpacked
from .redis_servers import Server
from .redis_urls import reach

#: Of a user, given their key: themselves and their preferences. None: there is no such user.
FindUser = Callable[[str], "tuple[Any, Mapping[str, str] | None] | None"]

#: Seconds for which Redis keeps a session beyond the moment when it can no longer get in.
MARGIN = DAY
#: Seconds since its last activity for which it keeps a session that no setting ever ends.
FOREVER = 400 * DAY
#: Seconds for which it keeps an ended one at least: a request under way must not bring it back by storing it again.
LEAST_ENDED = 3600
#: Keys that one step of a walk through all of them looks at.
SCAN_BATCH = 1000


class RedisSessions:
    """Keeps sessions in Redis 6 or later, Valkey or the like: in one, in a primary and its replicas, or in a cluster.

    All sessions of a user are in one key, which the id of each tells. Every key begins with ``prefix`` and ends by
    itself. What ends a session, however, is its record: the lifetime of a key is there to give memory back, and the
    clock is the app's.

    :param find_user: asked for the user of each live session.
    :param lifetime: ``MYPROFILE_SESSION_LIFETIME``; ``idle`` and ``keep_ended`` likewise.
    """

    transactional = False

    def __init__(
        self, server: Server, *, find_user: FindUser, lifetime: int | None, idle: int | None, keep_ended: int
    ) -> None:
        self._server = server
        self._sessions = f"{server.prefix}sessions:"
        self._find_user = find_user
        self._limits = {"lifetime": lifetime, "idle": idle, "forever": FOREVER, "margin": MARGIN}
        self._keep_ended = max(keep_ended, LEAST_ENDED)

    @classmethod
    def at(cls, url: str, *, prefix: str, **settings: Any) -> RedisSessions:
        """The sessions in the Redis of that URL, which nothing connects to before it is used.

        :raises SetupError: redis-py cannot make sense of the URL.
        """
        return cls(reach(url, prefix), **settings)

    # ---- at every request

    def find_live(self, session_id: str, login_id: str, since: LiveSince, user_key: str | None = None) -> Found | None:
        found = self.session(session_id)
        if found is None or found.login_id != login_id or not since.admits(found):
            return None
        if (user := self._find_user(found.user_key)) is None:
            return None
        return Found(found.secret_hash, found.last_seen_at, found.user_key, found.password_mark, found.method, *user)

    def session(self, session_id: str) -> SessionRecord | None:
        return unpacked(session_id, self._server.ask("hget", self._key_of(session_id), session_id))

    def sessions_of(self, user_key: str, ids: Collection[str]) -> list[SessionRecord]:
        tag = tag_of(user_key)
        wanted = [each for each in ids if each[:TAG_LENGTH] == tag]
        stored = self._server.ask("hmget", self._sessions + tag, *wanted) if wanted else []
        found = [unpacked(session_id, each) for session_id, each in zip(wanted, stored, strict=True)]
        return [record for record in found if record is not None and record.user_key == user_key]

    # ---- one session

    def add_session(self, record: SessionRecord) -> bool:
        if record.id[:TAG_LENGTH] != tag_of(record.user_key):
            return False  # whoever looks for the user's sessions would not find it
        self._note_at_provider(record.idp_session, record.id, MARGIN)
        seconds = self._run(redis_scripts.ADD, record.id, id=record.id, session=packed(record), **self._limits)
        self._keep_at_provider(record.idp_session, record.id, seconds)
        return seconds is not None

    def add_far_from(self, limit: int, record: SessionRecord, device: object = None) -> bool:
        return False  # a script looks for what is over the limit anyway, and knows nothing of earlier sign-ins

    def touch_session(self, session_id: str, at: int, ip: str, user_agent: str) -> None:
        known = {"id": session_id, "at": at, "ip": ip, "user_agent": user_agent}
        began = self._run(redis_scripts.TOUCH, session_id, **known, **self._limits)
        if began:
            self._keep_at_provider(began[0].decode(), session_id, began[1])

    def rotate_session(self, record: SessionRecord, secret_hash: str, at: int, login_id: str) -> bool:
        new = {"secret_hash": secret_hash, "previous_hash": record.secret_hash, "rotated_at": at, "login_id": login_id}
        known = {name: value for name in RENEWED if (value := getattr(record, name)) is not None}
        ask = {"id": record.id, "fields": new | known, "renewed": RENEWED}
        self._note_at_provider(record.idp_session, record.id, MARGIN)
        seconds = self._run(redis_scripts.ROTATE, record.id, **ask, **self._limits)
        self._keep_at_provider(record.idp_session, record.id, seconds)
        return seconds is not None

    def follow_user(self, user_key: str, before: Owner, now: Owner, only: str | None = None) -> None:
        changes = {"user_key": user_key, "before": _given(before), "owner": _given(now), "only": only}
        self._run(redis_scripts.FOLLOW, tag_of(user_key), **changes)

    def erase_sessions(self, user_key: str) -> list[str]:
        gone = self._told(self._run(redis_scripts.ERASE, tag_of(user_key), user_key=user_key))
        return [session_id for _, ids in gone for session_id in ids]

    def name_session(self, user_key: str, session_id: str, name: str | None) -> bool:
        return bool(self._run(redis_scripts.NAME, session_id, id=session_id, user_key=user_key, name=name))

    # ---- many sessions

    def end_sessions(
        self,
        user_key: str | None,
        at: int,
        reason: str,
        *,
        only: Collection[str] | None = None,
        keep: str | None = None,
        secret_hash: str | None = None,
        late: bool = False,
    ) -> list[str]:
        """As in the protocol; without a user's key it has to be told the ids, there being no list of everybody's."""
        if user_key is None and only is None:
            raise ValueError("whose sessions are to end, or which?")
        whose = [user_key] if user_key is not None else []
        tags = {*map(tag_of, whose)} or {session_id[:TAG_LENGTH] for session_id in only or ()}
        which = {"only": None if only is None else list(only), "keep": keep, "secret_hash": secret_hash, "late": late}
        ended = [each for tag in tags for each in self._end(tag, at, reason, user_key=user_key, **which)]
        return [session_id for _, ids in ended for session_id in ids]

    def may_be_over(self, user_key: str, limit: int) -> bool:
        return True  # the scripts look first themselves

    def end_over_limit(self, record: SessionRecord, limit: int, since: LiveSince, reason: str) -> list[str]:
        which = {"user_key": record.user_key, "keep": record.id, "limit": limit, **since._asdict()}
        ended = self._end(tag_of(record.user_key), since.now, reason, **which)
        return [session_id for _, ids in ended for session_id in ids]

    def end_everyone(
        self, at: int, reason: str, note: Callable[[str, Sequence[str]], None] = lambda user_key, ids: None
    ) -> Iterator[tuple[str, Sequence[str]]]:
        """Walks until a walk has found nobody: what moves from one node of a cluster to another may be missed once."""
        somebody = True
        while somebody:
            somebody = False
            for keys in self._walk():
                for key in keys:
                    for user_key, ids in self._end(key, at, reason):
                        somebody = True
                        note(user_key, ids)
                        yield user_key, ids

    def _end(self, tag: str, at: int, reason: str, **which: Any) -> list[tuple[str, list[str]]]:
        how = {"at": at, "reason": reason, "keep_ended": self._keep_ended, "forgotten": FORGOTTEN}
        return self._told(self._run(redis_scripts.END, tag, **how, **which))

    def _told(self, ended: Any) -> list[tuple[str, list[str]]]:
        """Of each user, which sessions ended. What began at a provider leaves the list of it."""
        at_provider: dict[bytes, list[bytes]] = defaultdict(list)
        for _, _, pairs in ended:
            for idp_session, session_id in zip(pairs[::2], pairs[1::2], strict=True):
                at_provider[idp_session].append(session_id)
        for idp_session, ids in at_provider.items():
            with suppress(StoreDown):  # they are looked at when they are found there
                self._server.ask("srem", self._index(idp_session.decode()), *ids)
        return [(user_key.decode(), ids.decode().split()) for user_key, ids, _ in ended]

    def live_sessions(
        self, user_key: str, since: LiveSince, limit: int, offset: int = 0, but: str | None = None
    ) -> Sequence[SessionRecord]:
        return in_order([record for record in self._live(user_key, since) if record.id != but])[offset : offset + limit]

    def list_live(self, user_key: str, since: LiveSince, owner: Owner, *which: int, **others: Any) -> Listed:
        return listed(self._live(user_key, since), owner, *which, **others)

    def login_ids_of(self, user_key: str, since: LiveSince) -> set[str]:
        return {record.login_id for record in self._live(user_key, since)}

    def _live(self, user_key: str, since: LiveSince) -> list[SessionRecord]:
        theirs = (record for record in self._all(tag_of(user_key)) if record.user_key == user_key)
        return [record for record in theirs if since.admits(record)]

    def _all(self, tag: str) -> list[SessionRecord]:
        stored = self._server.ask("hgetall", self._sessions + tag)
        found = (unpacked(session_id.decode(errors="replace"), each) for session_id, each in stored.items())
        return [record for record in found if record is not None]

    # ---- by their ids at a provider, which lie wherever they lie in a cluster

    def sessions_at_provider(self, idp_session: str, since: LiveSince) -> list[SessionRecord]:
        ids = self._server.ask("smembers", self._index(idp_session))
        found = [record for each in ids if (record := self.session(each.decode(errors="replace"))) is not None]
        return [record for record in found if record.idp_session == idp_session and since.admits(record)]

    def _note_at_provider(self, idp_session: str | None, session_id: str, seconds: int) -> None:
        """Before a session is stored, so that none is missing."""
        if idp_session is not None:
            self._server.run(redis_scripts.INDEX, self._index(idp_session), session_id, seconds)

    def _keep_at_provider(self, idp_session: str | None, session_id: str, seconds: int | None) -> None:
        """Once it is known for how long the session is kept: it is stored, whatever becomes of this, and with its next
        activity this is done again."""
        if seconds is not None:
            with suppress(StoreDown):
                self._note_at_provider(idp_session, session_id, seconds)

    def _index(self, idp_session: str) -> str:
        return f"{self._server.prefix}sid:{idp_session}"

    # ---- what is over

    def drop_ended(self, user_key: str, keep: int) -> None:
        self._run(redis_scripts.DROP, tag_of(user_key), user_key=user_key, keep=keep)

    def prune_sessions(self, since: LiveSince, ended_before: int, after: str | None, limit: int) -> Pruned:
        """Redis itself forgets what is old. This does so earlier, at the moments asked for; ``after`` is how far the
        walk through the keys has come, and ``limit`` its step."""
        place, tags = self._step(after, limit)
        ask = {**since._asdict(), "ended_before": ended_before}
        return Pruned(place, sum(self._run(redis_scripts.PRUNE, tag, **ask) for tag in tags))

    def _walk(self) -> Iterator[list[str]]:
        """Through the keys of all users, some of them more than once."""
        place, tags = self._step(None, SCAN_BATCH)
        yield tags
        while place is not None:
            place, tags = self._step(place, SCAN_BATCH)
            yield tags

    def _step(self, after: str | None, limit: int) -> tuple[str | None, list[str]]:
        literally = re.sub(r"([\[\]*?^\\])", r"\\\1", self._sessions)
        place, keys = self._server.scan(f"{literally}*", after, limit)
        return place, [key.decode(errors="replace")[len(self._sessions) :] for key in keys]

    # ---- for moving to another store

    def owners(self) -> Iterator[str]:
        for keys in self._walk():
            for key in keys:
                yield from {record.user_key for record in self._all(key)}

    def kept_of(self, user_keys: Collection[str]) -> dict[str, list[SessionRecord]]:
        return {key: [each for each in self._all(tag_of(key)) if each.user_key == key] for key in user_keys}

    def put_sessions(self, sessions: Mapping[str, Sequence[SessionRecord]]) -> Put:
        put = [self._put_of(user_key, records) for user_key, records in sessions.items()]
        return Put(*map(sum, zip(*put, strict=True)))

    def _put_of(self, user_key: str, records: Sequence[SessionRecord]) -> Put:
        tag, known = tag_of(user_key), {each.id: each for each in self.kept_of([user_key])[user_key]}
        ours = [forgetful(record) for record in records if record.id[:TAG_LENGTH] == tag]
        new = {record.id: record for record in ours if known.pop(record.id, None) != record}
        for record in new.values():
            self._note_at_provider(record.idp_session, record.id, MARGIN)
        ask = {"gone": list(known), "sessions": {each: packed(record) for each, record in new.items()}}
        if known or new:
            for session_id, seconds in self._run(
                redis_scripts.PUT, tag, **ask, **self._limits, keep_ended=self._keep_ended
            ):
                self._keep_at_provider(new[session_id.decode()].idp_session, session_id.decode(), seconds)
        return Put(len(new), len(known), len(records) - len(ours))

    # ---- speaking with Redis

    def _key_of(self, session_id: str) -> str:
        return self._sessions + session_id[:TAG_LENGTH]

    def _run(self, script: Script, tag: str, **ask: Any) -> Any:
        given = {name: value for name, value in ask.items() if value is not None}
        return self._server.run(script, self._key_of(tag), json.dumps(given))

    technology = "redis"

    def clock(self) -> float:
        """The time of Redis, in seconds since the epoch."""
        return self._server.clock()

    def try_writing(self) -> None:
        self._server.try_writing()


def _given(owner: Owner) -> dict[str, str]:
    """Without what is not known, which JSON has a word for, and Lua another one."""
    return {name: value for name, value in owner._asdict().items() if value is not None}
