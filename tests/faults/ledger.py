"""What one user was told, and what must be so because of it. What was not acknowledged is unknown, until it is seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from tests.support.host import PASSWORD

LOST, LET_IN = "acknowledged and lost", "ended and let in"


class State(Enum):
    LIVE, ENDED, UNKNOWN = "live", "ended", "unknown"


@dataclass(eq=False)
class Session:
    """What its browser sends, and whether that gets in. A session that is UNKNOWN may have been ended.

    :ivar from_ahead: its cookie is from a clock that was ahead, so that Flask refuses it until that moment comes.
    :ivar is_checked: whether it was tried since it was ended.
    """

    cookies: str
    from_ahead: bool = False
    state: State = State.LIVE
    is_checked: bool = False


@dataclass
class Ledger:
    """
    :ivar clock_is_ahead: while what is recorded was answered.
    :ivar wrong: each contradiction that was seen, by its kind.
    :ivar refused_from_ahead: sessions whose cookie is from a clock that was ahead, and was refused therefore.
    """

    username: str
    sessions: list[Session] = field(default_factory=list)
    #: The passwords of which one is right.
    passwords: list[str] = field(default_factory=lambda: [PASSWORD])
    old_passwords: list[str] = field(default_factory=list)
    #: Of each token, whether it works.
    tokens: dict[str, State] = field(default_factory=dict)
    #: Of each topic of the user's activity, how many events there must be, and how many more there may be.
    events: Counter[str] = field(default_factory=Counter)
    perhaps: Counter[str] = field(default_factory=Counter)
    #: What the feature may be switched to.
    switches: set[bool] = field(default_factory=lambda: {True})
    clock_is_ahead: bool = False
    wrong: Counter[str] = field(default_factory=Counter)
    refused_from_ahead: int = 0

    def live(self) -> list[Session]:
        return [session for session in self.sessions if session.state is State.LIVE]

    # ---- what an answer says, or would have said

    def signed_in(self, cookies: str) -> None:
        self.sessions.append(Session(cookies, self.clock_is_ahead))

    def renewed(self, session: Session, cookies: str | None) -> None:
        """:param cookies: None: its browser was not told them, so nobody can know whether it gets in."""
        if cookies is None:
            self.sessions.remove(session)
        else:
            session.cookies, session.from_ahead = cookies, self.clock_is_ahead

    def ended(self, sessions: Iterable[Session], acknowledged: bool) -> None:
        for session in sessions:
            if session.state is not State.ENDED:
                session.state, session.is_checked = (State.ENDED if acknowledged else State.UNKNOWN), False

    def ended_others(self, than: Session, acknowledged: bool) -> None:
        self.ended((session for session in self.sessions if session is not than), acknowledged)

    def happened(self, topic: str, acknowledged: bool) -> None:
        (self.events if acknowledged else self.perhaps)[topic] += 1

    def changed_password(self, new: str, acknowledged: bool) -> None:
        self.happened("password", acknowledged)
        if acknowledged:
            self.old_passwords += self.passwords
            self.passwords = [new]
        else:
            self.passwords.append(new)

    def no_other_token(self, than: str | None, acknowledged: bool) -> None:
        for token, state in self.tokens.items():
            if state is not State.ENDED:
                self.tokens[token] = State.ENDED if acknowledged else State.UNKNOWN
        if than is not None:
            self.tokens[than] = State.LIVE

    def switched(self, on: bool, acknowledged: bool) -> None:
        self.switches = {on} if acknowledged else {*self.switches, on}

    # ---- what is seen

    def session_seen(self, session: Session, gets_in: bool) -> None:
        session.is_checked = True
        if session.from_ahead and not gets_in and session.state is not State.ENDED:
            self.refused_from_ahead += 1
            self.sessions.remove(session)
            return
        self._compare("a session", session.state, gets_in)
        session.state = State.LIVE if gets_in else State.ENDED

    def token_seen(self, token: str, works: bool) -> None:
        self._compare("a token", self.tokens[token], works)
        self.tokens[token] = State.LIVE if works else State.ENDED

    def _compare(self, what: str, state: State, gets_in: bool) -> None:
        if state is State.ENDED and gets_in:
            self.wrong[f"{LET_IN}: {what}"] += 1
        if state is State.LIVE and not gets_in:
            self.wrong[f"{LOST}: {what}"] += 1

    def password_seen(self, password: str, is_right: bool) -> None:
        if is_right and password not in self.passwords:
            self.wrong[f"{LET_IN}: a password"] += 1
        elif is_right:
            self.old_passwords += [each for each in self.passwords if each != password]
            self.passwords = [password]
        elif self.passwords == [password]:
            self.wrong[f"{LOST}: a password"] += 1
        elif password in self.passwords:
            self.passwords.remove(password)
            self.old_passwords.append(password)

    def events_seen(self, topic: str, number: int) -> None:
        if number < self.events[topic]:
            self.wrong[f"{LOST}: an event"] += 1
        if number > self.events[topic] + self.perhaps[topic]:
            self.wrong["an event of what did not happen"] += 1

    def switch_seen(self, on: bool) -> None:
        if on not in self.switches:
            self.wrong[f"{LOST}: a switch"] += 1
        self.switches = {on}
