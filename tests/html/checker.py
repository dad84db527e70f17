"""The checker of the W3C for HTML, from npm; it runs on Java."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services import Missing, find

JAR = Path(__file__).parent / "node_modules/vnu-jar/build/dist/vnu.jar"
#: It runs for seconds: to compile thoroughly would take longer than it saves. Compiled quickly, it needs more stack.
QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xss4m")


@contextmanager
def installed() -> Iterator[Callable[[Path], list[str]]]:
    """A function that tells what the checker says of all the files in a folder."""
    java = find("java", "default-jre-headless")
    if not JAR.exists():
        raise Missing("npm packages of tests/html not found: ./dev setup")

    def check(folder: Path) -> list[str]:
        command = [java, *QUICK, "-jar", JAR, "--format", "json", "--stdout", "--exit-zero-always", folder]
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
        said = json.loads(answer.stdout)["messages"]
        return [f"{Path(each['url']).name}: {each['message']} {each.get('extract', '')}" for each in said]

    yield check
