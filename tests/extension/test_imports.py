"""What an app loads as it starts: nothing that is of use to a page of ours, to an operator or to a service alone."""

from __future__ import annotations

import json
import subprocess
import sys

#: Of ours, and the slow ones of others: a name here stands for all that is in it, too.
LATER = (
    *(f"flask_myprofile.admin.{name}" for name in ("views", "features", "feature_page", "users", "user_account")),
    *(f"flask_myprofile.cli.{name}" for name in ("accounts", "credentials", "features", "sessions", "set_up")),
    *(f"flask_myprofile.doctor.{name}" for name in ("checks", "examination", "command")),
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
    assert (languages, no_data) == (0, True)
