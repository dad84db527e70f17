#!/bin/sh
# Flask-AppBuilder 5.3.0 tells Flask-Login that people sign in at the endpoint "login", and has no endpoint of that name:
# its own is "AuthDBView.login". A view of the app's with @login_required therefore does not send a visitor to the sign-in
# page: url_for() cannot build the address, and the visitor is answered 500.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check Flask-AppBuilder==5.3.0
cat > "$folder/login_view.py" <<'PY'
import sys

from flask import Flask
from flask_appbuilder import AppBuilder
from flask_appbuilder.utils.legacy import get_sqla_class
from flask_login import login_required

app = Flask("app")
app.config.update(SECRET_KEY="not one to keep", SQLALCHEMY_DATABASE_URI="sqlite://")
app.add_url_rule("/own", "own", login_required(lambda: "in"))
db = get_sqla_class()()
db.init_app(app)
with app.app_context():
    AppBuilder(app, db.session)
seen = (
    app.login_manager.login_view,
    [name for name in app.view_functions if name.rpartition(".")[2] == "login"],
    app.test_client().get("/own").status_code,
)
print(seen)
sys.exit(0 if seen[0] == "login" and "login" not in seen[1] and seen[2] == 500 else "This has changed.")
PY
"$folder/venv/bin/python" "$folder/login_view.py" 2>/dev/null
