#!/bin/sh
# SQLAlchemy 2.1.9 on SQLite, which keeps times as texts and compares them so: server_default=func.now() stores
# "2026-11-29 10:00:00", and a datetime that is sent is always written with six digits more, "2026-11-29 10:00:00.000000".
# A row is therefore not found by the very time that was read of it, and is earlier than itself: "changed at the time
# that I have seen" updates nothing, "not older than this one" leaves this one out, and there is no error. Where Python
# gives the time (default=), and on PostgreSQL 15 and MariaDB 10.11, the same statements find it.
# One would expect a type to compare what it has stored itself. On an account page it is a form that says "changed
# meanwhile" for ever, a list that loses a line at the end of a page, or a version_id_col that never matches; in tests
# with times of Python's own all is well. ghaering/pysqlite#127 has the comparison. Have Python give the time, or the
# database in the same form: func.strftime("%Y-%m-%d %H:%M:%f000", "now").
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check SQLAlchemy==2.1.9
cat > "$folder/times.py" <<'PY'
import sys
from datetime import datetime

from sqlalchemy import create_engine, func, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class ByDatabase(Base):
    __tablename__ = "by_database"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class InSameForm(Base):
    __tablename__ = "in_same_form"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.strftime("%Y-%m-%d %H:%M:%f000", "now"))


class ByPython(Base):
    __tablename__ = "by_python"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=lambda: datetime(2026, 11, 29, 10))


engine = create_engine("sqlite://")
Base.metadata.create_all(engine)


def found(model):
    """How many rows are of, not before, and before the time that was read of the only one; how many it updates."""
    with Session(engine) as session:
        session.add(model())
        session.commit()
        at = session.scalar(select(model.at))
        counted = select(func.count()).select_from(model)
        counts = [session.scalar(counted.where(rule)) for rule in (model.at == at, model.at >= at, model.at < at)]
        return [*counts, session.execute(update(model).where(model.at == at).values(id=2)).rowcount]


seen = {model.__name__: found(model) for model in (ByDatabase, InSameForm, ByPython)}
for how, counts in seen.items():
    print("{}: at == its time {}, >= {}, < {}, updated {}".format(how, *counts))
wanted = {"ByDatabase": [0, 0, 1, 0], "InSameForm": [1, 1, 0, 1], "ByPython": [1, 1, 0, 1]}
sys.exit(0 if seen == wanted else f"This has changed: {wanted} was seen before.")
PY
"$folder/venv/bin/python" "$folder/times.py"
