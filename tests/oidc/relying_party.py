"""A host that signs its people in by a real OpenID provider, with Authlib, as people write it; on a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import flask_login
from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Flask, redirect, request, session, url_for
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from flask_myprofile.store.records import SessionRecord
from tests.oidc.person import Person
from tests.oidc.provider import OpenIdProvider, claims_of
from tests.support.host import Host, user_class
from tests.support.live import serving

#: The provider's cookies and the app's are on one host name: to a browser, ports are nothing.
SESSION_COOKIE = "relying_party_session"


class RelyingParty:
    """:ivar host: the app; :ivar address: of its server; :ivar client: what the provider knows it as;
    :ivar id_tokens: those that it has got.
    """

    def __init__(self, host: Host, address: str, provider: OpenIdProvider, **metadata: Any) -> None:
        self.host, self.address, self.provider = host, address, provider
        self.id_tokens: list[str] = host.app.extensions["id_tokens"]
        self.logout_url = f"{address}/profile/sso/op/backchannel-logout"
        wanted = {
            "redirect_uris": [f"{address}/sso/callback"],
            "post_logout_redirect_uris": [f"{address}/pub"],
            "backchannel_logout_uri": self.logout_url,
            "backchannel_logout_session_required": True,  # the provider's session is in both kinds of token
            **metadata,
        }
        self.client = provider.register(**{name: value for name, value in wanted.items() if value is not None})
        host.app.config.update(OP_CLIENT_ID=self.client["client_id"], OP_CLIENT_SECRET=self.client["client_secret"])
        for name in ("alice", "bob"):
            self.link(name)

    def link(self, username: str) -> None:
        """The user has a password here already; the provider knows the person by the same name."""
        self.host.sql(
            "INSERT INTO identity (issuer, subject, user_id) VALUES (:issuer, :subject, :user)",
            issuer=self.provider.issuer,
            subject=self.provider.subject_of(username),
            user=self.host.user(username).id,
        )

    def person(self) -> Person:
        return Person(self.address)

    def live_rows(self) -> list[SessionRecord]:
        return [row for row in self.host.rows.all() if row.ended_at is None]

    def sent_tokens(self) -> list[str]:
        """The logout tokens that the provider has sent here."""
        sent = [(token, claims_of(token)) for token in self.provider.sent_tokens()]
        return [token for token, claims in sent if claims["aud"] == self.client["client_id"]]


@contextmanager
def served(
    new_host: Callable[..., Host],
    provider: OpenIdProvider,
    client: dict[str, Any],
    *,
    threaded: bool = True,
    **settings: Any,
) -> Iterator[RelyingParty]:
    """:param client: metadata of the registration that differ; None leaves one out. :param threaded: else the app
    answers one request at a time.
    """
    oauth = OAuth()
    oauth.register(
        "op",
        server_metadata_url=provider.issuer.rstrip("/") + "/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
    )
    settings.setdefault("SESSION_COOKIE_NAME", SESSION_COOKIE)
    host = new_host(
        model=_people,
        before=lambda app, db: oauth.init_app(app),
        after=lambda host: _views(host, oauth),
        **settings,
    )
    with serving(host.app, threaded) as address:
        yield RelyingParty(host, address, provider, **client)


def _people(db: SQLAlchemy) -> type[Any]:
    person = user_class(db)

    class Identity(db.Model):  # type: ignore[name-defined,misc]
        issuer: Mapped[str] = mapped_column(String(255), primary_key=True)
        subject: Mapped[str] = mapped_column(String(255), primary_key=True)
        user_id: Mapped[int] = mapped_column(ForeignKey(person.id))

    db.identity = Identity  # type: ignore[attr-defined]
    return person


def _views(host: Host, oauth: OAuth) -> None:
    app: Flask = host.app
    id_tokens = app.extensions["id_tokens"] = []

    @app.get("/sso/sign-in")
    def sso_sign_in() -> Any:
        session["remember"] = "remember" in request.args
        return oauth.op.authorize_redirect(url_for("sso_callback", _external=True))

    @app.get("/sso/callback")
    def sso_callback() -> Any:
        try:
            token = oauth.op.authorize_access_token()
        except OAuthError as error:
            return f"not signed in: {error.error}", 403
        id_tokens.append(token["id_token"])
        claims = token["userinfo"]
        flask_login.login_user(_user_of(host, claims), remember=session.pop("remember"))
        return redirect("/page")


def _user_of(host: Host, claims: dict[str, Any]) -> Any:
    """Found by issuer and subject, never by a name or an address that somebody may have chosen; made if new."""
    db = host.db
    key = {"issuer": claims["iss"], "subject": claims["sub"]}
    known = db.session.get(db.identity, key)  # type: ignore[attr-defined]
    if known is not None:
        return db.session.get(host.User, known.user_id)
    user = host.User(username=claims["sub"], email=claims["email"], first_name=claims["name"], last_name="")
    db.session.add(user)
    db.session.flush()
    db.session.add(db.identity(**key, user_id=user.id))  # type: ignore[attr-defined]
    db.session.commit()
    return user
