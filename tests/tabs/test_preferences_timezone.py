"""Preferences: the time zone that a user chose, in which all our pages say when something was."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from gettext import translation
from itertools import product
from typing import Any

import pytest
from babel.dates import format_time, format_timedelta
from flask_babel import Babel, format_datetime, get_timezone

from flask_myprofile import current_preferences
from flask_myprofile.account import timezones
from flask_myprofile.i18n.languages import TRANSLATIONS
from tests.support.host import Browser, Host, signed_in
from tests.support.kept import everywhere

TAB = "/profile/preferences"
#: On this day in London, and on the next one in Berlin and Tokyo.
AT = int(datetime(2026, 3, 10, 23, 30, tzinfo=timezone.utc).timestamp())
TENTH, ELEVENTH = re.compile(r"Mar(ch)? 10\b"), re.compile(r"Mar(ch)? 11\b")


def choose(browser: Browser, zone: str) -> None:
    assert browser.post(TAB, {"timezone": zone}).status_code == 303


def stored(host: Host) -> list[Any]:
    return host.sql("SELECT user_key, name, value FROM myprofile_preference")


def drop_down(page: str) -> str:
    return page.partition('<select class="mp-input" id="timezone"')[2].partition("</select>")[0]


def options(page: str) -> dict[str, str]:
    """Value -> text of every zone to choose from."""
    return dict(re.findall(r'<option value="([^"]*)"[^>]*>([^<]*)</option>', drop_down(page)))


def selected(page: str) -> list[str]:
    return re.findall(r'<option value="([^"]*)" selected', drop_down(page))


# ---- the list


def test_zones_are_cities_by_continent_with_their_offset_now(host: Host) -> None:
    alice = signed_in(host)
    page = alice.get(TAB).text
    found = options(page)
    assert found[""] == "Same as the application (UTC)"
    assert [text for text in found.values() if "UTC" in text] == [found[""]], "it is not said twice"
    assert found["Asia/Kolkata"] == "Kolkata (GMT+05:30)"
    # CLDR has both names for the city, in different versions
    assert found["Pacific/Marquesas"] in ("Marquesas (GMT-09:30)", "Marquesas Islands (GMT-09:30)")
    assert found["America/Argentina/Buenos_Aires"] == "Buenos Aires (GMT-03:00)"
    offset = f"{datetime.now(timezone.utc).astimezone(timezones.find('Europe/Berlin')):%z}"
    assert found["Europe/Berlin"] == f"Berlin (GMT{offset[:3]}:00)"
    groups = re.findall(r'<optgroup label="([^"]+)">(.*?)</optgroup>', drop_down(page), re.S)
    names = [name for name, _ in groups]
    assert names == ["Africa", "Americas", "Asia", "Atlantic Ocean", "Europe", "Indian Ocean", "Oceania"]
    for _, members in groups:
        cities = re.findall(r">([^<]*)</option>", members)
        assert cities == sorted(cities, key=str.casefold), "typing the first letters finds a city"


def test_cities_have_the_names_of_the_readers_language(new_host: Callable[..., Host]) -> None:
    """Also those that the database of languages knows by a former name of the zone."""
    alice = signed_in(new_host(MYPROFILE_LANGUAGES=("de", "ru")))
    for code, names in {"de": ("Kairo", "Kiew", "Kalkutta"), "ru": ("Каир", "Киев", "Калькутта")}.items():
        alice.post(TAB, {"language": code})
        found = options(alice.get(TAB).text)
        zones = ("Africa/Cairo", "Europe/Kyiv", "Asia/Kolkata")
        assert [found[zone].partition(" (")[0] for zone in zones] == list(names)


def test_a_city_that_is_not_on_the_short_list_is_on_the_long_one(host: Host) -> None:
    alice = signed_in(host)
    page = alice.get(TAB).text
    assert "Europe/Stockholm" not in options(page)
    assert 'name="zones" value="all"' in page
    answer = alice.post(TAB, {"language": "de", "timezone": "Asia/Tokyo", "theme": "dark", "zones": "all"})
    every = answer.text
    assert answer.status_code == 200
    assert selected(every) == ["Asia/Tokyo"], "what is chosen is kept"
    assert re.findall(r'<option value="(de|dark)"[^>]* selected', every) == ["de", "dark"]
    assert "Nothing has been saved yet." in every
    assert stored(host) == [], "and not saved"
    assert len(options(every)) > 400
    assert options(every)["Europe/Stockholm"].startswith("Stockholm (GMT")
    assert 'name="zones"' not in every, "there are no more"
    choose(alice, "Europe/Stockholm")
    page = alice.get(TAB).text
    assert selected(page) == ["Europe/Stockholm"], "what was chosen is on the short one, too"
    assert options(page)[""] == "Same as the application (UTC)"


LANGUAGES = (
    *("ar", "de", "en", "es", "fr", "he", "it", "ja", "ko", "nl", "pl", "pt-BR", "ru"),
    *("tr", "uk", "zh-Hans", "zh-Hant"),
)


@pytest.mark.parametrize("code", ["en", "de", "he", "ja", "ru", "zh-Hans"])
def test_the_page_with_all_its_choices_stays_small(code: str, new_host: Callable[..., Host]) -> None:
    alice = signed_in(new_host(MYPROFILE_LANGUAGES=LANGUAGES))
    alice.post(TAB, {"language": code})
    page = alice.get(TAB).data
    assert f'lang="{code}"'.encode() in page
    assert len(gzip.compress(page, 9)) <= 6 * 1024


# ---- what is taken and what is kept


@everywhere
def test_a_choice_follows_its_user_to_other_devices_and_nobody_else(host: Host) -> None:
    here, phone, bob = signed_in(host), signed_in(host), signed_in(host, "bob")
    assert stored(host) == [], "nothing chosen, nothing kept"
    choose(here, "Asia/Tokyo")
    assert [each.json(TAB).json["timezone"] for each in (here, phone, bob)] == ["Asia/Tokyo", "Asia/Tokyo", None]
    assert stored(host) == [(str(host.user("alice").id), "timezone", "Asia/Tokyo")]
    assert [selected(each.get(TAB).text) for each in (phone, bob)] == [["Asia/Tokyo"], [""]]
    choose(phone, "")
    assert here.json(TAB).json["timezone"] is None
    assert stored(host) == []


@pytest.mark.parametrize("name", ["Asia/Calcutta", "US/Eastern", "Etc/GMT+5", "Europe/Stockholm", "UTC"])
def test_a_program_may_use_any_name_of_a_zone(name: str, host: Host) -> None:
    """Browsers tell their zone by a former name of it."""
    alice = signed_in(host)
    assert alice.post_json(TAB, {"timezone": name}).status_code == 200
    assert alice.json(TAB).json["timezone"] == name
    assert selected(alice.get(TAB).text) == [name]


JUNK = [
    "Mars/Olympus",
    "europe/berlin",
    "Europe/Berlin ",
    "Europe",
    "../UTC",
    "/etc/localtime",
    "+01:00",
    "Etc/Unknown",
]


@pytest.mark.parametrize("name", [*JUNK, "x" * 5000, "<script>", "None"], ids=lambda name: ascii(name[:14]))
def test_a_zone_that_does_not_exist_is_refused(name: str, host: Host) -> None:
    alice = signed_in(host)
    choose(alice, "Asia/Tokyo")
    page, program = alice.post(TAB, {"timezone": name}), alice.post_json(TAB, {"timezone": name})
    assert (page.status_code, program.status_code) == (422, 422)
    assert program.json["errors"] == {"timezone": ["Choose a time zone from the list"]}
    assert 'id="timezone-error"' in page.text
    assert "<script>" not in page.text
    assert [row[2] for row in stored(host)] == ["Asia/Tokyo"]


@pytest.mark.parametrize("value", ["Mars/Olympus", "../UTC", "x" * 60, "Etc/Unknown"])
def test_a_choice_that_is_no_zone_any_more_breaks_no_page(value: str, host: Host) -> None:
    alice = signed_in(host)
    choose(alice, "Asia/Tokyo")
    host.sql("UPDATE myprofile_preference SET value = :value", value=value)
    for url in (TAB, "/profile/sessions", "/page"):
        assert alice.get(url).status_code == 200
    choose(alice, "Europe/Berlin")
    assert alice.json(TAB).json["timezone"] == "Europe/Berlin"


def test_one_form_saves_all_three_and_leaves_the_others_alone(host: Host) -> None:
    alice = signed_in(host)
    assert alice.post(TAB, {"language": "de", "timezone": "Asia/Tokyo", "theme": "dark"}).status_code == 303
    assert alice.json(TAB).json == {"language": "de", "timezone": "Asia/Tokyo", "theme": "dark"}
    assert alice.post_json(TAB, {"timezone": None}).status_code == 200
    assert alice.json(TAB).json == {"language": "de", "timezone": None, "theme": "dark"}
    wrong = {"language": "fr", "timezone": "Mars/Olympus", "theme": ""}
    assert list(alice.post_json(TAB, wrong).json["errors"]) == ["timezone"]
    assert alice.json(TAB).json == {"language": "de", "timezone": None, "theme": "dark"}, "all of it or nothing"


# ---- what the time is on our pages


def long_ago(host: Host) -> None:
    """Everything happened at :data:`AT`."""
    host.sql("UPDATE myprofile_session SET created_at = :at", at=AT)
    host.sql("UPDATE myprofile_token SET created_at = :at, last_used_at = :at", at=AT)
    host.sql("UPDATE myprofile_feature SET changed_at = :at", at=AT)


SAYS_WHEN = [
    "/profile/sessions",
    "/profile/api-token",
    "/profile/api-token/regenerate",
    "/profile/admin/features",
    "/profile/admin/sessions?user=admin",
]


@pytest.mark.parametrize("url", SAYS_WHEN)
def test_every_page_says_when_in_the_zone_that_its_reader_chose(url: str, new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_SESSION_LIFETIME=None)
    admin = signed_in(host, "admin")
    admin.post_json("/profile/api-token/regenerate")
    admin.post_json("/profile/admin/features", {"sessions.rename": False})
    long_ago(host)
    for zone, day in {"": TENTH, "Europe/Berlin": ELEVENTH, "Europe/London": TENTH, "Asia/Tokyo": ELEVENTH}.items():
        choose(admin, zone)
        page = admin.get(url).text
        assert day.search(page)
        assert not ({TENTH, ELEVENTH} - {day}).pop().search(page)


def test_the_script_is_told_the_zone_and_the_moment_stays_in_utc(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_SESSION_LIFETIME=None)
    alice = signed_in(host)
    long_ago(host)
    page = alice.get("/profile/sessions").text
    assert TENTH.match(page.partition('<time datetime="2026-03-10T23:30:00Z" data-mp-time>')[2])
    choose(alice, "Asia/Tokyo")
    page = alice.get("/profile/sessions").text
    assert ELEVENTH.match(page.partition('<time datetime="2026-03-10T23:30:00Z" data-mp-time="Asia/Tokyo">')[2])
    assert alice.sessions()[0]["created_at"] == "2026-03-10T23:30:00Z"


def last_active(browser: Browser) -> list[tuple[str, str]]:
    """(moment, how it reads) of the other sessions, last active first."""
    found = re.findall(r'<time datetime="([^"]+)"[^>]*>([^<]*)</time>', browser.get("/profile/sessions").text)
    return found[2::2]  # of this session it says since when alone


HOUR = 3600


def test_last_activity_reads_right_in_every_zone_and_language(new_host: Callable[..., Host]) -> None:
    """B75: never in the future, whatever the clocks of the machines say; and the same instants for everybody."""
    host = new_host(MYPROFILE_SESSION_LIFETIME=None, MYPROFILE_LANGUAGES=("en", "de", "ar", "ja"))
    alice = signed_in(host)
    for ago in (-HOUR, 3 * HOUR, 26 * HOUR, 40 * 24 * HOUR):
        host.rows.age(signed_in(host).session_id(), last_seen_at=ago)
    before = [row["last_seen_at"] for row in alice.sessions() if not row["current"]]
    oldest = datetime.fromisoformat(before[-1].replace("Z", "+00:00"))
    for code, zone in product(("en", "de", "ar", "ja"), ("", "UTC", "Asia/Kolkata", "America/New_York")):
        alice.post_json(TAB, {"language": code, "timezone": zone})
        just_now = translation("myprofile", TRANSLATIONS, [code], fallback=True).gettext("just now")
        past = [format_timedelta(-timedelta(hours=hours), add_direction=True, locale=code) for hours in (3, 26)]
        there = oldest.astimezone(timezones.find(zone or "UTC"))
        read = [text for _, text in last_active(alice)]
        assert [text.partition(" · ")[0] for text in read[:3]] == [just_now, *past]
        assert read[0] == just_now, "no moment of the future"
        assert read[3].endswith(format_time(there, "short", locale=code))
        assert [moment for moment, _ in last_active(alice)] == before
        assert [row["last_seen_at"] for row in alice.sessions() if not row["current"]] == before


WAYS: dict[str, tuple[dict[str, Any], str, str]] = {
    "the app's default": ({}, "Asia/Tokyo", "Tokyo"),
    "a rule of the host's": ({"timezone_selector": lambda: "Asia/Tokyo"}, "UTC", "Tokyo"),
}


@pytest.mark.parametrize("way", WAYS)
def test_who_chose_none_has_the_zone_of_the_app(way: str, new_host: Callable[..., Host]) -> None:
    """And who did has theirs on our pages, even if the host's own rule never asks."""
    given, default, city = WAYS[way]
    host = new_host(
        babel=False,
        after=lambda host: Babel(host.app, **given),
        BABEL_DEFAULT_TIMEZONE=default,
        MYPROFILE_SESSION_LIFETIME=None,
    )
    alice, bob = signed_in(host), signed_in(host, "bob")
    long_ago(host)
    choose(alice, "America/New_York")
    assert TENTH.search(alice.get("/profile/sessions").text)
    assert ELEVENTH.search(bob.get("/profile/sessions").text)
    assert options(bob.get(TAB).text)[""] == f"Same as the application ({city})"
    assert list(options(bob.get(TAB).text).items())[1] == ("UTC", "UTC (GMT+00:00)")
    known = "" if given else f" ({city})"  # a rule of the host's is not asked what it would say
    assert options(alice.get(TAB).text)[""] == f"Same as the application{known}"


def test_a_choice_takes_effect_on_the_hosts_pages_where_the_host_has_no_rule(host: Host) -> None:
    @host.app.get("/when")
    def when() -> Any:
        moment = datetime.fromtimestamp(AT, timezone.utc)
        return {"zone": str(get_timezone()), "text": format_datetime(moment, "d HH:mm")}

    alice, bob, visitor = signed_in(host), signed_in(host, "bob"), host.browser()
    choose(alice, "Asia/Kolkata")
    assert alice.get("/when").json == {"zone": "Asia/Kolkata", "text": "11 05:00"}
    assert bob.get("/when").json == visitor.get("/when").json == {"zone": "UTC", "text": "10 23:30"}


# ---- without what it needs


def test_it_works_without_flask_babel(new_host: Callable[..., Host]) -> None:
    host = new_host(babel=False, MYPROFILE_SESSION_LIFETIME=None)
    alice = signed_in(host)
    long_ago(host)
    assert TENTH.search(alice.get("/profile/sessions").text)
    assert options(alice.get(TAB).text)[""] == "Same as the application (UTC)"
    choose(alice, "Asia/Tokyo")
    assert ELEVENTH.search(alice.get("/profile/sessions").text)


def test_on_a_machine_without_time_zones_there_is_nothing_to_choose(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container without the package tzdata. What was chosen elsewhere waits for better times."""

    def unknown(name: str) -> None:
        raise LookupError(name)

    @host.app.get("/chosen")
    def chosen() -> Any:
        return {"zone": current_preferences.timezone}

    alice = signed_in(host)
    choose(alice, "Asia/Tokyo")
    monkeypatch.setattr(timezones, "get_timezone", unknown)
    page = alice.get(TAB)
    assert page.status_code == 200
    assert 'name="timezone"' not in page.text
    assert list(alice.json(TAB).json) == ["language", "theme"]
    assert alice.post_json(TAB, {"timezone": "Asia/Tokyo"}).status_code == 422
    assert alice.post(TAB, {"theme": "dark"}).status_code == 303
    assert alice.get("/profile/sessions").status_code == 200
    assert alice.get("/chosen").json == {"zone": None}
    assert ("Asia/Tokyo",) in [row[2:] for row in stored(host)]
