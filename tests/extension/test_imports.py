"""What an app loads as it starts: nothing that is of use to a page of ours, to an operator or to a service alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import flask_myprofile
from flask_myprofile import pages

#: Of ours, and the slow ones of others: a name here stands for all that is in it, too.
LATER = (
    *(f"flask_myprofile.admin.{name}" for name in ("views", "features", "feature_page", "users", "user_account")),
    *(f"flask_myprofile.cli.{name}" for name in ("accounts", "credentials", "features", "sessions", "set_up")),
    *(f"flask_myprofile.doctor.{name}" for name in ("checks", "examination", "command")),
    *(f"flask_myprofile.pages.{name}" for name in ("views", "actions", "layout", "recent_sign_in", "one_time_link")),
    *(f"flask_myprofile.pages.{name}" for name in ("event_rows", "session_rows", "glance", "not_me", "personal_data")),
    *(f"flask_myprofile.notices.{name}" for name in ("notices", "notice", "words", "mail", "task_queue")),
    *(f"flask_myprofile.tabs.{name}" for name in ("delete_my_account", "download_my_data")),
    *("flask_myprofile.account.devices", "flask_myprofile.account.places", "flask_myprofile.store.table_changes"),
    *("flask_myprofile.adapters.flask_security", "flask_myprofile.adapters.flask_appbuilder"),
    *("flask_myprofile.store.redis", "flask_myprofile.testing"),
    *(
        "PIL",
        "argon2",
        "authlib",
        "bcrypt",
        "cryptography",
        "email_validator",
        "flask_mailman",
        "flask_session",
        "geoip2",
    ),
    *("joserfc", "maxminddb", "phonenumbers", "redis", "requests", "ua_parser", "ua_parser_builtins", "ua_parser_rs"),
    *("smtplib", "sqlalchemy.ext.associationproxy", "sqlalchemy.ext.hybrid"),
    *("sqlalchemy.dialects.mysql", "sqlalchemy.dialects.postgresql"),
)
#: Modules of ours that a start may load: each takes a tenth of a millisecond, whatever is in it.
MOST = 220
PROGRAM = """
import json, sys
import flask, flask_login, flask_sqlalchemy, flask_wtf
before = set(sys.modules)
from flask_myprofile import MyProfile
app = flask.Flask("starts")
app.config.update(SECRET_KEY="x" * 32, SQLALCHEMY_DATABASE_URI="sqlite://")
flask_sqlalchemy.SQLAlchemy(app)
flask_login.LoginManager(app)
MyProfile(app)
from babel import core, localedata
print(json.dumps([sorted(set(sys.modules) - before), len(localedata._cache), core._global_data is None]))
"""


def test_what_only_pages_operators_and_services_need_is_not_loaded_at_the_start() -> None:
    """Nor a language, which Babel reads from a file of its own."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", PROGRAM], capture_output=True, text=True, check=True)
    loaded, languages, no_data = json.loads(done.stdout)
    assert "flask_myprofile.auth.guard" in loaded, "what each request needs is there"
    assert [name for name in loaded if name.startswith(LATER)] == []
    assert len([name for name in loaded if name.startswith("flask_myprofile")]) <= MOST
    assert (languages, no_data) == (0, True)


def test_what_is_loaded_later_is_there_by_its_public_name() -> None:
    for name in ("DeleteMyAccount", "DownloadMyData", "Notice", "hand_over", "handed_over"):
        assert name in dir(flask_myprofile)
        assert getattr(flask_myprofile, name).__name__ == name
    with pytest.raises(ImportError, match="cannot import name 'Nothing' from 'flask_myprofile'"):
        from flask_myprofile import Nothing  # noqa: F401
    with pytest.raises(AttributeError, match=r"'flask_myprofile\.pages' has no attribute 'nothing'"):
        _ = pages.nothing


TWO_AT_ONCE = """
import sys, threading
import flask, flask_login, flask_sqlalchemy
from flask_myprofile import MyProfile
app = flask.Flask("starts")
app.config.update(SECRET_KEY="x" * 32, SQLALCHEMY_DATABASE_URI="sqlite:///" + sys.argv[1])
app.config["MYPROFILE_FEATURES"] = {"activity": True, "api_token": True}
db = flask_sqlalchemy.SQLAlchemy(app)
login = flask_login.LoginManager(app)
class User(flask_login.UserMixin, db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(40))
login.user_loader(lambda id: db.session.get(User, int(id)))
@app.get("/login")
def sign_in():
    flask_login.login_user(db.session.get(User, 1))
    return ""
MyProfile(app)
with app.app_context():
    db.create_all()
    db.session.add(User(name="Ana"))
    db.session.commit()
PAGES = ("personal-information", "preferences", "password", "api-token", "sessions", "activity")
browsers = [app.test_client() for _ in PAGES]
for browser in browsers:
    browser.get("/login")
assert "flask_myprofile.pages.views" not in sys.modules
start, answers = threading.Barrier(len(PAGES)), {}
def ask(browser, page):
    start.wait()
    answers[page] = browser.get(f"/profile/{page}").status_code
threads = [threading.Thread(target=ask, args=each) for each in zip(browsers, PAGES)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert answers == dict.fromkeys(PAGES, 200), answers
"""


def test_the_first_pages_may_be_asked_for_at_once(tmp_path: Path) -> None:
    """By threads of one process, each of which loads what its page needs."""
    program = [sys.executable, "-c", TWO_AT_ONCE, str(tmp_path / "app.db")]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
