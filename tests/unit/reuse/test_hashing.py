"""Digests of files: remembered as long as the file is the same, and no longer."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from lapisml.server.features.reuse.hashing import SETTLED_NS, FileChangedError, FileHashes


def _later() -> int:
    return time.time_ns() + 2 * SETTLED_NS


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "file"
    made.write_bytes(b"first")
    return made


def test_the_digest_is_that_of_the_bytes(file: Path) -> None:
    content = os.urandom(3_000_000)
    file.write_bytes(content)
    assert FileHashes().sha256(file, file.stat()) == _sha256(content)


def test_a_settled_file_is_read_once(file: Path) -> None:
    hashes, found = FileHashes(now_ns=_later), file.stat()
    first = hashes.sha256(file, found)
    file.unlink()
    assert hashes.sha256(file, found) == first


def test_a_file_that_changed_just_now_is_read_again(file: Path) -> None:
    hashes, found = FileHashes(now_ns=lambda: found.st_ctime_ns + SETTLED_NS), file.stat()
    hashes.sha256(file, found)
    file.unlink()
    with pytest.raises(FileNotFoundError):
        hashes.sha256(file, found)


def test_bytes_changed_behind_an_unchanged_size_and_date_are_noticed(file: Path) -> None:
    hashes, found = FileHashes(now_ns=_later), file.stat()
    assert hashes.sha256(file, found) == _sha256(b"first")
    file.write_bytes(b"other")
    os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert hashes.sha256(file, file.stat()) == _sha256(b"other")


def test_a_file_in_place_of_another_is_noticed(file: Path) -> None:
    hashes, found = FileHashes(now_ns=_later), file.stat()
    hashes.sha256(file, found)
    other = file.with_name("other")
    other.write_bytes(b"other")
    os.utime(other, ns=(found.st_atime_ns, found.st_mtime_ns))
    other.replace(file)
    assert hashes.sha256(file, file.stat()) == _sha256(b"other")


def test_a_file_that_changes_between_look_and_read_is_refused(file: Path) -> None:
    found = file.stat()
    file.write_bytes(b"longer than before")
    with pytest.raises(FileChangedError):
        FileHashes().sha256(file, found)


def test_no_more_than_so_many_are_remembered_the_latest_used_ones(tmp_path: Path) -> None:
    hashes, files = FileHashes(most=2, now_ns=_later), []
    for number in range(3):
        path = tmp_path / str(number)
        path.write_bytes(b"%d" % number)
        files.append((path, path.stat()))
    for path, found in (files[0], files[1], files[0], files[2]):
        hashes.sha256(path, found)
    for path, _ in files:
        path.unlink()
    assert hashes.sha256(*files[0]) == _sha256(b"0")
    assert hashes.sha256(*files[2]) == _sha256(b"2")
    with pytest.raises(FileNotFoundError):
        hashes.sha256(*files[1])
