"""The password rules: which ones there are, which ones a new password breaks, and who may change it at all."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..config import Config
from ..errors import MyProfileError
from .guesses import Guesses
from .sessions import ADOPTED, Sessions
from .text import storable
from .users import Users


class WrongPassword(MyProfileError):
    """The current password given is not the current password."""


@dataclass(frozen=True)
class Rule:
    """One rule of the policy: what it is called, its number, and how a browser may test it while typing."""

    code: str
    number: int | None = None
    browser_test: str = "server"


class PolicyBroken(MyProfileError):
    """A new password that breaks rules: all of them at once."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        super().__init__(", ".join(rule.code for rule in rules))
        self.rules = tuple(rules)


#: Unicode general categories that make up each kind, so that "É" and "Я" are capital letters. A letter of a script
#: without capitals counts as both, or its writers could not choose a password at all.
_KINDS = {"lower": ("Ll", "Lo"), "upper": ("Lu", "Lt", "Lo"), "digit": ("Nd",), "symbol": ("P", "S")}


class Passwords:
    """Changes passwords by the rules of ``Config`` (defaults after NIST SP 800-63B-4)."""

    def __init__(self, users: Users, sessions: Sessions, guesses: Guesses, config: Config) -> None:
        self._users = users
        self._guesses = guesses
        self._sessions = sessions
        self._config = config
        self.rules = (
            Rule("min_length", config.password_min_length, f"min:{config.password_min_length}"),
            Rule("max_length", config.password_max_length, f"max:{config.password_max_length}"),
            *(Rule(kind, browser_test=kind) for kind in config.password_require),
            Rule("differs", browser_test="differs:current_password"),
            Rule("context"),
            Rule("characters"),
        )

    def is_sso(self, user: Any) -> bool:
        """Whether Single Sign-On manages this account: the host's word, else how this session signed in, else
        whether the account lacks a local password."""
        decided = self._users.is_sso(user)
        if decided is not None:
            return decided
        session = self._sessions.current(user)
        if session is not None and session.method != ADOPTED:
            return session.method == "sso"
        return not self._users.has_password(user)

    def can_change(self, user: Any) -> bool:
        """The one answer for the page, for JSON and for the host's own reset flow."""
        return not self.is_sso(user)

    def check(self, user: Any, current: str, new: str) -> None:
        """Whether ``new`` may take the place of ``current``.

        :raises TooManyGuesses: before anything is looked at.
        :raises WrongPassword: ``current`` is wrong; nothing else is said or computed then.
        :raises PolicyBroken: carries every rule that ``new`` breaks.
        """
        # lengths first: neither normalising nor hashing is ever fed more than the policy allows
        if len(new) > self._config.password_max_length:
            raise PolicyBroken([rule for rule in self.rules if rule.code == "max_length"])
        guess = self._guesses.begin(user)
        if not self.is_current(user, current):
            raise WrongPassword
        self._guesses.was_right(user, guess)
        if broken := self.broken(user, current, new):
            raise PolicyBroken(broken)

    def set(self, user: Any, new: str) -> None:
        """Store a new password that :meth:`check` has let pass. The caller commits, and ends the other sessions."""
        self._users.set_password(user, new)

    def is_current(self, user: Any, text: str) -> bool:
        usable = 0 < len(text) <= max(self._config.password_max_length, 256) and storable(text)
        return usable and self._users.check_password(user, text)

    def broken(self, user: Any, current: str, new: str) -> list[Rule]:
        """Every rule that ``new`` breaks, in the order of the policy."""
        broken: dict[str, Callable[[], bool]] = {
            "min_length": lambda: len(new) < self._config.password_min_length,
            "max_length": lambda: len(new) > self._config.password_max_length,
            "differs": lambda: new == current,
            "context": lambda: self._is_context(user, new),
            "characters": lambda: not storable(new),
        }
        return [rule for rule in self.rules if broken.get(rule.code, lambda rule=rule: not _has(rule.code, new))()]

    def _is_context(self, user: Any, new: str) -> bool:
        """Whether the password is the user's name, address or a word of the product with digits and signs around it.
        A long phrase that merely contains such a word is fine."""
        email = str(self._users.get(user, "email") or "")
        words = {self._users.get(user, "username"), email, email.partition("@")[0], self._users.display_name(user)}
        kernels = {_letters(str(word)) for word in (*words, *self._config.password_context) if word}
        kernels.discard("")
        kernel = _letters(new)
        return any(kernel == word * (len(kernel) // len(word)) for word in kernels if kernel)


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalpha())


def _has(kind: str, text: str) -> bool:
    return any(unicodedata.category(character).startswith(_KINDS[kind]) for character in text)
