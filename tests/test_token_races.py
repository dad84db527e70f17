"""Of those who confirm the same regeneration at the same moment, one has a token, and it is the live one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from flask_myprofile import current_profile
from flask_myprofile.errors import Conflict
from tests.host import Host
from tests.kept import in_these
from tests.rounds import rounds

ROUNDS = rounds(30)


def race(host: Host, version: str, start: Barrier) -> str | None:
    """The token that one of them is shown; None where it was told that another was faster."""
    with host.app.app_context():
        user = host.db.session.get(host.User, 1)
        start.wait()
        try:
            return current_profile.tokens.regenerate(user, version)
        except Conflict as error:
            assert error.code == "token_changed"
            return None


def live(host: Host, token: str) -> bool:
    with host.app.test_request_context():
        return current_profile.tokens.verify(token) is not None


@in_these("sqlite", "postgres")
def test_races_leave_one_live_token_each_and_nobody_with_a_dead_one(host: Host) -> None:
    """T05: two to eight at once, from no token and from one that is replaced."""
    with ThreadPoolExecutor(8) as pool:
        for number in range(ROUNDS):
            with host.app.test_request_context():
                user = host.db.session.get(host.User, 1)
                if number % 10 == 0:
                    current_profile.tokens.revoke(user)
                version = current_profile.tokens.version(current_profile.tokens.find(user))
            racers = 2 + number % 7
            start = Barrier(racers)
            shown = [
                token for token in pool.map(lambda _, s=start, v=version: race(host, v, s), range(racers)) if token
            ]
            assert len(shown) == 1, f"round {number}"
            assert live(host, shown[0])
    assert host.sql("SELECT count(*) FROM myprofile_token") == [(1,)]


@pytest.mark.parametrize("number", [2, 8])
def test_a_confirmation_is_good_for_one_regeneration_also_after_a_revocation(
    number: int, new_host: Callable[..., Host]
) -> None:
    """T05: the same confirmation again, at once or later, replaces nothing."""
    host = new_host()
    with host.app.test_request_context():
        tokens, user = current_profile.tokens, host.user("alice")
        seen = [tokens.version(tokens.find(user))]
        for _ in range(number):
            token = tokens.regenerate(user, seen[-1])
            seen.append(tokens.version(tokens.find(user)))
            for old in seen[:-1]:
                with pytest.raises(Conflict):
                    tokens.regenerate(user, old)
            assert tokens.verify(token).username == "alice"
        assert tokens.revoke(user)
        for old in seen[1:]:
            with pytest.raises(Conflict):
                tokens.regenerate(user, old)
        assert tokens.regenerate(user, "")
        for old in seen:
            with pytest.raises(Conflict):
                tokens.regenerate(user, old)
