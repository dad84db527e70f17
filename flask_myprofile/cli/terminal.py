"""What is kept, as it may be shown on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..account.devices import describe
from ..account.text import printable


def shown(facts: Mapping[str, Any]) -> dict[str, Any]:
    """As a terminal may have it: nothing in it that one would obey, and no text that fills it."""
    return {name: printable(value, 200) if isinstance(value, str) else value for name, value in facts.items()}


def device(user_agent: str) -> str:
    """What people call the device, such as "Firefox on Linux"; empty: nobody knows."""
    known = describe(user_agent)
    return " on ".join(part for part in (known.browser, known.system) if part)
