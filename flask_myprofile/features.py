"""Which tabs, actions and fields are on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from flask import has_request_context, request

from .account.clock import now
from .config import Config
from .errors import Conflict, NotFound, SetupError
from .store.protocols import FeatureStore
from .store.records import FeatureRecord

#: The name that switches everything.
ROOT = "my_profile"
#: The page of ``flask myprofile doctor``, which is of administrators, and so on or off whatever users may see.
DOCTOR = "doctor"


class State(NamedTuple):
    """One feature as an admin sees it: its own switch, whatever its parents are."""

    on: bool
    locked: bool
    default: bool
    changed: FeatureRecord | None


class Features:
    """Every feature by name: ``my_profile``, a tab, or ``<tab>.<part>``.

    ``features[name]`` is True only if the feature and all it belongs to are on. Precedence: pinned in the
    configuration, then the admin's choice, then ``MYPROFILE_FEATURES``, then the built-in default. The admin's choices
    are read anew in each request, so a change holds at once in every worker.
    """

    def __init__(self, config: Config, store: FeatureStore) -> None:
        self._config = config
        self._store = store
        self._defaults: dict[str, bool] = {ROOT: True, DOCTOR: False}
        self._open: set[str] = set()
        self._behind: dict[str, tuple[str, ...]] = {}
        self._cache_key = f"flask_myprofile.features.{id(self)}"

    def declare(self, defaults: Mapping[str, bool], open_tab: str | None = None) -> None:
        """Make features known. ``open_tab``: a tab whose parts are fields of the user model, known only later."""
        self._defaults |= defaults
        if open_tab:
            self._open.add(open_tab)

    def check_names(self) -> None:
        """:raises SetupError: the configuration names features that do not exist."""
        for key, values in (("FEATURES", self._config.features), ("FEATURES_PINNED", self._config.features_pinned)):
            unknown = [name for name in values if not self._is_known(name)]
            if unknown:
                known = ", ".join(sorted(self._defaults))
                raise SetupError(
                    f"Flask-MyProfile: MYPROFILE_{key} names no feature: {', '.join(unknown)}. Features: {known}"
                )

    def _is_known(self, name: str) -> bool:
        return name in self._defaults or name.partition(".")[0] in self._open

    def __getitem__(self, name: str) -> bool:
        """Whether a feature, and all that it belongs to, is on.

        :param name: such as ``"sessions"`` or ``"sessions.sign_out"``.
        :returns: what every page and every action asks.
        :raises KeyError: there is no such feature.
        """
        choices = self._choices()
        for each in self.names_behind(name):
            choice = choices.get(each)
            if not self._is_on(each, None if choice is None else choice.enabled):
                return False
        return True

    def names_behind(self, name: str) -> tuple[str, ...]:
        """The feature and all it belongs to: it is on where each of them is.

        :raises KeyError: there is no such feature.
        """
        behind = self._behind.get(name)
        if behind is None:
            if not self._is_known(name):
                raise KeyError(name)
            tab = name.partition(".")[0]
            behind = (name,) if name in (DOCTOR, ROOT) else (ROOT, name) if name == tab else (ROOT, tab, name)
            self._behind[name] = behind
        return behind

    def is_on(self, name: str, choices: Mapping[str, bool]) -> bool:
        """The same as ``features[name]``, for whoever has read with something else what administrators have chosen of
        :meth:`names_behind`."""
        return all(self._is_on(each, choices.get(each)) for each in self.names_behind(name))

    def _is_on(self, name: str, choice: bool | None) -> bool:
        default = self._config.features.get(name, self._defaults.get(name, True))
        return self._config.features_pinned.get(name, default if choice is None else choice)

    def require(self, name: str) -> None:
        """For a view of your own that belongs to a feature.

        :param name: of the feature.
        :raises NotFound: it is off: answered as 404.
        :raises KeyError: there is no such feature.
        """
        if not self[name]:
            raise NotFound(code="feature_off")

    def state(self, name: str) -> State:
        """One feature as an administrator sees it.

        :param name: of the feature.
        :returns: ``on`` (its own switch), ``locked`` (pinned in the configuration), ``default``, and ``changed``: the
            administrator's choice, or None.
        """
        return self._state(name, self._choices())

    def _state(self, name: str, choices: Mapping[str, FeatureRecord]) -> State:
        default = self._config.features.get(name, self._defaults.get(name, True))
        if name in self._config.features_pinned:
            return State(self._config.features_pinned[name], True, default, None)
        choice = choices.get(name)
        return State(choice.enabled if choice else default, False, default, choice)

    def save(self, values: Mapping[str, bool], changed_by: str, version: str | None = None) -> dict[str, bool]:
        """Store an administrator's choices. The caller commits.

        :param values: feature -> on or off.
        :param changed_by: who does it, as Feature Management shows it.
        :param version: only if nobody has saved any feature since :meth:`version` was this (default: whatever others
            have saved). Of several who save at once, each sees what the one before has saved.
        :returns: what really changed.
        :raises Conflict: somebody has, or one of the choices is pinned in the configuration.
        """
        locked = sorted(name for name in values if self.state(name).locked and values[name] != self.state(name).on)
        if locked:
            raise Conflict(code="feature_locked", message=", ".join(locked))
        changes: dict[str, bool] = {}

        def differing(number: int, choices: Mapping[str, FeatureRecord]) -> Mapping[str, bool]:
            if version not in (None, str(number)):
                raise Conflict
            changes.update((name, on) for name, on in values.items() if on != self._state(name, choices).on)
            return changes

        self._forget()
        self._store.save_features(differing, changed_by[:255], now())
        return changes

    def version(self) -> str:
        """Changes whenever anybody saves a feature: what an open form compares with. What this request reads of them
        after it is that version or a later one, which :meth:`save` then refuses to overwrite.

        :returns: a short text.
        """
        self._forget()
        return str(self._store.features_version())

    def _choices(self) -> Mapping[str, FeatureRecord]:
        cache: dict[str, Any] = request.environ if has_request_context() else {}
        if self._cache_key not in cache:
            cache[self._cache_key] = self._store.features()
        choices: Mapping[str, FeatureRecord] = cache[self._cache_key]
        return choices

    def _forget(self) -> None:
        if has_request_context():
            request.environ.pop(self._cache_key, None)
