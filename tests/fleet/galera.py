"""Two nodes of Galera, each with its copy of everything, and both written to."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pymysql

from tests.support import services

_STATE = "# GALERA saved state\nversion: 2.1\nuuid: {uuid}\nseqno: {seqno}\nsafe_to_bootstrap: 0\n"


def _asked(port: int, question: str) -> list[tuple[Any, ...]]:
    with pymysql.connect(host="127.0.0.1", port=port, user="root", connect_timeout=1) as client:
        cursor = client.cursor()
        cursor.execute(question)
        return list(cursor.fetchall())


def _is_ready(port: int, nodes: int) -> bool:
    try:
        said = dict(_asked(port, "SHOW STATUS LIKE 'wsrep%'"))
    except pymysql.err.MySQLError:
        return False
    return said.get("wsrep_ready") == "ON" and said.get("wsrep_cluster_size") == str(nodes)


def _command(program: str, library: str, folder: str, port: int, own: int, other: int | None) -> list[str]:
    """:param own: the port at which other nodes reach it; :param other: that of one that is there already."""
    there = f"127.0.0.1:{other}" if other else ""
    options = f"gmcast.listen_addr=tcp://127.0.0.1:{own};ist.recv_addr=127.0.0.1:{services.free_port()}"
    where = [f"--datadir={folder}", f"--socket={folder}.socket", f"--pid-file={folder}.pid", f"--port={port}"]
    cluster = [f"--wsrep-provider={library}", "--wsrep-on=ON", f"--wsrep-cluster-address=gcomm://{there}"]
    cluster += ["--wsrep-node-address=127.0.0.1", f"--wsrep-provider-options={options}", "--binlog-format=ROW"]
    quick = ["--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync", "--innodb-autoinc-lock-mode=2"]
    quick += ["--debug-no-sync", "--lock-wait-timeout=20", "--skip-name-resolve", "--character-set-server=utf8mb4"]
    return [program, "--no-defaults", "--bind-address=127.0.0.1", *where, *cluster, *quick]


@contextmanager
def two_nodes() -> Iterator[tuple[list[str], str]]:
    """Their addresses, and the version."""
    program = services.find("mariadbd", "mariadb-server", "/usr/sbin/mariadbd")
    install = services.find("mariadb-install-db", "mariadb-server")
    library = services.find("libgalera_smm.so", "galera-4", "/usr/lib/galera/libgalera_smm.so")
    who = services.account("mysql")
    with services.workdir("mp-galera-", who) as folder, ExitStack() as running:
        first, second = f"{folder}/first", f"{folder}/second"
        make = [install, "--no-defaults", f"--datadir={first}", "--auth-root-authentication-method=normal"]
        subprocess.run(
            [*make, "--skip-test-db", "--skip-name-resolve"], check=True, capture_output=True, cwd="/", **who
        )
        subprocess.run(["cp", "-r", first, second], check=True, cwd="/", **who)
        ports, between = [services.free_port() for _ in range(2)], [services.free_port() for _ in range(2)]

        def start(number: int, data: str, other: int | None) -> None:
            command = _command(program, library, data, ports[number], between[number], other)
            ready = lambda: _is_ready(ports[number], number + 1)  # noqa: E731
            running.enter_context(services.process(command, ready, who, f"{data}.log", timeout=60))

        start(0, first, None)
        said = dict(_asked(ports[0], "SHOW STATUS LIKE 'wsrep%'"))
        # the second one has all of that, as nothing has been written yet: nothing needs to be sent to it
        state = _STATE.format(uuid=said["wsrep_cluster_state_uuid"], seqno=said["wsrep_last_committed"])
        (Path(second) / "grastate.dat").write_text(state)
        if who:
            shutil.chown(f"{second}/grastate.dat", who["user"], who["group"])
        start(1, second, between[0])
        _asked(ports[0], "CREATE DATABASE myprofile CHARACTER SET utf8mb4")
        version = f"Galera {said['wsrep_provider_version'].partition('(')[0]}"
        url = "mysql+pymysql://root@127.0.0.1:{}/myprofile?charset=utf8mb4&ssl_disabled=1"
        yield [url.format(port) for port in ports], version
