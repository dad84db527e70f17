"""The OpenAPI document: valid, complete, and of nothing that its reader does not have."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_wtf import FlaskForm
from openapi_spec_validator import validate
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    FileField,
    IntegerField,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import InputRequired, Length, NumberRange

import flask_myprofile
from flask_myprofile import Done, Tab, action
from flask_myprofile.globals import OWN_BLUEPRINTS
from flask_myprofile.openapi import problems
from flask_myprofile.openapi.operation import is_described
from tests.openapi.walker import KINDS, document_of, walked
from tests.support.host import JSON, Host
from tests.support.walks import walked_host

URL = "/profile/openapi.json"
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with walked(tmp_path_factory.mktemp("example")) as made:
        yield made


def served(host: Host, username: str) -> dict[str, Any]:
    """What they get."""
    browser = host.browser()
    browser.login(username)
    answer = browser.get(URL)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json
    return found


def body_of(document: dict[str, Any], path: str, kind: str = "application/json") -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][path]["post"]["requestBody"]["content"][kind]["schema"]
    return found


# ---- the whole


@pytest.mark.parametrize("name", [None, *sorted({name for name in KINDS.values() if name})])
def test_it_is_valid_openapi_for_everybody(name: str | None, app: Flask) -> None:
    validate(document_of(app, name))


def test_every_page_and_action_of_the_app_is_in_the_whole(app: Flask) -> None:
    found = document_of(app)["paths"]
    said = {(path, method.upper()) for path, item in found.items() for method in item}
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.partition(".")[0] in OWN_BLUEPRINTS]
    there = {
        (re.sub(r"<(?:[^<>:]+:)?([^<>]+)>", r"{\1}", rule.rule), method)
        for rule in rules
        for method in (rule.methods or set()) & {"GET", "POST"}
        if not rule.endpoint.endswith(".static")
    }
    tabs = app.extensions["myprofile"].tabs.values()
    read_only = {f"/profile/{tab.slug}" for tab in tabs if "save" not in tab.actions}
    assert said == there - {(path, "POST") for path in read_only}


def test_every_view_of_ours_says_what_it_takes_and_answers(app: Flask) -> None:
    tabs = app.extensions["myprofile"].tabs.values()
    of_tabs = {f"myprofile.{tab.name}" for tab in tabs}
    of_tabs |= {f"myprofile.{tab.name}_{each}" for tab in tabs for each in tab.actions}
    ours = {name: view for name, view in app.view_functions.items() if name.partition(".")[0] in OWN_BLUEPRINTS}
    silent = [name for name, view in ours.items() if not (name in of_tabs or is_described(view))]
    assert silent == ["myprofile.static"]


def test_each_operation_has_a_name_of_its_own_and_a_tag_that_is_explained(app: Flask) -> None:
    document = document_of(app)
    found = [operation for item in document["paths"].values() for operation in item.values()]
    names = [operation["operationId"] for operation in found]
    assert len(set(names)) == len(names) > 60
    assert {tag for operation in found for tag in operation["tags"]} == {tag["name"] for tag in document["tags"]}
    assert all(operation["summary"] for operation in found)


def test_what_changes_something_needs_the_session_and_its_csrf_token(app: Flask) -> None:
    document = document_of(app)
    assert document["paths"]["/profile/sessions"]["get"]["security"] == [{"session": []}]
    assert document["paths"]["/profile/sessions/sign-out"]["post"]["security"] == [{"session": [], "csrf": []}]
    schemes = document["components"]["securitySchemes"]
    assert schemes["session"] == {"type": "apiKey", "in": "cookie", "name": "acme_session"}
    assert (schemes["csrf"]["in"], schemes["csrf"]["name"]) == ("header", "X-CSRFToken")
    assert schemes["api_token"]["scheme"] == "bearer"


def test_every_code_of_the_package_is_in_it_and_in_the_documentation() -> None:
    known = {code for refusal in problems.REFUSALS.values() for code in refusal.codes}
    package = Path(flask_myprofile.__file__).parent
    written = {
        one or other
        for path in package.rglob("*.py")
        if path.parent.name not in ("openapi", "doctor")
        for one, other in re.findall(r'\bcode ?= ?"([a-z_]+)"|problem\(\d+, "([a-z_]+)"', path.read_text("utf-8"))
    }
    assert len(written) > 20
    assert written - known - {"refused"} == set()
    rows = re.findall(r"^\| [\d, ]+ \|.*\| ([^|]*) \|$", (ROOT / "docs/json.md").read_text("utf-8"), re.M)
    documented = {code for codes in rows for code in re.findall(r"`(\w+)`", codes)}
    assert len(documented) > 20
    assert documented - known == set()


# ---- whose it is


def test_it_is_off_until_it_is_asked_for(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES={})
    admin = host.browser()
    admin.login("admin")
    assert admin.json(URL).json["code"] == "feature_off"
    assert 'id="f-openapi"' in admin.get("/profile/admin/features").text
    assert admin.post_json("/profile/admin/features", {"openapi": True}).status_code == 200
    assert admin.get(URL).json["openapi"] == "3.1.0"


def test_visitors_and_api_tokens_get_none(host: Host) -> None:
    visitor, alice = host.browser(), host.browser()
    assert visitor.get(URL).location.startswith("/login?next=")
    assert visitor.json(URL).json["code"] == "login_required"
    alice.login("alice")
    token = alice.post_json("/profile/api-token/regenerate").json["token"]
    answer = visitor.get(URL, headers={"Authorization": f"Bearer {token}", **JSON})
    assert (answer.status_code, answer.json["code"]) == (403, "insufficient_scope")


def test_no_cache_keeps_it_and_its_etag_changes_with_it(host: Host) -> None:
    alice, admin = host.browser(), host.browser()
    alice.login("alice")
    admin.login("admin")
    first, again = alice.get(URL), alice.get(URL)
    assert first.headers["Cache-Control"] == "no-store"
    assert first.headers["ETag"] == again.headers["ETag"] != admin.get(URL).headers["ETag"]
    admin.post_json("/profile/admin/features", {"sessions.rename": False})
    assert alice.get(URL).headers["ETag"] != first.headers["ETag"]


def test_what_is_switched_off_is_in_nobodys_document(host: Host) -> None:
    admin = host.browser()
    admin.login("admin")
    before = served(host, "alice")
    off = {"preferences": False, "sessions.rename": False, "personal_information.phone": False, "doctor": False}
    admin.post_json("/profile/admin/features", off)
    for name in ("alice", "admin"):
        document = served(host, name)
        assert "preferences" not in {tag["name"] for tag in document["tags"]}
        gone = ("/profile/preferences", "/profile/sessions/rename", "/profile/admin/doctor")
        assert [path for path in gone if path in document["paths"]] == []
        assert "phone" not in body_of(document, "/profile/personal-information")["properties"]
        assert "/profile/sessions/sign-out" in document["paths"]
    assert "phone" in body_of(before, "/profile/personal-information")["properties"]
    assert "/profile/sessions/rename" in before["paths"]


def test_administrators_alone_are_told_of_their_pages(host: Host) -> None:
    assert "/profile/admin/sessions/forget" in served(host, "admin")["paths"]
    text = json.dumps(served(host, "alice"))
    assert "/admin/" not in text
    assert "/sso/" not in text


def test_who_signs_in_by_sso_is_told_of_no_password_to_save(app: Flask) -> None:
    assert set(document_of(app, "alex")["paths"]["/profile/password"]) == {"get"}
    assert set(document_of(app, "sam")["paths"]["/profile/password"]) == {"get", "post"}


def test_it_is_in_english_whatever_its_reader_reads(host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    before = alice.get(URL).data
    alice.post("/profile/preferences", {"language": "de"})
    assert "Passwort" in alice.get("/profile/password").text
    assert alice.get(URL).data == before


def test_it_needs_no_more_statements_than_a_page(host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    alice.get(URL)
    statements = host.count_statements()
    assert alice.get(URL).status_code == 200
    assert len(statements) <= 3, statements


# ---- tabs of the app


class FoodForm(FlaskForm):
    name = StringField("Name", [InputRequired(), Length(max=20)])
    amount = IntegerField("Amount", [NumberRange(1, 9)])
    price = DecimalField("Price")
    day = DateField("Day")
    warm = BooleanField("Warm", description="As it is eaten.")
    kind = SelectField("Kind", choices=["a", "b"])
    sides = SelectMultipleField("With", choices=["x", "y"])
    secret = PasswordField("Secret")
    picture = FileField("Picture")


class Kitchen(Tab):
    name = "kitchen"
    label = "Kitchen"
    summary = "What there is to eat."
    query = {"day": {"type": "string", "format": "date"}}

    def json_schema(self, user: Any) -> dict[str, Any]:
        return {"type": "object", "required": ["eaten"], "properties": {"eaten": {"type": "integer"}}}

    @action(FoodForm, answer={"type": "object", "required": ["number"]})
    def order(self, user: Any, form: FoodForm) -> Done:
        return Done(data={"number": 1})

    @action(lambda tab, user: user.of_another_kind, fresh=True)
    def eat(self, user: Any, form: Any) -> str:
        return "Eaten."


def kitchen(new_host: Callable[..., Host]) -> dict[str, Any]:
    document = served(new_host(myprofile_options={"tabs": [Kitchen]}), "alice")
    validate(document)
    return document


def test_a_tab_that_says_nothing_is_in_it_with_its_form_and_actions(new_host: Callable[..., Host]) -> None:
    document = served(walked_host(new_host), "alice")
    validate(document)
    page, wipe = document["paths"]["/profile/notes"], document["paths"]["/profile/notes/wipe"]
    assert page["get"]["responses"]["200"]["content"]["application/json"]["schema"] == {"type": "object"}
    assert body_of(document, "/profile/notes")["properties"]["text"] == {"title": "Text", "type": ["string", "null"]}
    assert wipe["get"]["summary"] == "Wipe your notes?"
    nothing = {"type": "object", "properties": {}, "additionalProperties": False}
    assert body_of(document, "/profile/notes/wipe") == nothing


def test_a_tab_may_say_what_it_answers_and_what_it_may_be_asked(new_host: Callable[..., Host]) -> None:
    document = kitchen(new_host)
    page = document["paths"]["/profile/kitchen"]["get"]
    assert page["parameters"] == [{"name": "day", "in": "query", "schema": Kitchen.query["day"]}]
    assert page["responses"]["200"]["content"]["application/json"]["schema"]["required"] == ["eaten"]
    order = document["paths"]["/profile/kitchen/order"]["post"]
    assert order["responses"]["200"]["content"]["application/json"]["schema"]["required"] == ["number"]
    assert {"name": "kitchen", "description": "Kitchen. What there is to eat."} in document["tags"]


def test_a_form_is_described_as_json_has_it_and_as_a_browser_sends_it(new_host: Callable[..., Host]) -> None:
    document = kitchen(new_host)
    found = body_of(document, "/profile/kitchen/order")
    assert found["required"] == ["name"]
    assert found["additionalProperties"] is False
    fields = found["properties"]
    assert fields["name"] == {"type": ["string", "null"], "maxLength": 20, "title": "Name"}
    assert fields["amount"] == {"type": ["integer", "null"], "minimum": 1, "maximum": 9, "title": "Amount"}
    assert fields["price"]["type"] == ["number", "null"]
    assert fields["day"]["format"] == "date"
    assert fields["warm"] == {"type": "boolean", "title": "Warm", "description": "As it is eaten."}
    assert fields["kind"]["enum"] == ["a", "b", None]
    assert fields["sides"]["items"] == {"type": "string", "enum": ["x", "y"]}
    assert fields["secret"]["writeOnly"] is True
    assert "picture" not in fields
    sent = body_of(document, "/profile/kitchen/order", "multipart/form-data")["properties"]
    assert sent["picture"]["format"] == "binary"
    assert sent["warm"]["type"] == "string"
    assert sent["csrf_token"]["type"] == "string"


def test_a_form_that_the_code_of_a_tab_cannot_make_yet_is_an_object(new_host: Callable[..., Host]) -> None:
    document = kitchen(new_host)
    assert body_of(document, "/profile/kitchen/eat") == {"type": "object"}
    assert document["paths"]["/profile/kitchen/eat"]["post"]["description"] == "Needs a recent sign-in."


# ---- the command


def test_the_command_prints_all_of_it_whatever_is_switched_off(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES={"my_profile": False})
    printed = host.app.test_cli_runner().invoke(args=["myprofile", "openapi"])
    assert printed.exit_code == 0, printed.output
    document = json.loads(printed.output)
    validate(document)
    assert {URL, "/profile/api-token/regenerate", "/profile/admin/doctor"} <= set(document["paths"])
    assert "/profile/sso/{client}/backchannel-logout" in document["paths"]


def test_the_command_prints_what_a_user_is_served(host: Host) -> None:
    printed = host.app.test_cli_runner().invoke(args=["myprofile", "openapi", "--user", "alice"])
    assert json.loads(printed.output)["paths"] == served(host, "alice")["paths"]
    unknown = host.app.test_cli_runner().invoke(args=["myprofile", "openapi", "--user", "nobody"])
    assert unknown.exit_code == 1
