"""Local folders beyond the common suite: links, interruption, full disks, durability, missing packages."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lapisml.backends.storage import files
from lapisml.backends.storage.fsspec_storage import FsspecStorage
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import StorageLocation, safe_relative


@pytest.fixture
def storage() -> FsspecStorage:
    return FsspecStorage()


@pytest.fixture
def folder(tmp_path: Path) -> StorageLocation:
    (tmp_path / "store").mkdir()
    return StorageLocation("file", str(tmp_path / "store"), root=str(tmp_path / "store"))


def refused(code: ErrorCode, act: Any, *args: Any) -> LapisError:
    with pytest.raises(LapisError) as caught:
        act(*args)
    assert caught.value.code is code
    return caught.value


def test_links_that_leave_the_root(storage: FsspecStorage, folder: StorageLocation, tmp_path: Path) -> None:
    (tmp_path / "store-secret").mkdir()
    (tmp_path / "store-secret/s").write_bytes(b"secret")
    root = Path(folder.path)
    (root / "ok").mkdir()
    (root / "ok/f").write_bytes(b"1")
    (root / "dir").symlink_to(tmp_path / "store-secret")
    (root / "file").symlink_to(tmp_path / "store-secret/s")
    (root / "sibling").symlink_to("../store-secret")
    for name in ("dir/s", "file", "sibling/s", "dir"):
        location = folder.child(name)
        for act in (storage.info, storage.open_read, storage.children, storage.delete):
            error = refused(ErrorCode.PATH_NOT_ALLOWED, act, location)
            assert str(tmp_path) not in str(error)
        refused(ErrorCode.PATH_NOT_ALLOWED, storage.put_file, root / "ok/f", location)
    refused(ErrorCode.PATH_NOT_ALLOWED, list, storage.walk(folder))
    refused(ErrorCode.PATH_NOT_ALLOWED, storage.get, folder, tmp_path / "out")
    refused(ErrorCode.PATH_NOT_ALLOWED, storage.put_tree, root, folder.child("copy"))
    assert (tmp_path / "store-secret/s").read_bytes() == b"secret"


def test_links_within_the_root_are_followed_once(storage: FsspecStorage, folder: StorageLocation) -> None:
    root = Path(folder.path)
    (root / "a").mkdir()
    (root / "a/f").write_bytes(b"1")
    (root / "b").symlink_to("a")
    (root / "a/loop").symlink_to("..")
    assert [e.path for e in storage.walk(folder)] == ["a/f", "b/f"]


def test_what_is_being_written_is_not_listed(storage: FsspecStorage, folder: StorageLocation) -> None:
    with storage.open_write(folder.child("x")) as stream:
        stream.write(b"1")
        stream.flush()
        assert len(list(Path(folder.path).iterdir())) == 1
        assert list(storage.walk(folder)) == []
        assert storage.children(folder) == []


def test_a_killed_writer_leaves_the_old_file(folder: StorageLocation) -> None:
    (Path(folder.path) / "x").write_bytes(b"old")
    code = (
        "import os, sys; from lapisml.backends.storage.fsspec_storage import FsspecStorage;"
        "from lapisml.ports.storage import StorageLocation\n"
        "with FsspecStorage().open_write(StorageLocation('file', sys.argv[1])) as s:\n"
        "    s.write(b'new' * 99999); s.flush(); os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, folder.path + "/x"], check=False)
    assert done.returncode == -9
    assert (Path(folder.path) / "x").read_bytes() == b"old"
    assert [e.path for e in FsspecStorage().walk(folder)] == ["x"]


def test_a_full_disk(storage: FsspecStorage, folder: StorageLocation, tmp_path: Path) -> None:
    """A limit on file size makes the system refuse a write, as a full disk does."""
    (tmp_path / "big").write_bytes(bytes(3_000_000))
    storage.put_file(tmp_path / "big", folder.child("kept"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    try:
        error = refused(ErrorCode.STORAGE_FULL, storage.put_file, tmp_path / "big", folder.child("more/x"))
        refused(ErrorCode.STORAGE_FULL, storage.get, folder.child("kept"), tmp_path / "copy")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert error.hint
    assert [e.path for e in storage.walk(folder)] == ["kept"]
    assert not (tmp_path / "copy").exists()
    assert not list(tmp_path.glob(files.PART_PREFIX + "*"))


def test_errors_of_the_system(folder: StorageLocation) -> None:
    from lapisml.backends.storage.failures import translate

    codes = {
        errno.ENOENT: ErrorCode.NOT_FOUND, errno.ENOTDIR: ErrorCode.NOT_FOUND, errno.ENOSPC: ErrorCode.STORAGE_FULL,
        errno.EDQUOT: ErrorCode.STORAGE_FULL, errno.ELOOP: ErrorCode.PATH_NOT_ALLOWED,
        errno.EIO: ErrorCode.STORAGE_UNREACHABLE, errno.ESTALE: ErrorCode.STORAGE_UNREACHABLE,
        errno.EACCES: ErrorCode.STORAGE_UNREACHABLE, errno.EROFS: ErrorCode.STORAGE_UNREACHABLE,
    }  # fmt: skip
    for number, code in codes.items():
        found = translate(OSError(number, os.strerror(number), "/secret/path"), folder.child("x"))
        assert found.code is code
        assert "/secret" not in str(found)
        assert folder.path not in str(found)


def test_too_long_names(storage: FsspecStorage, folder: StorageLocation, tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    refused(ErrorCode.PATH_NOT_ALLOWED, storage.put_file, tmp_path / "f", folder.child("x" * 300))
    refused(ErrorCode.PATH_NOT_ALLOWED, storage.info, folder.child("x" * 300))


def test_moving(storage: FsspecStorage, folder: StorageLocation, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"1")
    inode = (tmp_path / "f").stat().st_ino
    storage.put_file(tmp_path / "f", folder.child("deep/f"), move=True)
    assert (Path(folder.path) / "deep/f").stat().st_ino == inode
    assert not (tmp_path / "f").exists()


def test_copies_share_nothing_unless_linked(storage: FsspecStorage, folder: StorageLocation, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"content")
    (tmp_path / "f").chmod(0o755)
    storage.put_file(tmp_path / "f", folder.child("f"))
    copy = Path(folder.path) / "f"
    assert not copy.samefile(tmp_path / "f")
    assert copy.stat().st_mode & 0o777 == 0o755
    for _ in range(2):
        storage.copy(folder.child("f"), folder.child("g"), link=True)
        assert copy.samefile(Path(folder.path) / "g")
    assert sorted(path.name for path in Path(folder.path).iterdir()) == ["f", "g"]


def test_packages_that_are_missing(folder: StorageLocation) -> None:
    code = (
        "import sys; sys.modules['s3fs'] = None; sys.modules['adlfs'] = None; sys.modules['gcsfs'] = None\n"
        "from lapisml.backends.storage.fsspec_storage import FsspecStorage;"
        "from lapisml.ports.storage import StorageLocation; from lapisml.core.errors import LapisError\n"
        "for p in ('s3', 'az', 'gs'):\n"
        "    try: FsspecStorage().info(StorageLocation(p, 'b/k', {'account_name': 'a'}))\n"
        "    except LapisError as e: print(e.code, e.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        'MissingPackage Install it: pip install "lapisml[s3]"',
        'MissingPackage Install it: pip install "lapisml[azure]"',
        "MissingPackage Install it: pip install gcsfs",
    ]


def test_unknown_protocols(storage: FsspecStorage) -> None:
    error = refused(ErrorCode.NOT_SUPPORTED, storage.info, StorageLocation("ftp", "x/y"))
    assert "s3" in str(error)


def test_nothing_heavy_is_imported_for_local_files() -> None:
    code = (
        "import sys; from lapisml.backends.storage.fsspec_storage import FsspecStorage;"
        "from lapisml.ports.storage import StorageLocation; FsspecStorage().info(StorageLocation('file', '/tmp'));"
        "print([m for m in ('fsspec', 'ssl', 'aiohttp', 'pydantic', 'yaml', 'sqlalchemy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("path", "expected"), [("a/b", "a/b"), ("a//./b/", "a/b"), ("", ""), (".", ""), ("a b/#?%2e", "a b/#?%2e")]
)
def test_relative_paths(path: str, expected: str) -> None:
    assert safe_relative(path) == expected


@pytest.mark.parametrize("path", ["..", "a/..", "/a", "a\\b", "C:x", "a\0", "a\nb", "a\x7f"])
def test_paths_that_are_not(path: str) -> None:
    refused(ErrorCode.PATH_NOT_ALLOWED, safe_relative, path)


def test_names_from_a_store_that_would_climb(tmp_path: Path) -> None:
    from lapisml.backends.storage.fsspec_storage import _inside

    for name in ("../x", "/etc/x", "a/../x", "a//b", "a/./b", "a\0"):
        refused(ErrorCode.PATH_NOT_ALLOWED, _inside, tmp_path, name)
