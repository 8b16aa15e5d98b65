"""Replicas as real processes, with a clock that the test moves."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lapisml.runner.serving.crew import Crew, FailedError
from lapisml.runner.serving.probes import ProbeSettings
from lapisml.runner.serving.replica import Form, Replica
from tests.support.polling import eventually
from tests.unit.serving.test_parts import plan

SCRIPT = """
import os
def init():
    if os.path.exists({gate!r}):
        os._exit(9)
def run(data): return data
"""


class Stage:
    """A crew, its clock, and a file that makes every start end at once."""

    def __init__(self, home: Path) -> None:
        self.now = 1000.0
        self.said: list[str] = []
        self.gate = home / "broken"
        self._home = home
        self.original, self.faster = self.form("original"), self.form("accelerated")
        self.crew = Crew(self._make, self.original, 5.0, 30.0, self.said.append)

    def form(self, name: str) -> Form:
        """Give a form that serves the script."""
        script = self._home / "score.py"
        script.write_text(SCRIPT.format(gate=str(self.gate)))
        path = self._home / f"{name}.json"
        path.write_text(json.dumps(plan(self._home, script=str(script)).of_replica(1, None)))
        return Form(name, str(path), sys.executable, dict(os.environ), str(self._home))

    def step(self, wanted: int, seconds: float = 0.0) -> Crew:
        """Let time pass and the crew do what is due."""
        self.now += seconds
        self.crew.turn(self.now)
        self.crew.reach(wanted, self.now)
        return self.crew

    def whole(self, wanted: int) -> None:
        """Wait until so many are ready and nobody else is there."""
        eventually(lambda: len(self.step(wanted, 0.02).ready) == wanted == len(list(self.crew)), 20)

    def _make(self, number: int, form: Form) -> Replica:
        quick = ProbeSettings(30, 1, 1, 1, 30)
        return Replica(number, form, self._home / f"{number}.sock", str(self._home / f"{number}.log"), quick, quick)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A crew of which nothing is left afterwards."""
    made = Stage(tmp_path)
    yield made
    made.crew.close()


def test_a_crash_loop_after_a_good_beginning_is_told_and_tried_again(stage: Stage) -> None:
    stage.whole(1)
    assert stage.crew.is_proven
    stage.gate.touch()
    (replica,) = stage.crew
    replica.kill()
    eventually(lambda: stage.step(1, 0.2).is_looping, 30)
    assert stage.crew.trouble == "Replica 0 ended with exit code 9."
    assert replica.restarts == 5
    stage.gate.unlink()
    eventually(lambda: stage.step(1, 1.0).ready, 20)
    assert not stage.crew.is_looping


def test_before_a_good_beginning_three_deaths_are_the_end(stage: Stage) -> None:
    stage.gate.touch()

    def failed() -> str:
        try:
            stage.step(2, 0.2)
        except FailedError as error:
            return str(error)
        return ""

    assert eventually(failed, 20).endswith("ended with exit code 9, 3 times in a row.")


def test_another_form_takes_over_one_by_one_and_as_many_as_wanted_are_always_ready(stage: Stage) -> None:
    stage.whole(2)
    stage.crew.form = stage.faster
    most = 0

    def handed_over() -> bool:
        nonlocal most
        crew = stage.step(2, 0.02)
        assert len(crew.ready) >= 2
        most = max(most, len(crew.live))
        return crew.is_handed_over

    eventually(handed_over, 20)
    stage.whole(2)
    assert most == 3
    assert {replica.form.name for replica in stage.crew} == {"accelerated"}


def test_a_form_that_does_not_load_leaves_everything_as_it_was(stage: Stage) -> None:
    stage.whole(2)
    before = {replica.pid for replica in stage.crew}
    stage.gate.touch()
    stage.crew.form = stage.faster
    eventually(lambda: stage.step(2, 0.02).broken, 20)
    assert stage.crew.broken == "a replica of it ended with exit code 9"
    assert {replica.pid for replica in stage.crew} == before
    assert stage.crew.is_handed_over


def test_a_form_that_dies_for_good_after_the_hand_over_gives_way_to_the_model_itself(stage: Stage) -> None:
    stage.whole(1)
    stage.crew.form = stage.faster
    eventually(lambda: stage.step(1, 0.02).is_handed_over, 20)
    stage.whole(1)
    stage.gate.touch()
    (replica,) = stage.crew
    replica.kill()
    eventually(lambda: stage.step(1, 0.02).broken, 20)
    stage.gate.unlink()
    stage.whole(1)
    assert [one.form.name for one in stage.crew] == ["original"]
