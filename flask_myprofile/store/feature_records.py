"""What is kept of features: see :mod:`.records`."""

from __future__ import annotations

from typing import NamedTuple

#: Of an administrator, for one feature: whether it is on for everyone and, where it is not, for whom (None: nobody). A
#: program that knows nothing of the second reads of a feature that is on for some that it is off.
FeatureChoice = tuple[bool, str | None]


class FeatureRecord(NamedTuple):
    """An admin's choice for one feature."""

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
    ``after`` as :mod:`..audiences` writes them; None: no choice of an administrator's, so that the default holds."""

    number: int
    name: str
    changed_by: str
    changed_at: int
    before: str | None
    after: str | None
