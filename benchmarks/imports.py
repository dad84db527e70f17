"""What importing the extension costs: in processes of their own, since a module is loaded once."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from statistics import median, quantiles

from .report import note, say, table

_STACK = "import flask, flask_login, flask_sqlalchemy, flask_wtf"
_MEASURE = """
import sys, time
{stack}
def memory():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
modules, kilobytes, start = len(sys.modules), memory(), time.process_time()
{work}
print((time.process_time() - start) * 1000, (memory() - kilobytes) / 1024, len(sys.modules) - modules)
"""
#: The app of the host, which has its database's dialect loaded, is there before anything is measured.
_STACK_AND_APP = f"""
{_STACK}
app = flask.Flask("measured")
app.config.update(SECRET_KEY="x" * 32, SQLALCHEMY_DATABASE_URI="sqlite://")
flask_sqlalchemy.SQLAlchemy(app)
flask_login.LoginManager(app)
"""
_APP = """
from flask_myprofile import MyProfile
MyProfile(app)
"""
_WORK = {
    "those four": ("", _STACK),
    "import flask_myprofile": (_STACK, "import flask_myprofile"),
    "import, and MyProfile(app)": (_STACK_AND_APP, _APP),
}


def show_imports(times: int) -> None:
    """Print the table; of each so many processes."""
    rows = []
    for name, (stack, work) in _WORK.items():
        with tempfile.TemporaryDirectory(prefix="mp-bench-") as compiled:
            _once(stack, work, compiled)  # an installation has its modules compiled
            took = [_once(stack, work, compiled) for _ in range(times)]
        milliseconds, megabytes, modules = zip(*took, strict=True)
        low, middle, high = quantiles(milliseconds, n=4)
        note(f"ms: {name}", middle, low, high)
        cells = (f"{middle:.0f} ({low:.0f}–{high:.0f})", f"{median(megabytes):.1f}", f"{modules[-1]:.0f}")
        rows.append([name, *cells])
    heads = (
        "above Flask, Flask-Login, Flask-SQLAlchemy and Flask-WTF",
        "ms of processor",
        "MB",
        "modules",
    )
    say("\n" + table(heads, rows))


def _once(stack: str, work: str, compiled: str) -> tuple[float, float, float]:
    program = _MEASURE.format(stack=stack, work=work)
    usual = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(  # noqa: S603 (our own program)
        [sys.executable, "-c", program],
        env={**usual, "PYTHONPYCACHEPREFIX": compiled},
        capture_output=True,
        text=True,
        check=True,
    )
    milliseconds, megabytes, modules = map(float, done.stdout.split())
    return milliseconds, megabytes, modules
