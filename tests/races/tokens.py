"""Makes, regenerations and revocations of one user's API tokens, two to eight at once, and what must hold after each
round. ``python -m tests.races.tokens --rounds 200`` has them on SQLite and, where it is there, PostgreSQL.
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
from dataclasses import dataclass
from threading import Barrier

from flask_myprofile import current_profile
from flask_myprofile.account.clock import now
from flask_myprofile.account.token_slots import lasting, replaced
from flask_myprofile.errors import Conflict, StoreDown
from tests.support import services
from tests.support.host import Host, make_host
from tests.support.kept import database

LIMIT = 4
SETTINGS = {"MYPROFILE_FEATURES": {"api_token": True}, "MYPROFILE_API_TOKENS": LIMIT}
MAKE, REGENERATE, KEEP, REVOKE = "make", "regenerate", "keep", "revoke"


@dataclass(frozen=True)
class Done:
    """What one of them was told: a token, or ``True`` where one was revoked; None: that somebody was faster."""

    what: str
    version: str
    said: str | bool | None


def act(host: Host, what: str, version: str, start: Barrier) -> Done:
    with host.app.app_context():
        user, tokens = host.db.session.get(host.User, 1), current_profile.tokens
        start.wait(60)
        try:
            if what == MAKE:
                return Done(what, "", tokens.make(user, "made"))
            if what == REVOKE:
                return Done(what, version, tokens.revoke(user, version) or None)
            return Done(what, version, tokens.regenerate(user, version, keep=3600 if what == KEEP else 0))
        except Conflict:
            return Done(what, version, None)
        except StoreDown as error:  # a deadlock that was not over after several tries: nothing was done
            if not error.passes:
                raise
            return Done(what, version, None)


def one_round(host: Host, pool: ThreadPoolExecutor, chance: random.Random) -> tuple[list[Done], list[str]]:
    """What was done, and what does not hold."""
    with host.app.app_context():
        before = current_profile.tokens.list(host.db.session.get(host.User, 1))
        versions = [current_profile.tokens.version(each) for each in lasting(before)]
    if versions and chance.random() < 0.3:  # which may be regenerated, and stand in nobody's way
        over = chance.choice(versions[:2])
        host.sql(
            "UPDATE myprofile_named_token SET created_at = :made, expires_at = :now"
            " WHERE digest LIKE :over AND slot > 0",
            made=now() - 10_000,
            now=now() - 1,
            over=f"{over}%",
        )
    number = chance.randint(2, 8)
    start = Barrier(number)
    deeds = [chance.choice((MAKE, REGENERATE, KEEP, REVOKE) if versions else (MAKE,)) for _ in range(number)]
    # of few targets, so that they meet
    targets = [chance.choice(versions[:2]) if versions and deed != MAKE else "" for deed in deeds]
    done = list(pool.map(act, [host] * number, deeds, targets, [start] * number))
    return done, list(wrong(host, done))


def wrong(host: Host, done: Sequence[Done]) -> Iterator[str]:
    with host.app.app_context():
        tokens = current_profile.tokens
        after = tokens.list(host.db.session.get(host.User, 1))
        ending, left = replaced(after), {tokens.version(each): each for each in after}
        if len(tokens.counted(after)) > LIMIT:
            yield f"{len(tokens.counted(after))} tokens where {LIMIT} are the limit"
        for each in done:
            if isinstance(each.said, str) and tokens.verify(each.said) is None:
                yield f"{each.what} was shown a dead token"
        for version in {each.version for each in done if each.version}:
            won = sorted(each.what for each in done if each.version == version and each.said is not None)
            if len(won) > 1 and won != [KEEP, REVOKE]:  # what was replaced, and goes on, may be ended
                yield f"the same token was {won}"
            old = left.get(version)
            if won and old is not None and not (won == [KEEP] and old.digest in ending):
                yield f"a token lives on that was {won}"


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
    with ThreadPoolExecutor(8) as pool:
        for number in range(rounds):
            done, found = one_round(host, pool, chance)
            counts.update(f"{each.what} {'done' if each.said else 'refused'}" for each in done)
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
