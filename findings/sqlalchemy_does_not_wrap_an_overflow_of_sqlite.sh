#!/bin/sh
# SQLAlchemy 2.1.9 with SQLite: a number that the driver cannot bind, such as an id out of a URL or a cookie that is
# longer than 64 bits, raises Python's own OverflowError and no sqlalchemy.exc error. "except SQLAlchemyError", which
# catches the same lookup on other databases (there it is a DataError), does not catch this one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check SQLAlchemy==2.1.9
cat > "$folder/overflow.py" <<'PY'
import sys

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)


engine = create_engine("sqlite://")
Base.metadata.create_all(engine)
with Session(engine) as session:
    try:
        seen = session.get(User, 2**63)
    except Exception as error:
        seen = (type(error).__name__, isinstance(error, SQLAlchemyError))
print(seen)
sys.exit(0 if seen == ("OverflowError", False) else "This has changed.")
PY
"$folder/venv/bin/python" "$folder/overflow.py"
