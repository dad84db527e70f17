"""What the host may set up later than this extension."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Lazy:
    """Stands for an object that is made when it is first used."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.__dict__["_make"] = make

    def __getattr__(self, name: str) -> Any:
        known = self.__dict__
        if "_made" not in known:
            known["_made"] = known["_make"]()
        return getattr(known["_made"], name)
