#!/bin/sh
# SQLAlchemy 2.1.9: select(User).where(…).with_for_update(), and Session.get(User, 1, with_for_update=True) as well, wait
# for the row, lock it, and bring what it is now; the object that the session has of it already keeps the values of
# before. refresh(user, with_for_update=True) locks the same row and overwrites them. So it is on PostgreSQL 15; SQLite,
# which is asked here, leaves FOR UPDATE out and does the same with the objects.
# One would expect a lock to be for reading what is locked, and a get() that goes to the database to answer what is
# there. In a Flask app the user of the request was loaded by user_loader, so that "lock, look, write" looks at what was
# before the lock: two requests take the last place. A test with a session of its own shows nothing. Lock by refresh(),
# or give populate_existing=True, which the reference of Query.with_for_update() recommends since sqlalchemy#5572, and
# those of Select and of Session.get() do not.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check SQLAlchemy==2.1.9
cat > "$folder/locked.py" <<'PY'
import sys

from sqlalchemy import create_engine, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)
    places: Mapped[int]


engine = create_engine(f"sqlite:///{sys.argv[1]}/users.sqlite")
Base.metadata.create_all(engine)
with Session(engine) as session:
    session.add(User(id=1, places=1))
    session.commit()
locking = select(User).where(User.id == 1).with_for_update()


def refreshed(session):
    user = session.get(User, 1)
    session.refresh(user, with_for_update=True)
    return user


WAYS = {
    "select": lambda session: session.scalars(locking).one(),
    "select, populate_existing": lambda session: session.scalars(
        locking.execution_options(populate_existing=True)
    ).one(),
    "get": lambda session: session.get(User, 1, with_for_update=True),
    "get, populate_existing": lambda session: session.get(User, 1, with_for_update=True, populate_existing=True),
    "refresh": refreshed,
}


def looked_at(lock):
    """The places after the lock, of a user who was loaded before somebody else took the last one."""
    with Session(engine) as session:
        user = session.get(User, 1)  # as the user_loader does
        with engine.begin() as somebody_else:
            somebody_else.execute(update(User).values(places=0))
        places = lock(session).places
        user.places = 1
        session.commit()
        return places


seen = {how: looked_at(lock) for how, lock in WAYS.items()}
print("places after the lock, where none is left:", seen)
wanted = {"select": 1, "select, populate_existing": 0, "get": 1, "get, populate_existing": 0, "refresh": 0}
sys.exit(0 if seen == wanted else f"This has changed: {wanted} was seen before.")
PY
"$folder/venv/bin/python" "$folder/locked.py" "$folder"
