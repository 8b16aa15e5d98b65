"""The search that learns: it goes towards the best, and goes on after a restart as if there had been none."""

from __future__ import annotations

from lapisml.core.sweeps.progress import TrialPhase
from lapisml.core.sweeps.reading import read_space
from lapisml.server.features.sweeps.bayesian import Search
from lapisml.server.features.sweeps.store import Trial

SPACE = read_space(
    {
        "x": {"type": "uniform", "min_value": -10, "max_value": 10},
        "s": {"type": "lognormal", "mu": 0, "sigma": 1},
        "m": {"type": "choice", "values": ["flat", {"deep": {"type": "randint", "upper": 5}}]},
    }
)


def drawn(search: Search, number: int) -> Trial:
    return Trial(number, f"t{number}", *search.draw(number))


def over(trial: Trial) -> Trial:
    x = trial.parameters["x"]
    assert isinstance(x, float)
    if trial.number % 7 == 3:
        trial.phase = TrialPhase.FAILED
    else:
        trial.phase, trial.score = TrialPhase.COMPLETED, (x - 3) ** 2 + (trial.parameters["m"] != "flat")
    return trial


def search(count: int, restart_at: int | None, ahead: int = 2) -> list[Trial]:
    """Run a search with `ahead` trials under way, and make it anew from its trials before number `restart_at`."""
    found: list[Trial] = []
    one = Search(SPACE, 5, False, [])
    for number in range(count):
        if number == restart_at:
            one = Search(SPACE, 5, False, found)
        found.append(drawn(one, number))
        if number >= ahead:
            one.tell(over(found[number - ahead]))
    return found


def test_a_restart_changes_nothing() -> None:
    whole = search(24, None)
    for at in (1, 5, 17):
        again = search(24, at)
        assert [t.parameters for t in again] == [t.parameters for t in whole]


def test_it_goes_towards_the_best() -> None:
    found = search(40, None)
    early = [abs(float(str(t.parameters["x"])) - 3) for t in found[:10]]
    late = [abs(float(str(t.parameters["x"])) - 3) for t in found[28:]]
    assert sorted(late)[6] < sorted(early)[5] / 2
    assert sum(t.parameters["m"] == "flat" for t in found[20:]) > 10


def test_coordinates_of_an_option_that_was_passed_by_are_not_there() -> None:
    for trial in search(12, None):
        assert ("m.1.deep" in trial.coordinates) == (trial.coordinates["m"] == 1)
