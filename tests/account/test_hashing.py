"""How a new password is kept, how an old hash is read, and what is the same password."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import argon2
import pytest
from werkzeug.security import check_password_hash, generate_password_hash

from flask_myprofile import Users, current_profile
from flask_myprofile.account import hashing
from flask_myprofile.account.passwords import WrongPassword
from flask_myprofile.errors import SetupError
from flask_myprofile.testing import sign_in
from tests.support.host import HASH, NEW_PASSWORD, PASSWORD, Browser, Host

TAB = "/profile/password"
#: A tenth of the time that scrypt takes, for tests of what is hashed and not how.
QUICK = {"MYPROFILE_PASSWORD_HASH": "argon2id"}
COMPOSED, DECOMPOSED = "Mañana por la mañana", "Man\u0303ana por la man\u0303ana"


class Plain:
    """A user whose class leaves the hashing to the extension."""

    def __init__(self, password_hash: str) -> None:
        self.password_hash = password_hash


def alice_of(host: Host) -> Browser:
    browser = host.browser()
    sign_in(browser.client, host.user("alice"))
    return browser


def change(browser: Browser, current: str, new: str) -> Any:
    return browser.post_json(TAB, {"current_password": current, "new_password": new})


@pytest.fixture
def plain_host(new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Host]:
    """A host whose user class has a column and no methods; its login compares as Werkzeug does."""

    def make(**options: Any) -> Host:
        host = new_host(**options)
        monkeypatch.delattr(host.User, "set_password")
        monkeypatch.setattr(host.User, "check_password", None)
        return host

    return make


# ---- the format


def test_a_new_hash_meets_owasp_and_the_hosts_login_reads_it(plain_host: Callable[..., Host]) -> None:
    """P14: not Werkzeug's own default, which is weaker."""
    host = plain_host()
    assert change(alice_of(host), PASSWORD, NEW_PASSWORD).status_code == 200
    stored = host.user("alice").password_hash
    assert stored.startswith("scrypt:131072:8:1$")
    assert check_password_hash(stored, NEW_PASSWORD)


def test_argon2id_is_used_where_the_host_says_so(plain_host: Callable[..., Host]) -> None:
    """P14: and only there: a login that asks Werkzeug cannot read it."""
    host = plain_host(MYPROFILE_PASSWORD_HASH="argon2id")
    alice = alice_of(host)
    assert change(alice, PASSWORD, NEW_PASSWORD).status_code == 200
    stored = host.user("alice").password_hash
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert change(alice, PASSWORD, "something else altogether").status_code == 422
    assert change(alice, NEW_PASSWORD, "something else altogether").status_code == 200


def test_an_argon2_hash_is_followed_by_another(plain_host: Callable[..., Host]) -> None:
    host = plain_host()
    host.change("alice", password_hash=argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD))
    assert change(alice_of(host), PASSWORD, NEW_PASSWORD).status_code == 200
    assert host.user("alice").password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_argon2id_without_its_package_stops_the_app_and_a_hash_of_it_matches_nothing(
    new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stored = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    monkeypatch.setitem(sys.modules, "argon2", None)
    with pytest.raises(SetupError, match=r"pip install Flask-MyProfile\[argon2\]"):
        new_host(MYPROFILE_PASSWORD_HASH="argon2id", anew=True)
    assert not Users(password="password_hash").check_password(Plain(stored), PASSWORD)
    assert "needs argon2-cffi" in caplog.text


@pytest.mark.parametrize(("room", "begins"), [(164, "scrypt:131072:8:1$"), (128, "pbkdf2:sha256:600000$")])
def test_a_hash_fits_its_column(room: int, begins: str) -> None:
    """P14: many an app has String(128), which a hash by scrypt overruns."""
    made = hashing.make(NEW_PASSWORD, hashing.SCRYPT, room)
    assert made.startswith(begins)
    assert len(made) <= room
    assert hashing.verify(made, NEW_PASSWORD)
    assert not hashing.is_outdated(made, hashing.SCRYPT, room)


# ---- the upgrade


def test_a_weak_hash_is_replaced_when_the_password_is_proved(plain_host: Callable[..., Host]) -> None:
    """P14: only where it is asked for, and only by the right password."""
    host = plain_host()
    weak = generate_password_hash(PASSWORD, "scrypt:1024:8:1")
    host.change("alice", password_hash=weak)
    with host.app.test_request_context():
        alice: Any = host.db.session.get(host.User, 1)
        with pytest.raises(WrongPassword):
            current_profile.passwords.prove(alice, "not the password", upgrade=True)
        current_profile.passwords.prove(alice, PASSWORD)
        assert alice.password_hash == weak
        current_profile.passwords.prove(alice, PASSWORD, upgrade=True)
        strong = alice.password_hash
        host.db.session.commit()
        assert strong.startswith("scrypt:131072:8:1$")
        current_profile.passwords.prove(alice, PASSWORD, upgrade=True)
        assert alice.password_hash == strong, "once is enough"


def test_a_stronger_hash_is_never_replaced_by_a_weaker_one() -> None:
    for stored in ("scrypt:262144:8:1$salt$00", "scrypt:131072:8:2$salt$00"):
        assert not hashing.is_outdated(stored, hashing.SCRYPT)
    for stored in ("scrypt:32768:8:1$salt$00", f"{HASH}$salt$00"):
        assert hashing.is_outdated(stored, hashing.SCRYPT)
    strong = hashing.make("x", hashing.ARGON2ID)
    assert not hashing.is_outdated(strong, hashing.ARGON2ID)
    assert not hashing.is_outdated(strong, hashing.SCRYPT)
    assert hashing.is_outdated("scrypt:131072:8:1$salt$00", hashing.ARGON2ID)


def test_the_format_of_a_class_that_hashes_by_itself_stays(host: Host) -> None:
    """P14: the host's own hasher is the host's."""
    with host.app.test_request_context():
        alice: Any = host.db.session.get(host.User, 1)
        stored = alice.password_hash
        current_profile.passwords.prove(alice, PASSWORD, upgrade=True)
        assert alice.password_hash == stored
    assert change(alice_of(host), PASSWORD, NEW_PASSWORD).status_code == 200
    assert host.user("alice").password_hash.startswith(HASH)


# ---- what is the same password


@pytest.mark.parametrize("typed", [COMPOSED, DECOMPOSED])
def test_letters_are_the_same_however_a_keyboard_composes_them(typed: str, plain_host: Callable[..., Host]) -> None:
    """P12, B70: normalised by NFC before it is hashed, and the field below is compared alike."""
    host = plain_host(**QUICK)
    alice, other = alice_of(host), COMPOSED if typed == DECOMPOSED else DECOMPOSED
    sent = {"current_password": PASSWORD, "new_password": typed, "confirm_password": other}
    assert alice.post(TAB, sent).status_code == 303
    assert hashing.verify(host.user("alice").password_hash, COMPOSED)
    assert change(alice, other, typed).json["errors"] == {
        "new_password": ["Choose a password that is different from your current one"]
    }
    assert change(alice, other, NEW_PASSWORD).status_code == 200


def test_a_hash_of_the_raw_form_is_known_and_replaced(plain_host: Callable[..., Host]) -> None:
    """P12: it was made before the extension was installed."""
    host = plain_host(**QUICK)
    host.change("alice", password_hash=hashing.make(DECOMPOSED, hashing.ARGON2ID))
    with host.app.test_request_context():
        alice: Any = host.db.session.get(host.User, 1)
        for typed in (COMPOSED, DECOMPOSED):
            current_profile.passwords.prove(alice, typed)
        current_profile.passwords.prove(alice, DECOMPOSED, upgrade=True)
        assert hashing.verify(alice.password_hash, COMPOSED)


@pytest.mark.parametrize("normalises", [True, False])
def test_the_same_keystrokes_open_the_hosts_login(
    normalises: bool, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B70: whether the host normalises what is typed or compares it as it is."""
    if normalises:
        check, store = host.User.check_password, host.User.set_password
        monkeypatch.setattr(host.User, "check_password", lambda user, text: check(user, hashing.normalized(text)))
        monkeypatch.setattr(host.User, "set_password", lambda user, text: store(user, hashing.normalized(text)))
    assert change(alice_of(host), PASSWORD, DECOMPOSED).status_code == 200
    assert host.browser().login("alice", DECOMPOSED).status_code == 302
    assert host.browser().login("alice", COMPOSED).status_code == (302 if normalises else 422)
    assert change(alice_of(host), COMPOSED, NEW_PASSWORD).status_code == 200, "known here in either form"


@pytest.mark.parametrize(
    ("new", "other"),
    [
        ("\uff21 quiet walk in the rain", "A quiet walk in the rain"),
        ("a \ufb01ne walk in the rain", "a fine walk in the rain"),
        (" a quiet walk in the rain ", "a quiet walk in the rain"),
        ("A Quiet Walk In The Rain", "a quiet walk in the rain"),
        ("x" * 128 + "a", "x" * 128 + "b"),
    ],
    ids=["fullwidth", "ligature", "blanks", "case", "beyond 128"],
)
def test_what_looks_alike_is_not_the_same(new: str, other: str, plain_host: Callable[..., Host]) -> None:
    """P03, P11, P12: nothing is folded, stripped or cut."""
    host = plain_host(**QUICK)
    alice = alice_of(host)
    assert change(alice, PASSWORD, new).status_code == 200
    assert change(alice, other, NEW_PASSWORD).status_code == 422
    assert change(alice, new, NEW_PASSWORD).status_code == 200


# ---- bcrypt


@pytest.fixture
def bcrypt_host(host: Host, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A host whose hash is bcrypt's in form, and in what it says to more than 72 bytes."""

    def digest(text: str) -> str:
        if len(text.encode()) > 72:
            raise ValueError("password cannot be longer than 72 bytes")
        return "$2b$04$" + text.encode().hex()

    monkeypatch.setattr(host.User, "set_password", lambda user, text: setattr(user, "password_hash", digest(text)))
    monkeypatch.setattr(host.User, "check_password", lambda user, text: user.password_hash == digest(text))
    host.change("alice", password_hash=digest(PASSWORD))
    return host


@pytest.mark.parametrize(
    ("new", "status"), [("x" * 72, 200), ("x" * 73, 422), ("\U0001f600" * 18, 200), ("\U0001f600" * 19, 422)]
)
def test_more_than_72_bytes_are_refused_where_the_hash_is_of_bcrypt(new: str, status: int, bcrypt_host: Host) -> None:
    """B26, P03: bytes and not characters; never cut and never 500."""
    alice = alice_of(bcrypt_host)
    assert "At most 72 bytes" in alice.get(TAB).text
    answer = change(alice, PASSWORD, new)
    assert answer.status_code == status
    if status == 422:
        assert answer.json["errors"] == {"new_password": ["Your new password must have at most 72 bytes"]}
    assert change(alice, "x" * 100, NEW_PASSWORD).json["errors"] == {
        "current_password": ["Your current password is not correct"]
    }


def test_a_hasher_that_refuses_is_a_mistake_to_correct_and_no_error(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B26: the host's hasher has a limit that nobody could know of."""

    def refuse(user: Any, text: str) -> None:
        raise ValueError(f"will not take {text}")

    monkeypatch.setattr(host.User, "set_password", refuse)
    alice = alice_of(host)
    answer = change(alice, PASSWORD, NEW_PASSWORD)
    assert answer.status_code == 422
    assert answer.json["errors"] == {"new_password": ["This password cannot be stored. Choose another one"]}
    assert NEW_PASSWORD not in answer.text
    assert host.browser().login("alice").status_code == 302


# ---- how long it takes


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def test_a_missing_hash_takes_as_long_as_a_wrong_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """P20: the time of an answer does not tell who has a password. It is that of a new hash; here of a quicker one."""
    assert Users._hash_method == hashing.SCRYPT
    monkeypatch.setattr(Users, "_hash_method", "scrypt:16384:8:1")
    users = Users(password="password_hash")
    there, missing = Plain(hashing.make(PASSWORD, Users._hash_method)), Plain("!")
    pairs = [
        (seconds(partial(users.check_password, there, "wrong")), seconds(partial(users.check_password, missing, "x")))
        for _ in range(5)
    ]
    assert 0.5 < median(one / other for one, other in pairs) < 2


def test_a_wrong_current_password_costs_one_hash_and_a_right_three(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """P20: nothing of the new password is looked at before the current one is right; then it is made, and proved."""
    hashed: list[str] = []
    check, store = host.User.check_password, host.User.set_password
    monkeypatch.setattr(host.User, "check_password", lambda user, text: hashed.append(text) or check(user, text))
    monkeypatch.setattr(host.User, "set_password", lambda user, text: hashed.append(text) or store(user, text))
    alice = alice_of(host)
    assert change(alice, "wrong", "short").status_code == 422
    assert hashed == ["wrong"]
    assert change(alice, PASSWORD, NEW_PASSWORD).status_code == 200
    assert hashed == ["wrong", PASSWORD, NEW_PASSWORD, NEW_PASSWORD]


def test_a_hash_of_bcrypt_is_read_and_followed_by_another_that_is_no_weaker() -> None:
    bcrypt = pytest.importorskip("bcrypt")
    for rounds, following in ((4, 10), (11, 11)):
        stored = f"$2b${rounds:02}$" + "x" * 53
        assert hashing.follower(stored, hashing.SCRYPT) == f"bcrypt:{following}"
    made = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4))
    for stored in (made, made.decode()):
        assert hashing.verify(stored, PASSWORD)
        assert not hashing.verify(stored, PASSWORD + "x")
    full = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4))
    assert hashing.verify(full, "x" * 72)
    assert not hashing.verify(full, "x" * 73), "what bcrypt does not see is no password"
