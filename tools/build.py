# ruff: noqa: S603, S607 (what is run is named here)
"""Builds the sdist and the wheel of the last commit into ``dist``, the same bytes wherever and whenever that is done.

    .venv/bin/python tools/build.py             # builds
    .venv/bin/python tools/build.py --check     # builds once more, and compares; says the sizes and the hashes

setuptools writes the moment of the build into an sdist. So it is packed anew here: in order, as of the commit's date,
and of nobody. The wheel is made from that.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
#: Bytes that the wheel may have: what only tests need is not in it.
MOST = 1_200_000


def date_of_commit() -> int:
    return int(subprocess.check_output(["git", "log", "-1", "--format=%ct"], cwd=ROOT, text=True))


def build(folder: Path) -> list[Path]:
    """The sdist and the wheel, in ``folder``."""
    epoch = date_of_commit()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        source, made = Path(name) / "source", Path(name) / "made"
        _unpack(subprocess.check_output(["git", "archive", "HEAD"], cwd=ROOT), source)
        _run_build("--sdist", source, made, epoch)
        (packed,) = made.glob("*.tar.gz")
        sdist = folder / packed.name
        sdist.write_bytes(_packed_anew(packed, epoch))
        _unpack(gzip.decompress(sdist.read_bytes()), Path(name) / "again")
        (again,) = (Path(name) / "again").iterdir()
        _run_build("--wheel", again, folder, epoch)
    (wheel,) = folder.glob("*.whl")
    return [sdist, wheel]


def _unpack(content: bytes, folder: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        archive.extractall(folder, filter="data")


def _run_build(kind: str, source: Path, folder: Path, epoch: int) -> None:
    command = [sys.executable, "-m", "build", kind, "--outdir", folder, source]
    environ = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch)}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)


def _packed_anew(path: Path, epoch: int) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(path) as old, tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new:
        for member in sorted(old.getmembers(), key=lambda each: each.name):
            member.mtime, member.uid, member.gid, member.uname, member.gname = epoch, 0, 0, "", ""
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            member.pax_headers = {}
            new.addfile(member, old.extractfile(member) if member.isfile() else None)
    return gzip.compress(packed.getvalue(), mtime=epoch)


def _is(what: str, holds: bool) -> None:
    if not holds:
        sys.exit(f"tools/build.py: {what}")


def check(built: list[Path]) -> None:
    with tempfile.TemporaryDirectory() as name:
        for one, other in zip(built, build(Path(name)), strict=True):
            digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (one, other)]
            _is(f"{one.name} has other bytes when it is built again", digests[0] == digests[1])
            print(f"{digests[0]}  {one.name}  {one.stat().st_size:,} bytes")
    _is(f"the wheel has more than {MOST:,} bytes", built[1].stat().st_size < MOST)


if __name__ == "__main__":
    made = build(ROOT / "dist")
    if "--check" in sys.argv:
        check(made)
