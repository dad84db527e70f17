#!/bin/sh
# gunicorn 27.0.1: an application that calls start_response() a second time, with exc_info and before any of the body
# was sent, replaces status and headers by PEP 3333. gunicorn replaces the status and ADDS the headers: those of the
# first call, cookies among them, are sent as well.
# Whoever decides late what to answer must call start_response() late, and once.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check gunicorn==27.0.1
cat > "$folder/replaced.py" <<'PY'
import sys


def application(environ, start_response):
    start_response("302 FOUND", [("Location", "/welcome"), ("Set-Cookie", "signed_in=yes")])
    try:
        raise RuntimeError("it was not stored after all")
    except RuntimeError:
        start_response("503 SERVICE UNAVAILABLE", [("Retry-After", "30")], sys.exc_info())
    return [b"later"]
PY
cd "$folder"
cat > ask.py <<'PY'
import http.client
import socket
import subprocess
import sys

with socket.create_server(("127.0.0.1", 0)) as listening:
    bind = f"--bind=fd://{listening.fileno()}"
    command = [sys.executable, "-m", "gunicorn", "--workers=1", "--log-level=critical", bind, "replaced:application"]
    with subprocess.Popen(command, pass_fds=(listening.fileno(),)) as server:
        try:
            asked = http.client.HTTPConnection("127.0.0.1", listening.getsockname()[1], timeout=20)
            asked.request("GET", "/")
            answer = asked.getresponse()
            answer.read()
        finally:
            server.terminate()
sent = dict(answer.getheaders())
seen = [str(answer.status), *(f"{name}: {sent[name]}" for name in ("Retry-After", "Location", "Set-Cookie") if name in sent)]
print("\n".join(seen))
wanted = ["503", "Retry-After: 30", "Location: /welcome", "Set-Cookie: signed_in=yes"]
sys.exit(0 if seen == wanted else f"This has changed: {wanted} was sent before.")
PY
"$folder/venv/bin/python" ask.py
