"""Hosts with an API by a framework of its own: flask-restx, flask-smorest, APIFlask."""

from __future__ import annotations

from typing import Any

import pytest
from flask_login import current_user, login_required

from tests.hosts.your_host import JSON, Ada, Example, package


def check_api(names: dict[str, Any]) -> None:
    """By session, by token, and by nothing."""
    ada, ask = Ada(names), names["app"].test_client().get
    token = ada.api_token()
    assert ada.get("/api/me").json == {"username": "ada"}
    assert ask("/api/me", headers={"Authorization": f"Bearer {token}"}).json == {"username": "ada"}
    wrong = ask("/api/me", headers={"Authorization": f"Bearer {token}x"})
    assert wrong.status_code == 401
    assert wrong.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert ada.get("/profile/no-such-page").status_code == 404
    assert ada.get("/profile/sessions", headers=JSON).json["total"] == 1
    ada.post("/profile/sign-out")
    assert ada.get("/api/me").status_code in (302, 401)


def test_programs_that_are_nobody_get_401_and_people_the_sign_in_page(example: Example) -> None:
    app = example("flask-restx, APIFlask and flask-smorest", 0)["app"]
    app.add_url_rule("/api/mine", "mine", login_required(lambda: ""))
    ask = app.test_client().get
    assert ask("/api/mine").status_code == 401
    for url in ("/", "/profile/sessions"):
        assert ask(url).location.startswith("/login?next=")
    assert ask("/profile/sessions", headers=JSON).status_code == 401


def test_a_resource_of_restx_takes_sessions_and_tokens(example: Example) -> None:
    package("flask_restx")
    check_api(example("flask-restx, APIFlask and flask-smorest", 1))


def test_a_view_of_smorest_takes_sessions_and_tokens(example: Example) -> None:
    package("flask_smorest")
    check_api(example("flask-restx, APIFlask and flask-smorest", 2))


def test_apiflask_is_a_flask(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    package("apiflask")
    import flask
    from apiflask import APIFlask

    monkeypatch.setattr(flask, "Flask", APIFlask)
    names = example("Flask-HTTPAuth", 0)
    assert isinstance(names["app"], APIFlask)
    names["app"].add_url_rule("/api/mine", "mine", login_required(lambda: {"username": current_user.username}))
    ada = Ada(names)
    sent = {"Authorization": f"Bearer {ada.api_token()}"}
    assert names["app"].test_client().get("/api/mine", headers=sent).json == {"username": "ada"}
    assert names["app"].test_client().get("/openapi.json").status_code == 200
