"""What one user was told, and what must be so because of it. What was interrupted may be so, until it is seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from tests.support.host import PASSWORD


class Is(Enum):
    IN, OUT, UNSURE = "in", "out", "unsure"


@dataclass(eq=False)
class Browser:
    """A session: what its browser sends, and whether that gets in."""

    cookies: str
    state: Is = Is.IN


@dataclass
class Ledger:
    """Of one user."""

    username: str
    browsers: list[Browser] = field(default_factory=list)
    #: The passwords of which one is right.
    passwords: list[str] = field(default_factory=lambda: [PASSWORD])
    old_passwords: list[str] = field(default_factory=list)
    #: Token -> whether it works; None: nobody knows.
    tokens: dict[str, bool | None] = field(default_factory=dict)
    #: What the feature is switched to, as far as that is known.
    switches: list[bool] = field(default_factory=lambda: [True])

    def inside(self) -> list[Browser]:
        return [browser for browser in self.browsers if browser.state is Is.IN]

    def others(self, than: Browser) -> list[Browser]:
        return [browser for browser in self.browsers if browser is not than]

    # ---- what an answer says, or would have said

    def ended(self, browsers: list[Browser], acknowledged: bool) -> None:
        for browser in browsers:
            if browser.state is not Is.OUT:
                browser.state = Is.OUT if acknowledged else Is.UNSURE

    def changed_password(self, new: str, acknowledged: bool) -> None:
        if acknowledged:
            self.old_passwords += self.passwords
            self.passwords = [new]
        else:
            self.passwords.append(new)

    def has_no_other_token(self, than: str | None, acknowledged: bool) -> None:
        for token, works in self.tokens.items():
            if works is not False:
                self.tokens[token] = False if acknowledged else None
        if than is not None:
            self.tokens[than] = True

    def switched(self, on: bool, acknowledged: bool) -> None:
        self.switches = [on] if acknowledged else [*self.switches, on]

    # ---- what is seen

    def saw(self, browser: Browser, is_in: bool) -> str | None:
        """What is wrong with it; None: nothing."""
        before, browser.state = browser.state, Is.IN if is_in else Is.OUT
        if before is Is.OUT and is_in:
            return "revoked let in: a session"
        return "lost: a session" if before is Is.IN and not is_in else None

    def saw_token(self, token: str, works: bool) -> str | None:
        before, self.tokens[token] = self.tokens[token], works
        if before is False and works:
            return "revoked let in: a token"
        return "lost: a token" if before is True and not works else None

    def saw_password(self, password: str, is_right: bool) -> str | None:
        if is_right and password not in self.passwords:
            return "revoked let in: a password"
        if not is_right and self.passwords == [password]:
            return "lost: a password"
        if is_right:
            self.old_passwords += [each for each in self.passwords if each != password]
            self.passwords = [password]
        elif password in self.passwords:
            self.passwords.remove(password)
        return None

    def saw_switch(self, on: bool) -> str | None:
        before, self.switches = self.switches, [on]
        return None if on in before else "lost: a switch"
