"""Hosts that say who somebody is by more than Flask-Login: Principal, HTTPAuth, JWT-Extended."""

from __future__ import annotations

from typing import Any

import pytest
from flask import session

from tests.hosts.your_host import JSON, Ada, Example, package


def add_admin_page(names: dict[str, Any]) -> None:
    from flask_principal import Permission, RoleNeed

    names["app"].add_url_rule("/admin-only", "admin_only", Permission(RoleNeed("admin")).require(403)(lambda: "admin"))


def test_an_identity_taken_from_the_user_is_nobodys_once_the_user_is_signed_out(example: Example) -> None:
    package("flask_principal")
    names = example("Flask-Principal", 0)
    add_admin_page(names)
    here, there = Ada(names), Ada(names)
    assert there.get("/admin-only").status_code == 200
    here.sign_out(there)
    assert there.get("/admin-only").status_code == 403, "at once, in a view that asks for its permission alone"
    here.post("/profile/sign-out")
    assert here.get("/admin-only").status_code == 403


def test_an_identity_in_the_session_is_dropped_with_the_session_that_is_over(example: Example) -> None:
    package("flask_principal")
    from flask_login import login_required
    from flask_principal import Identity, RoleNeed, identity_changed, identity_loaded

    names = example("Flask-Principal", 1)
    app = names["app"]
    add_admin_page(names)

    @app.get("/become")
    @login_required
    def become() -> str:
        identity_changed.send(app, identity=Identity("1"))
        return ""

    @app.get("/kept")
    @login_required
    def kept() -> str:
        return str(session["identity.id"])

    def add_role(sender: Any, identity: Any) -> None:
        if identity.id == "1":
            identity.provides.add(RoleNeed("admin"))

    with identity_loaded.connected_to(add_role, app):
        here, there = Ada(names), Ada(names)
        there.get("/become")
        assert there.get("/admin-only").status_code == 200
        here.sign_out(there)
        there.get("/")
        assert there.get("/admin-only").status_code == 403
        with there.client.session_transaction() as left:
            assert not [key for key in left if key.startswith("identity.") and key != "identity.id"]


def test_http_auth_takes_the_api_token_and_nothing_else(example: Example) -> None:
    package("flask_httpauth")
    names = example("Flask-HTTPAuth", 0)
    token = Ada(names).api_token()
    ask = names["app"].test_client().get
    assert ask("/api/me", headers={"Authorization": f"Bearer {token}"}).json == {"username": "ada"}
    for header in ({}, {"Authorization": f"Bearer {token}x"}, {"Authorization": "Bearer x"}):
        assert ask("/api/me", headers=header).status_code == 401


@pytest.mark.filterwarnings("ignore::DeprecationWarning:flask_jwt_extended")
def test_a_jwt_ends_with_the_session_that_it_was_made_in(example: Example) -> None:
    package("flask_jwt_extended")
    names = example("Flask-JWT-Extended", 0)
    here, there = Ada(names), Ada(names)
    token = there.get("/token", headers=JSON).json["token"]
    ask = names["app"].test_client().get
    sent = {"Authorization": f"Bearer {token}"}
    assert ask("/api/name", headers=sent).json == {"name": "Ada"}
    here.sign_out(there)
    assert ask("/api/name", headers=sent).status_code == 401
    assert ask("/api/name", headers={"Authorization": "Bearer mpt_x"}).status_code in (401, 422)
