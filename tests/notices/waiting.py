"""How long a request takes that causes a notice: one by one with servers of each kind, in turns, so that it is fair."""

from __future__ import annotations

import logging
import statistics
import tempfile
import time
from contextlib import ExitStack
from typing import Any

from flask_mailman import Mail

from flask_myprofile.notices import mail
from flask_myprofile.testing import wait_for_notices
from tests.support.host import JSON, Browser, Host, make_host
from tests.support.mail_server import Mailbox, mail_server, silent_server


def measure(rounds: int) -> None:
    """Prints the medians."""
    logging.disable(logging.CRITICAL)
    mail.WAITS = (0.0, 0.0)
    with ExitStack() as stack:
        mailbox, silent = stack.enter_context(mail_server()), stack.enter_context(silent_server())
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        kinds: dict[str, dict[str, Any]] = {
            "nobody is told": {"MYPROFILE_NOTIFY": None},
            "a server that takes it": {},
            "one that refuses": {},
            "one that is down": {"MAIL_PORT": 9},
            "one that says nothing": {"MAIL_PORT": silent, "MAIL_TIMEOUT": 0.2},
        }
        hosts = {
            name: _host(f"{folder}/{number}", mailbox, **more) for number, (name, more) in enumerate(kinds.items())
        }
        times: dict[str, list[float]] = {name: [] for name in hosts}
        for _ in range(rounds):
            for name, (host, browser) in hosts.items():
                mailbox.reply = "550 No" if name == "one that refuses" else None
                times[name].append(_takes(browser))
                wait_for_notices(host.app)
        for name, found in times.items():
            print(f"{name}: {statistics.median(found) * 1000:.1f} ms (median of {rounds})", flush=True)
        for host, _ in hosts.values():
            host.close()


def _host(file: str, mailbox: Mailbox, **more: Any) -> tuple[Host, Browser]:
    told = {"MYPROFILE_NOTIFY": "mail", "MYPROFILE_EXTERNAL_URL": "https://app.example", "MYPROFILE_NOTIFY_INTERVAL": 0}
    host = make_host(f"sqlite:///{file}", before=lambda app, db: Mail(app), **{**told, **mailbox.settings(), **more})
    browser = host.browser()
    browser.login("alice")
    return host, browser


def _takes(browser: Browser) -> float:
    headers = {**JSON, "X-CSRFToken": browser.csrf()}
    began = time.perf_counter()
    assert browser.client.post("/profile/api-token/regenerate", json={}, headers=headers).status_code == 200
    return time.perf_counter() - began
