"""Who is in, what is fresh, which token lives and what is listed: the specification of it, in plain Python.

A method of :class:`World` is something that somebody does. It answers what may come of it: each status that the app may
answer, and what is so from then on. What was not answered as done has not happened. Nothing here knows of HTTP.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.model.sessions import SKEW, Deed, Effects, Sessions, nothing, refused
from tests.model.things import Jar, Session, Waiting

#: Wrong passwords within so many seconds, after which the next one waits; and in a row, after which the session ends.
GUESSES, WINDOW, IN_A_ROW = 5, 900, 20
#: Seconds for which a form waits, and how many wait in one session.
WAITS, MOST = 900, 10


class World(Sessions):
    """The rest of it: passwords, confirmations, and the forms that wait for one."""

    # ---- the password

    def _prove(self, jar: Jar, session: Session, password: str) -> Effects | None:
        """What comes of a password that is not taken; None: it is right."""
        user = self.users[session.user]
        # those of a clock that was ahead count as if they were of now
        guesses = [min(at, self.now) for at in user.guesses]

        def wrong() -> None:
            user.guesses = [*guesses, self.now]

        if sum(at >= self.now - WINDOW for at in guesses) >= GUESSES:
            return {429: lambda: setattr(user, "guesses", guesses)}
        if password == user.password:
            return None
        if len(guesses) + 1 < IN_A_ROW:
            return {422: wrong}
        return {401: lambda: (wrong(), self.end(session), jar.forget(None))}

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
                self.drop_waiting(lambda form: form.session.user == user.name)
                self.renew(jar, session)
                if sign_out_others:
                    self.end_those(user.name, session)

            return {200: change}

        return Deed(then)

    def confirm(self, jar: Jar, password: str, form: Waiting | None = None) -> Effects:
        """The password, on the page that asks for it: carries out what that page was opened for, and nothing else."""

        def then(jar: Jar, session: Session) -> Effects:
            wrong = self._prove(jar, session, password)
            if wrong is not None:
                return wrong
            outcome: Effects = {200: nothing}
            found = form if form is not None and self.is_kept_for(jar, session, form) else None
            if found is not None:
                outcome = refused(*self.against(session, found.deed)) or found.deed.then(jar, session)

            def confirmed(effect: Callable[[], object]) -> Callable[[], object]:
                return lambda: (self._confirmed(jar, session, found), effect())

            return {status: confirmed(effect) for status, effect in outcome.items()}

        return self.perform(jar, Deed(then))

    def _confirmed(self, jar: Jar, session: Session, form: Waiting | None) -> None:
        self.users[session.user].guesses.clear()
        if form is not None:
            self._take(jar, form)
        self.renew(jar, session)

    # ---- forms that wait

    def leave_form(self, jar: Jar, deed: Deed) -> Waiting:
        """A form that was sent too long after the sign-in: it waits for a confirmation of its own, by this browser."""
        visit = self.visit(jar)
        assert visit is not None
        here = self._waiting_in(visit.session)
        if not here or jar.form is None:
            jar.form = self.number()
        for oldest in here[: -(MOST - 1)]:
            oldest.dropped = True
        self.waiting.append(Waiting(visit.session, deed, self.now, jar.form, self.keys[0]))
        return self.waiting[-1]

    def cancel(self, jar: Jar, form: Waiting) -> Effects:
        def then(jar: Jar, session: Session) -> Effects:
            kept = self.is_kept_for(jar, session, form)
            return {200: lambda: self._take(jar, form) if kept else None}

        return self.perform(jar, Deed(then))

    def is_kept_for(self, jar: Jar, session: Session, form: Waiting) -> bool:
        """Whether a page of this browser, in this session, may carry it out."""
        ours = form.session is session and form.browser == jar.form
        return ours and self._waits(form) and form.sealed_by in self.keys

    def _waits(self, form: Waiting) -> bool:
        return not form.dropped and -SKEW <= self.now - form.since <= WAITS

    def _waiting_in(self, session: Session) -> list[Waiting]:
        return [form for form in self.waiting if form.session is session and self._waits(form)]

    def _take(self, jar: Jar, form: Waiting) -> None:
        form.dropped = True
        if not self._waiting_in(form.session):
            jar.form = None
