#!/bin/sh
# SQLAlchemy 2.1.9, Flask-Login 0.6.3: Note(user=current_user) works, and what the relationship holds until the object is
# expired is current_user itself, Werkzeug's proxy, and not the user: it asks who is signed in each time that it is read.
# After a flush without a commit, or with expire_on_commit=False, note.user of a note that outlives its request (in a
# cache, or a list of what is to be mailed) is in somebody else's request THAT PERSON, while note.user_id and the row are
# right.
# One would expect an error, as there is for what is no mapped object, or the user whose key was taken from it. In tests
# with one user nothing shows it, and the wrong person gets the mail. Give current_user._get_current_object() to
# whatever keeps what it is given.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check \
    Flask-Login==0.6.3 Flask==3.1.3 Werkzeug==3.1.9 Flask-SQLAlchemy==3.1.1 SQLAlchemy==2.1.9
cat > "$folder/whose.py" <<'PY'
import sys

from flask import Flask
from flask_login import LoginManager, UserMixin, current_user, login_user
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

app = Flask("app")
app.config.update(SECRET_KEY="not one to keep", SQLALCHEMY_DATABASE_URI="sqlite://")
db = SQLAlchemy(app, session_options={"expire_on_commit": False})
login_manager = LoginManager(app)
to_be_mailed = []


class User(UserMixin, db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Note(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    user: Mapped[User] = relationship()


@login_manager.user_loader
def load(login_id):
    return db.session.get(User, int(login_id))


@app.get("/sign-in/<int:number>")
def sign_in(number):
    login_user(db.session.get(User, number))
    return "in"


@app.get("/write/<how>")
def write(how):
    note = Note(user=current_user if how == "proxy" else current_user._get_current_object())
    db.session.add(note)
    db.session.commit()
    to_be_mailed.append(note)
    return note.user.name


@app.get("/mail")
def mail():
    return " ".join(f"{note.user_id}={note.user.name}" for note in to_be_mailed)


with app.app_context():
    db.create_all()
    db.session.add_all([User(name="Ada"), User(name="Bob")])
    db.session.commit()
ada, bob = app.test_client(), app.test_client()
ada.get("/sign-in/1")
bob.get("/sign-in/2")
for how in ("proxy", "object"):
    ada.get(f"/write/{how}")
seen = [ada.get("/mail").text, bob.get("/mail").text]
print(f"two notes of Ada's, as user_id=user.name: asked by Ada {seen[0]}, asked by Bob {seen[1]}")
sys.exit(0 if seen == ["1=Ada 1=Ada", "1=Bob 1=Ada"] else "This has changed.")
PY
"$folder/venv/bin/python" "$folder/whose.py"
