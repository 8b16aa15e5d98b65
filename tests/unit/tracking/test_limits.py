from __future__ import annotations

import math

import pytest

from lapisml.core.errors import LapisError
from lapisml.server.features.tracking import limits


@pytest.mark.parametrize("key", ["loss", "val/acc", "a b", "a:b", "a-b.c_d", "ä", "x" * 250])
def test_names_that_are_accepted(key: str) -> None:
    assert limits.check_key(key) == key


@pytest.mark.parametrize(
    "key", ["", "x" * 251, "a\x00b", "a\nb", "/a", "../a", "a//b", "a/", ".", "a/../b", "a%b", "a\\b"]
)
def test_names_that_are_refused(key: str) -> None:
    with pytest.raises(LapisError):
        limits.check_key(key)


def test_numbers_that_json_lacks_come_as_strings() -> None:
    assert math.isnan(limits.check_number("NaN", "value"))
    assert limits.check_number("-Infinity", "value") == -math.inf
    assert limits.check_number(3, "value") == 3.0
    for bad in ("x", True, None, [1], 10**400):
        with pytest.raises(LapisError):
            limits.check_number(bad, "value")


@pytest.mark.parametrize(("given", "kept"), [(5, 5), ("5", 5), (5.0, 5), ("-7", -7), (2**63 - 1, 2**63 - 1)])
def test_integers(given: object, kept: int) -> None:
    assert limits.check_int64(given, "step") == kept


@pytest.mark.parametrize("bad", [5.5, "5.5", True, None, 2**63, "9" * 30, [], "x"])
def test_integers_that_are_refused(bad: object) -> None:
    with pytest.raises(LapisError):
        limits.check_int64(bad, "step")


def test_a_batch_is_limited() -> None:
    limits.check_batch(900, 50, 50)
    for sizes in ((1001, 0, 0), (0, 101, 0), (0, 0, 101), (950, 51, 0)):
        with pytest.raises(LapisError, match="split up"):
            limits.check_batch(*sizes)


def test_long_values_are_cut_as_mlflow_does() -> None:
    assert limits.check_pairs([("a", "x" * 9000)], limits.MAX_PARAM_LENGTH) == [("a", "x" * 6000)]
    with pytest.raises(LapisError, match="NUL"):
        limits.check_pairs([("a", "x\x00")], 10)


def test_numbers_are_written_so_that_json_carries_them() -> None:
    written = [limits.json_number(v, n) for v, n in ((0.0, 1), (math.inf, 0), (-math.inf, 0), (0.5, 0))]
    assert written == ["NaN", "Infinity", "-Infinity", 0.5]
