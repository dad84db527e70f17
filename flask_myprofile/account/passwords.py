"""The user's password: is it this one, may it become that one, and who may change it at all."""

from __future__ import annotations

from typing import Any

from sqlalchemy import inspect

from ..config import Config
from ..errors import Conflict, MyProfileError
from ..store.protocols import HistoryStore
from ..store.records import ADOPTED, is_sso_method
from .activity import Activity
from .events import PASSWORD_CHANGED
from .host_code import HostFailed, code_of_the_host
from .identities import Identities
from .password_throttle import PasswordThrottle
from .policy import Policy, PolicyBroken, Rule
from .row_lock import tried
from .sessions import Sessions
from .text import storable
from .user_passwords import CannotCheck, CannotWrite
from .users import Users


class WrongPassword(MyProfileError):
    """The current password given is not the current password."""


class Passwords:
    """Checks and changes passwords."""

    def __init__(
        self,
        users: Users,
        sessions: Sessions,
        identities: Identities,
        throttle: PasswordThrottle,
        activity: Activity,
        history: HistoryStore,
        config: Config,
    ) -> None:
        """:param history: told where a hash takes the place of another one of the same password."""
        self._users = users
        self._history = history
        self._identities = identities
        self._throttle = throttle
        self._activity = activity
        self._sessions = sessions
        self._config = config
        self._policy = Policy(users, config)
        users.hash_with(config.password_hash)

    def is_sso(self, user: Any) -> bool:
        """Whether Single Sign-On manages this account: the host's word, else how this session signed in, or anybody
        ever has (``MYPROFILE_SSO_DECIDES``), else whether the account lacks a local password.

        :param user: any user; of another one than the signed-in one, the session says nothing.
        :returns: whether it does.
        """
        decided = self._users.is_sso(user)
        if decided is not None:
            return decided
        if self._config.sso_decides == "account" and self._identities.is_linked(self._users.key(user)):
            return True
        method = self._sessions.method(user)
        if method is not None and method != ADOPTED:
            return is_sso_method(method)
        return not self._users.has_password(user)

    def can_change(self, user: Any) -> bool:
        """The one answer for the page, for JSON and for the host's own reset flow.

        :param user: any user.
        :returns: the opposite of :meth:`is_sso`.
        """
        return not self.is_sso(user)

    def rules_for(self, user: Any) -> tuple[Rule, ...]:
        """What a new password of this user must be.

        :param user: whose.
        :returns: rules, each with a ``code`` such as ``"min_length"``, and its ``number`` if it has one.
        """
        return self._policy.rules_for(user)

    def prove(self, user: Any, text: str, *, upgrade: bool = False) -> Any:
        """Whoever asks knows the current password: for a change, and for any other question of "is it you?".

        :param user: whose.
        :param text: what was typed.
        :param upgrade: replace a hash that is weaker than a new one would be. The caller commits.
        :returns: the hash that it was compared with; None where that is not known.
        :raises TooManyGuesses: before anything is looked at; all who ask share one count. Or ``end_session``: this
            was one wrong password too many in a row.
        :raises WrongPassword: ``text`` is not the current password.
        :raises CannotCheck: nobody here can tell. No guess is counted for that.
        :raises HostFailed: that counts, unless it is down: a check may tell a wrong password by an error.
        """
        user = self._users.held(user) or user  # one out of a cache may have the password of before
        if not self.can_check(user):
            self._users.log_unreadable(user)
            raise CannotCheck
        guess = self._throttle.begin(user)
        compared = self._users.stored_hash(user)
        try:
            right = self.is_current(user, text)
        except (CannotCheck, HostFailed) as error:
            if isinstance(error, CannotCheck) or error.is_down:
                self._throttle.take_back(user, guess)
            raise
        if not right:
            self._throttle.was_wrong(user, guess)
            raise WrongPassword
        self._throttle.was_right(user, guess)
        if upgrade:
            before = self._sessions.owner(user)
            self._upgrade(user, text)
            self._sessions.follow(user, before)
        return compared

    def _upgrade(self, user: Any, text: str) -> None:
        """Sign-ins that are under way have checked the hash before: to them, another one is another password."""
        replaced = self._users.upgrade_password(user, text)
        old, new = self._users.mark_of(user, replaced), self._users.password_mark(user)
        if old is not None and new is not None:
            self._history.note_rehash(self._users.key(user), old, new)

    def check(self, user: Any, current: str, new: str) -> Any:
        """Whether ``new`` may take the place of ``current``.

        :param user: whose.
        :param current: the current password, as it was typed.
        :param new: the new one.
        :returns: what :meth:`set` is to be told, see :meth:`prove`.
        :raises TooManyGuesses: before anything is looked at.
        :raises WrongPassword: ``current`` is wrong; ``faults_of`` says what else is.
        :raises PolicyBroken: carries every rule that ``new`` breaks.
        """
        # lengths first: neither normalising nor hashing is ever fed more than the policy allows
        if len(new) > self._config.password_max_length:
            raise PolicyBroken([self._policy.max_length])
        compared = self.prove(user, current)
        if broken := self._policy.broken(user, current, new):
            raise PolicyBroken(broken)
        return compared

    def faults_of(self, user: Any, new: str) -> list[Rule]:
        """What is wrong with a new password, as far as it can be told to whoever has not proved to know the current
        one: it is not compared with that, and no breach service is asked.

        :param user: whose.
        :param new: as it was typed.
        :returns: the rules that it breaks, in the order of :meth:`rules_for`.
        """
        return self._policy.broken(user, None, new)

    def set(self, user: Any, current: str, new: str, compared: Any) -> None:
        """Store a new password that :meth:`check` has let pass. The caller commits, and ends the other sessions. Where
        this raises, the caller rolls back.

        :param user: whose.
        :param current: as :meth:`check` had it.
        :param new: as :meth:`check` had it.
        :param compared: what :meth:`check` has answered.
        :raises Conflict: ``current`` is the current password no more.
        :raises PolicyBroken, CannotWrite: see :meth:`store`.
        """
        now = self._users.lock_password(user)
        # another hash may be one of the same password: a stronger one
        if (now is None or now != compared) and not self.is_current(user, current):
            raise Conflict(code="password_changed")
        self._write(user, new)
        self._activity.note(PASSWORD_CHANGED, user)

    def store(self, user: Any, new: str) -> None:
        """Store a new password without asking for the current one or the rules, as after a reset: written by whoever
        checks it, and proved by them. The caller commits, and ends the sessions; what fails is undone here.

        :param user: whose.
        :param new: the new password.
        :raises CannotWrite: whoever checks it does not know it. Nothing is changed, and the log says what to map.
        :raises PolicyBroken: the host's own hash does not take it.
        """
        held = self._users.held(user)
        if held is None:
            self._users.log_not_held(user)
            raise CannotWrite
        self._users.lock_password(held)
        with tried(held):
            self._write(held, new)
            self._activity.note(PASSWORD_CHANGED, held, with_session=True)

    def _write(self, user: Any, new: str) -> None:
        with code_of_the_host("passwords"):
            try:
                self._users.set_password(user, new)
            except ValueError as error:
                raise PolicyBroken([Rule("hash")]) from error
        if not self._is_known(user, new):
            self._users.log_not_proved(user)
            raise CannotWrite

    def _is_known(self, user: Any, text: str) -> bool:
        """Whether this is the password, as the database has it."""
        state = inspect(user, raiseerr=False)
        if state is not None and state.persistent:
            state.session.flush()
            self._users.lock_password(user)  # read again, as the column has taken it
        try:
            return self.is_current(self._users.as_kept(user), text)
        except CannotCheck:
            return False

    def can_check(self, user: Any) -> bool:
        """Whether anybody here can tell that a text is the user's password; true also where there is none."""
        return not self._users.has_password(user) or self._users.can_check_password(user)

    def is_current(self, user: Any, text: str) -> bool:
        """:raises CannotCheck: nobody here can tell. :raises HostFailed: the host's own check did."""
        usable = 0 < len(text) <= max(self._config.password_max_length, 256) and storable(text)
        with code_of_the_host("passwords"):
            return usable and self._users.is_password(user, text)
