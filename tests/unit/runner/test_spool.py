"""The spool: what is acknowledged survives, in order, and is sent again under the same key."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lapisml.runner import layout
from lapisml.runner.relay.spool import BATCH, Spool
from lapisml.runner.relay_link import has_undelivered


def _points(*steps: int) -> list[dict[str, Any]]:
    return [{"key": "k", "value": 1.0, "timestamp": 1, "step": step} for step in steps]


def _steps(spool: Spool, run: str = "r") -> list[int]:
    return [m["step"] for batch in spool.window()[0] if batch.run_id == run for m in batch.metrics]


def test_what_was_appended_is_there_for_the_next_process(tmp_path: Path) -> None:
    first = Spool(str(tmp_path), "key")
    assert first.is_empty
    for step in range(5):
        first.append("r", _points(step))
    assert has_undelivered(str(tmp_path))
    second = Spool(str(tmp_path), "key")
    assert _steps(second) == [0, 1, 2, 3, 4]
    second.arrived(second.window()[1])
    assert second.is_empty
    assert Spool(str(tmp_path), "key").is_empty
    assert not has_undelivered(str(tmp_path))


def test_a_line_that_was_cut_off_never_counted(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path), "key")
    spool.append("r", _points(1))
    with (tmp_path / layout.SPOOL).open("ab") as file:
        file.write(b'{"run_id": "r", "metr')
    again = Spool(str(tmp_path), "key")
    again.append("r", _points(2))
    assert _steps(again) == [1, 2]


def test_what_was_being_sent_is_sent_again_under_the_same_keys(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path), "key")
    spool.append("a", _points(1))
    spool.append("b", _points(2))
    before = spool.window()[0]
    spool.append("a", _points(3))
    again = Spool(str(tmp_path), "key")
    assert again.window()[0] == before
    again.arrived(again.window()[1])
    after = again.window()[0]
    assert [batch.metrics[0]["step"] for batch in after] == [3]
    assert not {batch.key for batch in after} & {batch.key for batch in before}


def test_batches_keep_to_the_limit_and_the_order(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path), "key")
    for part in range(5):
        spool.append("r", _points(*range(part * 700, part * 700 + 700)))
    batches, end = spool.window()
    assert max(len(batch.metrics) for batch in batches) == BATCH
    assert [m["step"] for batch in batches for m in batch.metrics] == list(range(3500))
    assert end == (tmp_path / layout.SPOOL).stat().st_size


def test_a_line_longer_than_the_window_is_read_whole(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path), "key")
    metrics = [
        {"key": "k" * 200, "value": 1.0, "timestamp": 1, "step": n, "dataset_name": "d" * 2000} for n in range(900)
    ]
    spool.append("r", metrics)
    spool.append("r", _points(900))
    assert _steps(spool) == list(range(901))


def test_a_full_disk_takes_nothing_and_breaks_nothing(tmp_path: Path) -> None:
    """RLIMIT_FSIZE makes the write fail half way, as a full disk does."""
    script = (
        "import sys, json, resource, signal; sys.path.insert(0, sys.argv[1])\n"
        "from lapisml.runner.relay.spool import Spool\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "spool = Spool(sys.argv[2], 'key'); spool.append('r', [{'step': 1}])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "try: spool.append('r', [{'step': 2, 'pad': 'x' * 500}])\n"
        "except OSError: print(json.dumps([b.metrics for b in spool.window()[0]]))\n"
    )
    source = str(Path(__file__).parents[3] / "src")
    done = subprocess.run(
        [sys.executable, "-c", script, source, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert json.loads(done.stdout) == [[{"step": 1}]], done.stderr


@pytest.mark.parametrize("garbage", [b"", b"{", b"[]", b'{"done": 7'])
def test_a_cursor_that_is_not_whole_begins_anew(tmp_path: Path, garbage: bytes) -> None:
    spool = Spool(str(tmp_path), "key")
    spool.append("r", _points(1))
    (tmp_path / layout.SPOOL_CURSOR).write_bytes(garbage)
    assert _steps(Spool(str(tmp_path), "key")) == [1]
