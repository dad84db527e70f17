"""The workers that faults befall, and one user after the other to whom they happen."""

from __future__ import annotations

import http.client
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

from tests.faults import kinds, servers
from tests.faults.kinds import Fault
from tests.faults.ledger import Is, Ledger
from tests.faults.operations import FEATURE, Operation, sign_in
from tests.support.host import make_host
from tests.workers.fleet import Answer, Fleet, Wire, fleet

#: Seconds within which everything works again by itself.
HEALED = 30
#: Of the sessions that are over, how many are tried after each operation; of those that are in, how many there are.
TRIED, INSIDE = 4, 8
STORES = ("sqlite", "postgres", "redis")
_later = Event()


class Field:
    """:ivar counts: operations, interrupted ones, acknowledged ones, and what must be none: lost, and let in."""

    def __init__(self, workers: Fleet, faults: list[Fault], chance: random.Random) -> None:
        self._workers, self._faults, self._chance = workers, faults, chance
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.ledger = Ledger("admin")
        self._usual = 0.05

    # ---- asking

    def wire(self) -> Wire:
        """A connection to a worker that lives."""
        until = time.monotonic() + HEALED
        while True:
            try:
                return self._workers.wire()
            except (OSError, http.client.HTTPException):
                assert time.monotonic() < until, "no worker answers"
                _later.wait(0.02)

    def ask(self, method: str, url: str, cookies: str = "", **sent: Any) -> Answer:
        """Until it is answered: what was broken heals by itself."""
        until = time.monotonic() + HEALED
        while True:
            wire = self.wire()
            try:
                answer = wire.ask(method, url, cookies, **sent)
                if answer.status < 500:
                    return answer
                failed = f"{answer.status} {answer.body[:200]}"
            except (OSError, http.client.HTTPException) as error:
                failed = repr(error)
            finally:
                wire.close()
            assert time.monotonic() < until, f"{url}: {failed}"
            _later.wait(0.02)

    # ---- one operation

    def interrupt(self) -> None:
        """One operation, and a fault in the middle of it."""
        fault = self._chance.choices(self._faults, [each.weight for each in self._faults])[0]
        operation = self._operation(fault)
        wire, found = self.wire(), []
        thread = Thread(target=lambda: found.append(self._send(operation, wire)))
        if fault.lasts and self._chance.random() < 0.5:
            fault.strike(wire)
            thread.start()
            struck = True
        else:
            thread.start()
            thread.join(self._chance.uniform(0, 1.5 * self._usual))
            struck = thread.is_alive()
            fault.strike(wire)
        thread.join(HEALED)
        fault.heal()
        wire.close()
        self._count(fault, operation, found[0], struck)
        operation.write_down(found[0])
        self.look(f"{operation.name}, {fault.name}")

    def _operation(self, fault: Fault) -> Operation:
        while len(self.ledger.inside()) < 2 or (fault.meets[0] is not sign_in and not self.ledger.inside()):
            plain = sign_in(self.ledger, self._chance)
            plain.write_down(self.ask("POST", plain.url, form=plain.form))
        return self._chance.choice(fault.meets)(self.ledger, self._chance)

    def _send(self, operation: Operation, wire: Wire) -> Answer | None:
        began = time.monotonic()
        answer = operation.send(wire)
        if answer is not None:
            self._usual += 0.1 * (min(time.monotonic() - began, 0.5) - self._usual)
        return answer

    def _count(self, fault: Fault, operation: Operation, answer: Answer | None, struck: bool) -> None:
        done = answer is not None and answer.status in (200, 302)
        self.counts["operations"] += 1
        self.counts["interrupted"] += struck
        self.counts["interrupted and acknowledged"] += struck and done
        self.counts["acknowledged"] += done
        self.counts[f"{fault.name}: interrupted"] += struck

    # ---- what is so

    def look(self, after: str) -> None:
        """Whether what was acknowledged holds, once everything works again."""
        found = [*self._look_at_sessions(), *self._look_at_tokens(), *self._look_at_passwords(), self._look_at_switch()]
        for wrong in filter(None, found):
            self.counts[wrong.partition(":")[0]] += 1
            self.wrong.append(f"{wrong}, after {after}")

    def _look_at_sessions(self) -> Iterator[str | None]:
        over = [browser for browser in self.ledger.browsers if browser.state is Is.OUT]
        for browser in [*over[-TRIED:], *(each for each in self.ledger.browsers if each.state is not Is.OUT)]:
            yield self.ledger.saw(browser, self.ask("GET", "/page", browser.cookies).status == 200)
        for browser in self.ledger.inside()[INSIDE:]:
            self.ledger.browsers.remove(browser)

    def _look_at_tokens(self) -> Iterator[str | None]:
        for token in list(self.ledger.tokens)[-3:]:
            wire = self.wire()
            yield self.ledger.saw_token(token, self.bearer(wire, token))
            wire.close()

    def bearer(self, wire: Wire, token: str) -> bool:
        wire._http.request("GET", "/api", headers={"Authorization": f"Bearer {token}", "Accept": "application/json"})
        answer = wire._http.getresponse()
        answer.read()
        assert answer.status in (200, 401), answer.status
        return answer.status == 200

    def _look_at_passwords(self) -> Iterator[str | None]:
        ledger = self.ledger
        unsure = ledger.passwords if len(ledger.passwords) > 1 else ()
        for password in [*unsure, *ledger.old_passwords[-1:]]:
            form = {"username": ledger.username, "password": password}
            answer = self.ask("POST", "/login", form=form)
            sign_in(ledger, self._chance)._replace(form=form).write_down(answer)
            yield ledger.saw_password(password, answer.status == 302)

    def _look_at_switch(self) -> str | None:
        inside = self.ledger.inside()
        if not inside:
            return None
        page = self.ask("GET", "/profile/admin/features", inside[0].cookies, body={})
        return self.ledger.saw_switch(json.loads(page.body)["features"][FEATURE]["on"])


@contextmanager
def field(store: str, folder: Path, seed: int) -> Iterator[Field]:
    chance = random.Random(seed)
    with ExitStack() as running:
        settings: dict[str, Any] = {"WTF_CSRF_ENABLED": False, "MYPROFILE_SESSION_LIMIT": 2000}
        clock = folder / "clock"
        clock.write_bytes(bytes(8))
        disk = running.enter_context(kinds.disk(folder))
        database, faults = f"sqlite:///{disk.folder / 'faults.sqlite'}", [kinds.killed_worker()]
        if store == "postgres":
            server = running.enter_context(servers.running(servers.PostgresServer, "postgres"))
            database = server.url
            faults += kinds.of_postgres(server)
        elif store == "redis":
            server = running.enter_context(servers.running(servers.RedisServer, "redis"))
            settings["MYPROFILE_SESSION_STORE"] = server.url
            faults += kinds.of_redis(server)
        else:
            faults += kinds.of_disk(disk)
        host = make_host(database, **settings)
        running.callback(host.close, drop=False)
        more = {"CLOCK": str(clock), "FULL": str(folder / "full")}
        workers = running.enter_context(fleet(host, folder / "workers.log", "tests.faults.app:create()", **more))
        yield Field(workers, [*faults, *kinds.clocks(clock, chance)], chance)
