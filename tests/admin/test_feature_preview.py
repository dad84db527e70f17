"""What one user has of the features, and why, as an administrator sees it: nothing of theirs is shown."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.host import Host, signed_in
from tests.support.kept import everywhere
from tests.support.walks import everything

URL, FEATURES = "/profile/admin/features/preview", "/profile/admin/features"


@pytest.fixture
def host(new_host: Callable[..., Host]) -> Host:
    return new_host(MYPROFILE_ROLES=lambda user: ["beta"] * (user.username == "bob"))


@everywhere
def test_it_says_what_somebody_has_and_why_not(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_ROLES=lambda user: ["beta"] * (user.username == "bob"))
    admin = signed_in(host, "admin")
    admin.post_json(FEATURES, {"sessions": {"on": True, "for": {"roles": ["beta"]}}, "password": False})
    alice, bob = (admin.json(f"{URL}?user={key}").json for key in ("alice", "bob"))
    assert alice["user"] == {"key": "1", "name": "Alice Test"}
    assert alice["features"]["sessions"] == {"on": False, "decided_by": "sessions", "reason": "roles"}
    assert alice["features"]["sessions.rename"] == {"on": False, "decided_by": "sessions", "reason": "roles"}
    assert bob["features"]["sessions"] == bob["features"]["sessions.rename"] == {"on": True}
    assert bob["features"]["password"] == {"on": False, "decided_by": "password", "reason": "off"}
    page = admin.get(f"{URL}?user=alice").text
    assert "On for: With the role beta. This user has none of these roles." in page
    assert "Sessions: On for: With the role beta." in page, "of a part that its tab keeps from her"


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_it_says_what_that_user_finds(name: str, host: Host) -> None:
    admin, theirs = signed_in(host, "admin"), signed_in(host, name)
    admin.post_json(
        FEATURES, {"sessions": {"on": True, "for": {"roles": ["beta"]}}, "activity": {"on": True, "for": {"share": 50}}}
    )
    found = admin.json(f"{URL}?user={name}").json["features"]
    for tab in ("personal_information", "preferences", "password", "api_token", "sessions", "activity"):
        status = theirs.get("/profile/" + tab.replace("_", "-")).status_code
        assert found[tab]["on"] is (status == 200), tab


def test_looking_writes_nothing(host: Host) -> None:
    """Only the preview, which begins by a POST, is in anybody's activity: see test_feature_preview_mode.py."""
    admin = signed_in(host, "admin")
    before = everything(host)
    assert admin.get(f"{URL}?user=alice").status_code == admin.json(f"{URL}?user=alice").status_code == 200
    assert everything(host) == before


def test_no_code_of_a_tab_is_asked_about_somebody_else(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    for tab in host.app.extensions["myprofile"].tabs.values():
        for name in ("is_offered", "values", "context"):
            monkeypatch.setattr(type(tab), name, lambda *args: pytest.fail("asked"), raising=False)
    admin = signed_in(host, "admin")
    page = admin.json(f"{URL}?user=alice")
    assert page.status_code == 200


def test_it_is_for_administrators(host: Host) -> None:
    alice = signed_in(host, "alice")
    assert {alice.get(f"{URL}?user=bob").status_code, alice.json(f"{URL}?user=bob").status_code} == {403}
    assert host.browser().get(f"{URL}?user=bob").status_code == 302


@pytest.mark.parametrize("typed", ["nobody", "99", "%00", "x" * 500])
def test_nobody_is_404(typed: str, host: Host) -> None:
    admin = signed_in(host, "admin")
    assert admin.get(f"{URL}?user={typed}").status_code == 404
    assert admin.json(f"{URL}?user={typed}").json["code"] == "no_such_user"
    assert admin.get(URL).status_code == 302


def test_a_user_page_leads_there_and_the_features_are_read_once(host: Host) -> None:
    admin = signed_in(host, "admin")
    assert f'href="{URL}?user=1"' in admin.get("/profile/admin/sessions?user=alice").text
    statements = host.count_statements()
    admin.json(f"{URL}?user=alice")
    assert len([each for each in statements if "FROM myprofile_feature" in each]) == 1
