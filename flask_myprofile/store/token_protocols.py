"""What a store of API tokens does. The rules see it so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from .token_records import FoundToken, TokenCounts, TokenRecord


class TokenStore(Protocol):
    def tokens_of(self, user_key: str) -> Sequence[TokenRecord]:
        """All of the user's, those too that were replaced and go on for a while, in the order they were made."""
        ...

    def find_live_token(self, digest: str, features: tuple[str, ...], *, named: bool) -> FoundToken | None:
        """The token of that digest with its user, and what has been chosen of these features: fit to be asked for at
        each request."""
        ...

    def replace_token(self, record: TokenRecord, digest: str | None) -> bool:
        """Put ``record`` in the place of the user's one token that has this digest (None: of none); False where that is
        no longer so, and nothing was changed."""
        ...

    def add_named_token(self, record: TokenRecord, slots: Sequence[int]) -> int | None:
        """Put it into the first of these slots that is free; None where none is any more."""
        ...

    def replace_named_token(self, record: TokenRecord, old: TokenRecord, until: int | None) -> bool:
        """Put ``record`` into the slot of ``old``, which goes on ``until`` then (None: it ends); False where that is
        not there any more, or not as it was, and nothing was changed."""
        ...

    def change_named_token(self, old: TokenRecord, new: TokenRecord) -> bool:
        """Give it the name, scopes and networks of ``new``; False where it is not there any more, or not as it was."""
        ...

    def end_unnamed_token(self, old: TokenRecord, until: int | None) -> bool:
        """Have the one token from before there were names end then (None: at once); whether it was there, and as it
        was."""
        ...

    def move_named_token(self, old: TokenRecord, new: TokenRecord) -> bool:
        """Put it into the slot of ``new``, with the end of that, and what it has replaced with it; whether it was
        there."""
        ...

    def delete_token(self, user_key: str, digest: str | None = None) -> bool:
        """Delete all of the user's tokens, or only the one from before there were names that has this digest; whether
        there was any."""
        ...

    def delete_named_token(self, old: TokenRecord) -> bool:
        """Delete it, and what it has replaced; whether it was there."""
        ...

    def touch_token(self, user_key: str, digest: str, at: int, ip: str, user_agent: str, slot: int = 0) -> None: ...

    def forget_ciphertexts(self) -> None: ...

    def count_tokens(self, at: int, since: int, most: int) -> TokenCounts:
        """At this moment; "lately" is after ``since``. Of more than ``most`` tokens, the rest is not looked at."""
        ...

    def tokens_that_end(
        self, by: int, made: int | None, after: str, limit: int, *, named: bool
    ) -> Sequence[TokenRecord]:
        """One batch of those that end until that moment, or were made until the other; in the order of digests. Not
        those that were replaced."""
        ...

    def tokens_made_by(self, made: int, at: int, after: str, limit: int, *, named: bool) -> Sequence[TokenRecord]:
        """One batch of those that were made until then and work at that moment."""
        ...

    def note_told(self, record: TokenRecord, days: int, at: int) -> bool:
        """That its user is told at that moment, so many days before its end; False where they were already. Of a token
        without a name that is known for a day."""
        ...

    def count_users_with_more(self, tokens: int, at: int, made: int | None) -> int:
        """How many have more than so many that work at that moment, and were made after ``made``."""
        ...

    def drop_replaced_tokens(self, at: int) -> None:
        """Those that were replaced and had ended by then."""
        ...

    def drop_expired_tokens(self, at: int) -> None:
        """Those with names that had ended by then, as was chosen for each."""
        ...

    def rewrite_ciphertexts(self, rewrite: Callable[[str], str | None], after: str, limit: int) -> str | None:
        """One batch, in the order of user keys; the last key of it, or None where there is nothing ``after``."""
        ...

    def rewrite_named_ciphertexts(self, rewrite: Callable[[str], str | None], after: str, limit: int) -> str | None:
        """The same of the tokens that have names, in the order of digests."""
        ...
