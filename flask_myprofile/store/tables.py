"""The extension's tables, put into the host's own metadata so that ``create_all`` and Flask-Migrate see them.

Plain column types only, so that a migration needs no import of ours. Users are named by a string key and no
foreign key: whatever the host's user table is called, and wherever it lives, deleting a user never fails here.
A column that comes to a table which is there already may be empty or has a server default: there may be rows in it.
"""

# without postponed annotations, as in records.py
from typing import Any, NamedTuple

from sqlalchemy import Boolean, Column, Connection, Index, MetaData, String, Table, Text, event

from . import feature_columns as features
from .column_types import BigInteger
from .column_types import exact as _exact

#: How the rows of sessions lie in a new table: with room on each of PostgreSQL's pages, so that a row changes there and
#: no index hears of it; and on SQLite by their ids, and so those of a user together, as they do on MariaDB.
_SESSION_OPTIONS: dict[str, dict[str, Any]] = {
    "postgresql": {"with": {"fillfactor": 90}},
    "sqlite": {"with_rowid": False},
}


class Tables(NamedTuple):
    session: Table
    token: Table
    named_token: Table
    preference: Table
    feature: Table
    version: Table
    guess: Table
    history: Table
    rehash: Table
    pending_form: Table
    identity: Table
    logout_token: Table
    event: Table
    link: Table
    notice: Table
    known_device: Table
    email_change: Table
    feature_audience: Table
    feature_change: Table
    feature_author: Table
    feature_set: Table
    feature_set_rule: Table


def declare(metadata: MetaData, prefix: str, schema: str | None) -> Tables:
    """The tables in ``metadata``, made once and found again (two apps may share one ``db``)."""

    def table(name: str, *columns: Column[object] | Index) -> Table:
        key = f"{schema}.{prefix}{name}" if schema else prefix + name
        known = metadata.tables.get(key)
        if known is not None and known.info.get("flask_myprofile"):
            return known
        # extend_existing: a host that calls reflect() has read the table from the database before
        return Table(
            prefix + name, metadata, *columns, schema=schema, extend_existing=True, info={"flask_myprofile": True}
        )

    session = table("session", *_session_columns())
    event.listen(session, "before_create", _lay_out_sessions)
    return Tables(
        session=session,
        token=table("token", *_token_columns()),
        named_token=table("named_token", *_named_token_columns()),
        preference=table("preference", *_preference_columns()),
        feature=table("feature", *features.feature_columns()),
        version=table("version", *features.version_columns()),
        guess=table("guess", *_guess_columns()),
        history=table("history", *_history_columns()),
        rehash=table("rehash", *_rehash_columns()),
        pending_form=table("pending_form", *_pending_form_columns()),
        identity=table("identity", *_identity_columns()),
        logout_token=table("logout_token", *_logout_token_columns()),
        event=table("event", *_event_columns(f"ix_{prefix}event_user_key_topic_id")),
        link=table("link", *_link_columns()),
        notice=table("notice", *_notice_columns()),
        known_device=table("known_device", *_known_device_columns()),
        email_change=table("email_change", *_email_change_columns()),
        feature_audience=table("feature_audience", *features.feature_audience_columns()),
        feature_change=table("feature_change", *features.feature_change_columns()),
        feature_author=table("feature_author", *features.feature_author_columns()),
        feature_set=table("feature_set", *features.feature_set_columns()),
        feature_set_rule=table("feature_set_rule", *features.feature_set_rule_columns()),
    )


def _lay_out_sessions(table: Table, connection: Connection, **how: Any) -> None:
    """Only now: to know the options of a database, SQLAlchemy loads all that it has for it."""
    name = connection.dialect.name
    if name in _SESSION_OPTIONS:
        table.dialect_options[name].update(_SESSION_OPTIONS[name])


def _session_columns() -> list[Column[object]]:
    return [
        Column("id", _exact(24), primary_key=True),
        Column("user_key", _exact(255), nullable=False, index=True),
        Column("login_id", _exact(255), nullable=False),
        Column("secret_hash", _exact(64), nullable=False),
        Column("previous_hash", _exact(64)),
        Column("rotated_at", BigInteger),
        Column("created_at", BigInteger, nullable=False),
        Column("last_seen_at", BigInteger, nullable=False),
        Column("ended_at", BigInteger),
        Column("end_reason", String(32)),
        Column("method", String(32), nullable=False),
        Column("provider", String(128)),
        Column("issuer", String(255)),
        Column("subject", String(255)),
        Column("idp_session", String(255), index=True),
        Column("remember_until", BigInteger),
        Column("ip", String(45), nullable=False),
        Column("user_agent", String(512), nullable=False),
        Column("name", String(64)),
        Column("acr", String(255)),
        Column("auth_time", BigInteger),
        Column("callback", String(512)),
        Column("id_token", Text),
        Column("asserted_at", BigInteger),
        Column("password_mark", _exact(64)),
        Column("former_login_ids", Text),
    ]


def _token_columns() -> list[Column[object]]:
    return [
        Column("user_key", _exact(255), primary_key=True),
        Column("digest", _exact(64), nullable=False, unique=True),
        Column("ciphertext", Text),
        Column("hint", String(64), nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger),
        Column("last_used_at", BigInteger),
        Column("last_used_ip", String(45)),
        Column("last_used_agent", String(512)),
    ]


def _named_token_columns() -> list[Column[object]]:
    """Of whoever may have several: no more than there are slots, whatever happens at once."""
    key, *others = _token_columns()
    return [
        key,
        Column("slot", BigInteger, primary_key=True, autoincrement=False),
        *others,
        Column("name", String(64), nullable=False),
        Column("scopes", Text),
        Column("networks", Text),
        Column("replaces", _exact(64)),
        Column("told", BigInteger),
    ]


def _preference_columns() -> list[Column[object]]:
    return [
        Column("user_key", _exact(255), primary_key=True),
        Column("name", _exact(32), primary_key=True),
        Column("value", String(64), nullable=False),
    ]


def _guess_columns() -> list[Column[object]]:
    return [
        Column("id", _exact(24), primary_key=True),
        Column("user_key", _exact(255), nullable=False, index=True),
        Column("at", BigInteger, nullable=False),
    ]


def _history_columns() -> list[Column[object]]:
    return [
        Column("user_key", _exact(255), primary_key=True),
        Column("signed_out_at", BigInteger, nullable=False),
    ]


def _rehash_columns() -> list[Column[object]]:
    return [
        Column("user_key", _exact(255), primary_key=True),
        Column("old_mark", _exact(64), nullable=False),
        Column("new_mark", _exact(64), nullable=False),
    ]


def _pending_form_columns() -> list[Column[object]]:
    return [
        Column("id", _exact(64), primary_key=True),
        Column("session_id", _exact(24), nullable=False, index=True),
        Column("user_key", _exact(255), nullable=False, index=True),
        Column("ciphertext", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
    ]


def _identity_columns() -> list[Column[object]]:
    return [
        Column("id", _exact(64), primary_key=True),
        Column("user_key", _exact(255), primary_key=True, index=True),
        Column("provider", String(128)),
        Column("issuer", String(255)),
        Column("subject", String(255)),
        Column("noted_at", BigInteger),
    ]


def _logout_token_columns() -> list[Column[object]]:
    return [
        Column("id", _exact(64), primary_key=True),
        Column("whose", _exact(64), index=True),
        Column("which", _exact(64), index=True),
        Column("issued_at", BigInteger, nullable=False, server_default="0"),
        Column("expires_at", BigInteger, nullable=False),
        Column("carried_out", Boolean, nullable=False, server_default="0"),
    ]


def _event_columns(name: str) -> list[Column[object] | Index]:
    """A page of a user's is read by the primary key, whose beginning tells them apart, and one of a topic in the order
    of the index."""
    return [
        Column("id", _exact(32), primary_key=True),
        Column("user_key", _exact(255), nullable=False),
        Column("topic", _exact(32), nullable=False),
        Column("kind", _exact(64), nullable=False),
        Column("at", BigInteger, nullable=False, index=True),
        Column("actor", String(16), nullable=False),
        Column("actor_key", _exact(255)),
        Column("actor_name", String(255)),
        Column("session_id", _exact(24)),
        Column("ip", String(45), nullable=False),
        Column("user_agent", String(512), nullable=False),
        Column("details", Text),
        Index(name, "user_key", "topic", "id"),
    ]


def _link_columns() -> list[Column[object]]:
    return [
        Column("id", _exact(64), primary_key=True),
        Column("user_key", _exact(255), nullable=False, index=True),
        Column("purpose", _exact(32), nullable=False),
        Column("about", _exact(24)),
        Column("expires_at", BigInteger, nullable=False),
        Column("sent_to", _exact(64)),
    ]


def _notice_columns() -> list[Column[object]]:
    return [
        Column("id", _exact(64), primary_key=True),
        Column("user_key", _exact(255), nullable=False, index=True),
        Column("at", BigInteger, nullable=False),
    ]


def _known_device_columns() -> list[Column[object]]:
    return [
        Column("id", _exact(64), primary_key=True),
        Column("user_key", _exact(255), nullable=False, index=True),
        Column("session_id", _exact(24), nullable=False),
        Column("at", BigInteger, nullable=False),
    ]


def _email_change_columns() -> list[Column[object]]:
    return [
        Column("id", _exact(24), primary_key=True),
        Column("user_key", _exact(255), nullable=False, index=True),
        Column("session_id", _exact(24)),
        Column("old_address", String(320), nullable=False),
        Column("new_address", String(320), nullable=False),
        Column("claim", _exact(64), nullable=False, unique=True),
        Column("state", String(16), nullable=False),
        Column("asked_at", BigInteger, nullable=False),
        Column("sent_at", BigInteger, nullable=False),
        Column("times_sent", BigInteger, nullable=False),
        Column("confirmed_at", BigInteger),
    ]
