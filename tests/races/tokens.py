"""Makes, changes, regenerations and revocations of one user's API tokens, two to eight at once, and what must hold
after each round. ``python -m tests.races.tokens --rounds 200`` has them on SQLite and, where it is there, PostgreSQL.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import Barrier
from typing import NamedTuple

from flask_myprofile import current_profile
from flask_myprofile.account.clock import now
from flask_myprofile.account.credentials import digest_of
from flask_myprofile.account.token_slots import lasting, replaced
from flask_myprofile.account.tokens import Tokens
from flask_myprofile.errors import Conflict, StoreDown
from flask_myprofile.store.token_records import TokenRecord
from tests.races import token_changes
from tests.races.token_changes import ADDRESS, CHANGES, SCOPE, Facts, not_as_changed, others, ready_to_change
from tests.support import services
from tests.support.host import Host, make_host
from tests.support.kept import database

LIMIT = 4
SETTINGS = {"MYPROFILE_FEATURES": {"api_token": True}, "MYPROFILE_API_TOKENS": LIMIT, **token_changes.SETTINGS}
MAKE, REGENERATE, KEEP, REVOKE = "make", "regenerate", "keep", "revoke"


class Deed(NamedTuple):
    """``facts``: what a token is to be; of a change."""

    what: str
    old: TokenRecord | None = None
    facts: Facts = {}

    @property
    def version(self) -> str:
        return Tokens.version(self.old)


class Done(NamedTuple):
    """``said``: what it was told: a token, or ``True`` where one was revoked or changed; None: that somebody was
    faster."""

    deed: Deed
    said: str | bool | None


def act(host: Host, cookies: str, deed: Deed, start: Barrier) -> Done:
    if deed.what in CHANGES:
        change = ready_to_change(host, cookies, deed.what, deed.version, deed.facts)
        start.wait(60)
        return Done(deed, change() or None)
    with host.app.app_context():
        user, tokens = host.db.session.get(host.User, 1), current_profile.tokens
        start.wait(60)
        try:
            if deed.what == MAKE:
                return Done(deed, tokens.make(user, "made"))
            if deed.what == REVOKE:
                return Done(deed, tokens.revoke(user, deed.version) or None)
            return Done(deed, tokens.regenerate(user, deed.version, keep=3600 if deed.what == KEEP else 0))
        except Conflict:
            return Done(deed, None)
        except StoreDown as error:  # a deadlock that was not over after several tries: nothing was done
            if not error.passes:
                raise
            return Done(deed, None)


def one_round(
    host: Host, cookies: str, pool: ThreadPoolExecutor, chance: random.Random
) -> tuple[list[Done], list[str]]:
    """What was done, and what does not hold."""
    with host.app.app_context():
        before = lasting(current_profile.tokens.list(host.db.session.get(host.User, 1)))
    if before and chance.random() < 0.3:  # which may be regenerated, and stand in nobody's way
        host.sql(
            "UPDATE myprofile_named_token SET created_at = :made, expires_at = :now WHERE digest = :over AND slot > 0",
            made=now() - 10_000,
            now=now() - 1,
            over=chance.choice(before[:2]).digest,
        )
    start = Barrier(chance.randint(2, 8))
    deeds = [_some_deed(before[:2], chance) for _ in range(start.parties)]  # of few targets, so that they meet
    done = list(pool.map(lambda deed: act(host, cookies, deed, start), deeds))
    return done, list(wrong(host, done))


def _some_deed(targets: Sequence[TokenRecord], chance: random.Random) -> Deed:
    what = chance.choice((MAKE, REGENERATE, KEEP, REVOKE, *CHANGES) if targets else (MAKE,))
    if what == MAKE:
        return Deed(what)
    old = chance.choice(targets)
    return Deed(what, old, others(old, chance) if what in CHANGES else {})


def wrong(host: Host, done: Sequence[Done]) -> Iterator[str]:
    with host.app.app_context():
        tokens = current_profile.tokens
        after = tokens.list(host.db.session.get(host.User, 1))
        if len(tokens.counted(after)) > LIMIT:
            yield f"{len(tokens.counted(after))} tokens where {LIMIT} are the limit"
        for deed, said in done:
            if isinstance(said, str) and tokens.verify(said, SCOPE, address=ADDRESS) is None:
                yield f"{deed.what} was shown a dead token"
        for old in {deed.old for deed, _ in done if deed.old}:
            yield from _wrong_with(old, [each for each in done if each.deed.old == old and each.said], after)


def _wrong_with(old: TokenRecord, won: Sequence[Done], after: Sequence[TokenRecord]) -> Iterator[str]:
    """:param won: what was done to it."""
    by_digest = {each.digest: each for each in after}
    changes = [deed.facts for deed, _ in won if deed.what in CHANGES]
    ended = sorted(deed.what for deed, _ in won if deed.what not in CHANGES)
    left, new = by_digest.get(old.digest), [by_digest.get(digest_of(said)) for _, said in won if isinstance(said, str)]
    if len(ended) > 1 and ended != [KEEP, REVOKE]:  # what was replaced, and goes on, may be ended
        yield f"the same token was {ended}"
    if ended and left is not None and not (ended == [KEEP] and old.digest in replaced(after)):
        yield f"a token lives on that was {ended}"
    if not ended and left is None:
        yield "a token is gone that nobody has ended"
    for each in (left, *new):
        if each is not None:
            yield from not_as_changed(old, each, changes)


@contextmanager
def hosts(names: Sequence[str]) -> Iterator[dict[str, Host]]:
    """One in each of these databases."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        urls = {"sqlite": f"sqlite:///{folder}/race.sqlite"}
        for name in {"postgres", "mariadb"} & set(names):
            urls[name] = database(str(stack.enter_context(getattr(services, name)())), "races")
        made = {name: make_host(urls[name], **SETTINGS) for name in names}
        yield made
        for host in made.values():
            host.close()


def race(host: Host, rounds: int, seed: int) -> tuple[Counter[str], list[str]]:
    """How often each came out as it did, and what does not hold."""
    chance, counts, faults = random.Random(seed), Counter[str](), list[str]()
    browser = host.browser()
    browser.login("alice")
    cookies = f"session={browser.cookie('session')}"
    with ThreadPoolExecutor(8) as pool:
        for number in range(rounds):
            done, found = one_round(host, cookies, pool, chance)
            counts.update(f"{deed.what} {'done' if said else 'refused'}" for deed, said in done)
            faults += [f"round {number}: {text}" for text in found]
            if number % 10 == 9:
                with host.app.app_context():
                    current_profile.tokens.revoke_all("1")
    return counts, faults


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--on", nargs="*", default=["sqlite", "postgres"], choices=["sqlite", "postgres", "mariadb"])
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    with hosts(asked.on) as found:
        for name, host in found.items():
            counts, faults = race(host, asked.rounds, asked.seed)
            print(f"{name}: {asked.rounds} rounds, seed {asked.seed}: {dict(sorted(counts.items()))}")
            print("\n".join(faults) or "All of it holds.")


if __name__ == "__main__":
    main()
