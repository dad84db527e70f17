"""Who is in, what is fresh, which token lives and what is listed: the specification of it, in plain Python.

A method of :class:`World` is something that somebody does. It answers what may come of it: each status that the app may
answer, and what is so from then on. What was not answered as done has not happened. Nothing here knows of HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from typing import NamedTuple

from tests.model.things import Cookie, Held, Jar, Remember, Session, Token, User, Visit, Waiting

DAY = 86_400
#: Seconds for which a session gets in; a remembered one; and for which Flask takes its own cookie.
LIFETIME, REMEMBERED, COOKIE = 30 * DAY, 365 * DAY, 31 * DAY
#: Seconds for which a sign-in is recent; a form waits for one; and requests under way pass with the secret before.
RECENT, WAITS, GRACE = 1800, 900, 30
#: Wrong passwords within so many seconds, after which the next one waits; and in a row, after which the session ends.
GUESSES, WINDOW, IN_A_ROW = 5, 900, 20

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


class World:
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
        #: Sessions of which nobody was told whether they have ended.
        self.unsure: set[Session] = set()
        self._numbers = count(1)

    def number(self) -> int:
        """One that was not there before."""
        return next(self._numbers)

    # ---- who is in

    def visit(self, jar: Jar) -> Visit | None:
        """By which session a request with these cookies gets in, and whether by the secret that it has now."""
        cookie = self.readable(jar.cookie)
        if cookie is not None and cookie.held is not None:
            session, behind = cookie.held.session, cookie.held.session.secret - cookie.held.secret
            if not self.gets_in(session) or not (behind == 0 or (behind == 1 and self._in_grace(session))):
                return None
            return Visit(session, current=behind == 0)
        device, remember = jar.device, jar.remember
        if device is None or remember is None or remember.key not in self.keys:
            return None
        fits = device.session.user == remember.user and device.secret == device.session.secret
        return Visit(device.session, current=True) if fits and self.gets_in(device.session) else None

    def readable(self, cookie: Cookie | None) -> Cookie | None:
        """Flask takes no cookie that another key has signed, nor one that is too old or of the future."""
        if cookie is None or cookie.key not in self.keys or not 0 <= self.now - cookie.signed <= COOKIE:
            return None
        return cookie

    def gets_in(self, session: Session) -> bool:
        if session.remembered_until is not None:
            return not session.over and session.remembered_until >= self.now
        return not session.over and session.born >= self.now - LIFETIME

    def _in_grace(self, session: Session) -> bool:
        return session.renewed is not None and 0 <= self.now - session.renewed <= GRACE

    def is_fresh(self, visit: Visit) -> bool:
        """A proof belongs to the secret that it gave, and is good for half an hour."""
        return visit.current and 0 <= self.now - visit.session.proved <= RECENT

    def listed(self, user: str) -> list[Session]:
        return [session for session in self.sessions if session.user == user and self.gets_in(session)]

    def lives(self, token: Token) -> bool:
        """Whether the token signs somebody in."""
        return "api_token" not in self.off and any(user.token is token for user in self.users.values())

    def arrive(self, jar: Jar) -> Visit | None:
        """A request that asks who is signed in, and what its answer leaves in the jar."""
        visit, cookie = self.visit(jar), self.readable(jar.cookie)
        if visit is None and (jar.remember is not None or (cookie is not None and cookie.held is not None)):
            jar.forget(self.cookie(None, cookie.csrf if cookie else None))
        elif visit is not None and (cookie is None or cookie.held is None):
            jar.cookie = self.cookie(jar.device, cookie.csrf if cookie else None)
        return visit

    def cookie(self, held: Held | None, csrf: int | None = None) -> Cookie:
        return Cookie(held, csrf, self.keys[0], self.now)

    def open_page(self, jar: Jar) -> int:
        """A page with a form: the browser's session names what its CSRF token belongs to."""
        if self.readable(jar.cookie) is None:
            jar.cookie = self.cookie(None)
        assert jar.cookie is not None
        if jar.cookie.csrf is None:
            jar.cookie.csrf = self.number()
        return jar.cookie.csrf

    # ---- signing in and out

    def sign_in(self, jar: Jar, name: str, password: str, remember: bool) -> Effects:
        """One browser is one session: what it held before is over, if it proves it by the secret of now."""
        user = self.users[name]
        if password != user.password:
            return refused(422)

        def begin() -> None:
            cookie = self.readable(jar.cookie)
            for held in (cookie.held if cookie else None, jar.device):
                if held is not None and held.secret == held.session.secret:
                    self.end(held.session)
            session = Session(name, self.now, self.now, self.now + REMEMBERED if remember else None)
            self.sessions.append(session)
            jar.cookie = self.cookie(Held(session, 0))
            if remember:
                jar.device, jar.remember = Held(session, 0), Remember(name, self.keys[0])

        return {200: begin}

    def leave_host(self, jar: Jar) -> Effects:
        """Flask-Login's own sign-out."""
        visit = self.arrive(jar)
        if visit is None:
            return {200: nothing}

        def leave() -> None:
            jar.forget(None)
            if visit.current:
                self.end(visit.session)
            else:  # nobody says what a sign-out by the secret before is worth
                self.unsure.add(visit.session)

        return {200: leave}

    def sign_out(self) -> Deed:
        return Deed(lambda jar, session: {200: lambda: (self.end(session), jar.forget(None))})

    def end(self, session: Session) -> None:
        """For good, and with all that waits in it."""
        session.over = True
        self._drop_waiting(lambda form: form.session is session)

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

    # ---- doing something, and proving who it is

    def perform(self, jar: Jar, deed: Deed) -> Effects:
        visit = self.arrive(jar)
        if visit is None:
            return refused(401)
        against = self._against(visit.session, deed)
        if not visit.current:
            against.append(409)
        elif not against and deed.fresh and not self.is_fresh(visit):
            against.append(403)
        return refused(*against) or deed.then(jar, visit.session)

    def _against(self, session: Session, deed: Deed) -> list[int]:
        if deed.admin and session.user != self.admin:
            return [403]
        return [404] if deed.feature in self.off or deed.feature.partition(".")[0] in self.off else []

    def leave_form(self, jar: Jar, deed: Deed) -> Waiting:
        """A form that was sent too long after the sign-in: it waits for a confirmation of its own."""
        visit = self.visit(jar)
        assert visit is not None
        self.waiting.append(Waiting(visit.session, deed, self.now))
        return self.waiting[-1]

    def cancel(self, form: Waiting) -> None:
        form.dropped = True

    def _drop_waiting(self, which: Callable[[Waiting], bool]) -> None:
        for form in filter(which, self.waiting):
            form.dropped = True

    def confirm(self, jar: Jar, password: str, form: Waiting | None = None) -> Effects:
        """The password, on the page that asks for it: carries out what that page was opened for, and nothing else."""

        def then(jar: Jar, session: Session) -> Effects:
            wrong = self._prove(jar, session, password)
            if wrong is not None:
                return wrong
            outcome: Effects = {200: nothing}
            if form is not None and form.session is session and self._still_waits(form):
                outcome = refused(*self._against(session, form.deed)) or form.deed.then(jar, session)
            return {status: lambda effect=effect: self._confirmed(jar, session, form, effect)
                    for status, effect in outcome.items()}  # fmt: skip

        return self.perform(jar, Deed(then))

    def _still_waits(self, form: Waiting) -> bool:
        return not form.dropped and 0 <= self.now - form.since <= WAITS

    def _confirmed(self, jar: Jar, session: Session, form: Waiting | None, effect: Callable[[], object]) -> None:
        self.users[session.user].guesses.clear()
        if form is not None:
            form.dropped = True
        self.renew(jar, session)
        effect()

    def renew(self, jar: Jar, session: Session) -> None:
        """Who is there has been proved: the session goes on with a secret that only this browser has."""
        session.secret += 1
        session.renewed = session.proved = self.now
        held = Held(session, session.secret)
        jar.cookie = self.cookie(held)
        if session.remembered_until is not None:
            jar.device, jar.remember = held, Remember(session.user, self.keys[0])

    def _prove(self, jar: Jar, session: Session, password: str) -> Effects | None:
        """What comes of a password that is not taken; None: it is right."""
        user = self.users[session.user]
        if sum(self.now - WINDOW <= at <= self.now for at in user.guesses) >= GUESSES:
            return refused(429)
        if password == user.password:
            return None
        if len(user.guesses) + 1 < IN_A_ROW:
            return {422: lambda: user.guesses.append(self.now)}
        return {401: lambda: (user.guesses.append(self.now), self.end(session), jar.forget(None))}

    def change_password(self, password: str, new: str, sign_out_others: bool) -> Deed:
        def then(jar: Jar, session: Session) -> Effects:
            user = self.users[session.user]
            wrong = self._prove(jar, session, password)
            if wrong is not None or new == user.password:
                return wrong or {422: user.guesses.clear}

            def change() -> None:
                user.guesses.clear()
                user.old_passwords.append(user.password)
                user.password = new
                self._drop_waiting(lambda form: form.session.user == user.name)
                self.renew(jar, session)
                if sign_out_others:
                    self.end_those(user.name, session)

            return {200: change}

        return Deed(then)
