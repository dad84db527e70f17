"""Whether the settings of Personal Information name what there is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..config import PREFIX, Config
from .avatars import AVATAR
from .columns import Attribute

Describe = Callable[[type[Any], str], Attribute | None]
_SETTINGS = ("personal_fields", "personal_readonly", "personal_required", "personal_sso_fields")
#: What they name by default, no class of users needs to have.
_BY_DEFAULT = set(Config().personal_readonly)


def field_names(config: Config) -> list[str]:
    """Those of ``MYPROFILE_PERSONAL_FIELDS``; none where it is unset."""
    return [each if isinstance(each, str) else each[0] for each in _given(config)]


def own_field(config: Config, name: str) -> Any:
    """The field of WTForms that the host has for it, unbound; None: it has none."""
    return next((each[1] for each in _given(config) if not isinstance(each, str) and each[0] == name), None)


def _given(config: Config) -> Iterable[str | tuple[str, Any]]:
    given = config.personal_fields
    return given.items() if isinstance(given, Mapping) else given or ()


def mistakes_in(config: Config, describe: Describe, models: Sequence[type[Any]]) -> list[str]:
    """What has to be corrected before the app can run; nothing where no class of users is known yet."""
    if not models:
        return []
    names = " or ".join(model.__name__ for model in models)
    found = [
        f"{PREFIX}{setting.upper()} names what {names} does not have: {', '.join(unknown)}"
        for setting in _SETTINGS
        if (unknown := [name for name in _named(config, setting) if not any(describe(each, name) for each in models)])
    ]
    for name in field_names(config):
        if own_field(config, name) is None:
            found += [wrong for each in models if (wrong := _without_field(config, name, describe(each, name)))]
    return found


def _named(config: Config, setting: str) -> Iterable[str]:
    names = field_names(config) if setting == "personal_fields" else getattr(config, setting)
    if setting == "personal_fields":
        return names
    return [name for name in names if name not in _BY_DEFAULT and not (name == AVATAR and config.avatar is not None)]


def _without_field(config: Config, name: str, attribute: Attribute | None) -> str | None:
    if attribute is None or attribute.kind not in (None, "other"):
        return None
    if attribute.kind == "other" and (name in config.personal_readonly or not attribute.writable):
        return None
    holds = type(attribute.type).__name__ if attribute.type is not None else "relationship"
    may_be_shown = f", or name it in {PREFIX}PERSONAL_READONLY as well" if attribute.kind == "other" else ""
    return (
        f"{PREFIX}PERSONAL_FIELDS: there is no field for {name!r}, a {holds}: take it out, give a field of WTForms for "
        f"it, such as ({name!r}, StringField()){may_be_shown}"
    )
