"""Who is in: the part of the specification about sessions, cookies and what ends them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from typing import NamedTuple

from tests.model.things import Cookie, Held, Jar, Remember, Session, Token, User, Visit, Waiting

DAY = 86_400
#: Seconds for which a session gets in; a remembered one; and for which Flask takes its own cookie.
LIFETIME, REMEMBERED, COOKIE = 30 * DAY, 365 * DAY, 31 * DAY
#: Seconds for which a sign-in is recent, for which requests under way pass with the secret before, and for which their
#: answers take no cookie away.
RECENT, GRACE, LATE = 1800, 30, 300
#: Seconds by which clocks differ anyway. Beyond that, what is of the future is not so yet.
SKEW = 60

Effects = dict[int, Callable[[], object]]


def nothing() -> None:
    """Nothing is any different."""


def refused(*statuses: int) -> Effects:
    return dict.fromkeys(statuses, nothing)


class Deed(NamedTuple):
    """What somebody who is let in can do. ``then``: what comes of it, given the jar and the session it is done by."""

    then: Callable[[Jar, Session], Effects]
    feature: str = ""
    fresh: bool = False
    admin: bool = False


class Sessions:
    """All that the app has to remember, and the time."""

    def __init__(self, now: int, users: Iterable[str], admin: str, password: str, key: str) -> None:
        self.now = now
        self.users = {name: User(name, password) for name in users}
        self.admin = admin
        self.sessions: list[Session] = []
        self.waiting: list[Waiting] = []
        #: Features that are off.
        self.off: set[str] = set()
        #: The secret key, and those before it that are still good.
        self.keys = [key]
        self._numbers = count(1)

    def number(self) -> int:
        """One that was not there before."""
        return next(self._numbers)

    # ---- who is in

    def visit(self, jar: Jar) -> Visit | None:
        """By which session a request with these cookies gets in, and whether by the secret that it has now."""
        cookie = self.readable(jar.cookie)
        if cookie is not None and cookie.held is not None:
            session = cookie.held.session
            if self.gets_in(session) and self._proves(cookie.held):
                return Visit(session, current=cookie.held.secret == session.secret)
            return None
        device, remember = jar.device, jar.remember
        if device is None or remember is None or remember.key not in self.keys:
            return None
        fits = device.session.user == remember.user and device.secret == device.session.secret
        return Visit(device.session, current=True) if fits and self.gets_in(device.session) else None

    def _proves(self, held: Held) -> bool:
        """By the secret that the session has, or had until a moment ago."""
        session = held.session
        just_now = session.renewed is not None and abs(self.now - session.renewed) <= GRACE
        return held.secret == session.secret or (just_now and held.secret == session.secret - 1)

    def readable(self, cookie: Cookie | None) -> Cookie | None:
        """Flask takes no cookie that another key has signed, nor one that is too old or of the future."""
        if cookie is None or cookie.key not in self.keys or not 0 <= self.now - cookie.signed <= COOKIE:
            return None
        return cookie

    def gets_in(self, session: Session) -> bool:
        if session.over or session.born > self.now + SKEW:
            return False
        if session.remembered_until is not None:
            return session.remembered_until >= self.now
        return session.born >= self.now - LIFETIME

    def is_fresh(self, visit: Visit) -> bool:
        """A proof belongs to the secret that it gave, and is good for half an hour."""
        return visit.current and -SKEW <= self.now - visit.session.proved <= RECENT

    def listed(self, user: str) -> list[Session]:
        return [session for session in self.sessions if session.user == user and self.gets_in(session)]

    def lives(self, token: Token) -> bool:
        """Whether the token signs somebody in."""
        return "api_token" not in self.off and any(user.token is token for user in self.users.values())

    def arrive(self, jar: Jar) -> Visit | None:
        """A request that asks who is signed in, and what its answer leaves in the jar."""
        visit, cookie = self.visit(jar), self.readable(jar.cookie)
        if visit is None and self._is_told(jar, cookie):
            jar.forget(self.cookie(None))
        elif visit is not None and (cookie is None or cookie.held is None):
            jar.cookie = self.cookie(jar.device)
        return visit

    def _is_told(self, jar: Jar, cookie: Cookie | None) -> bool:
        """Whether a browser that is not let in is told to forget what it has: not what this app has not signed, which
        may be another app's, and not where it may have something newer."""
        if cookie is not None and cookie.held is not None:
            return not self._has_gone_on(cookie.held)
        return jar.remember is not None and jar.remember.key in self.keys

    def _has_gone_on(self, held: Held) -> bool:
        """Whether the browser may have a newer secret, or session, than this."""
        session = held.session
        if session.over:
            return session.replaced is not None and held.secret == session.secret and self._is_late(session.replaced)
        return session.renewed is not None and held.secret == session.secret - 1 and self._is_late(session.renewed)

    def _is_late(self, since: int) -> bool:
        return -SKEW <= self.now - since <= LATE

    def cookie(self, held: Held | None) -> Cookie:
        """A new one. With the user, the CSRF token goes as well."""
        return Cookie(held, None, self.keys[0], self.now)

    def open_page(self, jar: Jar) -> int:
        """A page with a form: what its CSRF token belongs to. A browser with the secret before is given nothing new."""
        visit, cookie = self.visit(jar), self.readable(jar.cookie)
        if cookie is None or (visit is None and cookie.held is not None):
            cookie = jar.cookie = self.cookie(None)
        if cookie.csrf is None and visit is not None and not visit.current:
            return self.number()
        cookie.csrf = cookie.csrf or self.number()
        return cookie.csrf

    # ---- signing in and out

    def sign_in(self, jar: Jar, name: str, password: str, remember: bool) -> Effects:
        """One browser is one session: what it held before, and can prove, is over."""
        user = self.users[name]
        if password != user.password:
            return refused(422)

        def begin() -> None:
            cookie = self.readable(jar.cookie)
            for held in (cookie.held if cookie else None, jar.device):
                if held is not None and self._proves(held):
                    held.session.replaced = held.session.replaced if held.session.over else self.now
                    self.end(held.session)
            session = Session(name, self.now, self.now, self.now + REMEMBERED if remember else None)
            self.sessions.append(session)
            jar.cookie = self.cookie(Held(session, 0))
            if remember:
                jar.device, jar.remember = Held(session, 0), Remember(name, self.keys[0])

        return {200: begin}

    def leave_host(self, jar: Jar) -> Effects:
        """Flask-Login's own sign-out. The secret before is enough: to end what one may read gives nothing away."""
        visit = self.arrive(jar)
        if visit is None:
            return {200: nothing}
        return {200: lambda: (self.end(visit.session), jar.forget(None))}

    def sign_out(self) -> Deed:
        return Deed(lambda jar, session: {200: lambda: (self.end(session), jar.forget(None))})

    def end(self, session: Session) -> None:
        """For good, and with all that waits in it."""
        session.over = True
        self.drop_waiting(lambda form: form.session is session)

    def drop_waiting(self, which: Callable[[Waiting], bool]) -> None:
        for form in filter(which, self.waiting):
            form.dropped = True

    def end_those(self, user: str, but: Session | None = None) -> None:
        for session in self.sessions:
            if session.user == user and session is not but:
                self.end(session)

    def sign_out_one(self, other: Session) -> Deed:
        """Of one's own sessions; whether it is over already makes no difference."""
        return Deed(
            lambda jar, session: {200: lambda: self.end(other)} if other.user == session.user else refused(404),
            fresh=True,
        )

    def sign_out_others(self) -> Deed:
        return Deed(
            lambda jar, session: {200: lambda: self.end_those(session.user, session)},
            feature="sessions.sign_out_others",
            fresh=True,
        )

    # ---- doing something

    def perform(self, jar: Jar, deed: Deed) -> Effects:
        visit = self.arrive(jar)
        if visit is None:
            return refused(401)
        against = self.against(visit.session, deed)
        if not visit.current:
            against += [400, 409]  # 400: it is given no CSRF token either
        elif not against and deed.fresh and not self.is_fresh(visit):
            against = [403]
        return refused(*against) or deed.then(jar, visit.session)

    def against(self, session: Session, deed: Deed) -> list[int]:
        """What stands against it, however recent the sign-in is."""
        if deed.admin and session.user != self.admin:
            return [403]
        return [404] if deed.feature in self.off or deed.feature.partition(".")[0] in self.off else []

    def renew(self, jar: Jar, session: Session) -> None:
        """Who is there has been proved: the session goes on with a secret that only this browser has."""
        session.secret += 1
        session.renewed = session.proved = self.now
        held = Held(session, session.secret)
        jar.cookie = self.cookie(held)
        if session.remembered_until is not None:
            jar.device, jar.remember = held, Remember(session.user, self.keys[0])
