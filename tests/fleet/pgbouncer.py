"""PgBouncer, which gives its clients a connection for one transaction at a time."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from tests.support import services

_CONFIG = """
[databases]
postgres = host=127.0.0.1 port={server} user=postgres dbname=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 12
"""


@contextmanager
def before(url: str) -> Iterator[tuple[str, str]]:
    """The address of one that leads there, and its version."""
    program = services.find("pgbouncer", "pgbouncer", "/usr/sbin/pgbouncer")
    server, port, who = make_url(url), services.free_port(), services.account("postgres")
    said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    with services.workdir("mp-pb-", who) as folder:
        config = Path(folder) / "pgbouncer.ini"
        config.write_text(_CONFIG.format(server=server.port, port=port))
        config.chmod(0o644)
        with services.process([program, str(config)], services.answers(port), who, f"{folder}/log"):
            yield server.set(port=port).render_as_string(), said.splitlines()[0]
