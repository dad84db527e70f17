"""Each example of the page "Your host" is tried, and each thing that it names is there."""

from __future__ import annotations

import re
from pathlib import Path

from tests.hosts.your_host import sections


def test_every_section_with_an_example_has_a_test() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_your_host_*.py"))
    tried = set(re.findall(r'example\("([^"]+)", (\d)\b', tests))
    wanted = {(title, str(number)) for title, codes in sections().items() for number in range(len(codes))}
    assert tried == wanted
