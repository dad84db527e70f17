"""The people whom the provider knows, and where they are signed in."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta


def now() -> int:
    return int(time.time())


@dataclass(frozen=True)
class Person:
    """Somebody whom the provider knows."""

    sub: str
    name: str
    email: str


ALEX = Person("5d0c7c9e-alex-kim", "Alex Kim", "alex.kim@acme.example")
#: has no account in the app: shows what is refused
ROBIN = Person("0b7e42aa-robin-park", "Robin Park", "robin.park@acme.example")
PEOPLE = {person.sub: person for person in (ALEX, ROBIN)}


@dataclass(frozen=True)
class SignIn:
    """A person at one browser: in which session of the provider, and when they last proved who they are."""

    person: Person
    sid: str
    time: int

    @property
    def ago(self) -> timedelta:
        """Counted backwards, which Babel says as "3 minutes ago"; nought would be "in 0 seconds"."""
        return timedelta(seconds=min(self.time - now(), -1))


class SignIns:
    """Who is signed in at the provider, until they sign out or the process ends."""

    def __init__(self) -> None:
        self._by_sid: dict[str, SignIn] = {}

    def begin(self, person: Person, sid: str) -> SignIn:
        """At a browser that is in session ``sid``. Who signs in there again stays in it, another person does not."""
        if sid not in {each.sid for each in self.of(person)}:
            sid = secrets.token_urlsafe(16)
        found = self._by_sid[sid] = SignIn(person, sid, now())
        return found

    def get(self, sid: str) -> SignIn | None:
        return self._by_sid.get(sid)

    def of(self, person: Person) -> list[SignIn]:
        """The latest first."""
        found = [each for each in self._by_sid.copy().values() if each.person == person]
        return sorted(found, key=lambda each: each.time, reverse=True)

    def end(self, sign_ins: Iterable[SignIn]) -> None:
        for each in sign_ins:
            self._by_sid.pop(each.sid, None)
