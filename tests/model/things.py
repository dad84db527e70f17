"""What the model is made of: users, sessions, tokens, and what a browser keeps of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple


@dataclass(eq=False)
class Session:
    """A sign-in. ``proved``: when its user last said who they are; each new ``secret`` is one more than the last."""

    user: str
    born: int
    proved: int
    remembered_until: int | None
    secret: int = 0
    renewed: int | None = None
    over: bool = False
    #: When the same browser began another one in its place.
    replaced: int | None = None
    #: What the app calls it.
    id: str = ""


@dataclass(eq=False)
class Token:
    """An API token. ``sealed_by``: the secret key that its copy is encrypted with; None: there is no copy."""

    text: str
    version: str = ""
    sealed_by: str | None = None


@dataclass(eq=False)
class User:
    name: str
    password: str
    old_passwords: list[str] = field(default_factory=list)
    #: When the password was wrong, since it last was right.
    guesses: list[int] = field(default_factory=list)
    token: Token | None = None
    theme: str | None = None


@dataclass(eq=False)
class Waiting:
    """A form that waits until its sender has confirmed who they are."""

    session: Session
    deed: Any
    since: int
    #: Which browser has sent it, and the secret key that it is encrypted by.
    browser: int
    sealed_by: str
    dropped: bool = False


class Held(NamedTuple):
    """What a cookie says of a session: which, and the secret that it had then."""

    session: Session
    secret: int


class Remember(NamedTuple):
    user: str
    key: str


class Visit(NamedTuple):
    """A request that is let in. ``current``: by the secret that the session has now, not by the one before."""

    session: Session
    current: bool


@dataclass
class Cookie:
    """Flask's session cookie. ``csrf``: which number the CSRF tokens of its pages belong to."""

    held: Held | None
    csrf: int | None
    key: str
    signed: int


@dataclass
class Jar:
    """The cookies of one browser."""

    cookie: Cookie | None = None
    device: Held | None = None
    remember: Remember | None = None
    #: What only the browser has that sent a form which waits. It is never copied here: then it would be that browser.
    form: int | None = None

    def forget(self, cookie: Cookie | None) -> None:
        """What would sign in again is gone."""
        self.cookie, self.device, self.remember = cookie, None, None

    def restart(self) -> None:
        """Session cookies end with the browser, remember-me cookies do not."""
        self.cookie = None

    def copy(self, which: str) -> Jar:
        """What somebody has who has copied these cookies."""
        copied = Cookie(**vars(self.cookie)) if self.cookie and which in ("all", "session") else None
        device = self.device if which in ("all", "device") else None
        return Jar(copied, device, self.remember if which in ("all", "device", "remember") else None)
