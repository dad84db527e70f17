"""One request is stopped at a named point, and another one has its turn there: races that always run the same way."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest


def meanwhile(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, do: Callable[[], Any]) -> list[Any]:
    """Just before ``owner.name`` is called for the first time, ``do`` happens, whole, in a thread of its own.

    Returns the list that the answer of ``do`` is put into.
    """
    found: list[Any] = []

    def other_turn() -> None:
        thread = Thread(target=lambda: found.append(do()))
        thread.start()
        thread.join(30)
        assert found, f"whoever has its turn before {name}() is kept waiting, or has failed"

    _stop(monkeypatch, owner, name, other_turn)
    return found


def begun_meanwhile(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, do: Callable[[], Any]) -> Callable[[], Any]:
    """Just before ``owner.name`` is called for the first time, ``do`` begins beside it, and may have to wait for it.

    Returns what waits for the answer of ``do``.
    """
    found: list[Any] = []
    thread = Thread(target=lambda: found.append(do()))

    def answer() -> Any:
        thread.join(30)
        return found[0]

    _stop(monkeypatch, owner, name, thread.start)
    return answer


def _stop(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, turn: Callable[[], None]) -> None:
    function = getattr(owner, name)

    def stopped(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(owner, name, function)
        turn()
        return function(*args, **kwargs)

    monkeypatch.setattr(owner, name, stopped)
