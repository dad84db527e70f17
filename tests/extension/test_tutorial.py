"""The tutorial, from its empty folder to nginx: each of its files is written, and each of its commands is run."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from sqlalchemy import create_engine, text

from tests.support import services

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
PASSWORD = "a quiet walk in the rain"
#: What the machine has already: the environment of the tests.
SET_UP = ("mkdir notes-app", "cd notes-app", "python3 -m venv", ". .venv", "pip install")


def files() -> dict[str, str]:
    return dict(re.findall(r"Save this as `([^`]+)`[^\n]*\n\n```\w+\n(.*?)^```", PAGE, re.M | re.S))


def commands(step: int) -> str:
    """What that step types on one's own machine, without installing what is there."""
    (section,) = re.findall(rf"^## {step}\. .*?(?=^## )", PAGE, re.M | re.S)
    lines = "".join(re.findall(r"^```sh\n(.*?)^```", section, re.M | re.S)).splitlines()
    return "\n".join(line for line in lines if not line.startswith((*SET_UP, "flask run")))


class Notes:
    """The folder of the tutorial."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("FLASK_", "NOTES_"))},
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": f"{ROOT}:{folder}",
            "PYTHONWARNINGS": "ignore",
            "FLASK_APP": "notes",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # the reader has pytest alone
        }

    def run(self, script: str, *, given: str = "", fails: bool = False) -> str:
        done = subprocess.run(
            ["sh", "-e", "-c", script],
            cwd=self.folder,
            env=self.environ,
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) is fails, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    made = Notes(tmp_path / "notes-app")
    made.folder.mkdir()
    made.run(commands(1))
    for name, content in files().items():
        if not name.startswith("/"):
            (made.folder / name).write_text(content, encoding="utf-8")
    return made


def test_it_works_on_ones_own_machine(notes: Notes) -> None:
    notes.run(commands(3), given=f"{PASSWORD}\n{PASSWORD}\n")
    assert len(list((notes.folder / "migrations/versions").glob("*.py"))) == 1
    found = notes.run(commands(4), fails=True)
    assert re.findall(r"^fault +(\w+)", found, re.M) == ["secret_key"], found
    assert "2 passed" in notes.run(commands(5))


class From(HTTPAdapter):
    """A browser at another address of this machine."""

    def __init__(self, address: str) -> None:
        self._address = (address, 0)
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, source_address=self._address, **kwargs)


def setting(file: str, name: str) -> str:
    """What a unit of systemd says."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(files()[f"/etc/systemd/system/{file}"])
    return parser["Service"][name].replace("/srv/notes/.venv/bin/", "")


def settings_of_the_server(database: str) -> Mapping[str, str]:
    wanted = dict(line.split("=", 1) for line in files()["/etc/notes.env"].splitlines())
    wanted["NOTES_SECRET_KEY"] = "7a0b9c1d2e3f4a5b" * 4
    wanted["NOTES_SQLALCHEMY_DATABASE_URI"] = database
    return wanted


@contextmanager
def nginx(folder: Path, app: int, port: int) -> Iterator[None]:
    """As the tutorial sets it up, at other ports and with a certificate made here."""
    try:
        binary = services.find("nginx", "nginx-light", "/usr/sbin/nginx")
    except services.Missing as missing:
        (pytest.fail if os.environ.get("MYPROFILE_REQUIRE_SERVICES") else pytest.skip)(str(missing))
    new = ["-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", folder / "privkey.pem"]
    command = ["openssl", "req", "-x509", *new, *names, "-out", folder / "fullchain.pem"]
    subprocess.run(command, check=True, capture_output=True)
    site = files()["/etc/nginx/sites-available/notes"]
    for said, here in (
        ("listen 80;", f"listen {services.free_port()};"),
        ("listen 443 ssl;", f"listen {port} ssl;"),
        ("notes.example", "localhost"),
        ("/etc/ssl/notes", str(folder)),
        ("127.0.0.1:8000", f"127.0.0.1:{app}"),
    ):
        assert said in site
        site = site.replace(said, here)
    own = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    whole = f"daemon off; pid {folder}/pid; error_log stderr; events {{}} http {{ access_log off; {own} {site} }}"
    (folder / "nginx.conf").write_text(whole)
    command = [binary, "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    with services.process(command, services.answers(port), {}, folder / "nginx.log"):
        yield


def at_own_ports(notes: Notes, stack: ExitStack, folder: Path) -> str:
    """The site, served as the tutorial says; its address."""
    app, port = services.free_port(), services.free_port()
    serve = setting("notes.service", "ExecStart").replace("127.0.0.1:8000", f"127.0.0.1:{app}").split()
    command = ["env", "-C", str(notes.folder), *serve]
    who = {"env": notes.environ}
    stack.enter_context(services.process(command, services.answers(app), who, folder / "gunicorn.log"))
    stack.enter_context(nginx(folder, app, port))
    return f"https://localhost:{port}"


def sign_in(site: str, folder: Path, address: str) -> requests.Session:
    browser = requests.Session()
    browser.verify = str(folder / "fullchain.pem")
    browser.trust_env = False
    browser.mount("https://", From(address))
    browser.headers.update({"Referer": "https://localhost/", "X-Forwarded-For": "203.0.113.7"})
    (token,) = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(f"{site}/login").text)
    sent = {"csrf_token": token, "username": "ada", "password": PASSWORD, "remember": "y"}
    assert "Hello, ada" in browser.post(f"{site}/login", sent).text
    return browser


def test_it_works_behind_nginx_on_postgresql(notes: Notes, tmp_path: Path, postgres_url: str) -> None:
    name = f"notes_{os.getpid()}"
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    notes.run("flask db init && flask db migrate")  # is in the repository of the app
    database = admin.url.set(database=name).render_as_string(hide_password=False)
    notes.environ |= settings_of_the_server(database)
    notes.run(setting("notes.service", "ExecStartPre"))
    notes.run("flask create-user ada ada@example.com --admin", given=f"{PASSWORD}\n{PASSWORD}\n")
    assert not re.findall(r"^fault.*", notes.run("flask myprofile doctor"), re.M)
    with ExitStack() as stack:
        site = at_own_ports(notes, stack, tmp_path)
        here, there = sign_in(site, tmp_path, "127.0.0.2"), sign_in(site, tmp_path, "127.0.0.3")
        assert all(cookie.secure for cookie in here.cookies)
        page = here.get(f"{site}/profile/sessions").text
        assert "127.0.0.2" in page and "127.0.0.3" in page, "addresses of browsers"
        assert "203.0.113.7" not in page, "no browser chooses its own"
        (token,) = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', page)[:1]
        ended = here.post(f"{site}/profile/sessions/sign-out-others", {"csrf_token": token})
        assert ended.status_code == 200
        assert there.get(site).url.startswith(f"{site}/login"), "whichever worker answers"
    notes.run(setting("notes-prune.service", "ExecStart"))
