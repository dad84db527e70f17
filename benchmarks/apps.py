"""The apps that are compared, with and without the extension, and what is asked of them."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any
from unittest import mock

from flask import Flask
from flask_session import Session
from sqlalchemy import event
from werkzeug.test import EnvironBuilder

from flask_myprofile import MyProfile, current_profile
from flask_myprofile.errors import SetupError

from . import features
from .host import FIRST_NAME, LAST_NAME, columns_of, make_host, name_of, token_of
from .peers import make_peer
from .places import NotAvailable, Place
from .variants import SESSIONS_TAB, SIGN_IN, TOKEN_REQUEST, VISITOR, Variant

#: As long as a real one, since it is compared and stored.
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"

#: The user who is there to be signed out.
_PROBE = 999
#: The user whose sessions are listed.
_LISTED = 998
#: Where people sign in, as many take turns, so that nobody has more sessions than the usual limit.
_PEOPLE = 60


class Refused(Exception):
    """A request that did not get the page."""


class Statements(list[str]):
    """The SQL statements that were sent, and how many seconds the database and its driver took for them."""

    seconds = 0.0


class Subject:
    """A running app, and the browsers that are signed in to it: what each sends, and what it must get."""

    def __init__(self, variant: Variant, app: Flask, browsers: list[tuple[dict[str, Any], bytes]]) -> None:
        self.variant, self.app, self.browsers = variant, app, browsers
        self._next = itertools.cycle(browsers)
        self._seconds = itertools.count(int(time.time()))

    @property
    def engine(self) -> Any:
        """The database's engine; None where the app has no database."""
        with self.app.app_context():
            return self.app.extensions["sqlalchemy"].engine if self.variant.login else None

    def visit(self) -> None:
        """One request, straight into the app. A refused one would be quick, so it stops the measurement."""
        environ, name = next(self._next)
        answered: list[str] = []

        def start(status: str, *rest: object) -> Any:
            answered.append(status)

        answer: Any = self.app.wsgi_app(environ.copy(), start)  # a copy, since the app leaves its notes in it
        body = b"".join(answer)
        answer.close()
        if answered != ["200 OK"] or name not in body:
            raise Refused(f"{self.variant.title}: {answered} {body[:200]!r}")

    @contextmanager
    def statements(self) -> Iterator[Statements]:
        """The SQL statements that are sent within this."""
        sent = Statements()

        def begin(connection: Any, cursor: object, statement: str, *rest: object) -> None:
            sent.append(statement)
            sent.seconds -= time.perf_counter()

        def end(*ended: object) -> None:
            sent.seconds += time.perf_counter()

        listeners = {"before_cursor_execute": begin, "after_cursor_execute": end} if self.engine is not None else {}
        for name, listener in listeners.items():
            event.listen(self.engine, name, listener)
        yield sent
        for name, listener in listeners.items():
            event.remove(self.engine, name, listener)

    def clock(self) -> AbstractContextManager[Any]:
        """Around visits: the variant's own time, or everybody's."""
        if not self.variant.time_flies:
            return nullcontext()
        return mock.patch("flask_myprofile.account.clock.time", self._seconds.__next__)

    def skip(self, seconds: int) -> None:
        """Let that much of the variant's own time go by."""
        self._seconds = itertools.count(next(self._seconds) + seconds)

    def close(self) -> None:
        if self.engine is not None:
            self.engine.dispose()


def build(variant: Variant, place: Place, browsers: int = 1, **settings: Any) -> Subject:
    """The app, and as many users as ``browsers``, each signed in with one: user 1 with the first, and so on.

    :raises NotAvailable: it needs a service that is not there or a setting that this version does not know.
    """
    app = Flask(variant.key, static_folder=None)
    app.config.update(SECRET_KEY=bytes(32), SQLALCHEMY_DATABASE_URI=place.database_url, **settings)
    if not variant.login:
        app.add_url_rule("/", view_func=lambda: name_of(1))
        return Subject(variant, app, [(_environ(), name_of(1).encode())])
    if variant.asks == SIGN_IN:
        browsers = max(browsers, _PEOPLE)
    db, user = make_peer(app, variant) if variant.peer else make_host(app, variant)
    if variant.babel:
        _add_babel(app)
    if variant.flask_session:
        app.config.update(SESSION_TYPE="redis", SESSION_REDIS=place.redis())
        Session(app)
    if variant.has_extension:
        _add_extension(app, variant, place)
    with app.app_context():
        db.create_all()
        numbers = {*range(1, browsers + 1), _PROBE, _LISTED} - set(db.session.execute(db.select(user.id)).scalars())
        db.session.add_all(user(id=number, **columns_of(number)) for number in numbers)
        db.session.commit()
    if variant.has_extension:
        _check_extension(app, variant)
    if variant.features is not None:
        with app.app_context():
            features.fill(variant.features)
    return Subject(variant, app, [_visitor(app, variant, n) for n in range(1, browsers + 1)])


def build_all(variants: Iterable[Variant], place: Place) -> tuple[dict[Variant, Subject], dict[Variant, str]]:
    """The apps that can be measured here, and why the others cannot."""
    subjects, missing = {}, {}
    for variant in variants:
        try:
            subjects[variant] = build(variant, place)
        except NotAvailable as reason:
            missing[variant] = str(reason)
    return subjects, missing


def _add_babel(app: Flask) -> None:
    try:
        from flask_babel import Babel
    except ImportError as error:
        raise NotAvailable(str(error)) from error
    Babel(app)


def _add_extension(app: Flask, variant: Variant, place: Place) -> None:
    app.config["MYPROFILE_FEATURES"] = {"api_token": True}
    if variant.tokens:
        app.config["MYPROFILE_API_TOKENS"] = max(variant.tokens, 2)
    if variant.time_flies:
        app.config["MYPROFILE_SESSION_TOUCH"] = 1
    if variant.redis_store:
        place.redis()
        app.config["MYPROFILE_SESSION_STORE"] = place.redis_url
    tabs = features.tabs() if variant.features is not None else ()
    if tabs:
        app.config["MYPROFILE_ROLES"] = features.roles_of
        features.add_views(app)
    try:
        MyProfile(app, tabs=tabs)
    except (SetupError, ImportError) as error:
        raise NotAvailable(str(error)) from error


def _check_extension(app: Flask, variant: Variant) -> None:
    """The row says what is measured: the model is known or not, and whoever was signed out is out."""
    probe = Subject(variant, app, [_sign_in(app, _PROBE)])
    probe.visit()
    with app.app_context():
        if (current_profile.users.model is None) is not variant.two_user_models:
            raise RuntimeError(f"{variant.title}: the user model is {current_profile.users.model}")
        current_profile.sessions.end_all(
            current_profile.users.load(f"user:{_PROBE}" if variant.two_user_models else str(_PROBE))
        )
    try:
        probe.visit()
    except Refused:
        return
    raise RuntimeError(f"{variant.title}: lets people in who were signed out")


def _visitor(app: Flask, variant: Variant, number: int) -> tuple[dict[str, Any], bytes]:
    """What that user's browser, or program, sends, and what has to be in the answer."""
    if variant.asks == VISITOR:
        return _environ("/public"), name_of(1).encode()
    if variant.asks == TOKEN_REQUEST:
        return _environ(Authorization=f"Bearer {_token(app, variant, number)}"), name_of(number).encode()
    if variant.asks == SESSIONS_TAB.asks:  # one in the list, whatever was measured before
        number = _LISTED
        with app.app_context():
            current_profile.sessions.end_all(current_profile.users.load(str(number)))
    signed_in = _sign_in(app, number, "/" if variant.asks == SIGN_IN else variant.asks)
    if variant.asks == SIGN_IN:  # again, as somebody who has done so before
        return _environ(f"/login/{number}", method="POST"), name_of(number).encode()
    return (signed_in[0], f"{FIRST_NAME} {LAST_NAME}".encode()) if variant.asks.startswith("/profile/") else signed_in


def _token(app: Flask, variant: Variant, number: int) -> str:
    if not variant.has_extension:
        return token_of(number)
    with app.app_context():
        user, tokens = current_profile.users.load(str(number)), current_profile.tokens
        tokens.revoke(user)  # those of the variant before
        made = [tokens.make(user, f"Token {each}") for each in range(variant.tokens)]
        token = made[0] if made else tokens.regenerate(user)
        current_profile.db.session.commit()
    return token


def _sign_in(app: Flask, number: int, path: str = "/") -> tuple[dict[str, Any], bytes]:
    client = app.test_client()
    client.post(f"/login/{number}", headers={"User-Agent": AGENT})
    if path != "/":
        client.get(
            path, headers={"User-Agent": AGENT}
        )  # whose page has a form has a CSRF token in its cookie from then on
    cookie = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
    if cookie is None:
        raise RuntimeError(f"{app.name}: signing in set no cookie")
    return _environ(path, Cookie=f"{cookie.key}={cookie.value}"), name_of(number).encode()


def _environ(path: str = "/", method: str = "GET", **headers: str) -> dict[str, Any]:
    local: Any = {"REMOTE_ADDR": "127.0.0.1"}
    sent: Any = {"User-Agent": AGENT, **headers}
    return EnvironBuilder(path=path, method=method, headers=sent, environ_base=local).get_environ()
