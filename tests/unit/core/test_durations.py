"""Durations in ISO 8601."""

from __future__ import annotations

import pytest

from lapisml.core.durations import read_millis, read_seconds, write_millis, write_seconds
from lapisml.core.errors import LapisError


@pytest.mark.parametrize(
    ("text", "millis"),
    [
        ("PT0S", 0),
        ("PT5.5S", 5500),
        ("PT0.05S", 50),
        ("PT1M30S", 90_000),
        ("PT1H", 3_600_000),
        ("P1DT1S", 86_401_000),
        ("P2D", 172_800_000),
    ],
)
def test_both_ways(text: str, millis: int) -> None:
    assert read_millis(text, "x") == millis
    assert write_millis(millis) == text


def test_seconds() -> None:
    assert read_seconds("PT90S", "x") == 90
    assert read_seconds("PT0.2S", "x") == 1
    assert read_seconds("PT0S", "x") == 0
    assert write_seconds(90) == "PT1M30S"
    assert (read_seconds(None, "x"), read_millis(None, "x"), write_seconds(None)) == (None, None, None)


@pytest.mark.parametrize("text", ["", "P", "PT", "5", "soon", "P1Y", 5])
def test_other_text_is_refused(text: object) -> None:
    with pytest.raises(LapisError) as caught:
        read_seconds(text, "limits.timeout")
    assert caught.value.problems[0].path == "limits.timeout"
