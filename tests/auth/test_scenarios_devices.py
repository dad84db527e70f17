"""What a browser says of itself, and where it says it is: of any length and kind, and never in the way of a sign-in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_myprofile.account.devices import describe
from tests.support.host import Browser, Host
from tests.support.kept import everywhere, first_everywhere

IN_APP = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "[FBAN/FBIOS;FBAV/469.0.0.43.109;FBBV/611478230;FBDV/iPhone14,5;FBMD/iPhone;FBSN/iOS;FBSV/17.5;FBSS/3;FBID/phone;"
    "FBLC/de_DE;FBOP/5;FBRV/613552719;FBCR/Vodafone.de;FBPN/com.facebook.Facebook;FBAPPTYPE/messenger;FBEX/0000000000]"
)
#: How long the value is that is kept of each.
AGENTS = {
    "latin-1, endless": ("\xe9" * 4000, 512),
    "endless": ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0 " + "x" * 4000, 512),
    "in-app": (IN_APP, len(IN_APP)),
    "a long word": ("x" * 40 + "bot", 43),
    "latin-1": ("caf\xe9 \xff/1.0", 10),
    "control characters": ("curl/8.0\x01\x7f", 8),
}


@first_everywhere("kind", list(AGENTS))
def test_a_sign_in_works_whatever_the_browser_calls_itself(kind: str, host: Host) -> None:
    """B19: strict databases refuse what is longer than its column, and that would be a sign-in that fails."""
    agent, length = AGENTS[kind]
    alice = host.browser()
    alice.client.environ_base.update(HTTP_USER_AGENT=agent, REMOTE_ADDR="fe80::1234:5678:9abc:def0%enp0s31f6")
    assert alice.login("alice", remember=True).location == "/page"
    assert alice.is_in()
    (row,) = host.rows.all()
    assert len(row.user_agent) == length
    assert row.user_agent.isprintable()
    assert (len(row.ip) <= 45, row.ip.startswith("fe80::1234")) == (True, True)
    assert alice.get("/profile/sessions").status_code == 200
    assert 0 < len(alice.sessions()[0]["name"]) <= 100


@everywhere
def test_a_name_at_the_limit_is_kept_and_one_over_it_is_said(host: Host) -> None:
    """B19: counted as people count, not in bytes."""
    alice = host.browser()
    alice.login("alice")
    for letter in ("a", "ß", "🦊"):
        name = letter * 40
        assert alice.post("/profile/personal-information", {"first_name": name, "last_name": "T"}).status_code == 303
        assert host.user("alice").first_name == name
        refused = alice.post_json("/profile/personal-information", {"first_name": name + letter, "last_name": "T"})
        assert refused.status_code == 422
        assert "40" in refused.json["errors"]["first_name"][0]
        assert host.user("alice").first_name == name


X11 = "Mozilla/5.0 (X11; Linux x86_64"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5"
LABELS = {
    f"{X11}; rv:128.0) Gecko/20100101 Firefox/128.0": "Firefox on Linux",
    f"{WINDOWS} {WEBKIT} Chrome/126.0.0.0 Safari/537.36": "Chrome on Windows",
    f"{WINDOWS} {WEBKIT} Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0": "Edge on Windows",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) {SAFARI} Safari/605.1.15": "Safari on Mac or iPad",
    f"Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) {SAFARI} Mobile/15E148 Safari/604.1": "Safari on iPad",
    f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {WEBKIT} Chrome/126.0.0.0 Mobile Safari/537.36": "Chrome on Android",
    "curl/8.5.0": "curl",
    "python-requests/2.32.3": "python-requests",
    "": "Unknown device",
    "garbage \u00ff\u00ff": "Unknown device",
}


@pytest.mark.parametrize("agent", LABELS, ids=LABELS.values())
def test_a_device_is_called_by_what_people_know_it_by(agent: str, host: Host) -> None:
    """B48: never "None on None"; what says nothing has a name as well, in the user's language."""
    alice = host.browser()
    alice.client.environ_base["HTTP_USER_AGENT"] = agent
    alice.login("alice")
    assert alice.sessions()[0]["name"] == LABELS[agent]
    page = alice.get("/profile/sessions").text
    assert LABELS[agent] in page
    assert "None" not in page
    if LABELS[agent] == "Unknown device":
        alice.post("/profile/preferences", {"language": "de"})
        assert LABELS[agent] not in alice.get("/profile/sessions").text


def test_no_header_at_all_is_an_unknown_device(host: Host) -> None:
    """B48"""
    alice = host.browser()
    del alice.client.environ_base["HTTP_USER_AGENT"]
    alice.login("alice")
    assert [row["name"] for row in alice.sessions()] == ["Unknown device"]
    assert [row.user_agent for row in host.rows.all()] == [""]


def test_a_parser_that_fails_stops_no_sign_in(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """B48: agents are parsed when they are shown."""

    def fail(*args: object) -> None:
        raise AssertionError("asked at the sign-in")

    describe.cache_clear()
    monkeypatch.setattr("flask_myprofile.account.devices._parser", fail)
    alice = host.browser()
    assert alice.login("alice").location == "/page"
    assert alice.is_in()


#: Proxies that the host trusts -> what each header makes of the address.
PROXIES = {
    0: {"6.6.6.6": "10.1.1.1", "6.6.6.6, 198.51.100.7": "10.1.1.1", "<b>": "10.1.1.1"},
    1: {"6.6.6.6": "6.6.6.6", "6.6.6.6, 198.51.100.7": "198.51.100.7", "<b>": None},
    2: {"6.6.6.6": "10.1.1.1", "6.6.6.6, 198.51.100.7, 10.2.2.2": "198.51.100.7", "<b>, 10.2.2.2": None},
}


def behind(proxies: int) -> Callable[[Flask, SQLAlchemy], None]:
    def before(app: Flask, db: SQLAlchemy) -> None:
        if proxies:
            app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies)  # type: ignore[method-assign]

    return before


@first_everywhere("proxies", [1, 0, 2])
def test_the_address_is_the_one_that_the_host_trusts_its_proxies_for(
    proxies: int, new_host: Callable[..., Host]
) -> None:
    """B60: no forwarding header is read but by the host's own ProxyFix."""
    host = new_host(before=behind(proxies))
    for header, address in PROXIES[proxies].items():
        alice: Browser = host.browser()
        alice.client.environ_base.update(
            REMOTE_ADDR="10.1.1.1",
            HTTP_X_FORWARDED_FOR=header,
            HTTP_X_REAL_IP="7.7.7.7",
            HTTP_FORWARDED="for=8.8.8.8",
        )
        alice.login("alice")
        (row,) = (row for row in alice.sessions() if row["current"])
        assert row["ip"] == address, header
        assert "<b>" not in alice.get("/profile/sessions").text
        alice.post("/logout")
