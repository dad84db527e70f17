"""Sessions in Redis, or in what speaks like it: for hosts with many machines, or that keep sessions there anyway."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from ..errors import SetupError, StoreDown
from . import redis_scripts, redis_user_scripts
from .records import RENEWED, Found, LiveSince, Owner, Pruned, SessionRecord
from .redis_records import CHECKED, NAMES, WHOLE, Checked, Reader, read, text

#: Of a user, given their key: themselves and their preferences. None: there is no such user.
FindUser = Callable[[str], "tuple[Any, Mapping[str, str] | None] | None"]

#: Seconds for which Redis keeps a session beyond the moment when it can no longer get in.
MARGIN = 86_400
#: Seconds since its last activity for which it keeps a session that no setting ever ends.
FOREVER = 400 * 86_400
#: Seconds for which it keeps an ended one at least: a request under way must not bring it back by storing it again.
LEAST_ENDED = 3600
#: Keys that one step of a walk through all of them looks at.
SCAN_BATCH = 1000
#: Seconds to wait for an answer, unless the URL says otherwise: nobody waits longer to be told that Redis is down.
TIMEOUT = 1


class RedisSessions:
    """Keeps sessions in one Redis (6 or later), Valkey or the like, or in a primary and its replicas behind one
    address. Not in a Redis Cluster: a script meets all sessions of a user, and those would lie on several machines.

    Every key begins with ``prefix`` and ends by itself. What ends a session, however, is its record: the lifetime of a
    key is there to give memory back, and the clock is the app's.

    :param find_user: asked for the user of each live session.
    :param lifetime: ``MYPROFILE_SESSION_LIFETIME``; ``idle`` and ``keep_ended`` likewise.
    """

    transactional = False

    def __init__(
        self,
        client: redis.Redis,
        *,
        prefix: str,
        find_user: FindUser,
        lifetime: int | None,
        idle: int | None,
        keep_ended: int,
    ) -> None:
        self._client: Any = client
        self._prefix = prefix
        self._find_user = find_user
        self._limits = {"lifetime": lifetime, "idle": idle, "forever": FOREVER, "margin": MARGIN}
        self._keep_ended = max(keep_ended, LEAST_ENDED)
        script = client.register_script
        self._add, self._touch = script(redis_scripts.ADD), script(redis_scripts.TOUCH)
        self._rotate, self._name = script(redis_scripts.ROTATE), script(redis_scripts.NAME)
        self._end, self._drop = script(redis_scripts.END), script(redis_scripts.DROP)
        self._list, self._count = script(redis_scripts.LIST), script(redis_user_scripts.COUNT)
        self._prune, self._follow = script(redis_scripts.PRUNE), script(redis_user_scripts.FOLLOW)
        self._erase = script(redis_user_scripts.ERASE)

    @classmethod
    def at(cls, url: str, **settings: Any) -> RedisSessions:
        """The sessions in the Redis of that URL, which nothing connects to before it is used.

        :raises SetupError: redis-py cannot make sense of the URL.
        """
        defaults: dict[str, Any] = {
            "socket_timeout": TIMEOUT,
            "socket_connect_timeout": TIMEOUT,
            "protocol": 2,
            # a command that was sent may have been carried out: sent twice, it would find its own work and call it lost
            "retry": Retry(NoBackoff(), 0),
        }
        try:
            pool = redis.ConnectionPool.from_url(url, **defaults)
            pool.connection_kwargs["decode_responses"] = False  # bytes that are no text are ours to judge
            pool.connection_class(**pool.connection_kwargs)  # options that it does not know are refused here
        except (TypeError, ValueError, RedisError):
            # without redis-py's words, and without the URL: its password may be in them
            raise SetupError(
                "MYPROFILE_SESSION_STORE is a URL that redis-py does not take:"
                " look at its port, at its options after the ? and at signs in the password that need %-encoding"
            ) from None
        return cls(redis.Redis(connection_pool=pool), **settings)

    # ---- at every request

    def find_live(self, session_id: str, login_id: str, since: LiveSince, user_key: str | None = None) -> Found | None:
        values = self._fields(session_id, Checked._fields, CHECKED)
        if values is None:
            return None
        found: Any = Checked._make(values)  # it has what LiveSince asks a record for
        if found.login_id != login_id or not since.admits(found):
            return None
        user = self._find_user(found.user_key)
        if user is None:
            return None
        return Found(found.secret_hash, found.last_seen_at, found.user_key, found.password_mark, *user)

    def session(self, session_id: str) -> SessionRecord | None:
        values = self._fields(session_id, NAMES, WHOLE)
        return None if values is None else SessionRecord(session_id, *values)

    def _fields(self, session_id: str, names: Sequence[str], readers: Sequence[Reader]) -> list[Any] | None:
        try:
            values = self._client.hmget(self._key(session_id), names)
        except RedisError as error:
            if str(error).startswith("WRONGTYPE"):  # nothing that we have written
                return None
            raise _down(error) from None
        return read(readers, values)

    # ---- one session

    def add_session(self, record: SessionRecord) -> bool:
        fields = {name: value for name, value in record._asdict().items() if value is not None and name != "id"}
        return bool(self._run(self._add, self._key(record.id), id=record.id, fields=fields, **self._limits))

    def touch_session(self, session_id: str, at: int, ip: str, user_agent: str) -> None:
        known = {"id": session_id, "at": at, "ip": ip, "user_agent": user_agent}
        self._run(self._touch, self._key(session_id), **known, **self._limits)

    def rotate_session(self, record: SessionRecord, secret_hash: str, at: int, login_id: str) -> bool:
        new = {"secret_hash": secret_hash, "previous_hash": record.secret_hash, "rotated_at": at, "login_id": login_id}
        known = {name: value for name in RENEWED if (value := getattr(record, name)) is not None}
        ask = {"id": record.id, "fields": new | known, "renewed": RENEWED}
        return bool(self._run(self._rotate, self._key(record.id), **ask, **self._limits))

    def follow_user(self, user_key: str, before: Owner, now: Owner, only: str | None = None) -> None:
        changes = {"user_key": user_key, "before": _given(before), "owner": _given(now), "only": only}
        self._run(self._follow, self._list_of(user_key), **changes)

    def erase_sessions(self, user_key: str) -> list[str]:
        return [text(session_id) for session_id in self._run(self._erase, self._list_of(user_key), user_key=user_key)]

    def owners(self) -> Iterator[str]:
        """The keys of all users of whom something is kept, some of them more than once."""
        cursor, first = 0, len(f"{self._prefix}user:ended:".encode())
        while True:
            cursor, keys = self._scan("user:", cursor, SCAN_BATCH)
            for key in keys:
                after = first if key[:first].endswith(b":ended:") else first - 1
                yield text(key[after:], "replace")
            if cursor == 0:
                return

    def name_session(self, user_key: str, session_id: str, name: str | None) -> bool:
        return bool(self._run(self._name, self._key(session_id), id=session_id, user_key=user_key, name=name))

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
    ) -> list[str]:
        """As in the protocol; without a user's key it has to be told the ids, there being no list of everybody's."""
        if user_key is None and only is None:
            raise ValueError("whose sessions are to end, or which?")
        which = {"user_key": user_key, "only": None if only is None else list(only), "keep": keep}
        ended = self._end_those(at, reason, secret_hash=secret_hash, **which)
        return [session_id for _, ids in ended for session_id in ids]

    def end_everyone(self, at: int, reason: str) -> Iterator[tuple[str, Sequence[str]]]:
        cursor, first = 0, len(self._key(""))
        while True:
            cursor, keys = self._scan("session:", cursor, SCAN_BATCH)
            yield from self._end_those(at, reason, only=[text(key, "replace")[first:] for key in keys])
            if cursor == 0:
                return

    def _end_those(self, at: int, reason: str, **which: Any) -> Iterator[tuple[str, list[str]]]:
        key = self._list_of(which.get("user_key") or "")
        ended = self._run(self._end, key, at=at, reason=reason, keep_ended=self._keep_ended, **which)
        return ((text(user, "replace"), [text(session_id) for session_id in ids]) for user, ids in ended)

    def live_sessions(
        self, user_key: str, since: LiveSince, limit: int, offset: int = 0, but: str | None = None
    ) -> list[SessionRecord]:
        page = {"limit": limit, "offset": offset, "but": but, "fields": NAMES}
        rows = self._run(self._list, self._list_of(user_key), user_key=user_key, **page, **since._asdict())
        known = ((session_id, read(WHOLE, values)) for session_id, values in rows)
        return [SessionRecord(text(session_id), *values) for session_id, values in known if values is not None]

    def count_live_sessions(self, user_key: str, since: LiveSince, owner: Owner | None = None) -> tuple[int, int]:
        whose = {"user_key": user_key, "owner": None if owner is None else _given(owner)}
        total, others = self._run(self._count, self._list_of(user_key), **whose, **since._asdict())
        return int(total), int(others)

    def sessions_at_provider(self, idp_session: str, since: LiveSince) -> list[SessionRecord]:
        try:
            ids = self._client.smembers(f"{self._prefix}sid:{idp_session}")
        except RedisError as error:
            raise _down(error) from None
        found = (self.session(text(session_id, "replace")) for session_id in ids)
        return [record for record in found if record is not None and since.admits(record)]

    # ---- what is over

    def drop_ended(self, user_key: str, keep: int) -> None:
        self._run(self._drop, f"{self._prefix}user:ended:{user_key}", user_key=user_key, keep=keep)

    def prune_sessions(self, since: LiveSince, ended_before: int, after: str | None, limit: int) -> Pruned:
        """Redis itself forgets what is old. This does so earlier, at the moments asked for, and clears the lists of
        what is gone; ``after`` is how far the walk through the keys has come, and ``limit`` its step."""
        cursor, keys = self._scan("user:", int(after or 0), limit)
        limits = {**since._asdict(), "ended_before": ended_before}
        return Pruned(str(cursor) if cursor else None, sum(self._run(self._prune, key, **limits) for key in keys))

    # ---- speaking with Redis

    def _key(self, session_id: str) -> str:
        return f"{self._prefix}session:{session_id}"

    def _list_of(self, user_key: str) -> str:
        return f"{self._prefix}user:live:{user_key}"

    def _run(self, script: Any, key: str | bytes, **ask: Any) -> Any:
        given = {name: value for name, value in ask.items() if value is not None}
        try:
            return script([key], [json.dumps({"prefix": self._prefix, **given})])
        except RedisError as error:
            raise _down(error) from None

    # ---- whether it works

    technology = "redis"

    def clock(self) -> float:
        """The time of Redis, in seconds since the epoch."""
        seconds, microseconds = self._ask(self._client.time)
        return float(seconds + microseconds / 1e6)

    def try_writing(self) -> None:
        """Write something, and take it back; in a second it would be gone by itself."""
        key = f"{self._prefix}doctor:{secrets.token_hex(12)}"
        self._ask(self._client.set, key, "", px=1000)
        self._ask(self._client.delete, key)

    @staticmethod
    def _ask(command: Callable[..., Any], *given: Any, **more: Any) -> Any:
        try:
            return command(*given, **more)
        except RedisError as error:
            raise _down(error) from None

    def _scan(self, kind: str, cursor: int, limit: int) -> tuple[int, list[bytes]]:
        """A step through all keys of a kind; at the end the cursor is 0 again."""
        literally = re.sub(r"([\[\]*?^\\])", r"\\\1", self._prefix)
        found: tuple[int, list[bytes]] = self._ask(self._client.scan, cursor, f"{literally}{kind}*", limit)
        return found


def _down(error: RedisError) -> StoreDown:
    """In the words of redis-py about connections, else by name only: of a command that it does not know, Redis quotes
    the arguments, and of AUTH that is the password. For the same reason it is never the cause of what is raised."""
    unreachable = type(error) in (redis.ConnectionError, redis.TimeoutError)
    return StoreDown(f"Redis: {type(error).__name__}" + (f": {error}" if unreachable else ""))


def _given(owner: Owner) -> dict[str, str]:
    """Without what is not known, which JSON has a word for, and Lua another one."""
    return {name: value for name, value in owner._asdict().items() if value is not None}
