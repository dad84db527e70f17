#!/bin/sh
# Authlib 1.9.10, Flask client: what a client was registered with as authorize_params wins over the arguments of a single
# authorize_redirect(). A call that asks the provider to ask the person again (prompt="login", max_age=0) goes out with the
# max_age=3600 of the registration, and nothing says so; the other argument, which the registration does not name, is sent.
# One would expect a call to override a default, as with the other parameters of a redirect.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check Authlib==1.9.10 Flask==3.1.3 requests==2.32.5
cat > "$folder/redirect.py" <<'PY'
import sys
from urllib.parse import parse_qs, urlsplit

from authlib.integrations.flask_client import OAuth
from flask import Flask

app = Flask("app")
app.secret_key = "not one to keep"
oauth = OAuth(app)
oauth.register(
    "idp",
    client_id="app",
    authorize_url="https://idp.example/authorize",
    authorize_params={"max_age": 3600},
)
with app.test_request_context():
    answer = oauth.idp.authorize_redirect("https://app.example/callback", prompt="login", max_age=0)
asked = parse_qs(urlsplit(answer.location).query)
seen = {name: asked.get(name) for name in ("prompt", "max_age")}
print(seen)
sys.exit(0 if seen == {"prompt": ["login"], "max_age": ["3600"]} else "This has changed.")
PY
"$folder/venv/bin/python" "$folder/redirect.py"
