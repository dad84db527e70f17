"""The documentation says what the code does."""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Callable, Iterator
from inspect import getdoc, signature
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import click
import pytest
from flask import Flask, url_for
from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from jinja2 import FileSystemLoader
from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

import flask_myprofile
from example_app.accounts import DEMO_ACCOUNTS
from flask_myprofile import DeleteMyAccount, DownloadMyData, Tab, cli, signals
from flask_myprofile.config import Config, settings
from flask_myprofile.pages.conventional_fields import CONVENTIONAL
from flask_myprofile.tabs import BUILT_IN
from tests.support.host import Host

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted(DOCS.rglob("*.md"))]
TEMPLATES = ROOT / "flask_myprofile" / "templates" / "myprofile"


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str) -> list[str]:
    """The Python examples of a page."""
    return re.findall(r"^```python\n(.*?)^```", page(name), re.M | re.S)


def cells(name: str) -> Iterator[list[str]]:
    """The rows of all tables of a page."""
    for line in page(name).splitlines():
        if line.startswith("|"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def anchors(path: Path) -> set[str]:
    """What a link may name of a page: its headings, as GitHub and MyST call them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], dict[str, Any]]]:
    """Run an example as a file of somebody's own, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    made: list[dict[str, Any]] = []

    def execute(code: str) -> dict[str, Any]:
        made.append({"__name__": "somebodys_app"})
        exec(compile(code, "example", "exec", dont_inherit=True), made[-1])
        return made[-1]

    yield execute
    for names in made:
        if "app" in names:
            close(names["app"], names["db"])


def close(app: Flask, db: SQLAlchemy) -> None:
    with app.app_context():
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()


# ---- what a reader copies


def test_the_readme_has_the_app_of_getting_started() -> None:
    """``tests/readme_runs.py`` runs it in an environment of its own."""
    assert blocks("README.md") == blocks("docs/getting-started.md")[:1]


def test_the_app_of_getting_started_runs(run: Callable[[str], dict[str, Any]]) -> None:
    app = run(blocks("docs/getting-started.md")[0])["app"]
    client = app.test_client()
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login").text)
    assert found
    sent = {"csrf_token": found[1], "username": "ada", "password": "ada-demo-password"}
    assert client.post("/login", data=sent).location == "/"
    assert "Feature Management" in client.get("/").text
    assert 'value="Ada"' in client.get("/profile/personal-information").text


def test_the_custom_tab_saves(new_host: Callable[..., Host]) -> None:
    names: dict[str, Any] = {}
    exec(blocks("docs/custom-tab.md")[0], names)

    def add_column(db: SQLAlchemy) -> type[Any]:
        class User(UserMixin, db.Model):  # type: ignore[name-defined,misc]
            id: Mapped[int] = mapped_column(primary_key=True)
            username: Mapped[str] = mapped_column(String(80))
            email: Mapped[str] = mapped_column(String(80))
            first_name: Mapped[str] = mapped_column(String(80))
            last_name: Mapped[str] = mapped_column(String(80))
            is_admin: Mapped[bool] = mapped_column()
            weekly_summary: Mapped[bool] = mapped_column(default=False)

            def set_password(self, text: str) -> None: ...

            def check_password(self, text: str) -> bool:
                return True

        return User

    host = new_host(myprofile_options={"tabs": [names["Notifications"]]}, model=add_column)
    alice = host.browser()
    alice.login("alice")
    assert "Send me a summary every Monday" in alice.get("/profile/notifications").text
    assert alice.post("/profile/notifications", {"weekly_summary": "y"}).status_code == 303
    assert host.user("alice").weekly_summary is True


def test_the_action_of_the_custom_tab_page_is_one() -> None:
    names: dict[str, Any] = {}
    exec(blocks("docs/custom-tab.md")[1], names)
    devices: type[Tab] = names["Devices"]
    assert devices.actions["forget_all"].slug == "forget-all"
    assert [part.name for part in devices().all_parts()] == ["forget_all"]


def test_a_template_of_the_host_changes_one_block(new_host: Callable[..., Host], tmp_path: Path) -> None:
    (template,) = re.findall(r"^```jinja\n(.*?)^```", page("docs/theming.md"), re.M | re.S)
    (tmp_path / "myprofile" / "tabs").mkdir(parents=True)
    (tmp_path / "myprofile" / "tabs" / "sessions.html").write_text(template, encoding="utf-8")

    def with_templates(host: Host) -> None:
        host.app.jinja_loader = FileSystemLoader(tmp_path)  # type: ignore[method-assign]

    alice = new_host(after=with_templates).browser()
    alice.login("alice")
    html = alice.get("/profile/sessions").text
    assert "Call the help desk." in html and "This device" in html


def test_the_examples_of_single_sign_on_run(host: Host) -> None:
    names: dict[str, Any] = {"app": host.app}
    for code in blocks("docs/sso.md"):
        exec(code, names)
    assert host.app.extensions["authlib.integrations.flask_client"].create_client("keycloak")
    with host.app.test_request_context("/page"):
        assert names["sign_in_first"]().status_code == 302
        assert names["sign_out"]().location == "/"
        assert names["ask_for_a_new_password"](host.user("alice"), [].append).startswith("If there is an account")
    Config.read({key: value for key, value in host.app.config.items() if key.startswith("MYPROFILE_")})
    sent = host.app.test_client().post("/profile/sso/keycloak/backchannel-logout")
    assert (sent.status_code, sent.json["error"]) == (400, "invalid_request"), "it needs no sign-in"


@pytest.mark.parametrize("below", ["", "/below"])
def test_the_address_to_register_at_the_provider_is_right_also_below_a_path(below: str, host: Host) -> None:
    (call,) = re.findall(r"`(url_for\(\"myprofile_sso.*?\))` makes it", page("docs/sso.md"))
    with host.app.test_request_context(base_url=f"https://app.example{below}"):
        address = eval(call, {"url_for": url_for})
    assert address == f"https://app.example{below}/profile/sso/keycloak/backchannel-logout"
    assert below or f"\n{address}\n" in page("docs/sso.md")


@pytest.mark.parametrize("number", [0, 2])
def test_the_examples_of_the_testing_page_pass(number: int, host: Host) -> None:
    names: dict[str, Any] = {}
    exec(blocks("docs/testing.md")[number], names)
    (check_example,) = [value for name, value in names.items() if name.startswith("test_")]
    check_example(host.app, host.user("alice"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_example_is_python_and_imports_what_exists(path: Path) -> None:
    for code in blocks(path.relative_to(ROOT).as_posix()):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("flask_myprofile"):
                source: dict[str, Any] = {}
                exec(f"from {node.module} import {', '.join(alias.name for alias in node.names)}", source)
            if isinstance(node, ast.Constant) and str(node.value).startswith("MYPROFILE_"):
                assert node.value in dict(settings())


#: Pages whose examples belong into an app. Those of the others are run by tests of their own.
IN_AN_APP = (
    "docs/features.md",
    "docs/many-machines.md",
    "docs/notices.md",
    "docs/openapi.md",
    "docs/recent-sign-in.md",
    "docs/rollout.md",
    "docs/security.md",
    "docs/tabs/activity.md",
    "docs/tabs/api_token.md",
    "docs/tabs/delete_my_account.md",
    "docs/tabs/download_my_data.md",
    "docs/tabs/password.md",
    "docs/tabs/personal_information.md",
    "docs/tabs/preferences.md",
    "docs/tabs/sessions.md",
    "docs/theming.md",
    "docs/tokens.md",
    "docs/users.md",
    "docs/verified-address.md",
)
BY_THEMSELVES = {
    *("README.md", "docs/api.md", "docs/custom-tab.md", "docs/getting-started.md", "docs/index.md", "docs/recipes.md"),
    *("docs/sso.md", "docs/testing.md", "docs/tutorial.md", "docs/your-host.md"),
}


def test_no_page_with_examples_is_left_out() -> None:
    with_examples = {name for path in PAGES if blocks(name := path.relative_to(ROOT).as_posix())}
    assert with_examples <= {*IN_AN_APP, *BY_THEMSELVES}


@pytest.mark.parametrize("name", IN_AN_APP)
def test_the_examples_of_a_page_run_in_an_app(name: str, new_host: Callable[..., Host]) -> None:
    host = new_host(anew=True)
    names: dict[str, Any] = {"__name__": "somebodys_app", "app": host.app, "db": host.db, "User": host.User}
    for code in blocks(name):
        with host.app.test_request_context():
            exec(compile(code, name, "exec", dont_inherit=True), names)
        Config.read({key: value for key, value in host.app.config.items() if key.startswith("MYPROFILE_")})


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_and_all_data_can_be_read(
    path: Path, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = path.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    scripts = "".join(re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S))
    for line, written in re.findall(r"^flask myprofile (.+?)(?: > (.+))?$", scripts, re.M):
        command, words, context = cli.group, shlex.split(line), None
        while isinstance(command, click.Group):
            name, *words = words
            found = command.get_command(click.Context(command), name)
            assert found, line
            command = found
        with command.make_context(name, words, parent=context):
            if written:
                Path(written).touch()  # the next command may read it
    for data in re.findall(r"^```json\n(.*?)^```", text, re.M | re.S):
        json.loads(data)
    for template in re.findall(r"^```(?:jinja|html)\n(.*?)^```", text, re.M | re.S):
        host.app.jinja_env.parse(template)


def test_every_extra_is_in_the_installation() -> None:
    table = page("pyproject.toml").partition("[project.optional-dependencies]\n")[2].partition("\n\n")[0]
    extras = re.findall(r"^(\w+) = ", table, re.M)
    assert {row[0].strip("`") for row in cells("docs/getting-started.md") if row[0].startswith("`")} == set(extras)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file(path: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", path.read_text(encoding="utf-8")):
        file = path.parent / target if target else path
        assert file.is_file(), target
        if anchor and not anchor.startswith("flask_myprofile."):
            assert anchor in anchors(file), f"{target}#{anchor}"
    for picture in re.findall(r'^<(?:img|source) .*?src(?:set)?="([^"]+)"', path.read_text(encoding="utf-8"), re.M):
        assert (path.parent / picture).is_file(), picture


# ---- what a reader looks up


def test_every_setting_is_documented_with_its_default_and_meaning() -> None:
    documented = {row[0]: row[2:] for row in cells("docs/configuration.md") if row[0].startswith("`MYPROFILE_")}
    expected = {}
    for key, stated in settings():
        expected[f"`{key}`"] = [f"`{stated.default!r}`", stated.doc]
    assert documented == expected


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_page_names_a_setting_that_does_not_exist(path: Path) -> None:
    known = {key for key, _ in settings()}
    assert set(re.findall(r"MYPROFILE_[A-Z][A-Z_]*[A-Z]", path.read_text(encoding="utf-8"))) <= known


def test_every_feature_is_documented_with_its_default(host: Host) -> None:
    documented = {row[0].strip("`"): row[2] for row in cells("docs/features.md") if row[0].startswith("`")}
    expected = {"my_profile": True, "doctor": False, "openapi": False}
    for tab in BUILT_IN:
        expected[tab.name] = tab.on_by_default
        if tab.open_parts:
            expected[f"{tab.name}.<field>"] = True
        else:
            expected |= {f"{tab.name}.{part.name}": part.default for part in tab().all_parts()}
    assert documented == {name: "on" if on else "off" for name, on in expected.items()}


@pytest.mark.parametrize("tab", (*BUILT_IN, DownloadMyData, DeleteMyAccount), ids=lambda tab: tab.name)
def test_every_tab_has_a_page_that_names_its_urls_and_features(tab: type[Tab]) -> None:
    text = page(f"docs/tabs/{tab.name}.md")
    assert text.startswith(f"# {tab.label}\n")
    assert f"`/profile/{tab().slug}`" in text
    for action in tab.actions.values():
        if action.name != "save":
            assert f"`POST /profile/{tab().slug}/{action.slug}`" in text
            assert f"`POST /profile/{tab().slug}/{action.slug}`" in page("docs/json.md")
    if not tab.open_parts:
        for part in tab().all_parts():
            assert f"`{tab.name}.{part.name}`" in text


def test_the_conventional_fields_are_documented_in_their_order() -> None:
    text = page("docs/tabs/personal_information.md")
    assert ", ".join(f"`{name}`" for name in CONVENTIONAL) in text


def test_every_public_name_is_documented() -> None:
    text = page("docs/api.md")
    tree = ast.parse(page("flask_myprofile/__init__.py"))
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))  # also what is loaded later
    public = {alias.asname for node in imports for alias in node.names} - {"annotations", None}
    assert public == set(re.findall(r"^\.\. (?:auto|py:)\w+:: flask_myprofile\.(\w+)$", text, re.M)) - {"testing"}
    assert {name for name in public if not hasattr(flask_myprofile, str(name))} == set()


def reference() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every function and method that the reference takes from the code."""
    text = page("docs/api.md")
    for name, members in re.findall(
        r"^\.\. auto(?:class|function|exception):: ([\w.]+).*\n(?:   :members: (.+))?", text, re.M
    ):
        found = resolve_name(name)
        if isinstance(found, type):
            yield from (
                (f"{name}.{member}", vars(found).get(member, getattr(found, member, None)))
                for member in members.split(", ")
                if member
            )
        else:
            yield name, found
    yield from ((name, resolve_name(name)) for name in re.findall(r"automethod:: ([\w.]+)", text))


@pytest.mark.parametrize(("name", "function"), [each for each in reference() if callable(each[1])])
def test_the_reference_says_what_goes_in_and_what_comes_out(name: str, function: Callable[..., Any]) -> None:
    text, taken = getdoc(function) or "", signature(function)
    parameters = [each for each in taken.parameters if each not in ("self", "args", "kwargs")]
    assert [each for each in parameters if f":param {each}:" not in text] == []
    assert taken.return_annotation in ("None", None) or ":returns:" in text, name


def test_every_endpoint_is_documented(host: Host) -> None:
    documented = {
        row[0].strip("`"): row[2] for row in cells("docs/api.md") if row[0].startswith("`myprofile") and "." in row[0]
    }
    expected = {
        rule.endpoint: ", ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        for rule in host.app.url_map.iter_rules()
        if rule.endpoint.startswith("myprofile")
    }
    assert documented == expected


def test_every_table_is_documented(host: Host) -> None:
    documented = set(re.findall(r"^\| `(myprofile_\w+)`", page("docs/api.md").partition("\n## Tables\n")[2], re.M))
    assert documented == {name for name, table in host.db.metadata.tables.items() if table.info.get("flask_myprofile")}


def test_every_signal_is_documented() -> None:
    documented = {row[0].strip("`") for row in cells("docs/tabs/sessions.md") if re.fullmatch(r"`\w+_\w+`", row[0])}
    there = {name for name, value in vars(signals).items() if type(value).__name__ == "NamedSignal"}
    assert documented == there
    assert set(re.findall(r"autodata:: flask_myprofile\.signals\.(\w+)", page("docs/api.md"))) == there


def test_every_command_and_each_of_its_options_is_documented() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in PAGES)

    def missing(command: click.Command, name: str) -> Iterator[str]:
        context = click.Context(command)
        if isinstance(command, click.Group):
            for word in command.list_commands(context):
                yield from missing(command.commands[word], f"{name} {word}")
            return
        options = [each for parameter in command.params for each in parameter.opts if each.startswith("--")]
        yield from (words for words in (name, *options) if words not in pages)

    assert list(missing(cli.group, "flask myprofile")) == []


def test_every_block_is_documented() -> None:
    templates = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES.rglob("*.html"))
    documented = set(re.findall(r"`(mp_\w+)`", page("docs/theming.md")))
    assert documented == set(re.findall(r"{%-? block (mp_\w+)", templates))


def test_every_macro_is_documented_with_its_parameters() -> None:
    macros = dict(re.findall(r"{%-? macro (\w+)\((.*)\) -?%}", page(f"{TEMPLATES}/_macros.html")))
    macros["icon"] = "name, cls"  # which is the function mp_symbol itself
    documented = dict(re.findall(r"`(\w+)\((.*?)\)`", page("docs/theming.md").partition("| Macro |")[2]))
    assert documented.keys() == macros.keys()
    for name, parameters in documented.items():
        if name != "note":  # what it calls its second one is of no use to its caller
            assert set(parameters.split(", ")) <= set(re.findall(r"(?:^|, )(\w+)", macros[name])) | {""}, name


def test_every_custom_property_is_documented_with_what_stands_in_for_it() -> None:
    style = re.sub(r"/\*.*?\*/", "", page("flask_myprofile/static/myprofile.css"), flags=re.S)
    palette = dict(re.findall(r"(--_l-[a-z-]+): (light-dark\(.*?\));", style))
    documented = {row[0].strip("`"): row[2:] for row in cells("docs/theming.md") if row[0].startswith("`--mp-")}
    assert documented.keys() == set(re.findall(r"var\((--mp-[a-z-]+)", style))
    for name, (taken_from, default) in documented.items():
        (whole, *_) = re.findall(rf"var\({name}(?=[,)])([^;]*)", style)
        stands_in = re.sub(r"var\((--_l-[a-z-]+)\)", lambda found: palette[found[1]], whole)
        expected = re.findall(r"`(.+?)`", f"{taken_from} {default}")
        assert [part for part in expected if part not in stands_in] == [], name
        assert expected == sorted(expected, key=stands_in.index), f"{name}: the first that is there counts"


def test_the_readme_names_the_demo_accounts_and_the_two_commands() -> None:
    text = page("README.md")
    for account in DEMO_ACCOUNTS:
        assert f"{account.first_name} {account.last_name}" in text
        assert account.password is None or f"`{account.username}` / `{account.password}`" in text
    assert "./dev run" in text and "./dev test" in text


def texts_in(tree: ast.AST) -> list[str]:
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def messages() -> list[list[str]]:
    """Those of Troubleshooting, each in the pieces between what is the reader's."""
    rows = [row[0] for row in cells("docs/troubleshooting.md") if row[0].startswith("`")]
    pieces = [row.replace("\\`", "´").strip("`").replace("´", "`").split("…") for row in rows]
    return [[piece.strip(" ,:") for piece in each if len(piece.strip(" ,:.")) > 4] for each in pieces]


def test_troubleshooting_quotes_messages_that_there_are() -> None:
    package = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "flask_myprofile").rglob("*.py")]
    said = "\n".join(text for tree in package for text in texts_in(tree))
    assert [piece for each in messages() for piece in each if piece not in said] == []


def test_troubleshooting_has_every_mistake_that_stops_an_app() -> None:
    quoted = [piece for each in messages() for piece in each]
    left_out = [
        texts
        for path in (ROOT / "flask_myprofile").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
        if getattr(node.exc.func, "id", "") == "SetupError" and (texts := texts_in(node.exc))
        if not any(piece in text for piece in quoted for text in texts) and "; " not in texts
    ]
    assert left_out == []


def test_the_sentence_of_single_sign_on_is_quoted_exactly() -> None:
    sentence = str(flask_myprofile.tabs.password.SSO_SENTENCE)
    assert f"\n> {sentence}\n" in page("docs/sso.md")
    assert f"\n> {sentence}\n" in page("docs/tabs/password.md")
