"""The query that every request with an API token asks: is it live, is its feature on, and who is its user?"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, and_, bindparam, or_, select
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from ..errors import StoreDown
from .session_lookup import Find, SessionLookup, UserClass, Way
from .token_records import CheckedToken, FoundToken

#: What is asked of a token, by whether it has a name; after that come the primary key of the user, the name of a
#: feature, whether that is on, and for whom.
_ASKED = {True: CheckedToken._fields, False: CheckedToken._fields[: CheckedToken._fields.index("slot")]}
_AFTER = 4


class TokenLookup(SessionLookup):
    """Finds a token and, in the same query, whatever decides about it."""

    def find_live_token(self, digest: str, features: tuple[str, ...], *, named: bool) -> FoundToken | None:
        """See :class:`~.token_protocols.TokenStore`. The features are the same ones each time."""
        session, users = self._db.session(), self._users_of(self._only_class())
        find, values = self._token_find(users, self._way_of_token(session, users), features, named), {"digest": digest}
        try:
            rows = self._rows(session, find, values)
        except StoreDown as error:
            # a key from before, when users were of other classes, is no number: it is nobody's of this class
            if find.way is Way.ALONE or not isinstance(error.__cause__, DataError):
                raise
            find = self._token_find(users, Way.ALONE, features, named)
            rows = self._rows(session, find, values)
        if not rows:
            return None
        key, first = find.width - _AFTER, rows[0]
        choices = {row[key + 1]: (bool(row[key + 2]), row[key + 3]) for row in rows if row[key + 1] is not None}
        return FoundToken(CheckedToken(*first[:key]), choices, self._user_of_token(session, users, find, first))

    def _way_of_token(self, session: Session, users: UserClass) -> Way:
        """Whose it is, only its row says."""
        if users.keys is None or not users.keys.is_told_in_sql(self.engine.dialect.name):
            return Way.ALONE
        return Way.ROWS if users.rows is not None and users.rows.may_bring(session) else Way.ORM

    def _token_find(self, users: UserClass, way: Way, features: tuple[str, ...], named: bool) -> Find:
        finds = users.named_tokens if named else users.tokens
        find = finds.get(way)
        if find is None:
            table = self._tables.named_token if named else self._tables.token
            find = finds[way] = self._token_statement(users, way, features, table, _ASKED[named])
        return find

    def _token_statement(
        self, users: UserClass, way: Way, features: tuple[str, ...], token: Table, names: tuple[str, ...]
    ) -> Find:
        feature, audience = self._tables.feature, self._tables.feature_audience
        # names both sides, as _is_key() does
        asked = and_(token.c.digest.is_not(None), or_(*(feature.c.name == each for each in features)))
        source: Any = token.outerjoin(feature, asked).outerjoin(audience, audience.c.name == feature.c.name)
        key: Any = token.c.user_key
        if way is not Way.ALONE and users.keys is not None:
            key = users.keys.columns[0]
            source = source.join(users.source(way), key == users.keys.in_sql(token.c.user_key))
        switch = (feature.c.name, feature.c.enabled, audience.c.audience)
        columns = [*(token.c[name] for name in names), key, *switch]
        found = select(*columns, *users.columns(way)).select_from(source).where(token.c.digest == bindparam("digest"))
        return self._find(found, len(columns), users, way)

    @staticmethod
    def _user_of_token(session: Session, users: UserClass, find: Find, row: Any) -> Any:
        """None: ask for the user by the key, which some databases read as a number although it is none."""
        identity = users.keys.identity(row[0]) if users.keys is not None and find.way is not Way.ALONE else None
        if identity is None or identity[0] != row[find.width - _AFTER]:
            return None
        is_held = find.way is Way.ROWS and users.rows is not None and users.rows.is_held(session, identity)
        return None if is_held else find.user_of(row, session)
