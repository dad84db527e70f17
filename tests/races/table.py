"""What comes of two things at once, whichever comes first and wherever they meet: one outcome for each pair.

``docs/security.md`` has the same table in words; a test compares them.
"""

from __future__ import annotations

import re
from itertools import combinations_with_replacement
from typing import NamedTuple

from tests.races.actions import ACTIONS, OF_FEATURES

#: Two browsers of one user, or two tabs of one browser, which share its cookies.
APART, TABS = "two browsers", "two tabs"
WHERE = (APART, TABS)


class Outcome(NamedTuple):
    """``done``: which of the two may be the ones that are answered as done. ``last``: whose effect is there in the end
    where both are; by default as if one had come after the other, in either order."""

    sentence: str
    done: tuple[tuple[bool, bool], ...]
    last: int | None = None

    def turned(self) -> Outcome:
        """The same, said of the two in the other order."""
        done = tuple((second, first) for first, second in self.done)
        other = {"first": "second", "second": "first"}
        sentence = re.sub("(?<=he )(first|second)", lambda found: other[found[0]], self.sentence)
        return Outcome(sentence, done, None if self.last is None else 1 - self.last)


_BOTH, _FIRST, _SECOND = (True, True), (True, False), (False, True)

BOTH = Outcome("Both are done.", (_BOTH,))
ONE = Outcome("One is done. The other is refused, and changes nothing.", (_FIRST, _SECOND))
ENDS = Outcome(
    "The first is done. So is the second if it was let in before; its session is over all the same.", (_BOTH, _FIRST)
)
REPLACES = Outcome(
    "The first is done, and its session takes the place of the other. So is the second if it was let in before.",
    (_BOTH, _FIRST),
)
EACH = Outcome(
    "At least one is done, and the sessions that it ends are over. So is the other if it was let in before.",
    (_BOTH, _FIRST, _SECOND),
)
RENEWS = Outcome(
    "The first is done. The second is done, or refused because it comes with the secret before: send it again.",
    (_BOTH, _FIRST),
)
RENEW = Outcome(
    "At least one is done. Whichever comes with the secret before, or too late, is refused.",
    (_BOTH, _FIRST, _SECOND),
)
GONE = Outcome("The token is gone. Who comes second may be told that it was gone already.", (_BOTH, _FIRST, _SECOND))
OUT = Outcome("They are signed out. Who comes second may be told so.", (_BOTH, _FIRST, _SECOND))
OLD_PASSWORD = Outcome(
    "The password is changed. Whoever has signed in with the old one is out at the next request.", (_BOTH, _FIRST), 0
)
OLD_PASSWORD_THERE = Outcome(
    "The sign-in takes the place of the session, and the password is not changed; or it is, and nobody is in there.",
    (_BOTH, _FIRST, _SECOND),
    0,
)
STALE = Outcome("The second is done. So is the first if it comes before; else it is refused.", (_BOTH, _SECOND), 1)
ANEW = Outcome("The first is done. So is the second, with the set as it was, if it was let in before.", (_BOTH, _FIRST))
PROVIDER = Outcome("Both are done, and nobody is in: the logout is of that sign-in too.", (_BOTH,), 1)

#: By the first and the second of a pair, in the order of :data:`ACTIONS`; the rest is BOTH.
_APART: dict[tuple[str, str], Outcome] = {
    ("change", "change"): ONE,
    **{("change", other): ENDS for other in ("confirm", "sign out", "regenerate", "revoke", "features")},
    ("change", "sign in"): OLD_PASSWORD,
    ("change", "end others"): EACH,
    ("confirm", "end others"): ENDS.turned(),
    ("sign out", "end others"): ENDS.turned(),
    ("end others", "end others"): EACH,
    **{("end others", other): ENDS for other in ("regenerate", "revoke", "features")},
    ("sign in at provider", "logout token"): PROVIDER,
    **{
        (other, "logout token"): ENDS.turned()
        for other in ("change", "confirm", "sign out", "end others", "regenerate", "revoke", "features")
    },
    ("regenerate", "regenerate"): ONE,
    ("regenerate", "revoke"): ONE,
    ("revoke", "revoke"): GONE,
}
#: Of administrators among themselves, in whatever browsers.
_OF_FEATURES: dict[tuple[str, str], Outcome] = {
    **{(each, each): ONE for each in ("features", "save set", "replace set", "undo")},
    ("features", "put back"): ONE,
    ("features", "undo"): STALE,
    ("replace set", "put back"): ANEW,
    ("put back", "undo"): STALE.turned(),
}
_INSIDE = [name for name, action in ACTIONS.items() if action.inside]
_TABS: dict[tuple[str, str], Outcome] = {
    ("change", "change"): ONE,
    **{("change", other): RENEW for other in ("confirm", "sign out")},
    **{("change", other): RENEWS for other in ("end others", "regenerate", "revoke", "features")},
    ("confirm", "confirm"): RENEW,
    ("confirm", "sign out"): RENEW,
    **{("confirm", other): RENEWS for other in ("end others", "regenerate", "revoke", "features")},
    ("sign out", "sign out"): OUT,
    **{("sign out", other): ENDS for other in ("end others", "regenerate", "revoke", "features")},
    **{(other, "sign in"): REPLACES.turned() for other in _INSIDE},
    **{(other, "sign in at provider"): REPLACES.turned() for other in _INSIDE},
    ("change", "sign in"): OLD_PASSWORD_THERE,
    ("regenerate", "regenerate"): ONE,
    ("regenerate", "revoke"): ONE,
    ("revoke", "revoke"): GONE,
}


def pairs() -> list[tuple[str, str]]:
    """Those that have an outcome of their own: whatever administrators do to features is beside all other things like
    saving them."""
    found = combinations_with_replacement(ACTIONS, 2)
    return [pair for pair in found if set(pair) <= set(OF_FEATURES) or pair == _saving(pair)]


def _saving(pair: tuple[str, str]) -> tuple[str, str]:
    first, second = (OF_FEATURES[0] if each in OF_FEATURES else each for each in pair)
    return first, second


def both_ways() -> list[tuple[str, str]]:
    """The same, and each turned."""
    return sorted({pair for first, second in pairs() for pair in ((first, second), (second, first))})


def has_tabs(first: str, second: str) -> bool:
    """Whether both are done in a browser, which may be the same one."""
    return "logout token" not in (first, second)


def outcome(first: str, second: str, where: str) -> Outcome:
    stated = {**(_APART if where == APART else _TABS), **_OF_FEATURES}
    if not {first, second} <= set(OF_FEATURES):
        first, second = _saving((first, second))
    if (first, second) in stated:
        return stated[first, second]
    if (second, first) in stated:
        return stated[second, first].turned()
    return BOTH
