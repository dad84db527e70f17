"""How many API tokens a user may still have. Each is in a slot of its own, which the database lets nobody take twice:
whoever makes one at the same moment is told of the same few slots, and so there are never more than the limit."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count, islice

from ..store.token_records import TokenRecord


def replaced(records: Sequence[TokenRecord]) -> set[str]:
    """The digests of those that were replaced, and go on for a while."""
    by_name = {record.replaces for record in records}
    return {record.digest for record in records if record.slot < 0 or record.digest in by_name}


def lasting(records: Sequence[TokenRecord]) -> list[TokenRecord]:
    """The others: those that count."""
    ending = replaced(records)
    return [record for record in records if record.digest not in ending]


def free_slots(records: Sequence[TokenRecord], limit: int, leaving: int = 0) -> list[int]:
    """The slots that another token may be put into, in this order.

    :param leaving: how many of these go at the same time.
    """
    taken = {record.slot for record in records}
    wanted = limit - len(lasting(records)) + leaving
    return list(islice((slot for slot in count(1) if slot not in taken), max(wanted, min(leaving, 1))))
