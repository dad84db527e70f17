"""The password rules: which ones there are, and which ones a new password breaks."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..config import Config
from ..errors import MyProfileError
from .blocklist import Blocklist
from .breach_check import Breaches
from .hashing import normalized
from .text import storable
from .users import Users


class Rule(NamedTuple):
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
#: Always a rule, and nothing that the page has to tell beforehand: nobody types such characters on purpose.
CHARACTERS = Rule("characters")


class Policy:
    """The rules of ``Config`` (defaults after NIST SP 800-63B-4)."""

    def __init__(self, users: Users, config: Config) -> None:
        self._users = users
        self._config = config
        self._common = Blocklist(config.password_blocklist)
        check = config.password_breach_check
        self._breached = Breaches(check) if check is not None else None
        self.max_length = Rule("max_length", config.password_max_length, f"max:{config.password_max_length}")
        self.rules = (
            Rule("min_length", config.password_min_length, f"min:{config.password_min_length}"),
            self.max_length,
            *(Rule(kind, browser_test=kind) for kind in config.password_require),
            Rule("differs", browser_test="differs:current_password"),
            Rule("context"),
            Rule("common"),
            *([Rule("breached")] if self._breached is not None else []),
            CHARACTERS,
        )

    def rules_for(self, user: Any) -> tuple[Rule, ...]:
        """The rules, with what the hash of this user cannot take."""
        most = self._users.max_bytes(user)
        if most is None:
            return self.rules
        return (*self.rules[:2], Rule("max_bytes", most, f"bytes:{most}"), *self.rules[2:])

    def broken(self, user: Any, current: str | None, new: str) -> list[Rule]:
        """Every rule that ``new`` breaks, in the order of the policy.

        :param current: None where nobody has proved that they know it: ``new`` is not compared with it then, and no
            service is asked.
        """
        if len(new) > self._config.password_max_length:
            return [self.max_length]  # nothing else is computed: normalising takes quadratic time
        if not storable(new):
            return [CHARACTERS]
        text = normalized(new)
        tests: dict[str, Callable[[Rule], bool]] = {
            "min_length": lambda rule: len(text) < (rule.number or 0),
            "max_bytes": lambda rule: len(text.encode()) > (rule.number or 0),
            "differs": lambda rule: current is not None and text == normalized(current),
            "context": lambda rule: self._is_context(user, text),
            "common": lambda rule: text in self._common,
            **{kind: lambda rule: not has_kind(rule.code, text) for kind in _KINDS},
        }
        broken = [rule for rule in self.rules_for(user) if rule.code in tests and tests[rule.code](rule)]
        # asked last, and only for what would be taken otherwise
        if not broken and current is not None and self._breached is not None and text in self._breached:
            return [rule for rule in self.rules if rule.code == "breached"]
        return broken

    def _is_context(self, user: Any, new: str) -> bool:
        """Whether the password is the user's name, address or a word of the product with digits and signs around it.
        A long phrase that merely contains such a word is fine."""
        email = str(self._users.shown(user, "email") or "")
        words = {self._users.shown(user, "username"), email, email.partition("@")[0], self._users.display_name(user)}
        kernels = {_letters(str(word)) for word in (*words, *self._config.password_context) if word}
        kernels.discard("")
        kernel = _letters(new)
        return any(kernel == word * (len(kernel) // len(word)) for word in kernels if kernel)


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalpha())


def has_kind(kind: str, text: str) -> bool:
    """Whether a character of that kind is in the text; `static/myprofile.js` judges alike."""
    return any(unicodedata.category(character).startswith(_KINDS[kind]) for character in text)
