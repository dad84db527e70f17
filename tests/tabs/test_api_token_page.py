"""What the API Token tab shows that helps to use the token, and to have another one in time."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest

from tests.support.host import Host

TAB = "/profile/api-token"
DAY = 86_400


def example(new_host: Callable[..., Host], *rules: str) -> str:
    def add_views(host: Host) -> None:
        for rule in rules:
            host.app.add_url_rule(rule, rule.replace(".", ""), lambda **values: "", methods=["GET"])
        host.app.add_url_rule("/api/sent", view_func=lambda: "", endpoint="sent", methods=["POST"])

    alice = new_host(after=add_views).browser()
    alice.login("alice")
    alice.post_json(f"{TAB}/regenerate")
    found = unescape(alice.get(TAB).text).partition('$TOKEN" ')[2]
    return found.partition("<")[0]


@pytest.mark.parametrize("regenerate", [True, False])
def test_beside_a_token_that_is_shown_is_what_ends_it_as_on_its_tab(
    regenerate: bool, new_host: Callable[..., Host]
) -> None:
    host = new_host(MYPROFILE_FEATURES={"api_token": True})
    alice, admin = host.browser(), host.browser()
    alice.login("alice")
    admin.login("admin")
    made = alice.post(f"{TAB}/regenerate")
    if not regenerate:
        admin.post("/profile/admin/features", {"api_token.regenerate": "off"})
    pages = [alice.post(f"{TAB}/reveal").text, alice.get(TAB).text, *([made.text] if regenerate else [])]
    ends = ["regenerate", "revoke"] if regenerate else ["revoke"]
    assert [re.findall(rf'href="{TAB}/(\w+)"', page) for page in pages] == [ends] * len(pages)


@pytest.mark.parametrize(
    ("rules", "address"),
    [
        (["/api/orders", "/api/v1/me", "/api/docs"], "http://localhost/api/v1/me"),
        (["/api/orders", "/api/customers"], "http://localhost/api/orders"),
        (["/api", "/api/orders/<int:number>", "/reports"], "http://localhost/…"),
    ],
)
def test_the_example_calls_what_there_is(rules: list[str], address: str, new_host: Callable[..., Host]) -> None:
    assert example(new_host, *rules) == address


@pytest.mark.parametrize(("days", "said"), [(13, True), (15, False), (-1, False)])
def test_the_page_says_so_before_a_token_expires(days: int, said: bool, new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_API_TOKEN_LIFETIME=90 * DAY)
    alice = host.browser()
    alice.login("alice")
    alice.post_json(f"{TAB}/regenerate")
    assert "Expires on" not in alice.get(TAB).text
    host.sql("UPDATE myprofile_token SET expires_at = expires_at - :gone", gone=(90 - days) * DAY)
    page = alice.get(TAB).text
    assert ('mp-badge--warning">' in page) == ("Expires on" in page) == said
    assert ("This token has expired" in page) == (days < 0)


def test_the_form_for_a_token_begins_with_its_name(new_host: Callable[..., Host]) -> None:
    host = new_host(
        MYPROFILE_FEATURES={"api_token": True},
        MYPROFILE_API_TOKENS=3,
        MYPROFILE_API_SCOPES={"read": "Read"},
        MYPROFILE_API_TOKEN_NETWORKS=True,
    )
    alice = host.browser()
    alice.login("alice")
    form = alice.get("/profile/api-token").text.partition("/profile/api-token/create")[2]
    names = re.findall(r'<(?:input|select)[^>]* name="(\w+)"', form)
    shown = [name for name in dict.fromkeys(names) if name not in ("csrf_token", "list_version")]
    assert shown == ["name", "access", "scopes", "lifetime", "until", "networks"]
