"""A mail server on this machine, which keeps what it is sent; it may refuse, or take its time."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Event
from typing import Any
from urllib.parse import urlsplit

from aiosmtpd.controller import Controller

from tests.support.services import free_port


class Mailbox:
    """``reply``: what the server says of a mail instead of taking it. ``gate``: it says nothing while that is shut."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.received: list[EmailMessage] = []
        self.reply: str | None = None
        self.gate = Event()
        self.gate.set()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.gate.wait(20)  # in the thread of the server, which answers nobody meanwhile
        if self.reply:
            return self.reply
        message = message_from_bytes(envelope.content, policy=policy.default)
        message["X-Recipients"] = ", ".join(envelope.rcpt_tos)
        self.received.append(message)
        return "250 OK"

    def settings(self) -> dict[str, Any]:
        """Of an app that sends its mail here."""
        return {
            "MAIL_BACKEND": "smtp",
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_PORT": self.port,
            "MAIL_DEFAULT_SENDER": "app@x.test",
        }


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    mailbox = Mailbox(free_port())
    controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()


@contextmanager
def silent_server() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def html_of(message: EmailMessage) -> str:
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def link_in(message: EmailMessage) -> str:
    """Its one link, without scheme and host: as a browser of the tests opens it."""
    (found,) = re.findall(r"https?://\S+", text_of(message))
    parts = urlsplit(found)
    return f"{parts.path}?{parts.query}"
