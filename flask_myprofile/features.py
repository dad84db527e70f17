"""Which tabs, actions and fields are on, and for whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import flask_login
from flask import has_request_context, request
from werkzeug.local import LocalProxy

from .account.clock import now
from .account.feature_people import FeaturePeople, Somebody
from .account.feature_reading import Choices, FeatureReading
from .account.feature_saving import FeatureSaving
from .account.feature_sets import FeatureSets
from .audiences import unmet
from .config import Config
from .errors import NotFound
from .store.feature_protocols import FeatureSetStore
from .store.feature_records import FeatureChoice, FeatureRecord


class Features(FeatureSaving):
    """Every feature by name: ``my_profile``, a tab, or ``<tab>.<part>``.

    ``features[name]`` is True only if the feature and all it belongs to are on for whoever is signed in; where nobody
    is, if they are on for everyone. Precedence: pinned in the configuration, then the admin's choice, then
    ``MYPROFILE_FEATURES``, then the built-in default. The admin's choices are read anew in each request, so a change
    holds at once in every worker.
    """

    def __init__(self, config: Config, store: FeatureSetStore, people: FeaturePeople) -> None:
        super().__init__(config, store)
        #: What they all were, kept under a name: a :class:`~.account.feature_sets.FeatureSets`.
        self.sets = FeatureSets(self, store)
        self._people = people
        self._reading = FeatureReading(store)
        self._cache_key = f"flask_myprofile.features.{id(self)}"

    @property
    def previewed_user(self) -> Any | None:
        """The user whose features an administrator previews in this browser: it has theirs, and the administrator's own
        data. For a banner in a layout of yours, and for views that are not to change anything meanwhile.

        :returns: a user; None: there is no preview.
        :raises StoreDown: nobody can say.
        """
        return self._people.previewed()

    # ---- is it on?

    def __getitem__(self, name: str) -> bool:
        """Whether a feature, and all that it belongs to, is on for whoever is signed in.

        :param name: such as ``"sessions"`` or ``"sessions.sign_out"``.
        :returns: what every page and every action asks.
        :raises KeyError: there is no such feature.
        """
        cache = self._cache()
        choices = self._choices_in(cache)
        asked: tuple[Somebody | None, int] | None = None
        for each in self.names_behind(name):
            on, audience = self.rule(each, choices.get(each))
            if not on:
                return False
            if audience is not None:
                asked = asked or (self._signed_in(cache), now())
                if unmet(audience, each, *asked) is not None:
                    return False
        return True

    def for_user(self, user: Any) -> FeaturesOf:
        """The features of somebody, signed in or not: ``for_user(user)["sessions"]``.

        Whether one who is not signed in here uses Single Sign-On, only their account can say: see
        :meth:`.Passwords.is_sso`.

        :param user: any user; None, or a visitor: nobody in particular, who has what is on for everyone.
        :returns: a :class:`FeaturesOf`.
        """
        return FeaturesOf(self, self._somebody(user, self._cache()))

    def is_on(self, name: str, choices: Mapping[str, FeatureChoice] | None = None, *, user: Any = None) -> bool:
        """The same as ``for_user(user)[name]``.

        :param name: of the feature.
        :param choices: for whoever has read with something else what administrators have chosen of
            ``names_behind()``.
        :param user: any user; None: nobody in particular.
        :returns: whether it, and all that it belongs to, is on for them.
        :raises KeyError: there is no such feature.
        """
        return FeaturesOf(self, self._somebody(user, self._cache()), choices)[name]

    def may_be_on(self, name: str) -> bool:
        """Whether there may be somebody for whom it is on.

        :param name: of the feature.
        :returns: False: it, or something that it belongs to, is off for everybody.
        :raises KeyError: there is no such feature.
        """
        choices = self._choices()
        return all(self.rule(each, choices.get(each)).on for each in self.names_behind(name))

    def own(self, name: str) -> bool:
        """Whether the feature's own switch is on for whoever is signed in, whatever it belongs to."""
        cache = self._cache()
        rule = self.rule(name, self._choices_in(cache).get(name))
        if rule.audience is None:
            return rule.on
        return rule.on and unmet(rule.audience, name, self._signed_in(cache), now()) is None

    def require(self, name: str) -> None:
        """For a view of your own that belongs to a feature.

        :param name: of the feature.
        :raises NotFound: it is off for whoever is signed in: answered as 404.
        :raises KeyError: there is no such feature.
        """
        if not self[name]:
            raise NotFound(code="feature_off")

    @contextmanager
    def as_configured(self) -> Iterator[None]:
        """Within this, no administrator has chosen anything: for what a page has said before one did, and never for
        what somebody may."""
        cache = self._cache()
        before, cache["choices"] = cache.get("choices"), {}
        try:
            yield
        finally:
            cache["choices"] = before

    def _choices(self) -> Choices:
        return self._choices_in(self._cache())

    def _choices_in(self, cache: dict[str, Any]) -> Choices:
        choices: Choices | None = cache.get("choices")
        if choices is None:
            choices = cache["choices"] = self._read(cache)
        return choices

    def _read(self, cache: dict[str, Any]) -> Choices:
        if "records" in cache:
            return self.choices()
        return self._reading.of_view(request.endpoint) if has_request_context() else self._reading.all()

    def choices(self) -> Mapping[str, FeatureChoice]:
        read = self._cache().get("choices")
        return read if isinstance(read, Mapping) else super().choices()

    def _records(self) -> Mapping[str, FeatureRecord]:
        cache = self._cache()
        if "records" not in cache:
            cache["records"] = self._store.feature_records()
        records: Mapping[str, FeatureRecord] = cache["records"]
        return records

    def _cache(self) -> dict[str, Any]:
        """What this request has read."""
        if not has_request_context():
            return {}
        environ = request._get_current_object().environ  # type: ignore[attr-defined]
        found: dict[str, Any] = environ.setdefault(self._cache_key, {})
        return found

    def _forget(self) -> None:
        cache = self._cache()
        cache.pop("choices", None)
        cache.pop("records", None)

    # ---- whom it is asked for

    def _signed_in(self, cache: dict[str, Any]) -> Somebody | None:
        """Nobody, too, while the host is finding out who that is."""
        if not has_request_context() or "asking" in cache:
            return None
        cache["asking"] = True
        try:
            user: Any = flask_login.current_user._get_current_object()
        finally:
            del cache["asking"]
        known: tuple[Any, Somebody | None] | None = cache.get("signed_in")
        if known is None or known[0] is not user:  # somebody may sign in within the request
            is_in = user and user.is_authenticated
            whose = self._somebody(self._people.stand_in() or user, cache) if is_in else None
            known = cache["signed_in"] = user, whose
        return known[1]

    def ask_again(self) -> None:
        """Whoever is asked for may be somebody else from now on: a preview has begun, has ended, or has just been found
        while the host's own code was asking."""
        self._cache().pop("signed_in", None)

    def _somebody(self, user: Any, cache: dict[str, Any]) -> Somebody | None:
        """In a request, each is one: what roles they have is asked once. It keeps the user: no other has that id.

        :param user: may be ``current_user``, which stands for a visitor as well, and for somebody else later on.
        """
        if isinstance(user, LocalProxy):
            user = user._get_current_object()
        if user is None or getattr(user, "is_anonymous", False):
            return None
        people: dict[int, Somebody] = cache.setdefault("people", {})
        return people.setdefault(id(user), Somebody(user, self._people))


class FeaturesOf:
    """The features of one user: see :meth:`Features.for_user`."""

    def __init__(
        self, features: Features, person: Somebody | None, choices: Mapping[str, FeatureChoice] | None = None
    ) -> None:
        self._features = features
        self._person = person
        self._choices = choices

    def __getitem__(self, name: str) -> bool:
        """Whether a feature, and all that it belongs to, is on for them.

        :param name: of the feature.
        :returns: whether it is.
        :raises KeyError: there is no such feature.
        """
        return self.kept_out_by(name) is None

    def require(self, name: str) -> None:
        """For a view of your own that belongs to a feature.

        :param name: of the feature.
        :raises NotFound: it is off for them: answered as 404.
        :raises KeyError: there is no such feature.
        """
        if not self[name]:
            raise NotFound(code="feature_off")

    def kept_out_by(self, name: str) -> tuple[str, str] | None:
        """Why it is off for them.

        :param name: of the feature.
        :returns: which feature decides, and ``"off"`` or the condition that they do not meet: ``"from"``, ``"until"``,
            ``"share"``, ``"roles"`` or ``"users"``. None: it is on.
        """
        features = self._features
        choices = features._choices() if self._choices is None else self._choices
        for each in features.names_behind(name):
            rule = features.rule(each, choices.get(each))
            if not rule.on:
                return each, "off"
            if rule.audience is not None and (why := unmet(rule.audience, each, self._person, now())):
                return each, why
        return None
