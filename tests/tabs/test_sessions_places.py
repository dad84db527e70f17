"""Where a session is: by the host's callable or by a database, never stored, and never in the page's way."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flask_myprofile.account import places
from flask_myprofile.errors import SetupError
from tests.support.geoip import write_database
from tests.support.host import Browser, Host

URL = "/profile/sessions"
ESTIMATED = "Places are estimated from the network address and can be off."
CITIES = {
    "203.0.113.0/24": {
        "city": {"names": {"en": "Munich", "de": "München", "pt-BR": "Munique"}},
        "country": {"names": {"en": "Germany", "de": "Deutschland"}},
    },
    "198.51.100.0/24": {"country": {"names": {"en": "Brazil", "es": "Brasil"}}},
    "2001:db8::/32": {"city": {"names": {"en": "Haifa"}}},
    "192.0.2.0/25": {"continent": {"names": {"en": "Europe"}}},
}


def signed_in_at(host: Host, address: str, name: str = "alice") -> Browser:
    browser = host.browser()
    browser.client.environ_base["REMOTE_ADDR"] = address
    browser.login(name)
    return browser


def place_at(host: Host, address: str) -> str | None:
    browser = signed_in_at(host, address)
    (place,) = [row["place"] for row in browser.sessions() if row["current"]]
    browser.post("/profile/sign-out")
    return place


@pytest.fixture
def cities(tmp_path: Path) -> str:
    return write_database(tmp_path / "cities.mmdb", "GeoLite2-City", CITIES)


# ---- a callable


def test_without_a_lookup_there_are_no_places(host: Host) -> None:
    assert place_at(host, "127.0.0.1") is None
    page = signed_in_at(host, "127.0.0.1").get(URL).text
    assert "Local network" not in page
    assert ESTIMATED not in page


def test_the_hosts_callable_says_where_an_address_is(new_host: Callable[..., Host]) -> None:
    known = {"203.0.113.7": "<b>Office</b> Berlin", "10.0.0.7": "Warehouse"}
    host = new_host(MYPROFILE_SESSION_PLACE=known.get)
    assert place_at(host, "203.0.113.7") == "<b>Office</b> Berlin"
    assert place_at(host, "10.0.0.7") == "Warehouse", "the host knows its own network best"
    assert place_at(host, "198.51.100.1") is None
    page = signed_in_at(host, "203.0.113.7").get(URL).text
    assert "<bdi>&lt;b&gt;Office&lt;/b&gt; Berlin</bdi>" in page
    assert "203.0.113.7" in page
    assert ESTIMATED in page


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.0.1", "::1", "fd00::1", "fe80::1"]
)
def test_an_address_of_a_private_network_is_local(address: str, new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_SESSION_PLACE=lambda address: None)
    assert place_at(host, address) == "Local network"


@pytest.mark.parametrize("address", ["8.8.8.8", "172.32.0.1", "192.0.2.1", "2001:db8::1", "", "unix:", "x", "1.2.3"])
def test_no_other_address_is(address: str, new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_SESSION_PLACE=lambda address: None)
    assert place_at(host, address) is None
    assert not places.is_local(address)


def test_each_address_of_a_page_is_asked_for_once_and_nothing_is_stored(new_host: Callable[..., Host]) -> None:
    asked: list[str] = []

    def look_up(address: str) -> str:
        asked.append(address)
        return "Atlantis"

    host = new_host(MYPROFILE_SESSION_PLACE=look_up)
    for _ in range(3):
        alice = signed_in_at(host, "203.0.113.7")
    other = signed_in_at(host, "198.51.100.1")
    assert asked == [], "not before somebody looks"
    assert alice.get(URL).text.count("Atlantis") == 4
    assert sorted(asked) == ["198.51.100.1", "203.0.113.7"]
    assert other.get(URL).status_code == 200
    tables = [name for (name,) in host.sql("SELECT name FROM sqlite_master WHERE type = 'table'")]
    assert "Atlantis" not in str([host.sql(f'SELECT * FROM "{table}"') for table in tables])


@pytest.mark.parametrize("answer", ["", "   ", 7, b"Berlin", ["Berlin"], "\u202e\x00"])
def test_an_answer_that_is_no_name_is_no_place(answer: Any, new_host: Callable[..., Host]) -> None:
    assert place_at(new_host(MYPROFILE_SESSION_PLACE=lambda address: answer), "203.0.113.7") is None


def test_a_place_turns_no_sentence_around_and_is_not_endless(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_SESSION_PLACE=lambda address: "\u202eBer\nlin" + "x" * 500)
    place = str(place_at(host, "203.0.113.7"))
    assert place.startswith("Berlin")
    assert len(place) == 100


def test_a_callable_that_fails_costs_the_places_and_one_line_of_the_log(
    new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(address: str) -> str:
        raise LookupError(f"secret key of the service, and {address}")

    host = new_host(MYPROFILE_SESSION_PLACE=fail)
    signed_in_at(host, "198.51.100.1")
    alice = signed_in_at(host, "203.0.113.7")
    caplog.clear()
    page = alice.get(URL)
    assert page.status_code == 200
    assert "203.0.113.7" in page.text
    (line,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert line.getMessage() == "MyProfile shows no places. MYPROFILE_SESSION_PLACE failed: LookupError"


# ---- a database


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.7", "Munich"),
        ("198.51.100.1", "Brazil"),
        ("2001:db8::7", "Haifa"),
        ("192.0.2.7", None),
        ("192.0.2.200", None),
        ("10.0.0.1", "Local network"),
        ("unix:", None),
    ],
)
def test_a_database_knows_the_city_or_else_the_country(
    address: str, place: str | None, cities: str, new_host: Callable[..., Host]
) -> None:
    assert place_at(new_host(MYPROFILE_SESSION_PLACE=cities), address) == place


@pytest.mark.parametrize(("language", "place"), [("de", "München"), ("es", "Munich"), ("pt", "Munique")])
def test_a_place_is_named_in_the_users_language(
    language: str, place: str, cities: str, new_host: Callable[..., Host]
) -> None:
    host = new_host(MYPROFILE_SESSION_PLACE=cities, MYPROFILE_LANGUAGES=("en", "de", "es", "pt"))
    alice = signed_in_at(host, "203.0.113.7")
    alice.post("/profile/preferences", {"language": language})
    assert [row["place"] for row in alice.sessions()] == [place]


def test_a_database_of_countries_knows_countries(tmp_path: Path, new_host: Callable[..., Host]) -> None:
    path = write_database(tmp_path / "countries.mmdb", "GeoLite2-Country", CITIES)
    assert place_at(new_host(MYPROFILE_SESSION_PLACE=path), "203.0.113.7") == "Germany"


def test_a_database_that_is_replaced_is_read_anew(cities: str, tmp_path: Path, new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_SESSION_PLACE=cities)
    assert place_at(host, "203.0.113.7") == "Munich"
    newer = {"203.0.113.0/24": {"city": {"names": {"en": "Bonn"}}}}
    newer_path = write_database(tmp_path / "new.mmdb", "GeoLite2-City", newer)
    os.utime(newer_path, (1, 1))
    os.replace(newer_path, cities)
    assert place_at(host, "203.0.113.7") == "Bonn"


def no_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    path.unlink()
    return f"MYPROFILE_SESSION_PLACE: '{path}' cannot be read: No such file or directory"


def no_package(path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(sys.modules, "geoip2.database", None)
    return 'MYPROFILE_SESSION_PLACE needs geoip2: pip install "Flask-MyProfile[geoip]"'


def no_database(path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    path.write_bytes(b"not a database")
    return f"MYPROFILE_SESSION_PLACE: '{path}' is not a GeoIP2 database"


def of_something_else(path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    write_database(path, "GeoLite2-ASN", CITIES)
    return "MYPROFILE_SESSION_PLACE failed: TypeError"


@pytest.mark.parametrize("spoil", [no_file, no_package, no_database])
def test_an_app_whose_database_cannot_be_read_does_not_start(
    spoil: Callable[[Path, pytest.MonkeyPatch], str],
    cities: str,
    new_host: Callable[..., Host],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reason = spoil(Path(cities), monkeypatch)
    with pytest.raises(SetupError) as refused:
        new_host(MYPROFILE_SESSION_PLACE=cities)
    assert str(refused.value) == reason


@pytest.mark.parametrize("spoil", [no_file, no_database, of_something_else])
def test_a_database_that_cannot_be_read_any_more_costs_the_places_and_the_log_says_why(
    spoil: Callable[[Path, pytest.MonkeyPatch], str],
    cities: str,
    new_host: Callable[..., Host],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    alice = signed_in_at(new_host(MYPROFILE_SESSION_PLACE=cities), "203.0.113.7")
    reason = spoil(Path(cities), monkeypatch)
    page = alice.get(URL)
    assert page.status_code == 200
    assert "203.0.113.7" in page.text
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING] == [
        f"MyProfile shows no places. {reason}"
    ]


# ---- the switch


def test_where_the_address_is_switched_off_neither_it_nor_the_place_is_shown(new_host: Callable[..., Host]) -> None:
    asked: list[str] = []

    def look_up(address: str) -> str:
        asked.append(address)
        return "Atlantis"

    host = new_host(MYPROFILE_SESSION_PLACE=look_up, MYPROFILE_FEATURES={"sessions.address": False})
    alice, admin = signed_in_at(host, "203.0.113.7"), signed_in_at(host, "198.51.100.1", "admin")
    for page in (alice.get(URL).text, admin.get("/profile/admin/sessions?user=alice").text):
        assert "Signed in" in page
        assert "203.0.113.7" not in page
        assert "Atlantis" not in page
        assert "unknown address" not in page
        assert ESTIMATED not in page
    for rows in (alice.sessions(), admin.json("/profile/admin/sessions?user=alice").json["sessions"]):
        assert [(row["ip"], row["place"]) for row in rows] == [(None, None)]
    assert asked == []
