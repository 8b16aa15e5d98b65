"""The search for runs and experiments, the same on every database."""

from __future__ import annotations

import pytest

from lapisml.server.features.tracking.finding import RunFinder
from lapisml.server.platform.finding import Found, best
from tests.unit.tracking.conftest import Bench


def _find(tracking: Bench, words: str, workspace: int = 1) -> list[Found]:
    return best(RunFinder(tracking.database).find(workspace, words, 6), 6)


def test_runs_are_found_by_id_name_and_tag_without_regard_to_case(tracking: Bench) -> None:
    made = tracking.run(name="Nightly-100%", tags={"team": "Blue", "mlflow.x": "train-blue.py", "mlflows": "y"})
    tracking.run(name="other")
    for words in ("nightly", "100%", "TEAM", "mlflows", "blu", "team=blue", "team:lu", made[:9], made[3:]):
        assert [one.name for one in _find(tracking, words)] == [made], words
    assert (_find(tracking, "blu")[0].field, _find(tracking, "blu")[0].text) == ("tag", "team: Blue")
    assert _find(tracking, "nightly")[0].title == "Nightly-100%"


@pytest.mark.parametrize("words", ["train-blue", "mlflow.source", "_", "1_0", "team=red", "none"])
def test_patterns_mean_themselves_and_tags_of_the_system_are_not_looked_at(tracking: Bench, words: str) -> None:
    tracking.run(name="nightly-100%", tags={"team": "blue", "mlflow.source.name": "train-blue.py"})
    assert _find(tracking, words) == []


def test_the_best_come_first_however_old_and_however_many_there_are(tracking: Bench) -> None:
    whole = tracking.run(name="train")
    for number in range(10):
        tracking.run(name=f"retrain-{number}")
    assert _find(tracking, "train")[0].name == whole
    assert len(_find(tracking, "train")) == 6


def test_deleted_runs_and_those_of_other_workspaces_are_not_found(tracking: Bench) -> None:
    made = tracking.run(name="secret", tags={"colour": "green"})
    assert _find(tracking, "secret", workspace=2) == _find(tracking, "green", workspace=2) == []
    tracking.service.runs.delete(tracking.caller, made)
    assert _find(tracking, "secret") == _find(tracking, "green") == []


def test_experiments_are_found_by_name(tracking: Bench) -> None:
    tracking.service.experiments.create(tracking.caller, "diabetes study")
    assert [(one.noun, one.name) for one in _find(tracking, "study")] == [("experiments", "diabetes study")]
