#!/bin/sh
# SQLAlchemy 2.1.9: a listener of a sessionmaker that can reach that sessionmaker, as a method of whoever owns it can, keeps
# both for as long as the process runs. The dispatch of Session holds listeners by the factory's class in a
# WeakKeyDictionary, whose value then reaches its key. Without a listener, or with one that knows it weakly, the same
# factory is collected.
# A test suite that makes an application for each test, each with listeners of its own, keeps them all.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check sqlalchemy==2.1.9
cat > "$folder/kept.py" <<'PY'
import gc
import sys
import weakref

from sqlalchemy import event
from sqlalchemy.orm import sessionmaker


class Owner:
    def __init__(self, how):
        self.factory = sessionmaker()
        if how == "a method":
            event.listen(self.factory, "before_commit", self.on_commit)
        if how == "a weak reference":
            method = weakref.WeakMethod(self.on_commit)
            event.listen(self.factory, "before_commit", lambda session: method() and method()(session))

    def on_commit(self, session):
        pass


def is_kept(how):
    owner = Owner(how)
    gone = weakref.ref(owner)
    del owner
    gc.collect()
    return gone() is not None


seen = {how: is_kept(how) for how in ("nothing", "a weak reference", "a method")}
for how, kept in seen.items():
    print(f"listened by {how}: kept {kept}")
wanted = {"nothing": False, "a weak reference": False, "a method": True}
sys.exit(0 if seen == wanted else f"This has changed: {wanted} was seen before.")
PY
"$folder/venv/bin/python" "$folder/kept.py"
