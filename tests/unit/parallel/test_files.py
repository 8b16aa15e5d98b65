"""Mini-batches of files: what the script gets, what comes back, and bad days."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lapisml.ports.launch import ParallelSpec
from lapisml.testing.compute_bench import Bench
from tests.unit.parallel.conftest import RunBatches, snapshot

ECHO = """
import os
def run(mini_batch):
    return [os.path.join(os.path.basename(os.path.dirname(f)), os.path.basename(f)) for f in mini_batch]
"""


def _lines(bench: Bench) -> list[str]:
    return bench.stored("scored").read_text().splitlines()


@pytest.mark.parametrize("size", [1, 5, 100])
def test_results_stand_in_the_order_of_the_files(
    bench: Bench, run_batches: RunBatches, many_files: list[str], size: int
) -> None:
    course = run_batches(ECHO, mini_batch_size=size)
    assert course.exit.reason_code == "Succeeded", course.exit
    assert _lines(bench) == many_files


def test_an_output_folder_gets_azures_file(bench: Bench, run_batches: RunBatches, many_files: list[str]) -> None:
    run_batches(ECHO, mini_batch_size=4, scored="uri_folder")
    assert bench.stored("scored/parallel_run_step.txt").read_text().splitlines() == many_files


def test_each_worker_calls_init_once_and_shutdown_once(
    bench: Bench, run_batches: RunBatches, many_files: list[str], tmp_path: Path
) -> None:
    script = f"""
import os, sys
FOLDER = {str(tmp_path)!r}
seen = []
def note(word):
    open(f"{{FOLDER}}/{{word}}.{{os.getpid()}}", "x").close()
def init():
    import argparse
    parser = argparse.ArgumentParser()
    parser.add_argument("--word")
    seen.append(parser.parse_known_args()[0].word)
    note("init")
def run(mini_batch, mini_batch_context):
    while sum(name.startswith("init.") for name in os.listdir(FOLDER)) < 2:
        pass
    return [f"{{seen}} {{mini_batch_context.minibatch_index}} {{os.environ['OMP_NUM_THREADS']}}"] * len(mini_batch)
def shutdown():
    note("shutdown")
"""
    course = run_batches(
        script, mini_batch_size=3, program_arguments="--word ${{inputs.word}} --unknown 3",
        more={"literals": {"word": "hello"}, "node_count": 1},
    )  # fmt: skip
    assert course.exit.reason_code == "Succeeded", course.exit
    assert len(list(tmp_path.glob("init.*"))) == len(list(tmp_path.glob("shutdown.*"))) == 2
    share = str(max(1, len(os.sched_getaffinity(0)) // 2))
    assert _lines(bench) == [f"['hello'] {i // 3} {share}" for i in range(12)]


FAILING = """
def run(mini_batch):
    if any("/b/part1" in f for f in mini_batch):
        raise ValueError("no good")
    return mini_batch
"""


def test_a_mini_batch_that_always_fails_is_ignored_without_a_threshold(
    bench: Bench, run_batches: RunBatches, many_files: list[str]
) -> None:
    course = run_batches(FAILING, mini_batch_size=2, max_retries=1)
    assert course.exit.reason_code == "Succeeded", course.exit
    assert len(_lines(bench)) == 10
    sentences = [str(entry) for entry in course.journal]
    assert any("1 of 6 mini-batches failed, with 2 files in all" in s for s in sentences)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"mini_batch_error_threshold": 0}, "1 mini-batch failed, more than mini_batch_error_threshold allows (0)."),
        ({"error_threshold": 1}, "2 items failed, more than error_threshold allows (1)."),
        ({"program_arguments": "--allowed_failed_percent 10"}, "1 of 6 mini-batches failed, more than 10 %."),
    ],
)
def test_a_passed_threshold_fails_the_job(
    bench: Bench, run_batches: RunBatches, many_files: list[str], asked: dict[str, object], sentence: str
) -> None:
    course = run_batches(FAILING, mini_batch_size=2, max_retries=1, **asked)
    assert (course.exit.reason_code, course.exit.reason) == ("MiniBatchFailure", sentence)
    assert "ValueError: no good" in course.exit.log_tail
    assert not bench.stored("scored").exists()


def test_a_missing_result_is_a_failed_item(run_batches: RunBatches, many_files: list[str]) -> None:
    script = "def run(mini_batch):\n    return mini_batch[1:]\n"
    assert run_batches(script, mini_batch_size=6, error_threshold=2).exit.reason_code == "Succeeded"
    assert run_batches(script, mini_batch_size=6, error_threshold=1).exit.reason_code == "MiniBatchFailure"


@pytest.mark.parametrize(
    ("deed", "told"),
    [
        ("time.sleep(3600)", "run() took longer than 0.4 s"),
        ("os._exit(3)", "it ended with exit code 3"),
        ("os.kill(os.getpid(), 11)", "signal 11 (SIGSEGV)"),
        ("raise SystemExit(4)", "SystemExit: 4"),
    ],
)
def test_a_worker_that_hangs_or_dies_is_replaced_and_its_mini_batch_tried_again(
    bench: Bench, run_batches: RunBatches, many_files: list[str], tmp_path: Path, deed: str, told: str
) -> None:
    script = f"""
import os, time
def run(mini_batch):
    mark = {str(tmp_path / "tried")!r}
    if mini_batch[0].endswith("b/part0.txt") and not os.path.exists(mark):
        open(mark, "w").close()
        {deed}
    return [os.path.basename(f) for f in mini_batch]
"""
    course = run_batches(script, mini_batch_size=2, timeout_s=0.4 if "sleep" in deed else 30.0)
    assert course.exit.reason_code == "Succeeded", course.exit
    assert _lines(bench) == [name.rpartition("/")[2] for name in many_files]
    log = next(bench.home.glob("storage/artifacts/*/user_logs/std_log.txt")).read_text()
    assert told in log
    assert "trying again (1 of 2)" in log


def test_a_run_that_always_hangs_is_given_up(run_batches: RunBatches, many_files: list[str]) -> None:
    script = "import time\ndef run(mini_batch):\n    time.sleep(3600)\n"
    course = run_batches(script, mini_batch_size=12, timeout_s=0.2, max_retries=1, mini_batch_error_threshold=0)
    assert course.exit.reason_code == "MiniBatchFailure"


def test_workers_that_die_in_init_fail_the_job(run_batches: RunBatches, many_files: list[str]) -> None:
    script = "import os\ndef init():\n    os._exit(9)\ndef run(mini_batch):\n    return []\n"
    course = run_batches(script, max_retries=1)
    assert "die again and again before init() had returned: it ended with exit code 9" in course.exit.reason


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("def init():\n    raise KeyError('model')\ndef run(mini_batch):\n    return []\n", "KeyError: 'model'"),
        ("import nowhere_to_be_found\n", "No module named 'nowhere_to_be_found'"),
        ("def init():\n    pass\n", "score.py has no function run(mini_batch)."),
        ("def run(:\n", "SyntaxError"),
    ],
)
def test_a_script_that_cannot_start_fails_the_job(
    run_batches: RunBatches, many_files: list[str], script: str, told: str
) -> None:
    course = run_batches(script)
    assert course.exit.reason_code == "MiniBatchFailure"
    assert told in course.exit.reason


@pytest.mark.parametrize(
    ("value", "told"),
    [("None", "run() returned None"), ("'text'", "run() returned str"), ("7", "run() returned int")],
)
def test_what_is_no_result_is_a_failure_that_says_what_to_return(
    run_batches: RunBatches, many_files: list[str], value: str, told: str
) -> None:
    course = run_batches(f"def run(mini_batch):\n    return {value}\n", max_retries=0, mini_batch_error_threshold=0)
    assert course.exit.reason_code == "MiniBatchFailure"
    assert told in course.exit.log_tail
    assert "return a list, a pandas DataFrame" in course.exit.log_tail


def test_nothing_need_be_returned_when_nobody_collects(run_batches: RunBatches, many_files: list[str]) -> None:
    script = """
import os
def run(mini_batch):
    for path in mini_batch:
        name = path.replace("/", "_")
        open(os.path.join(os.environ["AZUREML_BI_OUTPUT_PATH"], name), "w").close()
"""
    course = run_batches(script, append_row_to=None, scored="uri_folder", error_threshold=0)
    assert course.exit.reason_code == "Succeeded", course.exit


def test_an_empty_input_is_told(bench: Bench, run_batches: RunBatches) -> None:
    bench.stored("data").mkdir(parents=True)
    course = run_batches(ECHO)
    assert course.exit.reason == "Input 'data' can't be cut into mini-batches: it holds no files."


def test_the_logger_of_azure_is_there_and_prints_stay_apart(
    bench: Bench, run_batches: RunBatches, many_files: list[str]
) -> None:
    script = """
from azureml_user.parallel_run import EntryScript
def run(mini_batch):
    EntryScript().logger.info("logged this")
    assert EntryScript() is EntryScript()
    print("printed this")
    return mini_batch
"""
    course = run_batches(script, concurrency=1)
    assert course.exit.reason_code == "Succeeded", course.exit
    log = next(bench.home.glob("storage/artifacts/*/user_logs/std_log_process_000.txt")).read_text()
    assert "logged this" in log
    assert "printed this" in log


def test_a_cancelled_job_leaves_no_worker(bench: Bench, run_batches: RunBatches, many_files: list[str]) -> None:
    pids = bench.home / "pids"
    script = f"""
import os, time
def run(mini_batch):
    open({str(pids)!r}, "a").write(f"{{os.getpid()}}\\n")
    time.sleep(3600)
"""
    handle = bench.submit(
        "", parallel=ParallelSpec("score.py", "data", concurrency=2), code=snapshot(bench, script),
        inputs={"data": bench.input("data", "uri_folder")},
    )  # fmt: skip
    bench.wait(lambda: pids.exists() and len(pids.read_text().split()) == 2)
    bench.backend.cancel(handle, 2.0)
    course = bench.follow(handle)
    assert course.exit.reason_code == "Canceled"
    bench.wait(lambda: not list(bench.home.glob("runs/*/*/mini_batches")))
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids.read_text().split())


def test_arguments_that_are_no_words_are_told(run_batches: RunBatches, many_files: list[str]) -> None:
    course = run_batches(ECHO, program_arguments="--word 'open")
    assert course.exit.reason_code == "CommandFailure"
    assert "`program_arguments` can't be split into words" in course.exit.reason


def test_a_script_that_is_not_in_the_code_is_told(bench: Bench, many_files: list[str]) -> None:
    for name in ("other.py", "../../spec.json"):
        course = bench.run(
            "", parallel=ParallelSpec(name, "data"), code=snapshot(bench, ECHO),
            inputs={"data": bench.input("data", "uri_folder")},
        )  # fmt: skip
        assert course.exit.reason_code == "CommandFailure"
        assert f"there is no entry script '{name}'" in course.exit.reason


def test_nothing_is_left_in_the_job_folder(bench: Bench, run_batches: RunBatches, many_files: list[str]) -> None:
    run_batches(FAILING, mini_batch_size=2, max_retries=0, mini_batch_error_threshold=0)
    bench.wait(lambda: not list(bench.home.glob("runs/*/*/mini_batches")))
