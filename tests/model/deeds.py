"""The specification of what people and administrators do besides signing in and out: tokens, features, preferences."""

from __future__ import annotations

from tests.model.model import World
from tests.model.sessions import Deed, Effects, nothing, refused
from tests.model.things import Jar, Session, Token


class AnyToken:
    """A condition that was not sent: whichever token there is, or none."""


class Unreadable:
    """A condition that was sent and cannot be read: it is not met by any token."""


#: Which token somebody has looked at (None: there was none) when they decide what becomes of it.
LookedAt = Token | None | type[AnyToken] | type[Unreadable]


def _against(looked_at: LookedAt, there: Token | None) -> Effects | None:
    if looked_at is Unreadable:
        return refused(400, 409, 415, 422)
    return None if looked_at is AnyToken or looked_at is there else refused(409)


def regenerate(world: World, looked_at: LookedAt, new: Token) -> Deed:
    """``new`` gets its text from the answer."""

    def then(jar: Jar, session: Session) -> Effects:
        user = world.users[session.user]

        def replace() -> None:
            user.token = new
            new.sealed_by = None if "api_token.copy" in world.off else world.keys[0]

        return _against(looked_at, user.token) or {200: replace}

    return Deed(then, feature="api_token.regenerate", fresh=looked_at is not Unreadable)


def reveal(world: World) -> Deed:
    """The token itself, where a copy is kept that one of the keys opens."""

    def then(jar: Jar, session: Session) -> Effects:
        token = world.users[session.user].token
        return {200: nothing} if token is not None and token.sealed_by in world.keys else refused(404)

    return Deed(then, feature="api_token.copy", fresh=True)


def revoke(world: World, looked_at: LookedAt) -> Deed:
    """Nobody has to be recent for it, no switch takes it away, and what is gone already is gone."""

    def then(jar: Jar, session: Session) -> Effects:
        user = world.users[session.user]
        against = _against(looked_at, user.token) if user.token or looked_at is Unreadable else None
        return against or {200: lambda: setattr(user, "token", None)}

    return Deed(then, feature="api_token")


def rekey(world: World) -> None:
    """An operator has copies encrypted with the newest key."""
    for user in world.users.values():
        if user.token is not None and user.token.sealed_by in world.keys:
            user.token.sealed_by = world.keys[0]


def choose_theme(world: World, theme: str) -> Deed:
    return Deed(
        lambda jar, session: {200: lambda: setattr(world.users[session.user], "theme", theme)}, feature="preferences"
    )


def switch(world: World, feature: str, on: bool) -> Deed:
    def save() -> None:
        (world.off.discard if on else world.off.add)(feature)
        if feature == "api_token.copy" and not on:
            for user in world.users.values():
                if user.token is not None:
                    user.token.sealed_by = None

    return Deed(lambda jar, session: {200: save}, fresh=True, admin=True)


def end_of_user(world: World, user: str, one: Session | None = None) -> Deed:
    """An administrator ends one session of somebody, or all."""

    def end() -> None:
        if one is None:
            world.end_those(user)
        else:
            world.end(one)

    theirs = one is None or one.user == user
    return Deed(lambda jar, session: {200: end} if theirs else refused(404), fresh=True, admin=True)
