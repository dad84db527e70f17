"""The host of the races: somebody with three sessions and an API token, and another administrator, put back as it was
before each race."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import flask_login
import redis
from argon2 import PasswordHasher
from flask import request
from sqlalchemy import create_engine, make_url, text

from flask_myprofile import current_profile, record_sso
from tests.races.feature_state import OFF_SINCE, OLD_SET, Features, features_now
from tests.races.points import CHECKED, come_by
from tests.support.host import PASSWORD, Host, make_host
from tests.support.providers import Provider, with_providers
from tests.workers.app import prepare
from tests.workers.fleet import cookie_header, sign_in_many

#: Who does everything: an administrator, so that one person can do all of it.
ADA = "admin"
#: Another administrator, by the name of their session, and that: theirs may be the second of two requests.
OTHER, OF_OTHER = "alice", "D"
SUBJECT = "88"
NEW = ("", "a quiet walk in the rain", "seven boats on a lake")
SWITCHED_OFF = ("", "preferences", "sessions.rename")
SETTINGS: dict[str, Any] = {
    "WTF_CSRF_ENABLED": False,
    "MYPROFILE_PASSWORD_HASH": "argon2id",
    "MYPROFILE_SSO_BACKCHANNEL_ALSO": ["sessions", "api_token"],
    "MYPROFILE_SESSION_TOUCH": 86_400,  # or each look at what is so would write
    "MYPROFILE_REAUTH_MAX_AGE": 86_400,  # thousands of races take longer than a sign-in is recent
}


class Request(NamedTuple):
    """``json`` or, where it is None, a form is sent."""

    url: str
    cookies: str = ""
    json: Any = None
    form: dict[str, str] | None = None


class Answer(NamedTuple):
    status: int
    cookies: dict[str, str]
    body: str


class State(NamedTuple):
    """What is so when both are answered: the password, which sessions get in, which token works, what the features
    are."""

    password: str
    live: frozenset[str]
    token: str | None
    features: Features


def okta() -> Provider:
    return Provider("Okta", claims={"sub": SUBJECT})


def views(host: Host) -> None:
    """Sign-in pages: by the password, of a user class that has no methods for it, and of a provider."""

    def person() -> Any:
        return host.db.session.execute(host.db.select(host.User).filter_by(username=ADA)).scalar_one()

    @host.app.post("/sign-in")
    def sign_in() -> Any:
        user = person()
        if not current_profile.users.check_password(user, request.form["password"]):
            return "wrong", 422
        flask_login.login_user(user)
        return "in"

    @host.app.post("/sign-in-at-okta")
    def sign_in_at_okta() -> str:
        user = person()
        record_sso("Okta", subject=SUBJECT, issuer=okta().issuer)
        come_by(CHECKED)
        flask_login.login_user(user)
        return "in"


@contextmanager
def quick_hashes() -> Iterator[None]:
    """Passwords are hashed anew when they are right: in milliseconds, so that the other request comes meanwhile."""
    quick = PasswordHasher(time_cost=1, memory_cost=4096, parallelism=1)
    with mock.patch("flask_myprofile.account.hashing.argon2id", lambda: quick):
        yield


def make(database_url: str, **settings: Any) -> Host:
    """Its passwords are stored as hashes that are weaker than new ones would be."""
    parts = with_providers(okta())
    registered = parts["after"]
    after: Callable[[Host], None] = lambda host: (registered(host), views(host))[-1]  # noqa: E731
    return make_host(database_url, before=parts["before"], after=after, **{**SETTINGS, **settings})


def leave_passwords_to_the_extension(host: Host) -> None:
    host.User.set_password = host.User.check_password = None


class Stage:
    """:ivar cookies: what the browsers of sessions A, B and C send, and of that of the other administrator.

    ``version`` is that of the API token, ``features`` that of Feature Management, which ``beginning`` is the state
    of; ``set_id`` is that of the set."""

    def __init__(self, host: Host, store: str) -> None:
        self.host, self.store = host, store
        self.okta = okta()
        host.change(OTHER, is_admin=True)
        sessions = sign_in_many(host, ADA, 3) + sign_in_many(host, OTHER, 1)
        leave_passwords_to_the_extension(host)
        self.cookies = dict(zip(f"ABC{OF_OTHER}", (session.cookie for session in sessions), strict=True))
        self._client = host.app.test_client(use_cookies=False)
        with host.app.test_request_context():
            self.token = current_profile.tokens.regenerate(self._ada())
        with host.app.test_request_context():  # another one, which sees it in every database
            self.version = current_profile.tokens.version(current_profile.tokens.find(self._ada()))
        known = self.send(Request("/sign-in-at-okta"))
        assert self.send(Request("/profile/sign-out", cookie_header(known.cookies), {})).status == 200
        url = host.app.config.get("MYPROFILE_SESSION_STORE")
        self._redis = redis.Redis.from_url(url) if url else None
        with host.app.app_context():
            self.engine = host.db.engine
        self.set_id = self._ask("/sets", {"name": OLD_SET})["id"]
        self._ask("", dict.fromkeys(OFF_SINCE, False))
        self.features = self._ask("")["version"]
        with host.app.test_request_context():
            self.beginning = features_now()
        assert self._works(self.token)  # its last use is known from now on
        self._kept = self._rows(), self._keys()

    def _ask(self, page: str, sent: Any = None) -> Any:
        """Of Feature Management."""
        asked = Request(f"/profile/admin/features{page}", self.cookies["C"], sent)
        answer = self.send(asked, "GET" if sent is None else "POST")
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def _ada(self) -> Any:
        users = self.host.db.select(self.host.User)
        return self.host.db.session.execute(users.filter_by(username=ADA)).scalar_one()

    # ---- as it was

    def _tables(self) -> list[Any]:
        return list(self.host.db.metadata.sorted_tables)

    def _rows(self) -> dict[str, list[Any]]:
        with self.engine.connect() as connection:
            return {t.name: [dict(row) for row in connection.execute(t.select()).mappings()] for t in self._tables()}

    def _keys(self) -> dict[bytes, bytes]:
        return {key: self._redis.dump(key) for key in self._redis.scan_iter()} if self._redis is not None else {}

    def put_back(self) -> None:
        """What has changed, and no more: there are thousands of races."""
        rows, keys = self._kept
        there = self._rows()
        changed = [table for table in self._tables() if there[table.name] != rows[table.name]]
        with self.engine.begin() as connection:
            for table in reversed(changed):
                connection.execute(table.delete())
            for table in changed:
                if rows[table.name]:
                    connection.execute(table.insert(), rows[table.name])
        if self._redis is not None:
            self._redis.flushdb()
            for key, value in keys.items():
                self._redis.restore(key, 0, value)

    # ---- asking

    def send(self, sent: Request, method: str = "POST") -> Answer:
        headers = {"Cookie": sent.cookies, "Accept": "application/json"} if sent.cookies else {}
        given: dict[str, Any] = {"json": sent.json} if sent.json is not None else {"data": sent.form}
        answer = self.host.app.test_client(use_cookies=False).open(sent.url, method=method, headers=headers, **given)
        return Answer(answer.status_code, cookies_in(answer.headers.getlist("Set-Cookie")), answer.text)

    def is_in(self, cookies: str) -> bool:
        answer = self._client.get("/page", headers={"Cookie": cookies})
        assert answer.status_code in (200, 302), answer.text
        return bool(answer.status_code == 200)

    def state(self, held: dict[str, list[str]], tokens: dict[str, str]) -> State:
        """:param held: session -> all that its browsers may send; :param tokens: name -> API token."""
        with self.host.app.test_request_context():
            user = self.host.db.session.execute(
                self.host.db.select(self.host.User).filter_by(username=ADA)
            ).scalar_one()
            check = current_profile.users.check_password
            (password,) = [text for text in (PASSWORD, *NEW[1:]) if check(user, text)]
            features = features_now()
        live = frozenset(name for name, each in held.items() if any(map(self.is_in, each)))
        bearer = [name for name, token in tokens.items() if self._works(token)]
        assert len(bearer) <= 1, f"two tokens work: {bearer}"
        return State(password, live, bearer[0] if bearer else None, features)

    def _works(self, token: str) -> bool:
        answer = self._client.get("/api", headers={"Authorization": f"Bearer {token}", "Accept": "application/json"})
        return bool(answer.status_code == 200)

    def logout_token(self) -> str:
        """Of a moment that no sign-in of now is after, by the provider's clock."""
        return self.okta.logout_token(sub=SUBJECT, iat=int(time.time()) + 5)


def cookies_in(headers: list[str]) -> dict[str, str]:
    found = (header.split(";")[0].partition("=") for header in headers)
    return {name: value for name, _, value in found if value}


@contextmanager
def stage(store: str, folder: Path, url: Callable[[str], str]) -> Iterator[Stage]:
    """:param url: gives the address of a service that a store needs."""
    settings: dict[str, Any] = {}
    database = f"sqlite:///{folder / 'races.sqlite'}"
    if store == "redis":  # what takes a busy machine long is no failure of Redis
        settings["MYPROFILE_SESSION_STORE"] = url("redis").rpartition("/")[0] + "/9?socket_timeout=30"
    elif store != "sqlite":
        database = own_database(url(store), "races")
    with quick_hashes():
        host = make(database, **settings)
        prepare(host)
        if store == "redis":
            redis.Redis.from_url(settings["MYPROFILE_SESSION_STORE"]).flushdb()
        level = host.app.logger.level
        host.app.logger.setLevel(logging.CRITICAL)  # a thousand refusals; others have this logger too
        try:
            yield Stage(host, store)
        finally:
            host.app.logger.setLevel(level)
            host.close()


def own_database(server: str, name: str) -> str:
    """One with nothing in it."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return make_url(server).set(database=name).render_as_string(hide_password=False)
