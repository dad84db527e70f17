"""The examples of ``docs/your-host.md``, each added to the app of Getting started and tried with the real package."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

DOCS = Path(__file__).parents[2] / "docs"
PASSWORD = "ada-demo-password"
NEW_PASSWORD = "a quiet walk in the rain"
JSON = {"Accept": "application/json"}


def package(name: str) -> None:
    """Skip the test where the package is missing; fail it where nothing may be."""
    try:
        importlib.import_module(name)
    except ImportError as error:
        (pytest.fail if os.environ.get("MYPROFILE_REQUIRE_SERVICES") else pytest.skip)(f"{name}: {error}")


def sections() -> dict[str, list[str]]:
    """The Python examples of each section."""
    text = (DOCS / "your-host.md").read_text(encoding="utf-8")
    found = re.split(r"^## (.+)\n", text, flags=re.M)[1:]
    return {title: _blocks(body) for title, body in zip(found[::2], found[1::2], strict=True)}


def _blocks(text: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)


def with_example(section: str, number: int = 0, **names: Any) -> dict[str, Any]:
    """What the app of Getting started has with this example. What it says in capitals, it says before MyProfile()."""
    code = sections()[section][number]
    (whole,) = _blocks((DOCS / "getting-started.md").read_text(encoding="utf-8"))[:1]
    settings = "".join(line for line in code.splitlines(True) if line.startswith('app.config["MYPROFILE_'))
    begun, ended = whole.split("MyProfile(app)\n", 1)
    return run(f"{begun}{settings}MyProfile(app)\n{ended}\n{code}", names)


def example(section: str, number: int, **names: Any) -> dict[str, Any]:
    """What there is after this example alone."""
    return run(sections()[section][number], names)


def run(code: str, names: dict[str, Any] | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"__name__": "somebodys_app", **(names or {})}
    exec(compile(code, "example", "exec", dont_inherit=True), made)
    return made


@contextmanager
def closing(names: dict[str, Any]) -> Iterator[dict[str, Any]]:
    try:
        yield names
    finally:
        with names["app"].app_context():
            names["db"].session.remove()
            for engine in names["db"].engines.values():
                engine.dispose()


class Ada:
    """A browser of Ada's, signed in by the app's own page at that address."""

    def __init__(self, names: dict[str, Any], site: str = "http://localhost") -> None:
        self.client: FlaskClient = names["app"].test_client()
        self._site = site
        self.post("/login", {"username": "ada", "password": PASSWORD}, page="/login")

    def get(self, url: str, **kwargs: Any) -> Any:
        return self.client.get(self._site + url, **kwargs)

    def token(self, page: str = "/profile/preferences") -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page).text)
        assert found, f"no form on {page}"
        return found[1]

    def post(
        self, url: str, data: dict[str, Any] | None = None, page: str = "/profile/preferences", **more: Any
    ) -> Any:
        sent = {"csrf_token": self.token(page), **(data or {})}
        return self.client.post(self._site + url, data=sent, headers={"Referer": self._site + page}, **more)

    def post_json(self, url: str, body: Any) -> Any:
        return self.client.post(self._site + url, json=body, headers={**JSON, "X-CSRFToken": self.token()})

    def sessions(self) -> Sequence[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.get("/profile/sessions", headers=JSON).json["sessions"]
        return rows

    def sign_out(self, other: Ada) -> None:
        (session_id,) = [row["id"] for row in other.sessions() if row["current"]]
        assert self.post("/profile/sessions/sign-out", {"id": session_id}).status_code == 303

    def change_password(self) -> Any:
        sent = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
        return self.post("/profile/password", sent)

    def api_token(self) -> str:
        made: str = self.post_json("/profile/api-token/regenerate", {}).json["token"]
        return made

    def is_in(self) -> bool:
        return bool(self.get("/").status_code == 200)


Example = Callable[..., dict[str, Any]]
