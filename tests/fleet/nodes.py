"""The two processes of the app, and connections to each."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.workers.fleet import ROOT, Wire

APP = "tests.workers.app:create()"


class Node(NamedTuple):
    """One process of the app. ``environment`` makes the same app again, for its commands."""

    port: int
    environment: dict[str, str]

    def wires(self, number: int) -> list[Wire]:
        return [Wire(self.port) for _ in range(number)]

    def command(self, *arguments: str) -> subprocess.Popen[str]:
        """``flask myprofile …``, as it is started on that machine."""
        command = [sys.executable, "-m", "flask", "--app", APP, "myprofile", *arguments]
        out = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.Popen(command, cwd=ROOT, env=self.environment, text=True, **out)  # type: ignore[call-overload,no-any-return]


@contextmanager
def node(settings: dict[str, Any], log: Path, threads: int) -> Iterator[Node]:
    """It has its tables and its users already."""
    environment = {**os.environ, "HOST": json.dumps(settings), "PYTHONPATH": str(ROOT)}
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening, log.open("wb") as out:
        # an answer is sent in two pieces, the second of which would wait 40 ms for the first to be acknowledged
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        command = [sys.executable, "-m", "gunicorn", "--workers=1", "--worker-class=gthread", f"--threads={threads}"]
        command += [f"--bind=fd://{listening.fileno()}", "--keep-alive=600", "--no-control-socket", "--preload", APP]
        passed = (listening.fileno(),)
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out, pass_fds=passed) as server:
            try:
                yield Node(listening.getsockname()[1], environment)
            finally:
                server.kill()


@contextmanager
def fleet(settings: tuple[dict[str, Any], dict[str, Any]], folder: Path, threads: int) -> Iterator[tuple[Node, Node]]:
    with ExitStack() as running:
        first, second = (
            running.enter_context(node(each, folder / f"node{number}.log", threads))
            for number, each in enumerate(settings)
        )
        yield first, second
