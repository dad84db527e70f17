"""The tables as an older version of the extension has made them: frozen, whatever becomes of them since then."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, MetaData, String, Table, Text
from sqlalchemy.types import TypeEngine


def older_tables(prefix: str = "myprofile_", schema: str | None = None) -> MetaData:
    metadata = MetaData()
    for name, columns in (
        ("session", _session_columns()),
        ("token", _token_columns()),
        ("preference", _preference_columns()),
        ("feature", _feature_columns()),
        ("guess", _guess_columns()),
        ("history", _history_columns()),
        ("interrupted", _interrupted_columns()),
        ("identity", _identity_columns()),
        ("logout_token", _logout_token_columns()),
    ):
        Table(prefix + name, metadata, *columns, schema=schema)
    return metadata


def _exact(length: int) -> TypeEngine[str]:
    return String(length).with_variant(String(length, collation="utf8mb4_bin"), "mysql", "mariadb")


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
    ]


def _token_columns() -> list[Column[object]]:
    return [
        Column("user_key", _exact(255), primary_key=True),
        Column("version", Integer, nullable=False),
        Column("digest", _exact(64), nullable=False, unique=True),
        Column("ciphertext", Text),
        Column("hint", String(64), nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger),
        Column("last_used_at", BigInteger),
        Column("last_used_ip", String(45)),
        Column("last_used_agent", String(512)),
    ]


def _preference_columns() -> list[Column[object]]:
    return [
        Column("user_key", _exact(255), primary_key=True),
        Column("name", _exact(32), primary_key=True),
        Column("value", String(64), nullable=False),
    ]


def _feature_columns() -> list[Column[object]]:
    return [
        Column("name", _exact(128), primary_key=True),
        Column("enabled", Boolean, nullable=False),
        Column("changed_by", String(255), nullable=False),
        Column("changed_at", BigInteger, nullable=False),
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


def _interrupted_columns() -> list[Column[object]]:
    return [
        Column("session_id", _exact(24), primary_key=True),
        Column("endpoint", String(128), nullable=False),
        Column("fields", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
    ]


def _identity_columns() -> list[Column[object]]:
    return [
        Column("id", _exact(64), primary_key=True),
        Column("user_key", _exact(255), primary_key=True, index=True),
        Column("provider", String(128)),
        Column("issuer", String(255)),
        Column("subject", String(255)),
    ]


def _logout_token_columns() -> list[Column[object]]:
    return [
        Column("id", _exact(64), primary_key=True),
        Column("expires_at", BigInteger, nullable=False),
    ]
