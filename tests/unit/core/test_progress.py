import itertools

from lapisml.core.lifecycle import MOVES, JobState
from lapisml.core.progress import UNREACHABLE_AFTER_MS, News, Phase, moves

PHASES = [Phase(name, at) for at, name in enumerate(("preparing", "starting", "running", "finalizing"), start=1)]


def test_a_server_that_was_away_records_every_phase() -> None:
    steps = moves(JobState.PREPARING, News(PHASES), 99)
    assert [step.to for step in steps] == [JobState.STARTING, JobState.RUNNING, JobState.FINALIZING]
    assert [step.at for step in steps] == [2, 3, 4]


def test_old_news_changes_nothing() -> None:
    assert moves(JobState.RUNNING, News(PHASES[:3]), 99) == []


def test_silence_is_not_failure_and_any_news_undoes_it() -> None:
    silent = moves(JobState.RUNNING, News(unreachable_ms=UNREACHABLE_AFTER_MS), 99)
    assert [step.to for step in silent] == [JobState.NOT_RESPONDING]
    assert moves(JobState.RUNNING, News(unreachable_ms=UNREACHABLE_AFTER_MS - 1), 99) == []
    assert [s.to for s in moves(JobState.NOT_RESPONDING, News(PHASES[:3]), 99)] == [JobState.RUNNING]


def test_a_cancel_is_not_undone_by_phases() -> None:
    assert moves(JobState.CANCEL_REQUESTED, News(PHASES), 99) == []


def test_every_move_is_in_the_table() -> None:
    for state, count, silent in itertools.product(JobState, range(5), (0, UNREACHABLE_AFTER_MS)):
        before = state
        for step in moves(state, News(PHASES[:count], unreachable_ms=silent), 99):
            assert step.to == before or step.to in MOVES[before], (state, count, silent)
            before = step.to


def test_a_phase_skipped_by_a_failed_preparation_is_legal() -> None:
    steps = moves(JobState.PREPARING, News([PHASES[0], PHASES[3]]), 99)
    assert [step.to for step in steps] == [JobState.FINALIZING]


def test_a_phase_told_twice_is_one_move() -> None:
    steps = moves(JobState.RUNNING, News([*PHASES, Phase("finalizing", 5, "again")]), 99)
    assert [(step.to, step.at) for step in steps] == [(JobState.FINALIZING, 4)]


def test_a_step_within_a_phase_is_told_once() -> None:
    steps = [Phase("preparing", 2, "building", "Environment"), Phase("preparing", 3, "bringing", "Inputs")]
    told = moves(JobState.PREPARING, News([PHASES[0], *steps]), 99, "Allotted")
    assert [(step.to, step.code, step.at) for step in told] == [
        (JobState.PREPARING, "Environment", 2),
        (JobState.PREPARING, "Inputs", 3),
    ]
    again = moves(JobState.PREPARING, News([PHASES[0], *steps, PHASES[1]]), 99, "Inputs")
    assert [step.to for step in again] == [JobState.STARTING]
    assert moves(JobState.RUNNING, News([PHASES[0], *steps]), 99, "Running") == []


def test_a_phase_that_comes_late_does_not_lead_back() -> None:
    late = [PHASES[3], PHASES[2]]
    assert [step.to for step in moves(JobState.PREPARING, News(late), 99)] == [JobState.FINALIZING]


def test_a_job_in_a_queue_of_its_compute_leaves_it_through_preparing_only() -> None:
    waits = News(now_in="submitted", sentence="Pending: Priority")
    told = moves(JobState.QUEUED, waits, 99, "Queued", "Queued for it.")
    assert [(step.to, step.reason) for step in told] == [(JobState.QUEUED, "Queued: Pending: Priority")]
    assert moves(JobState.QUEUED, waits, 99, told[0].code, told[0].reason) == []
    began = moves(JobState.QUEUED, News([PHASES[1]]), 99, told[0].code)
    assert [step.to for step in began] == [JobState.PREPARING, JobState.STARTING]


def test_silence_leaves_a_queued_job_in_its_queue_and_is_told_once() -> None:
    silent = News(unreachable_ms=UNREACHABLE_AFTER_MS, sentence="The link is down.")
    told = moves(JobState.QUEUED, silent, 99)
    assert [step.to for step in told] == [JobState.QUEUED]
    assert "The link is down." in told[0].reason
    assert moves(JobState.QUEUED, silent, 99, told[0].code) == []


def test_a_compute_that_answers_again_brings_a_job_back_without_anything_new_to_tell() -> None:
    back = moves(JobState.NOT_RESPONDING, News(now_in="running"), 99, "ComputeSilent")
    assert [step.to for step in back] == [JobState.RUNNING]
    assert moves(JobState.NOT_RESPONDING, News(), 99, "ComputeSilent") == []
