"""Preview "as this person": an administrator's browser has somebody's features, their own data, and changes nothing."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import jsonify, request
from sqlalchemy import event

from flask_myprofile import current_profile
from flask_myprofile.auth.feature_preview import LASTS
from tests.support.host import JSON, Browser, Host, signed_in, token_in
from tests.support.kept import everywhere, however_kept
from tests.support.pictures import with_pictures
from tests.support.walks import CHANGING, Notes, everything, right_for, walked_host

URL, END, FEATURES = "/profile/admin/features/preview", "/profile/admin/features/preview/end", "/profile/admin/features"
BETA = {"on": True, "for": {"roles": ["beta"]}}
#: Bob is a beta tester: he has Sessions and Activity, and nobody else has.
SETTINGS: dict[str, Any] = {
    "MYPROFILE_ROLES": lambda user: ["beta"] * (user.username == "bob"),
    "MYPROFILE_FEATURES": {"sessions": BETA, "activity": BETA, "api_token": True, "doctor": True, "openapi": True},
}
ENDED = "The preview has ended. You see your own features again."


def with_pages(host: Host) -> None:
    """Pages of the host's own that belong to a feature, and a form of its own."""

    @host.app.route("/beta", methods=["GET", "POST"])
    def beta() -> Any:
        features = current_profile.features
        if request.method == "GET":
            features.require("sessions")
        previewed = features.previewed_user
        return jsonify(sessions=features["sessions"], previewed=previewed and previewed.username)

    @host.app.get("/theirs")
    def theirs() -> Any:
        find, features = current_profile.users.find, current_profile.features
        return jsonify({name: features.for_user(find(name))["sessions"] for name in ("alice", "bob", "admin")})


def make(new_host: Callable[..., Host], **options: Any) -> Host:
    return new_host(**{**SETTINGS, "after": with_pages, **options})


@pytest.fixture
def host(new_host: Callable[..., Host]) -> Host:
    return make(new_host)


def previewing(host: Host, user: str = "bob", browser: Browser | None = None) -> Browser:
    admin = browser or signed_in(host, "admin")
    answer = admin.post(URL, {"user": user})
    assert (answer.status_code, answer.location) == (303, "/profile/")
    return admin


def kept(browser: Browser) -> Any:
    with browser.client.session_transaction() as session:
        return session.get("_myprofile_preview")


def tabs(page: str) -> list[str]:
    found = re.search(r'<nav class="mp-nav".*?</nav>', page, re.S)
    return re.findall(r'href="/profile/([a-z-]+)"', found[0]) if found else []


# ---- whose features, whose data


@however_kept
def test_the_browser_has_the_features_of_that_person_until_it_is_ended(new_host: Callable[..., Host]) -> None:
    host = make(new_host)
    admin, elsewhere, bob, alice = (signed_in(host, name) for name in ("admin", "admin", "bob", "alice"))
    own = ["personal-information", "preferences", "password", "api-token"]
    assert tabs(admin.get("/profile/personal-information").text) == own
    previewing(host, browser=admin)
    page = admin.get("/profile/personal-information").text
    assert tabs(page) == [*own, "sessions", "activity"]
    assert 'value="Admin"' in page and 'value="Bob"' not in page, "the data is the administrator's own"
    assert admin.get("/profile/sessions").status_code == 200
    assert admin.get("/beta").json == {"sessions": True, "previewed": "bob"}, "on pages of the host's as well"
    assert admin.get("/api").json == {"user": "admin"}, "who is signed in stays who they are"
    assert admin.get("/theirs").json == {"alice": False, "bob": True, "admin": False}
    for other, status in ((elsewhere, 404), (alice, 404), (bob, 200)):
        assert {other.get("/profile/sessions").status_code, other.get("/beta").status_code} == {status}
        assert "mp-preview" not in other.get("/profile/personal-information").text
        assert "End preview" not in other.get("/menu").text
    ended = admin.post(END, follow_redirects=True)
    assert ended.request.full_path == f"{URL}?user=2"
    assert ENDED in ended.text
    assert {admin.get("/profile/sessions").status_code, admin.get("/beta").status_code} == {404}
    assert tabs(admin.get("/profile/personal-information").text) == own


def test_json_answers_as_the_pages_do(host: Host) -> None:
    admin = signed_in(host, "admin")
    assert admin.json(f"{URL}?user=bob").json["preview"] is None
    begun = admin.post_json(URL, {"user": "bob"})
    assert begun.status_code == 200
    assert begun.json["user"] == {"key": "2", "name": "Bob Test"}
    assert begun.json["message"] == "The preview has begun."
    shown = admin.json(f"{URL}?user=alice").json
    assert shown["preview"] == {"user": begun.json["user"], "until": begun.json["until"]}
    assert shown["features"]["sessions"]["on"] is False, "alice's, as ever"
    assert [each["current"] for each in admin.json("/profile/sessions").json["sessions"]] == [True], "their own"
    assert "/profile/sessions" in admin.json("/profile/openapi.json").json["paths"]
    assert admin.post_json(END).json == {"message": ENDED}
    assert admin.post_json(END).json == {"message": ENDED}, "also where there is none"
    assert admin.json("/profile/sessions").json["code"] == "feature_off"


def test_features_for_users_of_single_sign_on_are_on_where_the_person_is_one(new_host: Callable[..., Host]) -> None:
    for_sso = {"on": True, "for": {"users": "sso"}}
    host = make(new_host, MYPROFILE_FEATURES={"sessions": for_sso})
    host.change("bob", password_hash=None)
    admin = previewing(host)
    assert admin.get("/profile/sessions").status_code == 200
    page = admin.get("/profile/password").text
    assert 'name="current_password"' in page, "the password is data: the administrator has one"


def test_a_share_is_counted_by_the_person(new_host: Callable[..., Host]) -> None:
    host = make(new_host, MYPROFILE_FEATURES={"sessions": {"on": True, "for": {"share": 50}}})
    admin = signed_in(host, "admin")
    for name in ("alice", "bob"):
        previewing(host, name, admin)
        has_it = admin.get("/theirs").json[name]
        assert (admin.get("/profile/sessions").status_code == 200) is has_it
        admin.post(END)


def test_a_picture_and_a_part_are_shown_as_the_person_has_them(new_host: Callable[..., Host]) -> None:
    parts = {"personal_information.avatar": BETA, "personal_information.phone": BETA}
    host = make(new_host, model=with_pictures, MYPROFILE_AVATAR="avatar", MYPROFILE_FEATURES=parts)
    admin = signed_in(host, "admin")
    before = admin.get("/profile/personal-information").text
    assert 'name="avatar"' not in before and 'name="phone"' not in before
    page = previewing(host, browser=admin).get("/profile/personal-information").text
    assert 'name="avatar"' in page and 'name="phone"' in page


def test_a_custom_tab_has_it_without_a_line_of_its_own(new_host: Callable[..., Host]) -> None:
    host = walked_host(new_host, **SETTINGS | {"MYPROFILE_FEATURES": {"notes": BETA}})
    admin = signed_in(host, "admin")
    assert admin.get("/profile/notes").status_code == 404
    page = previewing(host, browser=admin).get("/profile/notes")
    assert Notes.label in page.text and "mp-preview" in page.text
    assert admin.post("/profile/notes", {"text": "no"}).status_code == 403
    assert admin.post_json("/profile/notes/wipe").json["code"] == "previewing"
    assert host.user("admin").phone is None


# ---- marked


def test_every_page_says_so_and_ends_it(host: Host) -> None:
    admin = previewing(host)
    said = "You preview the features of <bdi>Bob Test</bdi>: the data is your own, and nothing can be changed."
    pages = (
        "/profile/preferences",
        FEATURES,
        "/profile/admin/sessions?user=bob",
        "/profile/admin/doctor",
        f"{URL}?user=2",
    )
    for url in (*pages, "/profile/confirm", "/profile/api-token/revoke", "/profile/admin/features?x=1"):
        page = admin.get(url, follow_redirects=True).text
        assert said in page, url
        assert f'action="{END}"' in page
    refused = admin.post("/profile/preferences", {"language": "de"})
    assert refused.status_code == 403 and said in refused.text
    assert "Preview as this user" not in admin.get("/profile/admin/sessions?user=alice").text, "end this one first"
    assert "Preview as this user" in signed_in(host, "admin").get("/profile/admin/sessions?user=alice").text


def test_the_menu_on_pages_of_the_host_ends_it(host: Host) -> None:
    admin, elsewhere, bob = previewing(host), signed_in(host, "admin"), signed_in(host, "bob")
    for _ in range(2):  # drawn, and kept
        menu = admin.get("/menu").text
        assert "You preview the features of <bdi>Bob Test</bdi>, with your own data." in menu
        assert '<span class="mp-badge mp-badge--warning">' in menu
        for other in (elsewhere, bob):
            assert "review" not in other.get("/menu").text
    ended = admin.client.post(END, data={"csrf_token": token_in(menu)})
    assert ended.status_code == 303
    assert "review" not in admin.get("/menu").text


def test_the_name_of_one_is_not_in_the_menu_of_another(host: Host) -> None:
    host.change("alice", first_name="<b>Alice", last_name="& Co")
    first = previewing(host)
    assert "Bob Test" in first.get("/menu").text
    second = signed_in(host, "admin")
    second.post(URL, {"user": "alice"})
    menu = second.get("/menu").text
    assert "<bdi>&lt;b&gt;Alice &amp; Co</bdi>, with your own data" in menu and "Bob Test" not in menu


def test_the_administrators_pages_go_on_as_they_are(new_host: Callable[..., Host]) -> None:
    """What is off for somebody else locks no administrator out."""
    others = {"on": True, "for": {"roles": ["others"]}}
    features = {"my_profile": {"on": True, "for": {"roles": ["staff"]}}, "doctor": others, "sessions.address": True}
    roles = {"admin": ["staff", "others"], "alice": ["staff"], "bob": []}
    host = make(new_host, MYPROFILE_ROLES=lambda user: roles[user.username], MYPROFILE_FEATURES=features)
    admin = signed_in(host, "admin")
    begun = admin.post(URL, {"user": "bob"})
    assert begun.location == f"{URL}?user=2", "who has no tab is shown none"
    assert admin.get("/profile/").status_code == 404
    for url in (FEATURES, "/profile/admin/sessions?user=bob", "/profile/admin/doctor", begun.location):
        page = admin.get(url)
        assert page.status_code == 200 and "/profile/admin/doctor" in page.text, url
    assert admin.post(END).status_code == 303
    assert admin.get("/profile/personal-information").status_code == 200


# ---- nothing can be changed


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("url", [url for url in CHANGING if url != "/profile/sign-out"])
def test_nothing_of_my_profile_is_changed_meanwhile(url: str, as_json: bool, new_host: Callable[..., Host]) -> None:
    host = walked_host(new_host, url, **SETTINGS)
    elsewhere, admin = signed_in(host, "admin"), previewing(host)
    elsewhere.post_json("/profile/api-token/regenerate")
    sent = right_for(url, admin)
    before = everything(host)
    answer = admin.post_json(url, sent) if as_json else admin.post(url, sent)
    assert answer.status_code == 403
    if as_json:
        title = "You preview the features of Bob Test. End the preview before you change anything."
        assert answer.json == {"title": title, "status": 403, "code": "previewing"}
    else:
        assert "End the preview before you change anything." in answer.text
        assert "Ask your administrator" not in answer.text
    assert everything(host) == before
    assert kept(admin)


def test_what_was_typed_is_on_the_page_that_refuses_it(host: Host) -> None:
    admin = previewing(host)
    admin.get("/profile/personal-information")
    page = admin.post("/profile/personal-information", {"first_name": "Typed", "last_name": "Long"}).text
    assert 'value="Typed"' in page and "What you typed" in page


def test_a_form_that_was_opened_in_a_preview_is_refused_when_that_is_over_too(host: Host) -> None:
    admin = previewing(host)
    page = admin.get("/profile/preferences").text
    form = re.search(r'<form[^>]*action="/profile/preferences".*?</form>', page, re.S)
    assert form is not None
    token = token_in(form[0])
    admin.post(END)
    answer = admin.client.post("/profile/preferences", data={"csrf_token": token, "language": "de"})
    assert answer.status_code == 403
    assert "This page was opened in a preview. Open it again to change anything." in answer.text
    assert admin.post("/profile/preferences", {"language": "de"}).status_code == 303


def test_signing_out_works_and_is_the_end_of_it(host: Host) -> None:
    admin = previewing(host)
    assert admin.post("/profile/sign-out").status_code == 303
    assert kept(admin) is None
    admin.login("admin")
    assert admin.get("/profile/sessions").status_code == 404
    previewing(host, browser=admin)
    admin.login("bob")
    assert admin.get("/beta").json == {"sessions": True, "previewed": None}


def test_forms_of_the_host_are_its_own(host: Host) -> None:
    admin = previewing(host)
    assert admin.post("/beta").json == {"sessions": True, "previewed": "bob"}, "by which it may refuse them"


def test_a_confirmation_at_the_provider_waits_until_it_is_over(host: Host) -> None:
    """Its answer is a GET, and writes."""
    admin = previewing(host)
    assert admin.json("/profile/sso/confirmed?state=x").json["code"] == "previewing"


def test_reading_writes_nothing(host: Host) -> None:
    admin = previewing(host)
    before = everything(host)
    for url in (
        f"{URL}?user=alice",
        f"{URL}?user=bob",
        END,
        "/profile/sessions",
        "/profile/activity",
        "/menu",
        FEATURES,
    ):
        assert admin.get(url).status_code in (200, 302), url
    assert everything(host) == before


# ---- who may, and how it begins


def test_it_needs_an_administrator_a_post_and_a_csrf_token(host: Host) -> None:
    alice, admin, visitor = signed_in(host, "alice"), signed_in(host, "admin"), host.browser()
    assert {alice.post(URL, {"user": "bob"}).status_code, alice.post_json(END).status_code} == {403}
    assert visitor.post(URL, {"user": "bob"}).location.startswith("/login")
    assert admin.client.post(URL, data={"user": "bob"}).status_code == 400
    assert admin.client.post(URL, data={"user": "bob"}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert admin.get(f"{URL}?user=bob").status_code == 200
    assert {kept(each) for each in (alice, admin, visitor)} == {None}
    previewing(host, browser=admin)
    assert admin.client.post(END, headers=JSON).json["code"] == "csrf"
    assert kept(admin)


@pytest.mark.parametrize("typed", ["", "nobody", "99", "\x00", "x" * 500])
def test_nobody_is_404(typed: str, host: Host) -> None:
    admin = signed_in(host, "admin")
    assert admin.post(URL, {"user": typed}).status_code in (404, 422)
    assert admin.post_json(URL, {"user": typed}).status_code in (404, 422)
    assert kept(admin) is None


def test_it_needs_no_recent_sign_in(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Like the page that it begins on, it only shows."""
    admin = signed_in(host, "admin")
    later = time.time() + 5000
    monkeypatch.setattr("flask_myprofile.account.clock.time", lambda: later)
    previewing(host, browser=admin)
    assert admin.post(END).status_code == 303


@everywhere
def test_begin_and_end_are_in_the_activity_of_both(new_host: Callable[..., Host]) -> None:
    host = make(new_host, MYPROFILE_FEATURES={"activity": True})
    admin, bob = signed_in(host, "admin"), signed_in(host, "bob")
    until = admin.post_json(URL, {"user": "bob"}).json["until"]
    admin.post(END)
    theirs = [each for each in bob.json("/profile/activity").json["events"] if each["topic"] == "features"]
    said = [(each["kind"], each["actor"], each["by"], each["details"]) for each in theirs]
    by = ("admin", "Admin Test")
    assert said == [("features.preview_ended", *by, {}), ("features.previewed", *by, {"until": until})]
    own = admin.json("/profile/activity?topic=features").json["events"]
    assert [(each["kind"], each["details"]) for each in own] == [
        ("features.preview_ended", {"user": "2"}),
        ("features.previewed", {"user": "2", "until": until}),
    ]
    page = bob.get("/profile/activity").text
    assert "Preview of features began" in page and "By Admin Test, an administrator" in page
    assert "Key 2" in admin.get("/profile/activity").text


def test_what_cannot_be_recorded_does_not_begin(host: Host) -> None:
    admin = signed_in(host, "admin")
    host.sql("ALTER TABLE myprofile_event RENAME TO gone")
    assert admin.post(URL, {"user": "bob"}).status_code == 503
    host.sql("ALTER TABLE gone RENAME TO myprofile_event")
    assert kept(admin) is None
    previewing(host, browser=admin)
    host.sql("ALTER TABLE myprofile_event RENAME TO gone")
    admin.post(END)
    host.sql("ALTER TABLE gone RENAME TO myprofile_event")
    assert admin.get("/profile/sessions").status_code == 404, "nobody is kept in it"


def test_ones_own_features_are_recorded_once(host: Host) -> None:
    admin = previewing(host, "admin")
    admin.post(END)
    rows = host.sql("SELECT kind FROM myprofile_event WHERE topic = 'features' ORDER BY id")
    assert [kind for (kind,) in rows] == ["features.previewed", "features.preview_ended"]


# ---- it ends by itself


def demoted(host: Host, admin: Browser) -> None:
    host.change("admin", is_admin=False)


def deleted(host: Host, admin: Browser) -> None:
    with host.app.app_context():
        host.db.session.delete(host.db.session.get(host.User, 2))
        host.db.session.commit()


def deleted_beside_the_app(host: Host, admin: Browser) -> None:
    host.sql("DELETE FROM user WHERE id = 2")


def replaced(host: Host, admin: Browser) -> None:
    """Somebody else gets the key."""
    deleted(host, admin)
    with host.app.app_context():
        user = host.User(id=2, username="carol", email="c@x.test", first_name="Carol", last_name="Test")
        host.db.session.add(user)
        host.db.session.commit()


@pytest.mark.parametrize("gone", [demoted, deleted, deleted_beside_the_app, replaced])
def test_it_ends_where_what_it_stands_on_is_gone(gone: Any, host: Host) -> None:
    admin = previewing(host)
    assert admin.get("/beta").status_code == 200
    gone(host, admin)
    assert admin.get("/beta").status_code == 404
    assert "review" not in admin.get("/menu").text
    first, second = (admin.get("/profile/personal-information").text for _ in range(2))
    assert ENDED in first and "mp-preview" not in first, "which is said once"
    assert ENDED not in second
    assert kept(admin) is None
    assert admin.post("/profile/preferences", {"language": "de"}).status_code == 303


def test_it_ends_where_the_person_cannot_be_read_any_more(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    """A value of theirs that the host's model does not know breaks their pages, and none of the administrator's."""
    admin = previewing(host)

    def unknown(user: Any, context: Any) -> None:
        if user.username == "bob":
            raise LookupError("'retired' is not among the defined enum values")

    event.listen(host.User, "load", unknown)
    try:
        assert admin.get("/menu").status_code == 200
        assert admin.get("/beta").status_code == 404
        page = admin.get(FEATURES)
        assert page.status_code == 200 and ENDED in page.text
        assert kept(admin) is None
    finally:
        event.remove(host.User, "load", unknown)
    (said,) = (each for each in caplog.records if each.name == "flask_myprofile.auth.feature_preview")
    assert said.getMessage() == "The preview of user '2' ends: the user cannot be read"


def test_it_ends_after_an_hour(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    admin, began, passed = signed_in(host, "admin"), int(time.time()), [0]
    monkeypatch.setattr("flask_myprofile.account.clock.time", lambda: began + passed[0])
    until = previewing(host, browser=admin).json(f"{URL}?user=bob").json["preview"]["until"]
    assert until == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(began + LASTS))
    passed[0] = LASTS - 1
    assert admin.get("/beta").status_code == 200
    passed[0] = LASTS
    assert admin.get("/beta").status_code == 404
    passed[0] = 0
    assert admin.get("/beta").status_code == 404, "a clock that is put right brings none back"
    assert ENDED in admin.get("/profile/preferences").text


def test_a_clock_that_was_ahead_keeps_none_alive(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    admin, began, ahead = signed_in(host, "admin"), int(time.time()), [86_400]
    monkeypatch.setattr("flask_myprofile.account.clock.time", lambda: began + ahead[0])
    previewing(host, browser=admin)
    ahead[0] = 0
    assert admin.get("/beta").status_code == 404


@however_kept
def test_it_is_over_with_the_session_of_the_administrator(new_host: Callable[..., Host]) -> None:
    host = make(new_host)
    admin, elsewhere = previewing(host), signed_in(host, "admin")
    with host.app.app_context():
        current_profile.sessions.end_all(current_profile.users.find("admin"))
    assert not admin.is_in() and not elsewhere.is_in()
    admin.login("admin")
    assert admin.get("/beta").status_code == 404
    assert kept(admin) is None


def test_it_goes_nowhere_with_another_session(host: Host) -> None:
    """What the cookie says of it counts in the session that it was begun in alone."""
    admin, elsewhere = previewing(host), signed_in(host, "admin")
    with elsewhere.client.session_transaction() as session:
        session["_myprofile_preview"] = kept(admin)
    assert elsewhere.get("/beta").status_code == 404


@pytest.mark.parametrize("value", ["x", [], ["2"], ["2", "x", "y", "z"], {"a": 1}, 7, True])
def test_what_nobody_can_read_is_none(value: Any, host: Host) -> None:
    admin = signed_in(host, "admin")
    with admin.client.session_transaction() as session:
        session["_myprofile_preview"] = value
    assert admin.get("/beta").status_code == 404
    assert admin.get("/profile/preferences").status_code == 200


def test_a_restart_of_the_browser_ends_it(host: Host) -> None:
    admin = host.browser()
    admin.login("admin", remember=True)
    previewing(host, browser=admin)
    admin.restart()
    assert admin.is_in()
    assert admin.get("/beta").status_code == 404


# ---- whom it is no matter to, and what it costs


def test_an_api_token_knows_nothing_of_it(host: Host) -> None:
    admin = signed_in(host, "admin")
    token = admin.post_json("/profile/api-token/regenerate").json["token"]
    previewing(host, browser=admin)
    bearer = {"Authorization": f"Bearer {token}"}
    assert admin.get("/beta", headers=bearer).status_code == 404, "also beside the cookie"
    assert admin.client.post("/beta", headers=bearer).json == {"sessions": False, "previewed": None}
    assert kept(admin), "which stays as it is"
    assert admin.get("/beta").status_code == 200


def test_it_costs_one_statement_where_it_is_and_none_where_it_is_not(host: Host) -> None:
    admin = signed_in(host, "admin")

    def statements(url: str) -> int:
        admin.get(url)
        seen = host.count_statements()
        admin.get(url)
        return len(seen)

    urls = ("/beta", "/menu", "/profile/preferences", "/page", "/pub")
    before = {url: statements(url) for url in urls}
    previewing(host, browser=admin)
    meanwhile = {url: statements(url) for url in urls}
    more = {url: meanwhile[url] - before[url] for url in urls}
    assert more == {"/beta": 1, "/menu": 1, "/profile/preferences": 1, "/page": 0, "/pub": 0}


def test_rules_of_the_host_may_ask_for_features_themselves(new_host: Callable[..., Host]) -> None:
    asked: list[Any] = []

    def is_admin(user: Any) -> bool:
        asked.append((current_profile.features["sessions"], current_profile.features.previewed_user))
        return user.username == "admin"

    def load(db: Any, user_class: Any, login_id: str) -> Any:
        asked.append(current_profile.features.previewed_user)
        return db.session.get(user_class, int(login_id))

    host = make(new_host, load=load, myprofile_options={"admin": is_admin})
    admin = previewing(host)
    assert admin.get("/beta").json == {"sessions": True, "previewed": "bob"}
    assert admin.post("/beta").json == {"sessions": True, "previewed": "bob"}, "asked in the other order"
    assert asked


def test_outside_of_a_request_there_is_none(host: Host) -> None:
    with host.app.app_context():
        assert current_profile.features.previewed_user is None
    assert host.browser().get("/beta").status_code == 404


def test_where_the_database_is_down_nobody_is_told_features_of_anybody(host: Host) -> None:
    admin = previewing(host)
    host.sql("ALTER TABLE myprofile_feature RENAME TO gone")
    assert admin.get("/menu").status_code == 200, "it breaks no page"
    host.sql("ALTER TABLE gone RENAME TO myprofile_feature")
    assert admin.get("/beta").json["previewed"] == "bob"


def test_a_name_does_not_turn_the_sentence_that_refuses(host: Host) -> None:
    host.change("bob", first_name="\u202eBob", last_name="Test\u2067")
    admin = previewing(host)
    for answer in (admin.post("/profile/preferences", {"language": "de"}), admin.post_json("/profile/preferences", {})):
        assert answer.status_code == 403
        assert "features of Bob Test. End the preview" in answer.text
