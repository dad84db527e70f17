"""The pages of the extension, as an administrator gets them."""

from __future__ import annotations

from typing import Any

from tests.support.host import Browser

PAGES = [
    "/profile/personal-information",
    "/profile/preferences",
    "/profile/password",
    "/profile/api-token",
    "/profile/sessions",
    "/profile/admin/features",
    "/profile/admin/sessions?user=admin",
    "/profile/admin/sessions/activity?user=admin",
]
CONFIRMATIONS = [
    "/profile/api-token/regenerate",
    "/profile/api-token/revoke",
    "/profile/sessions/sign-out-others",
    "/profile/admin/sessions/sign-out-all?user=admin",
    "/profile/admin/sessions/revoke-token?user=admin",
    "/profile/admin/sessions/end-everything?user=admin",
    "/profile/admin/sessions/forget?user=admin",
]
#: Something wrong for each form of the first three.
WRONG = {"first_name": "", "last_name": "x" * 99, "language": "tlh", "current_password": "", "new_password": "a"}


def every_page(admin: Browser) -> dict[str, Any]:
    """The answer to each, with and without a token, where something is wrong, and where something was done."""
    answers = {path: admin.get(path) for path in PAGES}
    answers |= {f"{path} corrected": admin.post(path, WRONG) for path in PAGES[:3]}
    answers["token"] = admin.post("/profile/api-token/regenerate")
    answers["api-token again"] = admin.get("/profile/api-token")
    answers |= {path: admin.get(path) for path in CONFIRMATIONS}
    answers["who is there"] = admin.get("/profile/confirm")
    answers["who is there corrected"] = admin.post("/profile/confirm", {"current_password": ""})
    session = {"id": admin.session_id(), "name": "x" * 999}
    answers["session's name corrected"] = admin.post("/profile/sessions/rename", session)
    admin.post("/profile/personal-information", {"first_name": "A", "last_name": "B"})
    answers["saved"] = admin.get("/profile/personal-information")
    return answers
