import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.lifecycle import CAME_FROM, MOVES, TERMINAL, JobState, check_move, ordinal


def test_every_state_has_its_row() -> None:
    assert set(MOVES) == set(JobState)


def test_terminal_states_have_no_way_out() -> None:
    assert {state for state, after in MOVES.items() if not after} == TERMINAL


def test_every_state_can_be_reached_and_left_to_an_end() -> None:
    for state in set(JobState) - {JobState.NOT_STARTED}:
        assert CAME_FROM[state], f"nothing leads to {state}"
    for state in set(JobState) - TERMINAL:
        assert _reachable(state) & TERMINAL, f"{state} never ends"


def _reachable(start: JobState) -> set[JobState]:
    found: set[JobState] = set()
    frontier = [start]
    while frontier:
        new = MOVES[frontier.pop()] - found
        found |= new
        frontier.extend(new)
    return found


def test_every_state_but_the_ends_can_be_cancelled() -> None:
    for state in set(JobState) - TERMINAL - {JobState.CANCEL_REQUESTED}:
        assert JobState.CANCEL_REQUESTED in MOVES[state]


def test_a_missing_move_is_refused_with_the_story() -> None:
    with pytest.raises(LapisError) as caught:
        check_move("calm_fennel", JobState.COMPLETED, JobState.RUNNING, "Completed at noon.")
    assert caught.value.code == ErrorCode.ILLEGAL_TRANSITION
    assert "Completed at noon." in str(caught.value)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (12, "12th"),
        (22, "22nd"),
        (113, "113th"),
    ],
)
def test_ordinals(number: int, text: str) -> None:
    assert ordinal(number) == text
