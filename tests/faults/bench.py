"""Two workers, the faults of one store, and a user whose requests are interrupted, one after the other."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.faults import faults, servers
from tests.faults.checks import Checks
from tests.faults.client import PATIENCE, Client
from tests.faults.disk import disk
from tests.faults.faults import Fault
from tests.faults.ledger import Ledger
from tests.faults.operations import Operation, sign_in
from tests.support.host import make_host
from tests.workers.fleet import Answer, Wire, fleet

DATABASES: dict[str, type[servers.Server]] = {"postgres": servers.Postgres, "mariadb": servers.MariaDB}
STORES = ("sqlite", *DATABASES, "redis")


class Result(NamedTuple):
    """What became of an operation.

    :ivar interrupted: whether the fault was there before the operation had ended.
    """

    fault: str
    operation: str
    interrupted: bool
    outcome: str


class Bench:
    """
    :ivar results: how often there was each.
    :ivar wrong: what was acknowledged and does not hold, and after what.
    """

    def __init__(self, client: Client, faults: list[Fault], chance: random.Random) -> None:
        self._client, self._faults, self._chance = client, faults, chance
        self._thread = ThreadPoolExecutor(1)
        #: Seconds that each operation usually takes.
        self._usual: dict[str, float] = {}
        self.results: Counter[Result] = Counter()
        self.ledger = Ledger("admin")
        self.wrong: list[str] = []

    @property
    def interrupted(self) -> int:
        return sum(number for result, number in self.results.items() if result.interrupted)

    def interrupt(self) -> None:
        """One operation with a fault, and whether what has been acknowledged holds afterwards."""
        fault = self._chance.choices(self._faults, [each.weight for each in self._faults])[0]
        operation = self._operation(fault)
        wire = self._client.wire()
        try:
            sent, started, meanwhile = self._send(operation, fault, wire)
            wait([sent], PATIENCE)
        finally:
            fault.stop()
        answer = sent.result(0)
        wire.close()
        failed = answer is None or answer.status >= 500
        interrupted = fault.fired() if fault.fired is not None else started and (meanwhile or failed)
        result = Result(fault.name, operation.name, interrupted, _outcome(operation, answer))
        self.results[result] += 1
        self.ledger.clock_is_ahead = fault.clock_is_ahead
        says = answer is not None and (answer.status < 500 or fault.is_undone)
        operation.record(answer if says else None)
        self.ledger.clock_is_ahead = False
        self.check(f"{operation.name}, {fault.name}: {result.outcome}")

    def check(self, after: str, thorough: bool = False) -> None:
        known = self.ledger.wrong.copy()
        Checks(self.ledger, self._client, self._chance, thorough).run()
        self.wrong += [f"{wrong}, after {after}" for wrong in (self.ledger.wrong - known).elements()]

    def _operation(self, fault: Fault) -> Operation:
        while len(self.ledger.live()) < 2:
            plain = sign_in(self.ledger, self._chance)
            plain.record(self._client.ask("POST", plain.url, form=plain.form))
        return self._chance.choice(fault.operations)(self.ledger, self._chance)

    def _send(self, operation: Operation, fault: Fault, wire: Wire) -> tuple[Future[Answer | None], bool, bool]:
        """Also whether the fault has started, which is too late sometimes; and whether it was there before the answer:
        if not, one that has failed may have done so because of it all the same."""
        worker = int(wire.worker)
        if fault.lasts and (fault.fired is not None or self._chance.random() < 0.5):
            fault.start(worker)
            return self._thread.submit(operation.send, wire), True, True
        began, usual = time.monotonic(), self._usual.get(operation.name, 0.02)
        sent = self._thread.submit(operation.send, wire)
        wait([sent], self._chance.uniform(0, 1.2 * usual))
        if sent.done():
            self._usual[operation.name] = 0.8 * usual + 0.2 * (time.monotonic() - began)
            return sent, False, False
        fault.start(worker)
        return sent, True, not sent.done()

    def close(self) -> None:
        self._thread.shutdown()


def _outcome(operation: Operation, answer: Answer | None) -> str:
    if answer is None:
        return "no answer"
    return "acknowledged" if answer.status == operation.acknowledged else str(answer.status)


@contextmanager
def bench(store: str, folder: Path, seed: int) -> Iterator[Bench]:
    """:raises services.Missing: the machine does not have the server."""
    chance = random.Random(seed)
    with ExitStack() as running:
        settings: dict[str, Any] = {"WTF_CSRF_ENABLED": False, "MYPROFILE_SESSION_LIMIT": 2000}
        settings["MYPROFILE_FEATURES"] = {"api_token": True, "activity": True}
        clock = folder / "clock"
        clock.write_bytes(bytes(8))
        found = [faults.killed_worker(), *faults.of_clocks(clock, chance)]
        if store in DATABASES:
            server = running.enter_context(servers.running(DATABASES[store]))
            database = server.url
            found += faults.of_server(server, b"COMMIT", chance)
        else:
            full = running.enter_context(disk(folder))
            database = f"sqlite:///{full.folder / 'faults.sqlite'}"
            found += faults.of_disk(full, has_sessions=store == "sqlite")
        if store == "redis":
            server = running.enter_context(servers.running(servers.RedisServer))
            settings["MYPROFILE_SESSION_STORE"] = server.url
            found += [*faults.of_server(server, b"EVAL", chance), *faults.of_redis(server)]
        host = make_host(database, **settings)
        running.callback(host.close, drop=False)
        log = folder / "workers.log"
        workers = running.enter_context(fleet(host, log, "tests.faults.app:create()", CLOCK=str(clock)))
        made = Bench(Client(workers), found, chance)
        running.callback(made.close)
        yield made
