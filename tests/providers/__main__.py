"""What these providers do, as a table for docs/sso.md: ``.venv/bin/python -m tests.providers``. It takes a minute."""

from __future__ import annotations

import subprocess
import tempfile
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from datetime import date
from json import loads
from pathlib import Path
from typing import Any

from tests.oidc.provider import claims_of
from tests.oidc.relying_party import RelyingParty, served
from tests.oidc.test_step_up import CONFIRM, grow_old, tokens
from tests.providers.foreign import KINDS, PYTHON, Foreign, servers
from tests.providers.test_foreign_providers import to_provider, visitor
from tests.support.host import make_host

SETTINGS = {"MYPROFILE_SSO_LOGOUT": True, "MYPROFILE_SSO_LOGOUT_RETURN": "/pub"}


def version(package: str) -> str:
    """Of the one that is installed in the providers' own environment."""
    asked = f"import importlib.metadata as m; print(m.version({package!r}))"
    return subprocess.run([PYTHON, "-c", asked], capture_output=True, text=True, check=True).stdout.strip()


def kind_of(value: object) -> str:
    return "none" if value is None else type(value).__name__


def id_token(app: RelyingParty) -> Iterator[tuple[str, str]]:
    visitor(app)
    (token,) = app.id_tokens
    claims, header = claims_of(token), loads(urlsafe_b64decode(token.split(".")[0] + "=="))
    yield "ID token signed by", header["alg"]
    yield "`auth_time`", kind_of(claims.get("auth_time"))
    yield "`sid` in the ID token", f"{len(claims['sid'])} characters" if "sid" in claims else "no"
    yield "`aud`", kind_of(claims["aud"])


def step_up(app: RelyingParty) -> Iterator[tuple[str, str]]:
    for name in ("alice", "bob"):
        person = visitor(app)
        grow_old(app)
        question = to_provider(app, person)
        if name == "bob":
            person.forget_provider()
        page = person.get(person.way_back(question, name))
        undated = "does not say when" in person.get(CONFIRM).text
        said = "works" if page.status_code == 200 and tokens(app) else "no `auth_time`" if undated else "refused"
        yield f"step-up by {'the same person' if name == 'alice' else 'somebody else'}", said
        app.host.sql("DELETE FROM myprofile_token")


def sign_out(app: RelyingParty) -> Iterator[tuple[str, str]]:
    laptop, phone = visitor(app), visitor(app)
    copy = laptop.copy()
    question = laptop.send("/profile/sign-out", allow_redirects=False)
    page = copy.get(question.headers["Location"], allow_redirects=False)
    yield "asks before signing out", "no" if page.is_redirect and app.address in page.headers["Location"] else "yes"
    came_back = copy.way_back(page, "alice").startswith(app.address + "/pub")
    yield "comes back afterwards", "yes" if came_back else "no"
    told = app.host.sql("SELECT expires_at - issued_at FROM myprofile_logout_token")
    yield "tells the app of a logout", f"yes, taken for {told[0][0] - 1} s" if told else "no"
    yield "the other browser", "stays" if phone.is_in() else "signed out"


def facts(foreign: Foreign, new_host: Callable[..., Any]) -> dict[str, str]:
    found = {"version": version(foreign.kind.package)}
    for look in (id_token, step_up, sign_out):
        with served(new_host, foreign, {}, **SETTINGS) as app:
            found |= dict(look(app))
            app.host.close()
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, servers() as address:
        numbers = iter(range(100))

        def new_host(**options: Any) -> Any:
            return make_host(f"sqlite:///{Path(folder) / str(next(numbers))}.sqlite", **options)

        table = {kind.package: facts(Foreign(kind, address(kind.server)), new_host) for kind in KINDS}
    rows = list(dict.fromkeys(row for column in table.values() for row in column))
    print(f"Made by `python -m tests.providers` on {date.today()}.\n")
    print("| |", " | ".join(table), "|")
    print("| --- |" + " --- |" * len(table))
    for row in rows:
        print(f"| {row} |", " | ".join(column.get(row, "") for column in table.values()), "|")


if __name__ == "__main__":
    main()
