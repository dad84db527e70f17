#!/bin/sh
# Flask-Session 0.8.0 with SESSION_TYPE="sqlalchemy", Flask-SQLAlchemy 3.1.1: the session is saved by a commit of
# db.session, the app's own. At the end of a request it takes along whatever the view has pending there: of a form that
# is refused (422) after its values were put on the object, and of a view that fails (500). With sessions in cookies the
# same app discards both, as it does with Flask-Session in a request that leaves the session alone.
# One would expect a session store to have a transaction of its own, and what the app never commits to be gone with the
# request. A flashed "that address is taken" is enough to store that address. Roll back before each answer that is not
# to keep anything, or keep the sessions elsewhere.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check \
    Flask-Session==0.8.0 Flask==3.1.3 Flask-SQLAlchemy==3.1.1 SQLAlchemy==2.1.9
cat > "$folder/pending.py" <<'PY'
import sys
import warnings

from flask import Flask, flash
from flask_session import Session
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Mapped, mapped_column

warnings.simplefilter("ignore", DeprecationWarning)


def stored_after(path, **config):
    """The address of a user whose request to change it was answered by no commit of the app's."""
    app, db = Flask("app"), SQLAlchemy()
    app.logger.disabled = True
    app.config.update(SECRET_KEY="not one to keep", SQLALCHEMY_DATABASE_URI="sqlite://", **config)
    db.init_app(app)

    class User(db.Model):
        id: Mapped[int] = mapped_column(primary_key=True)
        email: Mapped[str]

    @app.post("/<how>")
    def save(how):
        db.session.get(User, 1).email = "new@example.com"
        if how != "refused-silently":
            flash("That address is taken")
        if how == "failed":
            raise RuntimeError
        return "refused", 422

    if config:
        app.config["SESSION_SQLALCHEMY"] = db
        Session(app)
    with app.app_context():
        db.create_all()
        db.session.add(User(email="old@example.com"))
        db.session.commit()
    app.test_client().post(path)
    with app.app_context():
        return db.session.get(User, 1).email


seen = {
    (where, path): stored_after(path, **config)
    for where, config in {"cookie": {}, "database": {"SESSION_TYPE": "sqlalchemy"}}.items()
    for path in ("/refused-silently", "/refused", "/failed")
}
for (where, path), email in seen.items():
    print(f"session in the {where}, {path}: {email}")
kept = [key for key, email in seen.items() if email == "new@example.com"]
wanted = [("database", "/refused"), ("database", "/failed")]
sys.exit(0 if kept == wanted else f"This has changed: {wanted} was seen before.")
PY
"$folder/venv/bin/python" "$folder/pending.py"
