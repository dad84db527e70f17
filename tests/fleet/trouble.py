"""What befalls the fleet while devices sign in and out, and whether what they were told then holds."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.fleet.load import Device, Load
from tests.fleet.nodes import Node
from tests.support.host import PASSWORD
from tests.workers.fleet import Wire

#: Devices that sign in and out, a user each; those after them, one for each node, look whether it is over.
_BUSY, _LOOKING = 6, (6, 7)
#: Sign-ins of each device before anything happens; seconds after which it should be over, and between two looks.
_USUAL, _PATIENCE, _MOMENT = 15, 60, 0.05
#: Seconds for which a process is frozen.
FROZEN = 3


def survived(load: Load, trouble: Callable[[], object]) -> float:
    """Seconds from the trouble until everybody could sign in again at both nodes."""
    return _Storm(load).during(trouble)


class _Storm:
    def __init__(self, load: Load) -> None:
        self._load = load
        self._over, self._usual = threading.Event(), threading.Barrier(_BUSY + 1)
        self._told: list[tuple[Device, bool]] = []

    def during(self, trouble: Callable[[], object]) -> float:
        with ThreadPoolExecutor(1) as beside:
            busy = beside.submit(self._load.at_once, [partial(self._device, number) for number in range(_BUSY)])
            self._usual.wait(_PATIENCE)
            began = time.monotonic()
            trouble()
            seconds = self._until_healed(began)
            self._over.set()
            busy.result()
        for held, is_in in self._told:
            for number in range(2):
                what = "acknowledged lost" if is_in else "revoked got in"
                self._load.check(what, held._replace(number=number), is_in=is_in)
        return seconds

    def _device(self, device: int) -> None:
        """In, and out again but for one in four, as fast as it is answered."""
        count = 0
        while not self._over.is_set():
            held = self._load.sign_in(device, PASSWORD, user=f"user{device}")
            if held is None:
                self._over.wait(_MOMENT)
                continue
            count += 1
            if count % 4 == 0:
                self._told.append((held, True))
            elif self._load.sign_out(device, held):
                self._load.check("revoked got in", held, device, is_in=False)
                self._told.append((held, False))
            if count == _USUAL:
                self._usual.wait(_PATIENCE)

    def _until_healed(self, began: float) -> float:
        while not all(map(self._works, _LOOKING)):
            if time.monotonic() > began + _PATIENCE:
                self._load.count("not healed")
                break
            self._over.wait(_MOMENT)
        return time.monotonic() - began

    def _works(self, device: int) -> bool:
        held = self._load.sign_in(device, PASSWORD, user=f"user{device}")
        return held is not None and bool(self._load.is_in(device, held.number + 1, held.cookies))


def kill_process(node: Node) -> None:
    """That of the app. gunicorn starts another one."""
    os.kill(_process_of(node), signal.SIGKILL)


def freeze_process(node: Node) -> None:
    """In the middle of whatever it does, and of its transactions."""
    process = _process_of(node)
    os.kill(process, signal.SIGSTOP)
    threading.Event().wait(FROZEN)
    os.kill(process, signal.SIGCONT)


def _process_of(node: Node) -> int:
    wire = Wire(node.port)
    wire.close()
    return int(wire.worker)
