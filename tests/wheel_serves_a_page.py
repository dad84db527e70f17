"""Run by .ci/run with the wheel alone installed: the package has all it needs for a page, its style and its words."""

import re
from pathlib import Path

import flask_login
import flask_sqlalchemy
from flask import Flask
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

import flask_myprofile
from flask_myprofile import MyProfile
from flask_myprofile.testing import sign_in


class Base(DeclarativeBase):
    pass


app = Flask("wheel")
app.config.update(SECRET_KEY="only for this check", SQLALCHEMY_DATABASE_URI="sqlite://", TESTING=True)
db = flask_sqlalchemy.SQLAlchemy(app, model_class=Base)
login_manager = flask_login.LoginManager(app)


class User(flask_login.UserMixin, db.Model):  # type: ignore[name-defined]
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))


@login_manager.user_loader
def load(user_id: str) -> User | None:
    return db.session.get(User, int(user_id))


MyProfile(app)

with app.app_context():
    db.create_all()
    db.session.add(User(id=1, name="Ada"))
    db.session.commit()
    client = app.test_client()
    sign_in(client, db.session.get(User, 1))

page = client.get("/profile/personal-information")
assert page.status_code == 200, page.status
assert 'value="Ada"' in page.text
style = re.search(r'href="([^"]*myprofile\.css[^"]*)"', page.text)
assert style, "the page names no stylesheet"
assert client.get(style[1]).status_code == 200

catalogues = "translations/*/LC_MESSAGES/myprofile.mo"
source, installed = Path(__file__).parent.parent / "flask_myprofile", Path(flask_myprofile.__file__).parent
assert source != installed
languages = {path.relative_to(source) for path in source.glob(catalogues)}
assert languages
assert {path.relative_to(installed) for path in installed.glob(catalogues)} == languages
print(f"the wheel serves a page and its stylesheet, and has {len(languages)} languages")
