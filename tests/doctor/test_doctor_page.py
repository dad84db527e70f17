"""The doctor's page: for administrators, and only where it is switched on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from example_app.extensions import db
from tests.doctor.mistakes import KEY, RIGHT
from tests.support.host import Host, signed_in
from tests.support.live import Person, example, serving

URL = "/profile/admin/doctor"
#: A browser of the tests speaks http.
HTTP = {**RIGHT, "SESSION_COOKIE_SECURE": False, "REMEMBER_COOKIE_SECURE": False}


def test_it_is_off_unless_it_is_switched_on(new_host: Callable[..., Host]) -> None:
    admin = signed_in(new_host(MYPROFILE_FEATURES={}), "admin")
    assert admin.get(URL).status_code == 404
    assert admin.json(URL).status_code == 404
    assert URL not in admin.get("/profile/admin/sessions").text
    assert admin.post_json("/profile/admin/features", {"doctor": True}).status_code == 200
    assert admin.get(URL).status_code == 200
    assert URL in admin.get("/profile/admin/sessions").text


def test_it_is_for_administrators_only(host: Host) -> None:
    assert signed_in(host, "alice").get(URL).status_code == 403
    assert host.browser().get(URL).status_code == 302


def test_it_shows_faults_first_and_says_what_to_change(new_host: Callable[..., Host]) -> None:
    page = signed_in(new_host(**{**HTTP, "SECRET_KEY": "not so long"}), "admin").get(URL).text
    assert "1 fault · 2 notes" in page
    assert page.index("SECRET_KEY has 11 bytes") < page.index("also sent over http") < page.index("user_class")
    assert "python -c &#34;import secrets" in page
    assert "not so long" not in page


def test_programs_get_what_the_command_prints(new_host: Callable[..., Host]) -> None:
    answer = signed_in(new_host(**HTTP), "admin").json(URL)
    assert (answer.json["faults"], answer.json["notes"]) == (0, 2)
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_proxy_that_the_app_does_not_know_of_is_seen(new_host: Callable[..., Host]) -> None:
    admin = signed_in(new_host(**HTTP), "admin")
    answer = admin.get(URL, headers={"X-Forwarded-For": "192.0.2.1", "Accept": "application/json"})
    (line,) = [each for each in answer.json["checks"] if each["check"] == "proxy"]
    assert line["level"] == "note"
    assert "X-Forwarded-For" in line["text"]


def test_it_does_whatever_users_may_see(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES={"doctor": True, "my_profile": False})
    assert signed_in(host, "admin").get(URL).status_code == 200


def test_one_connection_is_enough(new_host: Callable[..., Host]) -> None:
    options = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 2}
    host = new_host(**HTTP, SQLALCHEMY_ENGINE_OPTIONS=options)
    answer = signed_in(host, "admin").json(URL)
    assert answer.json["faults"] == 0, answer.json


def test_the_providers_of_the_app_are_asked(tmp_path: Path) -> None:
    features = {"MYPROFILE_FEATURES": {"doctor": True}}
    with example(tmp_path, SECRET_KEY=KEY, **features) as app, serving(app) as site, Person(site) as maya:
        with Person(site) as alex:
            alex.sign_in_by_sso()
        maya.sign_in("maya")
        said = maya.get(URL, headers={"Accept": "application/json"}).json()
        lines = [line for line in said["checks"] if line["check"] == "sso_clients"]
        assert [line["level"] for line in lines] == ["ok", "ok"]
        assert lines[0]["text"] == (
            f"Demo SSO is {site}/demo-idp."
            f" Its back-channel logout goes to {site}/profile/sso/Demo%20SSO/backchannel-logout."
        )
        assert lines[1]["text"].endswith(f"with the redirect_uri {site}/sso/callback.")
        with app.app_context():
            rows = db.metadata.tables["myprofile_session"]
            db.session.execute(db.update(rows).values(callback="http://ada:pw@acme.example/sso/callback?key=1"))
            db.session.commit()
        page = maya.get(URL).text
        assert "redirect_uri http://acme.example/sso/callback, which is not https" in page
        assert "ada:pw" not in page
