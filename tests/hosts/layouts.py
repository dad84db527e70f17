"""Hosts with layouts of their own, as people have them: of Bootstrap, of Pico, of daisyUI, and of nothing at all.

None has a line of CSS for My Profile. The frameworks are those of npm; light or dark is what the cookie ``theme`` says.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import render_template

from tests.support.host import Host
from tests.support.services import Missing

HERE = Path(__file__).parent
#: What each host's app has to say of its layout.
LAYOUTS: dict[str, dict[str, Any]] = {
    "bootstrap": {},
    "pico": {},
    "daisy": {},
    "bare": {"MYPROFILE_BASE_BLOCKS": {"content": "main"}},
}


@contextmanager
def frameworks() -> Iterator[Path]:
    folder = HERE / "node_modules"
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]
    if missing := [name for name in wanted if not (folder / name).is_dir()]:
        raise Missing(f"tests/hosts/node_modules has no {', '.join(missing)}: ./dev setup brings it by npm")
    yield folder


def add_layouts(host: Host) -> None:
    """Templates, the frameworks as static files, and a page of the host's own at ``/own``."""
    host.app.template_folder = str(HERE / "templates")
    host.app.static_folder = str(HERE / "node_modules")
    host.app.add_url_rule("/static/<path:filename>", "static", host.app.send_static_file)
    host.app.add_url_rule("/own", "own", lambda: render_template(host.app.config["MYPROFILE_BASE_TEMPLATE"]))
