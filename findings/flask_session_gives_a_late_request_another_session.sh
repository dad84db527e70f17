#!/bin/sh
# Flask-Session 0.8.0, Flask 3.1.3: regenerate() deletes the session under its old id. A request of the same browser
# that was under way still comes with that id, and is not answered as one of it, nor without a cookie: where its view
# writes into the session, a flashed message is enough, the answer sets a cookie with a NEW, empty session. If it
# arrives after the answer that had the regenerated id, it takes the place of that, and the browser is signed out.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check Flask-Session==0.8.0 Flask==3.1.3 cachelib==0.13.0
cat > "$folder/late.py" <<'PY'
import sys

from cachelib import SimpleCache
from flask import Flask, flash, session
from flask_session import Session

app = Flask("late")
app.config.update(SECRET_KEY="x" * 32, SESSION_TYPE="cachelib", SESSION_CACHELIB=SimpleCache())
Session(app)


@app.get("/sign-in")
def sign_in():
    session["who"] = "ada"
    return "in"


@app.get("/renew")
def renew():
    app.session_interface.regenerate(session)
    return "renewed"


@app.get("/page")
def page():
    flash("Welcome back" if "who" in session else "Please sign in")
    return session.get("who", "nobody")


browser = app.test_client()
browser.get("/sign-in")
before = browser.get_cookie("session").value
browser.get("/renew")
renewed = browser.get_cookie("session").value

late = app.test_client()
late.set_cookie("session", before)
answer = late.get("/page")
given = late.get_cookie("session").value
browser.set_cookie("session", given)  # it arrives last
seen = [renewed != before, answer.text, given not in (before, renewed), browser.get("/page").text]
print(seen)
wanted = [True, "nobody", True, "nobody"]
sys.exit(0 if seen == wanted else f"This has changed: {wanted} before.")
PY
"$folder/venv/bin/python" "$folder/late.py"
