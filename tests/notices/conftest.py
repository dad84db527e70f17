from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask_mailman import Mail

from flask_myprofile.notices import mail
from flask_myprofile.testing import wait_for_notices
from tests.support.host import Host
from tests.support.mail_server import Mailbox, mail_server


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail that cannot be sent is tried again at once."""
    monkeypatch.setattr(mail, "WAITS", (0.0, 0.0))


@pytest.fixture(scope="session")
def server() -> Iterator[Mailbox]:
    with mail_server() as mailbox:
        yield mailbox


@pytest.fixture
def mailbox(server: Mailbox) -> Mailbox:
    """What the mail server has received in this test."""
    server.received.clear()
    server.reply = None
    server.gate.set()
    return server


@pytest.fixture
def mailing(new_host: Callable[..., Host], mailbox: Mailbox) -> Iterator[Callable[..., Host]]:
    """Make hosts that send their notices by mail."""
    made: list[Host] = []

    def make(**settings: Any) -> Host:
        given = {"MYPROFILE_NOTIFY": "mail", "MYPROFILE_EXTERNAL_URL": "https://app.example", **mailbox.settings()}
        made.append(new_host(before=lambda app, db: Mail(app), **{**given, **settings}))
        return made[-1]

    yield make
    for host in made:
        wait_for_notices(host.app)
