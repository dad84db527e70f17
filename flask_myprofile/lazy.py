"""What the host may set up later than this extension."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Lazy:
    """Stands for an object that is made when it is first used."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.__dict__["_make"] = make

    def __getattr__(self, name: str) -> Any:
        if "_made" not in self.__dict__:
            self.__dict__["_made"] = self.__dict__["_make"]()
        return getattr(self.__dict__["_made"], name)
