"""How many API tokens a user may still have. Each is in a slot of its own, which the database lets nobody take twice:
whoever makes one at the same moment is told of the same few slots, and so there are never more than the limit.

One that has expired does not count. It goes on in its slot until another one is made, and is put aside then.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count, islice

from ..store.token_records import TokenRecord

#: Slots from this one on are of those that were put aside. No limit is as high.
_ASIDE = 1_000_000


def replaced(records: Sequence[TokenRecord]) -> set[str]:
    """The digests of those that were replaced, and go on for a while."""
    by_name = {record.replaces for record in records}
    return {record.digest for record in records if record.slot < 0 or record.digest in by_name}


def lasting(records: Sequence[TokenRecord]) -> list[TokenRecord]:
    """The others."""
    ending = replaced(records)
    return [record for record in records if record.digest not in ending]


def free_slots(counted: Sequence[TokenRecord], limit: int, leaving: int = 0) -> list[int]:
    """The slots that another token may be put into, in this order.

    :param counted: the tokens that count; all others are put aside, or gone by themselves.
    :param leaving: how many of these go at the same time.
    """
    taken = {record.slot for record in counted}
    wanted = limit - len(counted) + leaving
    return list(islice((slot for slot in count(1) if slot not in taken), max(wanted, min(leaving, 1))))


def slot_aside(record: TokenRecord) -> int:
    """Where a token goes that stands in the way of others: to a place that is its own."""
    return _ASIDE + int(record.digest[:12], 16)


def is_aside(record: TokenRecord) -> bool:
    return record.slot >= _ASIDE
