"""How often what happens at once does so: MYPROFILE_TEST_ROUNDS=20 makes it twenty times as often."""

from __future__ import annotations

import os


def rounds(usual: int) -> int:
    """:param usual: so often that a fault of the kind that the test looks for shows at every run, or nearly."""
    return usual * int(os.environ.get("MYPROFILE_TEST_ROUNDS", "1"))
