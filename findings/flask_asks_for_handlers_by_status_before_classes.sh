#!/bin/sh
# Flask 3.1.3: an error of a blueprint's view is not simply the blueprint's before it is the app's. Handlers are asked for
# in the order: blueprint by status, app by status, blueprint by class, app by class. So a blueprint's handler for
# HTTPException, meant for all of its errors, loses to the app's handler for 404, and hides the app's handler for
# HTTPException: an extension that wants the host to win has to look for the second case itself.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check Flask==3.1.3
cat > "$folder/handlers.py" <<'PY'
import sys

from flask import Blueprint, Flask, abort
from werkzeug.exceptions import HTTPException


def answer(by):
    app, blueprint = Flask("app"), Blueprint("part", "part")
    blueprint.add_url_rule("/", view_func=lambda: abort(404))
    blueprint.register_error_handler(HTTPException, lambda error: ("the blueprint's", error.code))
    app.register_blueprint(blueprint)
    app.register_error_handler(by, lambda error: ("the app's", error.code))
    return app.test_client().get("/").text


seen = {"app by status": answer(404), "app by class": answer(HTTPException)}
print(seen)
wanted = {"app by status": "the app's", "app by class": "the blueprint's"}
sys.exit(0 if seen == wanted else "This has changed.")
PY
"$folder/venv/bin/python" "$folder/handlers.py"
