"""What is kept of features: see :mod:`.records`."""

# without postponed annotations: a NamedTuple compiles each text of them, at every start
from typing import NamedTuple

#: Of an administrator, for one feature: whether it is on for everyone and, where it is not, for whom (None: nobody). A
#: program that knows nothing of the second reads of a feature that is on for some that it is off.
FeatureChoice = tuple[bool, str | None]


class Author(NamedTuple):
    """Who has saved something: what they are called, and whose name that is. ``key`` None: nobody's, such as that of
    a program."""

    name: str
    key: str | None = None


class FeatureRecord(NamedTuple):
    """An admin's choice for one feature. ``changed_by``: empty where their account is closed, as in all of these."""

    name: str
    enabled: bool
    changed_by: str
    changed_at: int
    audience: str | None = None

    @property
    def choice(self) -> FeatureChoice:
        return self.enabled, self.audience


def text_of_choice(choice: FeatureChoice | None) -> str | None:
    """As the history has it: whom it is on for, or "true" or "false"; None: no choice."""
    if choice is None:
        return None
    on, audience = choice
    return "true" if on else "false" if audience is None else audience


def choice_of_text(text: str) -> FeatureChoice:
    return (text == "true", None) if text in ("true", "false") else (False, text)


class FeatureChange(NamedTuple):
    """That somebody has changed a feature. ``number``: the version of all features that it made. ``before`` and
    ``after`` as :mod:`..audiences` writes them; None: no choice of an administrator's, so that the default holds.
    ``set_name``: of the set that was put back by it."""

    number: int
    name: str
    changed_by: str
    changed_at: int
    before: str | None
    after: str | None
    set_name: str | None = None


class FeatureSetRecord(NamedTuple):
    """A set of features under a name. ``id``: of what is in it, which another one replaces. ``digest``: the same for
    all names that count as this one."""

    id: str
    digest: str
    name: str
    changed_by: str
    changed_at: int
