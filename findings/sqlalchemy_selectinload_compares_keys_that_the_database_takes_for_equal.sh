#!/bin/sh
# SQLAlchemy 2.1.9: where a key ignores case, as texts do in MySQL, MariaDB and SQL Server unless told otherwise (here
# COLLATE NOCASE of SQLite), a foreign key "Ada" refers to the row "ada", and the database joins them. selectinload()
# puts parents and children together in Python, where the two differ: the list is empty and the parent None, although
# its query has brought the rows. Lazy loading, joinedload() and subqueryload() of the same mapping find them.
# One would expect a loader to change how many queries there are, and not what is found. Whoever turns it on to make a
# page faster loses rows without an error; store keys in one spelling, or use joinedload() there.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check SQLAlchemy==2.1.9
cat > "$folder/loaders.py" <<'PY'
import sys

from sqlalchemy import ForeignKey, String, create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from sqlalchemy.orm import joinedload, lazyload, selectinload, subqueryload

Name = String(50, collation="NOCASE")


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "user"
    name: Mapped[str] = mapped_column(Name, primary_key=True)
    notes: Mapped[list["Note"]] = relationship(back_populates="user")


class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_name: Mapped[str] = mapped_column(Name, ForeignKey("user.name"))
    user: Mapped[User] = relationship(back_populates="notes")


engine = create_engine("sqlite://")
event.listen(engine, "connect", lambda connection, record: connection.execute("PRAGMA foreign_keys = ON"))
Base.metadata.create_all(engine)
with Session(engine) as session:
    session.add(User(name="ada"))
    session.flush()
    session.add(Note(user_name="Ada"))  # which the foreign key takes
    session.commit()


def found(how):
    """The notes of the user, and the user of the note."""
    with Session(engine) as session:
        notes = session.scalars(select(User).options(how(User.notes))).unique().one().notes
        counted = len(notes)
        session.expunge_all()
        user = session.scalars(select(Note).options(how(Note.user))).one().user
        return counted, user and user.name


seen = {how.__name__: found(how) for how in (lazyload, joinedload, subqueryload, selectinload)}
print(seen)
rest = {"lazyload": (1, "ada"), "joinedload": (1, "ada"), "subqueryload": (1, "ada")}
sys.exit(0 if seen == {**rest, "selectinload": (0, None)} else "This has changed.")
PY
"$folder/venv/bin/python" "$folder/loaders.py"
