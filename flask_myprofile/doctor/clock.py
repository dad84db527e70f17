"""Whether this machine and its databases have the same time."""

from __future__ import annotations

from collections.abc import Iterator

from ..account import clock as machine
from ..globals import current_profile
from .findings import Finding, fault, note, ok

#: Seconds: what is usual, and what makes sessions end early or late.
_USUAL, _MUCH = 5, 60


def clock() -> Iterator[Finding]:
    for store in current_profile.stores:
        theirs = store.clock()
        if theirs is None:
            yield ok(f"The clock of the {store.technology} database is not known here.")
            continue
        ahead = round(machine.time() - theirs)
        if abs(ahead) <= _USUAL:
            yield ok(f"The clocks of this machine and of {store.technology} agree.")
            continue
        said = f"The clock of this machine is {abs(ahead)} seconds {'ahead of' if ahead > 0 else 'behind'}"
        level = fault if abs(ahead) > _MUCH else note
        yield level(f"{said} that of {store.technology}.", "Let a time server (NTP) set both.")
