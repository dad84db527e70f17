"""The recipes of docs/sso.md for LDAP and SAML, as they stand there, with a directory and a provider of Debian's.

They are tried with MYPROFILE_TEST_PROVIDERS=1 alone (``conftest.py``): these take longer to install than a test run
should.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import redirect, request, session
from playwright.sync_api import Browser, Page

from tests.providers import debian
from tests.support.host import Host
from tests.support.live import serving

LOCKED = "Your account uses Single Sign On (SSO). Password is managed by your organization."
DOCS = Path(__file__).parents[2] / "docs/sso.md"
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ldap3"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:onelogin"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:pyasn1"),
]
NewHost = Callable[..., Host]
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"


def recipe(name: str) -> Any:
    """The function of this name, from the documentation."""
    (code,) = (block for block in re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.S) if f"def {name}(" in block)
    made: dict[str, Any] = {}
    exec(code, made)
    return made[name]


# ---- LDAP


@pytest.fixture
def at_directory(new_host: NewHost, tmp_path: Path) -> Iterator[Host]:
    """An app whose users are those of a directory: /ldap signs them in."""
    debian.libraries()
    ldap3 = pytest.importorskip("ldap3")
    with debian.directory(tmp_path) as port:
        server = ldap3.Server("127.0.0.1", port)

        @contextmanager
        def asking(*who: str) -> Iterator[Any]:
            connection = ldap3.Connection(server, *who)
            try:
                yield connection
            finally:
                connection.unbind()

        def bind(dn: str, password: str) -> bool:
            with asking(dn, password) as connection:
                return bool(connection.bind())

        def views(host: Host) -> None:
            people: dict[str, int] = {}
            sign_in_by_ldap = recipe("sign_in_by_ldap")

            def find_user(uuid: str) -> Any:
                return host.db.session.get(host.User, people.setdefault(uuid, len(people) + 1))

            @host.app.post("/ldap")
            def ldap() -> Any:
                typed = (request.form["name"], request.form["password"])
                with asking() as connection:
                    connection.bind()
                    return {"user": getattr(sign_in_by_ldap(connection, bind, find_user, *typed), "id", None)}

        yield new_host(after=views, csrf=False)


@pytest.mark.skipif(not debian.SLAPD.exists(), reason="slapd is not installed")
def test_whoever_signs_in_by_ldap_is_one_person_however_the_name_is_typed(at_directory: Host) -> None:
    browser = at_directory.browser()

    def typed(name: str, password: str = "the password of alice") -> int | None:
        found: int | None = browser.post("/ldap", data={"name": name, "password": password}).json["user"]
        return found

    assert [typed(name) for name in ("alice", "ALICE", " alice ")] == [1, 1, 1]
    assert LOCKED in browser.get("/profile/password").text
    (subject,) = {row.subject for row in at_directory.rows.all()}
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", subject or ""), "the entry's UUID"
    nobody = [typed("alice", "another"), typed("alice", ""), typed("a*"), typed("alice)(uid=*")]
    assert nobody == [None] * 4
    assert typed("bob", "the password of bob") == 2


# ---- SAML


@pytest.fixture
def saml(tmp_path: Path) -> Iterator[debian.Saml]:
    debian.libraries()
    pytest.importorskip("onelogin.saml2")
    with debian.saml_provider(tmp_path) as provider:
        yield provider


def views(host: Host, provider: debian.Saml, address: list[str]) -> None:
    from onelogin.saml2.auth import OneLogin_Saml2_Auth

    def toolkit() -> Any:
        asked = {"http_host": request.host, "script_name": request.path, "https": "off"}
        idp = {
            "entityId": f"{provider.address}/idp",
            "singleSignOnService": {"url": f"{provider.address}/saml2/idp/SSOService.php"},
            "x509cert": provider.certificate,
        }
        sp = {"entityId": address[0], "assertionConsumerService": {"url": f"{address[0]}/saml/acs"}}
        settings = {"strict": True, "sp": {**sp, "NameIDFormat": PERSISTENT}, "idp": idp}
        settings["security"] = {"requestedAuthnContext": False}
        return OneLogin_Saml2_Auth({**asked, "get_data": request.args, "post_data": request.form}, settings)

    def check_answer() -> Any:
        auth = toolkit()
        auth.process_response()
        assert auth.is_authenticated(), auth.get_last_error_reason()
        said = {"name_id": auth.get_nameid(), "session_index": auth.get_session_index()}
        return SimpleNamespace(**said, in_response_to=auth.get_last_response_in_response_to())

    @host.app.get("/saml/sign-in")
    def saml_sign_in() -> Any:
        auth = toolkit()
        target = auth.login(force_authn=True)
        session["saml_request"] = auth.get_last_request_id()
        return redirect(target)

    people: dict[str, int] = {}

    def find_user(name: str) -> Any:
        return host.db.session.get(host.User, people.setdefault(name, len(people) + 1))

    for endpoint in ("index", "login"):
        if endpoint not in host.app.view_functions:
            host.app.add_url_rule(f"/{endpoint}-of-saml", endpoint, lambda: redirect("/page"))
    recipe("add_saml_views")(host.app, check_answer, find_user)


def sign_in(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}/saml/sign-in")
    page.locator("#username").fill(name)
    page.locator("#password").fill("any")
    page.locator("#password").press("Enter")
    page.wait_for_url(f"{address}/page")


@pytest.mark.skipif(not debian.SIMPLESAML.exists(), reason="simplesamlphp is not installed")
def test_a_browser_that_signs_in_by_saml_again_has_one_session_of_one_person(
    new_host: NewHost, saml: debian.Saml, chromium: Browser
) -> None:
    """The answer is a form of another site, with which a real browser sends no cookie of the app's."""
    address: list[str] = []
    host = new_host(after=lambda host: views(host, saml, address), csrf=False, SESSION_COOKIE_SAMESITE="Lax")
    with serving(host.app) as app, chromium.new_context() as context:
        address.append(app)
        saml.register(app)
        page = context.new_page()
        for _ in range(2):
            sign_in(page, app, "alice")
            (row,) = [row for row in host.rows.all() if row.ended_at is None]
            assert (row.provider, row.issuer, row.user_key) == ("Example Login", "https://id.example", "1")
        assert len(host.sql("SELECT subject FROM myprofile_identity")) == 1, "the name is the same each time"
        page.goto(f"{app}/profile/password")
        assert LOCKED in page.content()
