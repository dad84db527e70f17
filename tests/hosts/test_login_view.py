"""``login_view`` of the host: an endpoint that is not there, an address, none."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.host import JSON, Host


@pytest.mark.parametrize("url", ["/profile/", "/profile/password", "/profile/admin/features"])
@pytest.mark.parametrize("login_view", ["no_such_endpoint", None])
def test_an_anonymous_visitor_is_refused_where_there_is_no_sign_in_page(
    login_view: str | None, url: str, new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    """Flask-AppBuilder's "login" is none, for one. The log says what to change."""

    def after(host: Host) -> None:
        host.app.login_manager.login_view = login_view  # type: ignore[attr-defined]

    host = new_host(after=after)
    visitor = host.browser()
    assert visitor.get(url).status_code == 401
    assert visitor.get(url, headers=JSON).status_code == 401
    assert ("login_view = 'no_such_endpoint'" in caplog.text) is (login_view is not None)
    visitor.login("alice")
    assert visitor.get("/profile/password").status_code == 200
    assert visitor.post("/profile/sign-out").location == "/"


def test_it_may_be_an_address(new_host: Callable[..., Host]) -> None:
    def after(host: Host) -> None:
        host.app.login_manager.login_view = "https://id.example/in"  # type: ignore[attr-defined]

    visitor = new_host(after=after).browser()
    assert visitor.get("/profile/").location.startswith("https://id.example/in?next=")
