"""A PostgreSQL, a standby that follows it, and pgpool-II before both."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from tests.support import services

_QUICK = ("fsync=off", "full_page_writes=off", "max_connections=60", "lock_timeout=20s")
_POOL = """
listen_addresses = '127.0.0.1'
port = {port}
socket_dir = '{folder}'
pcp_socket_dir = '{folder}'
pcp_port = {pcp}
pid_file_name = '{folder}/pgpool.pid'
backend_clustering_mode = 'streaming_replication'
load_balance_mode = on
sr_check_user = 'postgres'
sr_check_period = 1
num_init_children = 32
backend_hostname0 = '127.0.0.1'
backend_port0 = {first}
backend_weight0 = 0
backend_hostname1 = '127.0.0.1'
backend_port1 = {second}
backend_weight1 = 1
primary_routing_query_pattern_list = '.*myprofile_.*;.*user.*'
"""


class Pair(NamedTuple):
    first: int
    second: int
    version: str
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """To whichever of the two takes writes, as libpq finds it."""
        hosts = "&".join(f"host=127.0.0.1:{port}" for port in (self.first, self.second))
        return f"postgresql+psycopg://postgres@/postgres?{hosts}&target_session_attrs=read-write&connect_timeout=2"

    def fail_over(self) -> None:
        """The first is lost in the middle of whatever it does, and the second takes over at once."""
        self.process.kill()
        self.process.wait()
        asked(self.second, "SELECT pg_promote()")


def asked(port: int, question: str) -> Any:
    where = {"host": "127.0.0.1", "port": port, "user": "postgres", "dbname": "postgres", "connect_timeout": 2}
    with psycopg.connect(**where, autocommit=True) as connection:  # type: ignore[arg-type]
        said = connection.execute(question)  # type: ignore[arg-type]
        return said.fetchall()[0][0] if said.description else None


@contextmanager
def pair(*, waits: bool = False, late: str = "0") -> Iterator[Pair]:
    """:param waits: the first for the second, at each commit; :param late: by how much the second is."""
    who, binaries = services.account("postgres"), "/usr/lib/postgresql/*/bin/"
    initdb, copy, server = (
        services.find(name, "postgresql", binaries + name) for name in ("initdb", "pg_basebackup", "postgres")
    )
    with services.workdir("mp-pair-", who) as folder:
        data, copied = f"{folder}/first", f"{folder}/second"
        make = [initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        _run(make, who)
        ports = [services.free_port() for _ in range(2)]
        # not before the second has come is it waited for
        with _server(server, data, ports[0], who, "synchronous_commit=remote_apply") as first:
            _run([copy, "-D", copied, "-R", "-h", "127.0.0.1", "-p", str(ports[0]), "-U", "postgres", "--no-sync"], who)
            with _server(server, copied, ports[1], who, f"recovery_min_apply_delay={late}"):
                if waits:
                    asked(ports[0], "ALTER SYSTEM SET synchronous_standby_names = '*'")
                    asked(ports[0], "SELECT pg_reload_conf()")
                version = asked(ports[0], "SHOW server_version").split()[0]
                yield Pair(*ports, f"PostgreSQL {version}, standby", first)


@contextmanager
def pooled(both: Pair) -> Iterator[tuple[str, str]]:
    """The address of a pgpool-II that sends what it may to the standby, and its version."""
    program, who, port = services.find("pgpool", "pgpool2", "/usr/sbin/pgpool"), services.account("postgres"), 0
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    version = " ".join((said.stdout or said.stderr).split()[:3])
    with services.workdir("mp-pp-", who) as folder:
        port, config = services.free_port(), Path(folder) / "pgpool.conf"
        where = {"folder": folder, "port": port, "pcp": services.free_port()}
        config.write_text(_POOL.format(**where, first=both.first, second=both.second))
        for name in ("pcp.conf", "pool_hba.conf"):
            (Path(folder) / name).touch()
        command = [program, "-n", "-f", str(config), "-F", f"{folder}/pcp.conf", "-a", f"{folder}/pool_hba.conf"]
        with services.process(command, lambda: _answers(port), who, f"{folder}/log") as process:
            yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres", version
            process.send_signal(signal.SIGINT)  # at a polite one it waits for its clients, and would leave processes
            process.wait(30)


def _run(command: list[str], who: dict[str, Any]) -> None:
    subprocess.run(command, check=True, capture_output=True, cwd="/", **who)


@contextmanager
def _server(program: str, data: str, port: int, who: dict[str, Any], *more: str) -> Iterator[subprocess.Popen[bytes]]:
    set_up = [part for option in (*_QUICK, *more) for part in ("-c", option)]
    command = [program, "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", "", *set_up]
    with services.process(command, lambda: _answers(port), who, f"{data}.log") as process:
        yield process


def _answers(port: int) -> bool:
    with suppress(psycopg.Error):
        return bool(asked(port, "SELECT 1") == 1)
    return False
