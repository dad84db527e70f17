"""Features taken out of one app as a file, and put into another: by page, JSON and command line, all or none."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.support.host import Browser, Host, signed_in
from tests.tabs.test_api_token import made

FEATURES, EXPORT, IMPORT = (f"/profile/admin/features{each}" for each in ("", "/export", "/import"))
SHARE = {"on": True, "for": {"share": 10}}


def written(**features: Any) -> str:
    return json.dumps({"flask_myprofile_features": 1, "features": features})


def hidden(page: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)}


def states(admin: Browser) -> dict[str, Any]:
    return {name: each["on"] for name, each in admin.json(FEATURES).json["features"].items()}


def test_what_one_app_exports_another_imports(new_host: Callable[..., Host]) -> None:
    here = signed_in(new_host(MYPROFILE_FEATURES_PINNED={"sessions.sign_out": True}), "admin")
    here.post_json(FEATURES, {"sessions": SHARE, "password": False})
    answer = here.get(EXPORT)
    assert answer.mimetype == "application/json" and "attachment" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["features"]["sessions"] == SHARE and "sessions.sign_out" not in answer.json["features"]
    there = signed_in(new_host(anew=True), "admin")
    assert there.post_json(IMPORT, answer.json).status_code == 200
    assert there.get(EXPORT).json["features"].items() >= answer.json["features"].items()


@pytest.mark.parametrize("as_file", [True, False])
def test_a_person_sees_what_would_change_before_it_is_saved(as_file: bool, host: Host) -> None:
    admin, text = signed_in(host, "admin"), written(sessions=SHARE, password=False)
    sent: dict[str, Any] = {"file": (BytesIO(text.encode()), "features.json")} if as_file else {"document": text}
    asked = admin.post(IMPORT, sent, content_type="multipart/form-data")
    assert asked.status_code == 422 and "Sessions: On → On for: 10 % of people" in asked.text
    assert states(admin)["password"] is True, "nothing is saved yet"
    back = admin.post(IMPORT, {**hidden(asked.text), "_back": "1"})
    assert back.status_code == 200 and "flask_myprofile_features" in back.text
    assert admin.post(IMPORT, hidden(asked.text)).status_code == 303
    assert admin.json(FEATURES).json["features"]["sessions"]["for"] == {"share": 10}
    assert states(admin)["password"] is False


def test_what_stops_tokens_is_said_before_it_is_imported(host: Host) -> None:
    admin = signed_in(host, "admin")
    made(signed_in(host, "alice"))
    asked = admin.post(IMPORT, {"document": written(api_token=False)})
    assert asked.status_code == 422 and "API Token: On → Off" in asked.text
    assert asked.text.count("<p>API Token: ") == 2, "what comes of it, and that"


def test_a_file_that_changes_nothing_is_no_problem(host: Host) -> None:
    admin = signed_in(host, "admin")
    page = admin.post(IMPORT, {"document": admin.get(EXPORT).text})
    assert page.status_code == 200 and "Nothing was changed: the features are like that already." in page.text
    assert "There is a problem" not in page.text and "mp-note--info" in page.text


def test_what_somebody_saved_meanwhile_is_not_overwritten(host: Host) -> None:
    admin = signed_in(host, "admin")
    asked = admin.post(IMPORT, {"document": written(sessions=SHARE)})
    signed_in(host, "admin").post_json(FEATURES, {"password": False})
    late = admin.post(IMPORT, hidden(asked.text))
    assert late.status_code == 409 and "flask_myprofile_features" in late.text
    assert states(admin)["sessions"] is True and "for" not in admin.json(FEATURES).json["features"]["sessions"]


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "null", "1", "[" * 5_000, '{"flask_myprofile_features": 1}', written()[:-1]),
        *('{"flask_myprofile_features": 2, "features": {}}', '{"features": {}}'),
        *(
            written(no_such=True, sessions=False),
            written(sessions="on"),
            written(sessions={"on": True, "for": {"x": 1}}),
        ),
        written(sessions={"on": True, "for": {"roles": ["beta"]}}),
    ],
    ids=lambda text: text[:20],
)
def test_what_is_no_export_is_refused_and_nothing_is_saved(text: str, host: Host, tmp_path: Path) -> None:
    admin, file = signed_in(host, "admin"), tmp_path / "features.json"
    assert admin.post(IMPORT, {"document": text}).status_code == 422
    file.write_text(text)
    result = host.app.test_cli_runner().invoke(args=["myprofile", "features", "import", str(file), "--yes"])
    assert result.exit_code == 1 and "Traceback" not in result.output
    if text.startswith("{") and text.endswith("}}"):
        assert admin.post_json(IMPORT, json.loads(text)).status_code == 422
    assert host.sql("SELECT * FROM myprofile_feature") == []


@pytest.mark.parametrize(
    "features",
    [
        {"\ud800": True},
        {"sessions": {"on": True, "\ud800": 1}},
        {"sessions": {"on": True, "for": {"\ud800": 1}}},
        {"sessions": {"on": True, "for": {"roles": ["\ud800"]}}},
        {"sessions": {"on": True, "for": {"roles": ["beta\nstaff"]}}},
        {"sessions": {"on": True, "for": {"roles": ["a\x00b"]}}},
    ],
    ids=ascii,
)
def test_characters_that_no_page_and_no_line_of_a_form_has_are_refused_by_every_door(
    features: dict[str, Any], new_host: Callable[..., Host]
) -> None:
    host = new_host(MYPROFILE_ROLES=lambda user: ["beta"])
    admin, text = signed_in(host, "admin"), written(**features)
    assert admin.post(IMPORT, {"document": text}).status_code == 422
    assert admin.post(IMPORT, {"document": text, "_confirmed": "1"}).status_code == 422
    assert admin.post_json(IMPORT, json.loads(text)).status_code == 422
    assert admin.post_json(FEATURES, features).status_code in (400, 422)
    assert host.sql("SELECT * FROM myprofile_feature") == []


def test_a_file_that_is_no_text_is_refused(host: Host) -> None:
    sent = {"file": (BytesIO(b"\xff\xfe\x00"), "features.json")}
    assert signed_in(host, "admin").post(IMPORT, sent, content_type="multipart/form-data").status_code == 422


def test_a_pinned_feature_is_refused_unless_it_is_the_same(new_host: Callable[..., Host]) -> None:
    admin = signed_in(new_host(MYPROFILE_FEATURES_PINNED={"sessions": True}), "admin")
    same, other = (json.loads(written(sessions=on, password=False)) for on in (True, False))
    assert admin.post_json(IMPORT, other).json["code"] == "feature_locked"
    assert admin.post_json(IMPORT, same).json["changes"] == {"password": False}


def test_who_is_no_administrator_neither_exports_nor_imports(host: Host) -> None:
    alice, admin = signed_in(host, "alice"), signed_in(host, "admin")
    codes = {
        alice.get(EXPORT).status_code,
        alice.get(IMPORT).status_code,
        alice.post(IMPORT, {"document": written()}).status_code,
    }
    assert codes == {403}
    assert admin.client.post(IMPORT, data={"document": written(sessions=False)}).status_code == 400
    assert states(admin)["sessions"] is True


def test_the_command_line_does_the_same(host: Host, tmp_path: Path) -> None:
    admin, file = signed_in(host, "admin"), tmp_path / "features.json"
    admin.post_json(FEATURES, {"sessions": SHARE})

    def run(*args: str) -> Any:
        return host.app.test_cli_runner().invoke(args=["myprofile", "features", *args])

    file.write_text(run("export").output)
    assert json.loads(file.read_text()) == admin.get(EXPORT).json
    run("set", "sessions", "on", "--everyone")
    assert run("import", str(file)).output == "sessions: on -> on (share 10)\n"
    assert run("import", str(file)).output == "Nothing was changed.\n"
