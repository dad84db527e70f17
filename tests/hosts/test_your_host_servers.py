"""Where an app runs and what it keeps: sockets, sessions on the server, several apps on a domain, a sub-path."""

from __future__ import annotations

from typing import Any

import pytest
from flask_login import login_user

from tests.hosts.your_host import Ada, Example, package
from tests.support.devices import pass_time


def _hello(names: dict[str, Any], socket: Any) -> Any:
    answer = socket.emit("hello", callback=True) if socket.is_connected() else None
    return answer or None  # nothing is acknowledged where the server has ended it


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_socket_ends_with_its_session_and_comes_back_after_a_new_secret(
    example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    package("flask_socketio")
    names = example("Flask-SocketIO", 0)
    app, socketio = names["app"], names["socketio"]
    here, there = Ada(names), Ada(names)
    first, other = (socketio.test_client(app, flask_test_client=ada.client) for ada in (here, there))
    assert [_hello(names, socket) for socket in (first, other)] == ["ada", "ada"]
    assert here.change_password().status_code == 303
    assert _hello(names, other) is None
    assert not other.is_connected()
    assert not socketio.test_client(app, flask_test_client=there.client).is_connected(), "nobody is signed in there"
    assert _hello(names, first) == "ada", "what was under way goes on for half a minute"
    pass_time(monkeypatch, 40)
    assert _hello(names, first) is None
    assert not first.is_connected(), "so the page connects anew"
    again = socketio.test_client(app, flask_test_client=here.client)
    assert _hello(names, again) == "ada"


def test_sessions_on_the_server_are_signed_out_as_well(example: Example) -> None:
    package("flask_session")
    package("cachelib")
    names = example("Flask-Session", 0)
    here, there = Ada(names), Ada(names)
    assert len(here.sessions()) == 2
    here.sign_out(there)
    assert [here.is_in(), there.is_in()] == [True, False]


def test_an_app_with_names_of_its_own_has_a_device_cookie_of_its_own(example: Example) -> None:
    names = example("Several apps on one domain", 0)
    users, user_class = names["db"].session, names["User"]
    names["app"].add_url_rule("/again", "again", lambda: str(login_user(users.get(user_class, 1), remember=True)))
    ada = Ada(names)
    ada.get("/again")
    kept = ("shop_session", "shop_remember", "myprofile_device_shop_remember")
    assert all(ada.client.get_cookie(name) for name in kept)
    assert not any(ada.client.get_cookie(name) for name in ("session", "remember_token", "myprofile_device"))


def behind_nginx(app: Any) -> Any:
    """What nginx does for the app at ``/shop``, as the page says how to set it up."""

    def forward(environ: dict[str, Any], start_response: Any) -> Any:
        said = {
            "HTTP_X_FORWARDED_PREFIX": "/shop",
            "HTTP_X_FORWARDED_FOR": "203.0.113.9",
            "HTTP_X_FORWARDED_PROTO": "https",
            "HTTP_X_FORWARDED_HOST": "shop.example",
        }
        inside = {"PATH_INFO": environ["PATH_INFO"].removeprefix("/shop"), "HTTP_HOST": "127.0.0.1:8000"}
        return app({**environ, **said, **inside, "wsgi.url_scheme": "http"}, start_response)

    return forward


def test_below_a_path_links_redirects_and_cookies_are_below_it(example: Example) -> None:
    names = example("A sub-path behind nginx", 0)
    names["app"].wsgi_app = behind_nginx(names["app"].wsgi_app)
    ada = Ada(names, "https://shop.example/shop")
    page = ada.get("/profile/sessions").text
    assert "203.0.113.9" in page
    assert 'href="/shop/profile/password"' in page and 'href="/profile' not in page
    assert ada.client.get_cookie("session", "shop.example", "/shop")
    assert ada.post("/profile/sign-out").location.startswith("/shop/login")
    assert ada.get("/profile/").location.startswith("/shop/login?next=%2Fshop%2Fprofile%2F")
