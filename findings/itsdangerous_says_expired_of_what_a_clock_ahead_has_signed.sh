#!/bin/sh
# itsdangerous 2.2.0, Flask 3.1.3: what a machine whose clock is one second ahead has just signed is from the future
# for the others, and where a max_age is asked for that is SignatureExpired, however long the max_age. Flask asks for
# one with each session cookie (31 days): signed in at one of two servers, the next request at the other finds an
# empty session, and whatever its view writes there, a flashed message is enough, goes out as a new cookie in the
# place of the good one.
# One would expect a second of skew to matter to an age of seconds, not to one of a month, as leeway does in JWT
# libraries, or at least another error than that of age. Keep clocks together well within a second, or requests of one
# browser on one machine; "expired" of a mail that has just been sent is such a clock.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check Flask==3.1.3 itsdangerous==2.2.0
cat > "$folder/ahead.py" <<'PY'
import sys
import time
from unittest import mock

from flask import Flask, flash, session
from itsdangerous import SignatureExpired, URLSafeTimedSerializer

app = Flask("app")
app.secret_key = "not one to keep"
now = time.time()


def clock(ahead):
    return mock.patch("time.time", lambda: now + ahead)


@app.get("/sign-in")
def sign_in():
    session["who"] = "ada"
    return "in"


@app.get("/page")
def page():
    if "who" not in session:
        flash("Please sign in")
    return session.get("who", "nobody")


signer = URLSafeTimedSerializer("not one to keep")
with clock(2):
    token = signer.dumps("ada")
with clock(1):
    try:
        seen = [signer.loads(token, max_age=30 * 86_400)]
    except SignatureExpired as error:
        seen = [str(error)]

browser = app.test_client()
for ahead, path in ((2, "/sign-in"), (1, "/page"), (2, "/page")):
    with clock(ahead):
        seen.append(f"{path}: {browser.get(path).text}")
print("\n".join(seen))
wanted = ["Signature age -1 < 0 seconds", "/sign-in: in", "/page: nobody", "/page: nobody"]
sys.exit(0 if seen == wanted else f"This has changed: {wanted} was seen before.")
PY
"$folder/venv/bin/python" "$folder/ahead.py"
