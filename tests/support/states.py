"""Every page of ours in every state that has words of its own: for tests of what is said, and in which language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.support.host import NEW_PASSWORD, PASSWORD, Browser, Host
from tests.support.walks import PAGES as ALL_PAGES
from tests.support.walks import busy

#: URLs that are no pages, or that ask for what only an identity provider has.
_NO_PAGES = {"/profile/notes", "/profile/notes/wipe", "/profile/sso/confirmed"}
PAGES = [url for url in ALL_PAGES if url not in _NO_PAGES]
#: Forms with everything wrong.
REFUSED = {
    "/profile/personal-information": {"first_name": "", "last_name": "x" * 999, "phone": "\u200b"},
    "/profile/preferences": {"language": "tlh"},
    "/profile/password": {"current_password": "wrong", "new_password": "password", "confirm_password": "other"},
    "/profile/sessions/sign-out": {"id": "nothing"},
    "/profile/sessions/rename": {"id": "nothing", "name": ""},
    "/profile/api-token/regenerate": {"version": "nothing"},
    "/profile/api-token/revoke": {"version": "nothing"},
    "/profile/admin/sessions/sign-out": {"user": "bob", "id": "nothing"},
    "/profile/admin/features": {"revision": "nothing", "preferences": "perhaps"},
}
SAVED = {
    "/profile/personal-information": {"first_name": "Ada", "last_name": "Admin", "phone": "1"},
    "/profile/api-token/regenerate": {"version": ""},
    "/profile/api-token/reveal": {},
    "/profile/sessions/sign-out-others": {},
    "/profile/password": {
        "current_password": PASSWORD,
        "new_password": NEW_PASSWORD,
        "confirm_password": NEW_PASSWORD,
        "sign_out_others": "y",
    },
    "/profile/admin/features": {"preferences": "on", "api_token": "on", "sessions": "on"},
    "/profile/api-token/revoke": {},
}


def somebody_busy(host: Host, language: str) -> Browser:
    """An administrator who reads this language, with other sessions and an API token; and bob."""
    admin = busy(host)
    host.browser().login("bob")
    assert admin.post_json("/profile/preferences", {"language": language}).status_code == 200
    return admin


def pages(admin: Browser) -> Iterator[tuple[str, Any]]:
    """(what, answer) of every page as it is."""
    for url in PAGES:
        yield url, admin.get(url, follow_redirects=True)
    for user in ("bob", "nobody"):
        yield f"sessions of {user}", admin.get(f"/profile/admin/sessions?user={user}")
    for question in ("sign-out-all", "end-everything", "forget"):
        yield f"{question} of bob", admin.get(f"/profile/admin/sessions/{question}?user=bob")
    yield "somebody's token", admin.get("/profile/admin/sessions/revoke-token?user=admin")
    for text in ("a", "nobody at all"):
        yield f"looking for {text}", admin.get(f"/profile/admin/sessions?find={text}")


def answers(host: Host, admin: Browser) -> Iterator[tuple[str, Any]]:
    """(what, answer) of forms that are refused, of forms that are saved, and of what is closed to somebody."""
    for url, sent in REFUSED.items():
        yield f"{url} refused", admin.post(url, sent)
        yield f"{url} refused to a program", admin.post_json(url, sent)
    for url, sent in SAVED.items():
        yield f"{url} saved", admin.post(url, sent, follow_redirects=True)
    yield "a form that is too old", admin.client.post("/profile/preferences", data={"csrf_token": "old"})
    host.sql("UPDATE myprofile_session SET method = 'sso'")
    yield "who is there, of single sign-on", admin.get("/profile/confirm")
    yield "a password of single sign-on", admin.get("/profile/password")
    yield "a password of single sign-on, changed", admin.post("/profile/password", SAVED["/profile/password"])
