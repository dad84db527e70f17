"""In debug mode, one line in the log at the first request."""

from __future__ import annotations

from typing import Any

from flask import Flask, request_started


def connect(app: Flask) -> None:
    """Once the app has its first request, when the host has set up all it will; after that nothing is listened to."""

    def on_first(sender: Flask, **extra: Any) -> None:  # that does not know the app: signals would keep it alive
        request_started.disconnect(on_first)
        if sender.debug:
            _say(sender)

    request_started.connect(on_first, app, weak=False)


def _say(app: Flask) -> None:
    """Of what asks neither a database nor a network."""
    from .examination import count, examine, in_words  # slow, and nothing for a server that people use

    lines = examine(cheap=True)
    say = app.logger.warning if count(lines)[0] else app.logger.info
    say("MyProfile: %s: run `flask myprofile doctor`", in_words(lines))
