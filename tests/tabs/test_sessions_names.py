"""What a user calls a session: kept as typed, shown instead of the device, and nobody else's to change."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from tests.support.devices import sign_out
from tests.support.host import JSON, Browser, Host, token_in
from tests.support.rows import copies

URL = "/profile/sessions"
RENAME = f"{URL}/rename"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
FIELD = "Name of this session"
MISSING = f"{FIELD} has a character that cannot be used. Type it again"


@pytest.fixture
def two(host: Host) -> tuple[Browser, Browser]:
    """Alice at two browsers."""
    browsers = host.browser(), host.browser()
    for browser in browsers:
        browser.client.environ_base["HTTP_USER_AGENT"] = FIREFOX
        browser.login("alice")
    return browsers


def rename(by: Browser, whom: Browser | str, name: str) -> Any:
    return by.post(RENAME, {"id": whom if isinstance(whom, str) else whom.session_id(), "name": name})


def names(browser: Browser) -> list[tuple[str, str]]:
    """(name, device) of the others and then of this one."""
    rows = sorted(browser.sessions(), key=lambda row: row["current"])
    return [(row["name"], row["device"]) for row in rows]


def test_a_name_takes_the_place_of_the_device_which_stays_below_it(two: tuple[Browser, Browser]) -> None:
    here, there = two
    answer = rename(here, there, "  Grandma's   laptop ")
    assert (answer.status_code, answer.location) == (303, URL)
    page = unescape(here.get(URL).text)
    assert "The session is now called Grandma's laptop." in page
    assert re.search(
        r"<h4[^>]*><bdi>Grandma's laptop</bdi></h4>\s*</div><p[^>]*><bdi>Firefox on Linux</bdi>",
        page,
    )
    assert names(here) == [("Grandma's laptop", "Firefox on Linux"), ("Firefox on Linux", "Firefox on Linux")]
    sign_out(here, there)
    assert "Signed out of Grandma's laptop." in unescape(here.get(URL).text)


def test_an_empty_name_brings_the_device_back(two: tuple[Browser, Browser]) -> None:
    here, _ = two
    rename(here, here, "Mine")
    assert names(here)[1] == ("Mine", "Firefox on Linux")
    rename(here, here, "   ")
    page = here.get(URL).text
    assert "The session is now called Firefox on Linux." in page
    assert names(here)[1] == ("Firefox on Linux", "Firefox on Linux")


@pytest.mark.parametrize(
    "name", ["x" * 64, "é" * 64, "😀" * 64, "שלום", "<script>alert(1)</script>", "👩‍💻", "%(name)s", "{{ 7*7 }}"]
)
def test_a_name_is_shown_as_it_was_typed(name: str, two: tuple[Browser, Browser]) -> None:
    here, there = two
    assert rename(here, there, name).status_code == 303
    assert names(here)[0][0] == name
    page = here.get(URL).text
    assert "<script>alert" not in page
    assert f"<bdi>{name}</bdi>" in unescape(page)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("x" * 65, f"{FIELD} must be 64 characters or fewer"),
        ("x" * 5000, f"{FIELD} must be 64 characters or fewer"),
        ("a\nb", MISSING),
        ("a\x1bb", MISSING),
        ("\u202eevil", MISSING),
        ("\u200b\u3164", f"{FIELD} has no visible character"),
    ],
)
def test_a_name_that_cannot_be_is_said_beside_it_and_kept_to_be_corrected(
    name: str, sentence: str, two: tuple[Browser, Browser]
) -> None:
    here, there = two
    answer = rename(here, there, name)
    assert answer.status_code == 422
    html = unescape(answer.text)
    assert html.count('<details class="mp-more" open>') == 1
    opened = html.partition('<details class="mp-more" open>')[2].partition("</details>")[0]
    assert sentence in opened
    assert f'value="{name}"' in opened.replace("\r\n", "\n")
    assert 'aria-invalid="true"' in opened
    assert there.session_id() in opened
    assert sentence in html.partition('role="alert"')[2].partition("</ul>")[0], "above the list as well"
    program = here.post_json(RENAME, {"id": there.session_id(), "name": name})
    assert (program.status_code, program.json["errors"]) == (422, {"name": [sentence]})
    assert names(here)[0] == ("Firefox on Linux", "Firefox on Linux")


def test_nul_and_half_characters_are_refused(two: tuple[Browser, Browser]) -> None:
    here, there = two
    assert MISSING in rename(here, there, "a\x00b").text
    for name in ("a\x00b", "\ud800"):
        answer = here.post_json(RENAME, {"id": there.session_id(), "name": name})
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["name"])


def test_what_was_typed_is_kept_when_the_page_was_open_too_long(two: tuple[Browser, Browser]) -> None:
    here, there = two
    sent = {"csrf_token": "stale", "id": there.session_id(), "name": "Grandma's"}
    answer = here.client.post(RENAME, data=sent)
    assert answer.status_code == 400
    assert 'value="Grandma&#39;s"' in answer.text
    assert "aria-invalid" not in answer.text, "the name was not what was wrong"


@pytest.mark.parametrize("kind", ["somebody else's", "ended", "unknown", "odd", "long"])
def test_a_session_that_is_not_there_to_be_named_is_as_one_to_sign_out(
    kind: str, host: Host, two: tuple[Browser, Browser]
) -> None:
    here, there = two
    bob = host.browser()
    bob.login("bob")
    id_ = {"unknown": "f" * 24, "odd": "' OR 1=1 --", "long": "x" * 5000}.get(kind) or (
        bob if kind == "somebody else's" else there
    ).session_id()
    if kind == "ended":
        sign_out(here, there)
    answer = rename(here, id_, "Mine")
    assert answer.status_code == 404
    other = sign_out(here, "f" * 24).text
    # but for the moment of the page, which is in its token
    assert answer.text.replace(token_in(answer.text), "") == other.replace(token_in(other), "")
    program = here.post_json(RENAME, {"id": id_, "name": "Mine"})
    assert (program.status_code, program.json["code"]) == (404, "no_such_session")
    assert bob.sessions()[0]["name"] == bob.sessions()[0]["device"]


@pytest.mark.parametrize(
    "sent", [{}, {"id": ""}, {"name": "x"}, {"id": "f" * 24}, {"id": 7, "name": "x"}, {"id": None}]
)
def test_half_a_request_is_refused(sent: dict[str, Any], two: tuple[Browser, Browser]) -> None:
    here, _ = two
    assert here.post_json(RENAME, sent).status_code == 422
    assert here.post(RENAME, {name: str(value) for name, value in sent.items() if value}).status_code in (404, 422)


def test_the_address_of_the_action_leads_to_the_tab(two: tuple[Browser, Browser]) -> None:
    answer = two[0].get(RENAME)
    assert (answer.status_code, answer.location) == (302, URL)


def test_a_part_that_is_off_takes_its_form_and_its_url_away_and_keeps_the_names(
    host: Host, two: tuple[Browser, Browser]
) -> None:
    here, there = two
    rename(here, there, "Grandma's")
    admin = host.browser()
    admin.login("admin")
    admin.post("/profile/admin/features", {"sessions.rename": "off"})
    page = here.get(URL).text
    assert "mp-rename" not in page
    assert "Grandma" in page
    for answer in (here.get(RENAME), rename(here, there, "x"), here.post_json(RENAME, {"id": "x", "name": "x"})):
        assert answer.status_code == 404
    assert names(here)[0][0] == "Grandma's"


def test_each_control_says_which_session_it_is_for(two: tuple[Browser, Browser]) -> None:
    here, there = two
    rename(here, there, "Grandma's")
    html = unescape(here.get(URL).text)
    headings = re.findall(r'<h4[^>]* id="([^"]+)"[^>]*>(.*?)</h4>', html)
    names = {id_: re.sub(r"<[^>]+>", "", text) for id_, text in headings}
    controls = re.findall(r'<(summary|input|button)[^>]* aria-describedby="(mp-session-\d)[^>]*>([^<]*)', html)
    spoken = Counter(f"{text.strip() or tag} {names[id_]}" for tag, id_, text in controls)
    words = ("Details", "input", "Save", "Sign out")
    wanted = Counter(f"{word} {name}" for word in words for name in ("Grandma's", "Firefox on Linux"))
    wanted["Sign out on this device Firefox on Linux"] = wanted.pop("Sign out Firefox on Linux")
    assert spoken == wanted
    assert html.count(FIELD) == 2
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_a_name_on_a_later_page_is_corrected_on_that_page(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_SESSION_LIMIT=200)
    here = host.browser()
    here.login("alice")
    for _ in range(52):
        host.browser().login("alice")
    here.get("/page")
    url = f"{RENAME}?page=3"
    assert f'action="{url}"' in here.get(f"{URL}?page=3").text
    last = here.get(f"{URL}?page=2", headers=JSON).json["sessions"][-1]["id"]
    answer = here.post(url, {"id": last, "name": "x" * 65})
    assert answer.status_code == 422
    assert f'value="{last}"' in answer.text.partition('<details class="mp-more" open>')[2].partition("</details>")[0]


def test_a_thousand_sessions_are_many_pages_and_the_one_after_says_so(host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    (stored,) = host.rows.all()
    for copy in copies(stored, 999):
        host.rows.add(copy)
    seen: set[str] = set()
    for page in range(1, 21):
        answer = alice.get(f"{URL}?page={page}", headers=JSON).json
        assert (len(answer["sessions"]), answer["total"]) == (50, 1000)
        seen |= {row["id"] for row in answer["sessions"]}
    assert len(seen) == 1000
    last, beyond = alice.get(f"{URL}?page=40").text, alice.get(f"{URL}?page=41")
    assert "?page=41" not in last
    assert beyond.status_code == 200
    assert "No sessions on this page" in beyond.text
    assert "You are signed in only here" not in beyond.text
    for page in (last, beyond.text):
        assert f'<a class="mp-btn mp-btn--s" href="{URL}">Back to the first page</a>' in page
    assert "Back to the first page" not in alice.get(URL).text
    host.count_statements()
    assert alice.get(URL).text.count('class="mp-session"') == 25
    assert len(host.statements) < 12, "as many as for one session"
    alice.post(f"{URL}/sign-out-others")
    assert "Signed out of 999 other sessions." in alice.get(URL).text
