"""The request log."""

from __future__ import annotations

import calendar
import json
from pathlib import Path

from lapisml.gateway.requestlog import Entry, RequestLog

NOON = calendar.timegm((2026, 3, 10, 12, 0, 0))


def _entry(ended: float = NOON + 0.25, client_id: bytes = b"") -> Entry:
    return Entry(ended, 0.0125, 0.001, "aaa-1", client_id, b"", "ws", "ep", "blue", "a" * 12, b"POST", 200, 10, 20)


def test_a_line_says_what_happened_and_nothing_of_the_content(tmp_path: Path) -> None:
    log = RequestLog(tmp_path)
    log.add(_entry(client_id=b"mine \xff"))
    log.flush()
    line = json.loads((tmp_path / "2026-03-10.jsonl").read_text())
    assert line == {
        "time": "2026-03-10T12:00:00.250Z",
        "request_id": "aaa-1",
        "workspace": "ws",
        "endpoint": "ep",
        "deployment": "blue",
        "revision": "a" * 12,
        "method": "POST",
        "status": 200,
        "duration_ms": 12.5,
        "wait_ms": 1.0,
        "bytes_in": 10,
        "bytes_out": 20,
        "client_request_id": "mine ÿ",
    }
    assert (tmp_path / "2026-03-10.jsonl").stat().st_mode & 0o777 == 0o600


def test_each_day_has_its_file_and_old_ones_go(tmp_path: Path) -> None:
    for name in ("2026-02-01.jsonl", "2026-03-01.jsonl", "notes.txt", "9999-99-99.jsonl"):
        (tmp_path / name).write_text("x")
    log = RequestLog(tmp_path, keep_days=14)
    log.add(_entry(NOON - 86400))
    log.add(_entry(NOON))
    log.flush()
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"2026-03-01.jsonl", "2026-03-09.jsonl", "2026-03-10.jsonl", "notes.txt", "9999-99-99.jsonl"}


def test_a_full_file_takes_no_more(tmp_path: Path) -> None:
    log = RequestLog(tmp_path, longest_day=100)
    for _ in range(5):
        log.add(_entry())
        log.flush()
    assert len((tmp_path / "2026-03-10.jsonl").read_text().splitlines()) == 1


def test_a_folder_that_is_gone_loses_entries_and_nothing_else(tmp_path: Path) -> None:
    seen: list[Entry] = []
    log = RequestLog(tmp_path / "gone", also=seen.extend)
    log.add(_entry())
    log.flush()
    assert len(seen) == 1
    (tmp_path / "gone").mkdir()
    log.add(_entry())
    log.flush()
    assert len((tmp_path / "gone" / "2026-03-10.jsonl").read_text().splitlines()) == 1


def test_what_is_left_is_written_at_the_end(tmp_path: Path) -> None:
    log = RequestLog(tmp_path)
    log.start()
    log.add(_entry())
    log.stop()
    assert (tmp_path / "2026-03-10.jsonl").exists()
