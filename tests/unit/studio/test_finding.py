"""What fits a search, and in what order it is shown."""

from __future__ import annotations

import pytest

from lapisml.server.platform.finding import Fit, Found, best, fit_of, tag_fits, within


@pytest.mark.parametrize(
    ("words", "text", "fit"),
    [
        ("train", "Train", Fit.WHOLE),
        ("tra", "train-model", Fit.BEGINNING),
        ("model", "train-model", Fit.WORD),
        ("ode", "train-model", Fit.WITHIN),
        ("学習", "夜間 学習", Fit.WORD),
        ("x", "train", None),
        ("", "train", None),
    ],
)
def test_how_well_a_text_fits(words: str, text: str, fit: Fit | None) -> None:
    assert fit_of(words, text) is fit


@pytest.mark.parametrize("words", ["team", "blu", "team=blue", "TEAM: blue"])
def test_a_tag_is_found_by_its_key_its_value_or_both(words: str) -> None:
    assert tag_fits(words, {"other": 1, "team": "Blue"}) == "team: Blue"
    assert tag_fits("team=red", {"team": "blue"}) is None


def test_characters_of_patterns_mean_themselves() -> None:
    assert within("50%_!") == "%50!%!_!!%"


def test_better_findings_come_first_and_each_thing_once() -> None:
    def found(name: str, fit: Fit, at: int, field: str = "name") -> Found:
        return Found("models", name, fit, field, name, at)

    given = [
        found("a", Fit.WITHIN, 9), found("b", Fit.TAG, 5, "tag"), found("b", Fit.BEGINNING, 5),
        found("c", Fit.WITHIN, 10),
    ]  # fmt: skip
    assert [(one.name, one.field) for one in best(given, 3)] == [("b", "name"), ("c", "name"), ("a", "name")]
