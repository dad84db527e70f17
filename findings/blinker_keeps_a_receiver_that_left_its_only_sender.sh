#!/bin/sh
# blinker 1.9.0: a receiver that is connected for one sender with weak=False, and disconnected of that very sender, hears
# nothing any more, and is KEPT: the signal holds it, and with it all that its closure knows, such as an application.
# disconnect() without a sender lets go of it. A "once, then never again" listener that names its sender on the way out
# therefore keeps every application that it was made for.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check blinker==1.9.0
cat > "$folder/disconnected.py" <<'PY'
import gc
import sys
import weakref

from blinker import Signal


class Application:
    pass


def left(with_sender):
    """How many of two receivers hear, and is the application there, once both have been disconnected."""
    signal, application, heard = Signal(), Application(), []

    def receiver(sender, known=application):
        heard.append(sender)

    signal.connect(receiver, application, weak=False)
    signal.send(application)
    signal.disconnect(receiver, *([application] if with_sender else []))
    signal.send(application)
    calls, gone = len(heard), weakref.ref(application)
    heard.clear()
    del application, receiver
    gc.collect()
    return calls, gone() is not None


seen = {"of its sender": left(True), "of all": left(False)}
for how, (calls, is_kept) in seen.items():
    print(f"disconnected {how}: heard {calls} of 2, application kept: {is_kept}")
wanted = {"of its sender": (1, True), "of all": (1, False)}
sys.exit(0 if seen == wanted else f"This has changed: {wanted} was seen before.")
PY
"$folder/venv/bin/python" "$folder/disconnected.py"
