"""Where SQLite keeps its database, and how that becomes full."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Disk:
    """A small file system of its own, which only root can have; elsewhere an ordinary folder, which never is full."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(folder)]
        self.is_own = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0

    def fill(self) -> None:
        with (self.folder / "filler").open("wb", buffering=0) as file:
            for size in (65_536, 4096, 1):
                _write_until_full(file, size)

    def free(self) -> None:
        (self.folder / "filler").unlink(missing_ok=True)

    def close(self) -> None:
        if self.is_own:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=False)


def _write_until_full(file: Any, size: int) -> None:
    try:
        while file.write(b"\0" * size):
            pass
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise


@contextmanager
def disk(folder: Path) -> Iterator[Disk]:
    (folder / "disk").mkdir()
    made = Disk(folder / "disk")
    try:
        yield made
    finally:
        made.close()
