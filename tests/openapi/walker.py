"""schemathesis at the example app: what the document lets somebody send is sent, and as much that it does not."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks
from sqlalchemy import select, text

from example_app import accounts
from example_app.extensions import db
from example_app.models import User
from flask_myprofile import current_profile
from flask_myprofile.openapi.document import document
from flask_myprofile.testing import sign_in
from tests.support.live import example

#: Kind of user -> their name in the example app; nobody is signed in as a visitor.
KINDS = {
    "visitor": None,
    "local user": "sam",
    "SSO user": "alex",
    "administrator": "maya",
    "administrator in a preview": "maya",
    "bearer token": "sam",
}
ACCEPT = ("application/json", "text/html", "text/html;q=0.5, application/json;q=0.9", "*/*")
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
EVERYTHING = {"api_token": True, "activity": True, "doctor": True, "openapi": True}


@contextmanager
def walked(folder: Path, **more: Any) -> Iterator[Flask]:
    """The example app with everything on."""
    with example(folder, **{"MYPROFILE_FEATURES": EVERYTHING, **more}) as app:
        logging.getLogger(app.name).setLevel(logging.CRITICAL)
        app.add_url_rule("/csrf", "csrf", generate_csrf)
        yield app


def document_of(app: Flask, username: str | None = None) -> dict[str, Any]:
    """What is served to them; of everything where nobody is named."""
    with app.test_request_context():
        user = db.session.scalar(select(User).where(User.username == username)) if username else None
        if user is not None:
            app.login_manager._update_request_context_with_user(user)
        return document(user)


class Walker:
    """Somebody of one kind, who is that again before each request, whatever the one before has done."""

    def __init__(self, app: Flask, kind: str) -> None:
        self._app, self._kind = app, kind
        self._now: tuple[FlaskClient, dict[str, str]] | None = None
        self.requests = 0

    def send(self, case: Any) -> None:
        """:raises Exception: the answer is not as the document has it."""
        client, headers = self._now or self._anew()
        self.requests += 1
        answer = case.call(session=client, headers={"Accept": ACCEPT[self.requests % len(ACCEPT)], **headers})
        has_done_something = case.method == "POST" and answer.status_code < 400
        self._now = None if has_done_something or answer.status_code in (302, 401) else (client, headers)
        case.validate_response(answer, checks=CHECKS)

    def _anew(self) -> tuple[FlaskClient, dict[str, str]]:
        client, name = self._app.test_client(), KINDS[self._kind]
        user = self._user(name) if name else None
        if user is not None and self._kind == "bearer token":
            with self._app.app_context():
                token = current_profile.tokens.regenerate(user)
                db.session.commit()
            return client, {"Authorization": f"Bearer {token}"}
        if user is not None:
            sign_in(client, user)
        headers = {"X-CSRFToken": client.get("/csrf").text}
        if "preview" in self._kind:
            begun = client.post("/profile/admin/features/preview", json={"user": "sam"}, headers=headers)
            assert begun.status_code == 200, begun.text
        return client, headers

    def _user(self, name: str) -> User:
        """As the example app has them at its first start, and with every feature as it is configured."""
        with self._app.app_context():
            db.session.execute(text("DELETE FROM myprofile_feature"))
            found = db.session.scalar(select(User).where(User.username == name))
            if found is None:
                db.session.execute(text("DELETE FROM user"))
                accounts.seed()
            db.session.commit()
            return db.session.scalars(select(User).where(User.username == name)).one()


def operations(app: Flask, document: dict[str, Any]) -> list[Any]:
    schema = schemathesis.openapi.from_dict(document)
    schema.app = app
    return [found.ok() for found in schema.get_all_operations()]


def walk(operation: Any, walkers: list[Walker], examples: int, *, at_random: bool = False) -> None:
    """Send so many right requests, and so many wrong ones, each as everybody.

    :raises Exception: an answer is not as the document has it.
    """
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=not at_random,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def run(case: Any) -> None:
            for walker in walkers:
                walker.send(case)

        try:
            run()
        except Unsatisfiable:  # there is nothing about it that could be wrong
            assert mode is GenerationMode.NEGATIVE
