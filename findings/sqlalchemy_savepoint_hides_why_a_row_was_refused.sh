#!/bin/sh
# SQLAlchemy 2.1.9: "with connection.begin_nested():" hides the error of a statement for which the database has undone
# the whole transaction, as SQLite does where nothing more can be written (and MariaDB at a deadlock): leaving the block rolls back
# to a savepoint that is gone, and it is that failure which is raised, "no such savepoint". The first error, which says
# what happened and whether to try again, is only its __context__. Without a savepoint it is raised itself.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check SQLAlchemy==2.1.9
cat > "$folder/full.py" <<'PY'
import resource
import signal
import sys

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

engine = create_engine(f"sqlite:///{sys.argv[1]}/full.sqlite")
with engine.begin() as connection:
    connection.execute(text("CREATE TABLE note (words TEXT)"))


signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))  # as a disk on which nothing more fits


def insert(nested):
    with engine.connect() as connection:
        connection.execute(text("PRAGMA cache_size = 1"))
        connection.exec_driver_sql("BEGIN")
        row = text("INSERT INTO note SELECT hex(randomblob(400000))")
        try:
            if nested:
                with connection.begin_nested():
                    connection.execute(row)
            else:
                connection.execute(row)
        except OperationalError as error:
            return str(error.orig).split(":")[0]
    return "stored"


seen = [insert(nested=False), insert(nested=True)]
print(seen)
sys.exit(0 if seen[0] != seen[1] and "savepoint" in seen[1] else "This has changed.")
PY
"$folder/venv/bin/python" "$folder/full.py" "$folder"
