#!/bin/sh
# Alembic 1.20.1 with SQLAlchemy 2.1.9 on SQLite: batch_alter_table() makes the table anew from what can be reflected,
# and that has neither the collation of a column nor AUTOINCREMENT. To widen another column makes a UNIQUE name that
# ignored case tell "ada" from "Ada", and ids of deleted rows are given away again. There is no warning, and the
# comparison with the models, which still say both, finds no difference: a new database has them, one that was
# migrated has not.
# One would expect a migration to change what it names. The table as it was, as copy_from=, keeps both.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check alembic==1.20.1 SQLAlchemy==2.1.9
cat > "$folder/rebuilt.py" <<'PY'
import sys
import warnings

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, Integer, MetaData, String, Table, UniqueConstraint, create_engine
from sqlalchemy.exc import IntegrityError

warnings.simplefilter("error")


def models(length):
    return Table(
        "account",
        MetaData(),
        Column("id", Integer, primary_key=True),
        Column("name", String(80, collation="NOCASE"), nullable=False),
        Column("city", String(length)),
        UniqueConstraint("name", name="uq_account_name"),
        sqlite_autoincrement=True,
    )


before, now = models(20), models(40)


def rules(connection):
    """Whether a name is unique without its case, and whether the id of a deleted row stays its own."""
    add = now.insert().values(name="ada").returning(now.c.id)
    with connection.begin():
        first = connection.execute(add).scalar_one()
        try:
            with connection.begin_nested():
                connection.execute(now.insert().values(name="Ada"))
            ignores_case = False
        except IntegrityError:
            ignores_case = True
        connection.execute(now.delete())
        stays = connection.execute(add).scalar_one() > first
        connection.execute(now.delete())
    return ignores_case, stays


def migrated(**how):
    with create_engine("sqlite://").connect() as connection:
        with connection.begin():
            before.metadata.create_all(connection)
        had = rules(connection)
        context = MigrationContext.configure(connection)
        with connection.begin(), Operations(context).batch_alter_table("account", **how) as batch:
            batch.alter_column("city", type_=String(40))
        has = rules(connection)
        return had, has, compare_metadata(context, now.metadata)


seen = {"reflected": migrated(), "copy_from": migrated(copy_from=before)}
for how, (had, has, differences) in seen.items():
    print(f"{how}: (name ignores case, id stays its own) before {had}, after {has}; differences {differences}")
both, neither = (True, True), (False, False)
wanted = {"reflected": (both, neither, []), "copy_from": (both, both, [])}
sys.exit(0 if seen == wanted else f"This has changed: {wanted} was seen before.")
PY
"$folder/venv/bin/python" "$folder/rebuilt.py"
