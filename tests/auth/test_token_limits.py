"""From where, and how often, a token may be used."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_myprofile import SetupError, current_profile
from tests.support.host import Host, signed_in
from tests.tabs.test_api_tokens import SETTINGS, TAB, make

NETWORKS = {**SETTINGS, "MYPROFILE_API_TOKEN_NETWORKS": True}


def asked(host: Host, token: str, address: str | None = "203.0.113.7", **headers: str) -> Any:
    environ = {"REMOTE_ADDR": address} if address is not None else {}
    return host.browser().client.get(
        "/api", headers={"Authorization": f"Bearer {token}", **headers}, environ_overrides=environ
    )


@pytest.mark.parametrize(
    ("networks", "address", "works"),
    [
        ("203.0.113.0/24", "203.0.113.7", True),
        ("203.0.113.0/24", "203.0.114.7", False),
        ("198.51.100.1, 203.0.113.7", "203.0.113.7", True),
        ("2001:db8::/32", "2001:db8::1", True),
        ("2001:db8::/32", "203.0.113.7", False),
        ("203.0.113.0/24", "::ffff:203.0.113.7", True),
        ("203.0.113.0/24", "[2001:db8::1]:4711", False),
        ("203.0.113.0/24", "203.0.113.7:4711", True),
        ("::ffff:203.0.113.0/120", "203.0.113.7", True),
        ("::ffff:203.0.113.0/120", "203.0.114.7", False),
        ("::ffff:203.0.113.7", "::ffff:203.0.113.7", True),
        ("::/0", "::ffff:203.0.113.7", False),
        ("0.0.0.0/0", "", False),
        ("", "203.0.113.7", True),
    ],
)
def test_a_token_works_from_its_networks_alone(
    networks: str, address: str, works: bool, new_host: Callable[..., Host]
) -> None:
    host = new_host(**NETWORKS)
    token = make(signed_in(host), "CI", networks=networks)["token"]
    answer = asked(host, token, address)
    assert answer.status_code == (200 if works else 403)
    assert works or answer.json["code"] == "address_not_allowed"


def test_the_address_is_the_one_that_the_host_trusts(new_host: Callable[..., Host]) -> None:
    host = new_host(**NETWORKS)
    token = make(signed_in(host), "CI", networks="203.0.113.0/24")["token"]
    sent = {"X-Forwarded-For": "203.0.113.7"}
    assert asked(host, token, "127.0.0.1", **sent).status_code == 403
    host.app.wsgi_app = ProxyFix(host.app.wsgi_app)  # type: ignore[method-assign]
    assert asked(host, token, "127.0.0.1", **sent).status_code == 200
    assert asked(host, token, "127.0.0.1", **{"X-Forwarded-For": "203.0.113.7, 192.0.2.1"}).status_code == 403


@pytest.mark.parametrize(
    "networks", ["203.0.113.7/24", "office", "203.0.113.0/33", "1.2.3.4 ☃", f"fe80::1%{'z' * 5_000}"]
)
def test_what_is_no_network_is_refused_and_kept(networks: str, new_host: Callable[..., Host]) -> None:
    alice = signed_in(new_host(**NETWORKS))
    answer = alice.post_json(f"{TAB}/create", {"name": "CI", "networks": networks})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["networks"])
    page = alice.post(f"{TAB}/create", {"name": "CI", "networks": networks, "lifetime": "never"})
    assert page.status_code == 422 and f'value="{networks}"' in page.text
    assert "Your address now is 127.0.0.1." in page.text


def test_a_regenerated_token_is_held_to_the_same_networks_also_with_the_setting_off(
    new_host: Callable[..., Host],
) -> None:
    host = new_host(**NETWORKS)
    made = make(signed_in(host), "CI", networks="203.0.113.0/24")
    later = new_host(host.app.config["SQLALCHEMY_DATABASE_URI"], **SETTINGS)
    alice = signed_in(later)
    token = alice.post_json(f"{TAB}/regenerate", {"id": made["id"]}).json["token"]
    assert [asked(later, token, address).status_code for address in ("203.0.113.7", "192.0.2.1")] == [200, 403]
    assert alice.json(TAB).json["tokens"][0]["networks"] == ["203.0.113.0/24"]
    assert "203.0.113.0/24" in alice.get(TAB).text
    with later.app.test_request_context():
        verify = current_profile.tokens.verify
        assert verify(token) is None
        assert verify(token, address="203.0.113.7").username == "alice"
        # of a server that listens for IPv4 and IPv6 at once, as request.remote_addr has it
        assert verify(token, address="::ffff:203.0.113.7").username == "alice"
        assert verify(token, address="::ffff:192.0.2.1") is None


# ---- how often


def test_one_more_than_the_rate_is_429_and_the_next_window_lets_in_again(
    new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    host = new_host(**SETTINGS, MYPROFILE_API_TOKEN_RATE="3/hour")
    alice = signed_in(host)
    token, other = make(alice, "CI")["token"], make(alice, "Export")["token"]
    assert [asked(host, token).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = asked(host, token)
    assert (refused.json["code"], refused.mimetype) == ("throttled", "application/problem+json")
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert asked(host, other).status_code == 200, "each counts for itself"
    assert alice.get("/api").status_code == 200, "who signed in otherwise is not counted"
    import time

    later = time.time() + 3601
    monkeypatch.setattr("limits.storage.memory.time.time", lambda: later)
    assert asked(host, token).status_code == 200


def test_who_makes_a_token_anew_does_not_begin_to_count_anew(new_host: Callable[..., Host]) -> None:
    host = new_host(**SETTINGS, MYPROFILE_API_TOKEN_RATE="4/hour")
    alice = signed_in(host)
    made, other = make(alice, "CI"), make(alice, "Export")["token"]
    assert [asked(host, made["token"]).status_code for _ in range(2)] == [200, 200]
    again = alice.post_json(f"{TAB}/regenerate", {"id": made["id"], "keep": "3600"}).json
    assert [asked(host, token).status_code for token in (again["token"], made["token"])] == [200, 200]
    assert [asked(host, token).status_code for token in (again["token"], made["token"])] == [429, 429]
    assert alice.post_json(f"{TAB}/revoke", {"id": again["id"]}).status_code == 200
    assert asked(host, make(alice, "CI again")["token"]).status_code == 429
    assert asked(host, other).status_code == 200, "each counts for itself"
    assert asked(host, make(signed_in(host, "bob"), "Bob’s")["token"]).status_code == 200


def test_the_one_token_counts_on_as_well_when_it_is_regenerated(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES={"api_token": True}, MYPROFILE_API_TOKEN_RATE="2/hour")
    alice = signed_in(host)
    answers = []
    for _ in range(3):
        token = alice.post_json(f"{TAB}/regenerate").json["token"]
        answers.append(asked(host, token).status_code)
    assert answers == [200, 200, 429]


def test_asking_whose_a_token_is_counts_nothing_and_writes_nothing_down(new_host: Callable[..., Host]) -> None:
    host = new_host(**SETTINGS, MYPROFILE_API_TOKEN_RATE="1/hour")
    alice = signed_in(host)
    token = make(alice, "CI")["token"]
    with host.app.test_request_context():
        assert {current_profile.tokens.verify(token).username for _ in range(3)} == {"alice"}
    assert alice.json(TAB).json["tokens"][0]["last_used_at"] is None
    assert asked(host, token).status_code == 200


@pytest.mark.parametrize(("store_down", "status"), [("deny", 503), ("allow", 200)])
def test_a_storage_that_does_not_answer_is_as_store_down_says(
    store_down: str, status: int, new_host: Callable[..., Host]
) -> None:
    host = new_host(
        **SETTINGS,
        MYPROFILE_API_TOKEN_RATE="3/hour",
        MYPROFILE_API_TOKEN_RATE_STORAGE="redis://127.0.0.1:1/0",
        MYPROFILE_STORE_DOWN=store_down,
    )
    token = make(signed_in(host), "CI")["token"]
    assert asked(host, token).status_code == status


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"MYPROFILE_API_TOKEN_RATE": "often"}, 'MYPROFILE_API_TOKEN_RATE must be such as "1000/hour"'),
        (
            {"MYPROFILE_API_TOKEN_RATE": "1/hour", "MYPROFILE_API_TOKEN_RATE_STORAGE": "nowhere://secret@x"},
            "MYPROFILE_API_TOKEN_RATE_STORAGE is nothing that limits can use",
        ),
    ],
)
def test_a_rate_that_is_none_is_named_at_start(
    settings: dict[str, Any], said: str, new_host: Callable[..., Host]
) -> None:
    with pytest.raises(SetupError, match=said) as told:
        new_host(**settings)
    assert "secret" not in str(told.value)


def test_without_the_library_the_extra_is_named(new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "limits", None)
    with pytest.raises(SetupError, match=r"Flask-MyProfile\[limits\]"):
        new_host(MYPROFILE_API_TOKEN_RATE="1/hour")


@pytest.mark.parametrize("junk", ["anywhere", "10.0.0.0/8 junk", "203.0.113.7/8", "", "999.0.0.1"])
def test_networks_that_cannot_be_read_let_nobody_in_and_can_be_mended(junk: str, new_host: Callable[..., Host]) -> None:
    """They were written beside the app."""
    host = new_host(**NETWORKS)
    alice = signed_in(host)
    made = make(alice, "CI", networks="203.0.113.0/24")
    host.sql("UPDATE myprofile_named_token SET networks = :junk", junk=junk)
    answer = asked(host, made["token"])
    assert (answer.status_code, answer.json["code"]) == (403, "address_not_allowed")
    with host.app.app_context():
        assert current_profile.tokens.verify(made["token"], address="203.0.113.7") is None
    assert alice.get(TAB).status_code == alice.json(TAB).status_code == 200
    page = alice.get(f"{TAB}/change?id={made['id']}")
    assert page.status_code == 200 and junk.replace(" ", ", ") in page.text
    sent = {"id": made["id"], "networks": "203.0.113.7"}
    assert alice.post_json(f"{TAB}/change", sent).status_code == 200
    assert asked(host, made["token"]).status_code == 200
