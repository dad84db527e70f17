#!/bin/sh
# PyMySQL 1.2.4: connect_timeout bounds the TCP connection alone. A server, or a balancer before it, that takes the
# connection and then says nothing is waited for by read_timeout, which is unset by default: connect_timeout=1 with
# read_timeout=3 gives up after three seconds. psycopg 3.3.9 gives up after its connect_timeout (2 s, its least).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check PyMySQL==1.2.4 'psycopg[binary]==3.3.9'
cat > "$folder/silent.py" <<'PY'
import socket
import sys
import time

import psycopg
import pymysql

silent = socket.create_server(("127.0.0.1", 0), backlog=8)
host, port = silent.getsockname()
WAYS = {
    "PyMySQL": lambda: pymysql.connect(host=host, port=port, user="app", connect_timeout=1, read_timeout=3),
    "psycopg": lambda: psycopg.connect(host=host, port=port, user="app", connect_timeout=2),
}
seen = {}
for name, connect in WAYS.items():
    began = time.monotonic()
    try:
        connect()
    except (pymysql.err.OperationalError, psycopg.OperationalError):
        seen[name] = time.monotonic() - began
print({name: f"{seconds:.1f} s" for name, seconds in seen.items()})
sys.exit(0 if seen["PyMySQL"] >= 3 and 2 <= seen["psycopg"] < 3 else "This has changed.")
PY
"$folder/venv/bin/python" "$folder/silent.py"
