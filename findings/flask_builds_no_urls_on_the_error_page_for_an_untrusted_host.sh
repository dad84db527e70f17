#!/bin/sh
# Flask 3.1.3: with TRUSTED_HOSTS, a request for another host is answered 400, through the app's own error handlers.
# In those url_for() raises an AttributeError ("'NoneType' object has no attribute 'build'"), because such a request
# has no URL adapter: an error page in the app's layout, which links its stylesheet, turns the 400 into a 500 with a
# traceback. SERVER_NAME makes no difference. Each health check that asks by IP address, and each scanner, is in the
# log as a fault.
# One would expect a handler of an error to be able to do what it can for any other error: for a 404, url_for() works.
# A handler for 400 has to answer without the layout where request.routing_exception is a SecurityError.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check Flask==3.1.3 Werkzeug==3.1.9
cat > "$folder/untrusted.py" <<'PY'
import sys

from flask import Flask, render_template_string, request
from werkzeug.exceptions import HTTPException, SecurityError

LAYOUT = """<link rel="stylesheet" href="{{ url_for('static', filename='app.css') }}"><h1>{{ error.name }}</h1>"""


def asked(handler, **config):
    app = Flask("app")
    app.logger.disabled = True
    app.config.update(TRUSTED_HOSTS=["app.example"], **config)
    app.register_error_handler(HTTPException, handler)
    app.register_error_handler(500, lambda error: (type(error.original_exception).__name__, 500))
    browser = app.test_client()
    answers = [browser.get("/nothing", base_url=f"http://{host}/") for host in ("app.example", "192.0.2.1")]
    return [(answer.status_code, "the layout" if "app.css" in answer.text else answer.text) for answer in answers]


def in_layout(error):
    return render_template_string(LAYOUT, error=error), error.code


def in_layout_where_there_are_urls(error):
    return error if isinstance(request.routing_exception, SecurityError) else in_layout(error)


seen = {
    "in the layout": asked(in_layout),
    "with SERVER_NAME": asked(in_layout, SERVER_NAME="app.example"),
    "without urls": [status for status, _ in asked(in_layout_where_there_are_urls)],
}
for how, answers in seen.items():
    print(f"{how}: {answers}")
wanted = [(404, "the layout"), (500, "AttributeError")]
is_so = seen == {"in the layout": wanted, "with SERVER_NAME": wanted, "without urls": [404, 400]}
sys.exit(0 if is_so else f"This has changed: {wanted} was seen before.")
PY
"$folder/venv/bin/python" "$folder/untrusted.py"
