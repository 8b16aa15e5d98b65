"""What a usual run leaves out since it repeats what it has: the same with an older client or another database."""

from __future__ import annotations

import os

import pytest

SWITCH = "LAPIS_TEST_ALL"

is_usual_run = not os.environ.get(SWITCH)

only_in_a_whole_run = pytest.mark.skipif(is_usual_run, reason=f"{SWITCH}=1 runs it")
"""Marks what runs when the switch is set; CONTRIBUTING.md names it."""


def only_when_all(client: str) -> None:
    """Skip, in a usual run, what an older client does as the newest does."""
    if is_usual_run and client.endswith("-old"):
        pytest.skip(f"{SWITCH}=1 runs everything with the older release too")
