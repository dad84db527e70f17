"""What these providers do, as a table for docs/sso.md: ``.venv/bin/python -m tests.providers``. It takes two minutes.

Those of Debian's packages are among them where they are installed: see :mod:`tests.providers.foreign`.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

from tests.oidc.provider import claims_of
from tests.oidc.relying_party import RelyingParty, served
from tests.oidc.test_step_up import CONFIRM, grow_old, tokens
from tests.providers.foreign import Foreign, installed, servers
from tests.providers.test_foreign_providers import header_of, sign_out_there, to_provider, visitor
from tests.providers.visitor import Visitor
from tests.support.host import make_host

SETTINGS = {"MYPROFILE_SSO_LOGOUT": True, "MYPROFILE_SSO_LOGOUT_RETURN": "/pub"}


def kind_of(value: object) -> str:
    return "none" if value is None else type(value).__name__


def id_token(app: RelyingParty) -> Iterator[tuple[str, str]]:
    visitor(app)
    (token,) = app.id_tokens
    claims, header = claims_of(token), header_of(token)
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


def silently(app: RelyingParty) -> Iterator[tuple[str, str]]:
    """Whether the session there could be asked for without a page (``prompt=none``)."""
    alice = visitor(app)
    url = alice.get("/sso/sign-in", allow_redirects=False).headers["Location"] + "&prompt=none"
    yield "`prompt=none` of who is signed in there", said_silently(alice, url)
    alice.forget_provider()
    yield "`prompt=none` of who is not", said_silently(alice, url)


def said_silently(person: Visitor, url: str) -> str:
    page = person.get(url, allow_redirects=False)
    while page.is_redirect and not page.headers["Location"].startswith(person.site + "/"):
        page = person.get(urljoin(page.url, page.headers["Location"]), allow_redirects=False)
    if not page.is_redirect:
        return "a page"
    answer = parse_qs(urlsplit(page.headers["Location"]).query)
    return f"`{answer['error'][0]}`" if "error" in answer else "answers"


def new_keys(app: RelyingParty) -> Iterator[tuple[str, str]]:
    """The person has signed in before it takes a new one."""
    assert isinstance(app.provider, Foreign)
    alice = visitor(app)
    app.provider.take_keys()
    try:
        sign_out_there(app, app.provider, alice)
        found = "works"
    except AssertionError:  # it shows no form, but says what is wrong
        found = "refused there"
    yield "signing out there, after it has taken a new key", found
    yield "signing in", "works" if visitor(app, "bob").is_in() else "refused"


def one_worker(app: RelyingParty) -> Iterator[tuple[str, str]]:
    """The app answers one request at a time."""
    assert isinstance(app.provider, Foreign)
    if app.provider.kind.tells:
        alice = visitor(app)
        began = time.monotonic()
        sign_out_there(app, app.provider, alice)
        there = "one there as well" if app.provider.kind.alone else "several there"
        took = f"{time.monotonic() - began:.1f} s, {there}"
        yield "signing out there, with one worker here", "stays signed in" if alice.is_in() else took


def facts(foreign: Foreign, new_host: Callable[..., Any]) -> dict[str, str]:
    found = {"version": foreign.kind.version}
    for look in (id_token, step_up, sign_out, silently, one_worker, new_keys):
        with served(new_host, foreign, {}, threaded=look is not one_worker, **SETTINGS) as app:
            found |= dict(look(app))
            app.host.close()
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, servers() as address:
        numbers = iter(range(100))

        def new_host(**options: Any) -> Any:
            return make_host(f"sqlite:///{Path(folder) / str(next(numbers))}.sqlite", **options)

        kinds = installed()
        table = [facts(Foreign(kind, address(kind.server)), new_host) for kind in kinds]
    rows = list(dict.fromkeys(row for column in table for row in column))
    print(f"Made by `python -m tests.providers` on {date.today()}.\n")
    print("| |", " | ".join(kind.package for kind in kinds), "|")
    print("| --- |" + " --- |" * len(table))
    for row in rows:
        print(f"| {row} |", " | ".join(column.get(row, "") for column in table), "|")


if __name__ == "__main__":
    main()
