#!/bin/sh
# pytest-flask 1.3.0, Flask 3.1.3, Flask-Login 0.6.3: where the plugin is installed and a fixture is called "app", each
# test that uses it runs in a request context that the plugin has pushed, also one which uses nothing of the plugin. In
# Flask 3.1, requests of a test client share the g of such a context, where Flask-Login keeps the user: a second client
# without any cookie is answered as whoever the first one has signed in. Without the plugin it is nobody.
# One would expect two clients to be two browsers, and a plugin for url_for() in tests to leave requests alone. What must
# be refused is allowed in the test ("signed out by somebody else", "not an administrator"), or the app is "mended" for
# it. Known as maxcountryman/flask-login#704 of contexts that one pushes oneself, and pytest-dev/pytest-flask#163 asks
# for two clients. An autouse fixture called _push_request_context that does nothing takes the place of the plugin's.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check \
    pytest==9.2.0 pytest-flask==1.3.0 Flask==3.1.3 Werkzeug==3.1.9 Flask-Login==0.6.3
cat > "$folder/test_two.py" <<'PY'
import pytest
from flask import Flask
from flask_login import LoginManager, UserMixin, current_user, login_user


class User(UserMixin):
    id = "ada"


@pytest.fixture
def app():
    app = Flask("app")
    app.secret_key = "not one to keep"
    LoginManager(app).user_loader(lambda login_id: User())

    @app.get("/sign-in")
    def sign_in():
        login_user(User())
        return "in"

    @app.get("/page")
    def page():
        return current_user.get_id() or "nobody"

    return app


def answered(app):
    first, second = app.test_client(), app.test_client()
    first.get("/sign-in")
    print("the second browser is", second.get("/page").text)


def test_as_it_is(app):
    answered(app)


class TestWithoutItsContext:
    @pytest.fixture(autouse=True)
    def _push_request_context(self):
        pass

    def test(self, app):
        answered(app)
PY
cd "$folder"
seen() { venv/bin/python -m pytest -q -s -p no:cacheprovider "$@" test_two.py | grep -o 'the second browser is .*'; }
with=$(seen) without=$(seen -p no:flask)
printf 'with the plugin, as it is and with an empty fixture in its place:\n%s\nwithout the plugin:\n%s\n' "$with" "$without"
nobody='the second browser is nobody'
[ "$with" = "the second browser is ada
$nobody" ] && [ "$without" = "$nobody
$nobody" ] || { echo "This has changed." >&2; exit 1; }
