"""An app with Flask-Security-Too: it makes an HMAC of a password first, and so is who checks and who writes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask_login import login_required
from flask_sqlalchemy import SQLAlchemy

from flask_myprofile import MyProfile, current_profile
from tests.support.host import JSON, NEW_PASSWORD, PASSWORD

security = pytest.importorskip("flask_security")
TAB, CONFIRM, LOGIN = "/profile/password", "/profile/confirm", "/login"
ADDRESS = "ana@example.org"
#: Each scheme, at the least that it may cost.
QUICK = {
    "bcrypt": {"bcrypt__rounds": 4},
    "argon2": {"argon2__rounds": 1, "argon2__memory_cost": 64},
    "pbkdf2_sha512": {"pbkdf2_sha512__rounds": 1},
}


@pytest.fixture(params=QUICK)
def app(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Flask]:
    from flask_security.models import fsqla_v3

    app = Flask("secured")
    app.config.update(
        SECRET_KEY="k" * 40,
        SECURITY_PASSWORD_SALT="s" * 20,
        SECURITY_PASSWORD_HASH=request.param,
        SECURITY_PASSWORD_SCHEMES=[request.param],
        SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS=QUICK[request.param],
        SECURITY_EMAIL_VALIDATOR_ARGS={"check_deliverability": False},
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path}/db.sqlite",
        WTF_CSRF_ENABLED=False,
    )
    db = SQLAlchemy(app)
    fsqla_v3.FsModels.set_db_info(db)

    class Role(db.Model, fsqla_v3.FsRoleMixin):  # type: ignore[name-defined,misc]
        pass

    class User(db.Model, fsqla_v3.FsUserMixin):  # type: ignore[name-defined,misc]
        pass

    MyProfile(app)
    users = security.SQLAlchemyUserDatastore(db, User, Role)
    security.Security(app, users)
    app.add_url_rule("/page", "page", login_required(lambda: "in"))
    with app.app_context():
        db.create_all()
        users.create_user(email=ADDRESS, password=security.hash_password(PASSWORD))
        db.session.commit()
        yield app
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()


def signed_in(app: Flask, password: str = PASSWORD) -> Any:
    browser = app.test_client()
    browser.post(LOGIN, data={"email": ADDRESS, "password": password})
    return browser


def is_in(browser: Any) -> bool:
    return bool(browser.get("/page").status_code == 200)


def _by_page(browser: Any, new: str) -> Any:
    return browser.post(TAB, data={"current_password": PASSWORD, "new_password": new, "confirm_password": new})


def _by_json(browser: Any, new: str) -> Any:
    return browser.post(TAB, json={"current_password": PASSWORD, "new_password": new}, headers=JSON)


@pytest.mark.parametrize("change", [_by_page, _by_json])
def test_the_new_password_is_the_one_that_its_sign_in_knows(
    change: Callable[..., Any], app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    here, other = signed_in(app), signed_in(app)
    assert [is_in(here), is_in(other)] == [True, True]
    assert change(here, NEW_PASSWORD).status_code in (200, 303)
    assert [is_in(here), is_in(other)] == [True, False]
    assert [is_in(signed_in(app, text)) for text in (PASSWORD, NEW_PASSWORD)] == [False, True]
    assert "could not mail that a password was changed" in caplog.text, "this app has no mail extension"


def test_its_password_confirms_and_another_does_not(app: Flask) -> None:
    here = signed_in(app)
    for text, status in (("another one altogether", 422), (PASSWORD, 200)):
        assert here.post(CONFIRM, json={"current_password": text}, headers=JSON).status_code == status


def test_a_hash_of_a_scheme_that_it_no_longer_reads_is_no_wrong_guess(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    here = signed_in(app)
    vars(app.extensions["myprofile"].config)["session_follows_password"] = False
    with app.app_context():
        db, stored = current_profile.db, "$scrypt$ln=16,r=8,p=1$c2FsdHNhbHQ$" + "a" * 43
        db.session.execute(db.text('UPDATE "user" SET password = :stored'), {"stored": stored})
        db.session.commit()
    for _ in range(6):
        answer = _by_json(here, NEW_PASSWORD)
        assert (answer.status_code, answer.json["code"]) == (409, "password_cannot_be_checked")
    assert "'$scrypt$': Flask-Security's verify_password() raises" in caplog.text
    assert stored not in caplog.text
