"""Races that nobody stops: two workers of gunicorn, each with one of the two requests, a random moment apart."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from threading import Barrier, Event

from tests.races.race import Send
from tests.races.stage import Answer, Request, Stage
from tests.support.providers import key
from tests.workers.fleet import Wire, fleet

#: Seconds by which one of the two is later, at most.
APART = 0.015
_never = Event()


class ConnectionLost(Exception):
    """Nothing is known of the race: it is to be run again."""


@contextmanager
def sending_to_workers(stage: Stage, log: Path, seed: int) -> Iterator[Send]:
    chance = random.Random(seed)
    signs = json.dumps(key().as_dict(private=True))
    with (
        fleet(stage.host, log, "tests.races.app:create()", RACES_KEY=signs) as workers,
        ThreadPoolExecutor(2) as threads,
    ):
        wires = workers.wires(2)

        def send(first: Request, second: Request) -> tuple[Answer, Answer]:
            start, later = Barrier(2), chance.uniform(-APART, APART)
            delays = (max(later, 0), max(-later, 0))
            try:
                one, two = threads.map(_ask, wires, (first, second), (start, start), delays)
            except (OSError, HTTPException) as error:  # a worker ends a connection that it has waited for too long
                wires[:] = workers.wires(2)
                raise ConnectionLost from error
            return one, two

        yield send


def _ask(wire: Wire, sent: Request, start: Barrier, delay: float) -> Answer:
    start.wait(30)
    _never.wait(delay)
    answer = wire.ask("POST", sent.url, sent.cookies, sent.json, sent.form)
    return Answer(answer.status, answer.cookies, answer.body)
