#!/bin/sh
# Flask-Login 0.6.3: a request with a remember-me cookie is the cookie's, whatever the cookie is worth. Where it is signed
# by the SECRET_KEY of before, or is of an account that is gone, the request_loader is not asked, and a valid API token
# in the Authorization header signs nobody in. The cookie is not deleted either, so that the same browser's calls are
# refused for as long as that lasts, which is a year, while the same token works from everywhere else.
# One would expect a cookie that proves nothing to count as none, as one of the session does. It comes out after the key
# was changed, and only for pages that call the API by a token and for people who once ticked "remember me".
# maxcountryman/flask-login#901 proposes to go on to the request_loader.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check Flask-Login==0.6.3 Flask==3.1.3 Werkzeug==3.1.9
cat > "$folder/stale.py" <<'PY'
import sys

from flask import Flask
from flask_login import LoginManager, UserMixin, current_user, login_user

USERS = {"ada", "program"}


class User(UserMixin):
    def __init__(self, name):
        self.id = name


def new_app(secret_key):
    app = Flask("app")
    app.secret_key = secret_key
    login_manager = LoginManager(app)

    @login_manager.user_loader
    def load(login_id):
        return User(login_id) if login_id in USERS else None

    @login_manager.request_loader
    def by_token(request):
        return User("program") if request.headers.get("Authorization") == "Token of-the-program" else None

    @app.get("/sign-in")
    def sign_in():
        login_user(User("ada"), remember=True)
        return "in"

    @app.get("/api")
    def api():
        return current_user.get_id() or "nobody"

    return app


before, now = new_app("the key of before"), new_app("the key of now")


def asked(of):
    browser = now.test_client()
    if of is not None:
        signs_in = of.test_client()
        signs_in.get("/sign-in")
        browser.set_cookie("remember_token", signs_in.get_cookie("remember_token").value)
    answer = browser.get("/api", headers={"Authorization": "Token of-the-program"})
    is_kept = browser.get_cookie("remember_token") is not None
    return answer.text, is_kept


seen = {"no cookie": asked(None), "a cookie of the key of before": asked(before)}
USERS.remove("ada")
seen["a cookie of an account that is gone"] = asked(now)
for beside, (who, is_kept) in seen.items():
    print(f"the token beside {beside}: {who}, the cookie stays: {is_kept}")
wanted = [("program", False), ("nobody", True), ("nobody", True)]
sys.exit(0 if list(seen.values()) == wanted else f"This has changed: {wanted} was seen before.")
PY
"$folder/venv/bin/python" "$folder/stale.py"
