"""The suite that every implementation of `lapisml.ports.storage.Storage` passes.

Make a class of tests from it and give it the two fixtures::

    class TestMyStore(StorageSuite):
        @pytest.fixture
        def storage(self): return MyStorage()

        @pytest.fixture
        def folder(self): return StorageLocation("my", "bucket/fresh-and-empty")

`folder` is an empty folder (or prefix) of its own for each test.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import Storage, StorageLocation

FILES = {"a-b.txt": b"dash", "a/b.txt": b"slash", "a/deep/c.bin": bytes(range(256)) * 5000, "z ü&#%.txt": b"odd"}
"""Relative path → content; ``-`` sorts before ``/``, which folder-wise listings get wrong."""


class StorageSuite:
    """What the port promises, as tests."""

    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        """A local folder with `FILES`."""
        root = tmp_path / "source"
        for name, content in FILES.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
        return root

    def test_a_tree_comes_back_as_it_was(
        self, storage: Storage, folder: StorageLocation, source: Path, tmp_path: Path
    ) -> None:
        """Names, contents and counts survive the way there and back."""
        moved: list[int] = []
        assert storage.put_tree(source, folder, moved.append) == len(FILES)
        assert sum(moved) == sum(map(len, FILES.values()))
        back = tmp_path / "back"
        assert storage.get(folder, back) == len(FILES)
        found = {p.relative_to(back).as_posix(): p.read_bytes() for p in back.rglob("*") if p.is_file()}
        assert found == FILES

    def test_walk_is_sorted_by_whole_path(self, storage: Storage, folder: StorageLocation, source: Path) -> None:
        """The order is that of POSIX paths, and every file is named once with its size."""
        storage.put_tree(source, folder)
        found = [(entry.path, entry.size) for entry in storage.walk(folder)]
        assert found == [(name, len(FILES[name])) for name in sorted(FILES)]

    def test_children_are_the_next_level(self, storage: Storage, folder: StorageLocation, source: Path) -> None:
        """Files and folders directly within, sorted."""
        storage.put_tree(source, folder)
        assert [(c.path, c.is_dir) for c in storage.children(folder)] == [
            ("a", True), ("a-b.txt", False), ("z ü&#%.txt", False)
        ]  # fmt: skip

    def test_what_is_absent(self, storage: Storage, folder: StorageLocation, tmp_path: Path) -> None:
        """Nothing there is None, empty, or NotFound; deleting it is no error."""
        nothing = folder.child("nothing/here")
        assert storage.info(nothing) is None
        assert list(storage.walk(nothing)) == []
        assert storage.children(nothing) == []
        storage.delete(nothing)
        for act in (lambda: storage.open_read(nothing), lambda: storage.get(nothing, tmp_path / "x")):
            with pytest.raises(LapisError) as caught:
                act()
            assert caught.value.code is ErrorCode.NOT_FOUND
        assert not (tmp_path / "x").exists()

    def test_info(self, storage: Storage, folder: StorageLocation, source: Path) -> None:
        """Files have a size, folders are folders, a name that is only a prefix of one is nothing."""
        storage.put_tree(source, folder)
        file, below = storage.info(folder.child("a/b.txt")), storage.info(folder.child("a"))
        assert file is not None
        assert (file.path, file.size, file.is_dir) == ("", 5, False)
        assert below is not None
        assert below.is_dir
        assert storage.info(folder.child("a/b")) is None

    def test_one_file(self, storage: Storage, folder: StorageLocation, source: Path, tmp_path: Path) -> None:
        """A file is walked as itself and fetched to the path given."""
        storage.put_file(source / "a/b.txt", folder.child("x/y.txt"))
        assert [(e.path, e.size) for e in storage.walk(folder.child("x/y.txt"))] == [("y.txt", 5)]
        assert storage.get(folder.child("x/y.txt"), tmp_path / "deep" / "y") == 1
        assert (tmp_path / "deep" / "y").read_bytes() == b"slash"

    def test_parts_of_a_file(self, storage: Storage, folder: StorageLocation, source: Path) -> None:
        """Offsets and ranges; a range past the end is shorter or empty."""
        storage.put_tree(source, folder)
        big, content = folder.child("a/deep/c.bin"), FILES["a/deep/c.bin"]
        with storage.open_read(big, 1000) as stream:
            assert stream.read() == content[1000:]
        assert storage.read_range(big, 255, 3) == content[255:258]
        assert storage.read_range(big, len(content) - 2, 100) == content[-2:]
        assert storage.read_range(big, len(content) + 5, 10) == b""

    def test_replacing(self, storage: Storage, folder: StorageLocation, source: Path) -> None:
        """A second file of the same name takes the place of the first; moving consumes or keeps the local one."""
        target = folder.child("t")
        storage.put_file(source / "a-b.txt", target)
        storage.put_file(source / "a/b.txt", target, move=True)
        assert storage.read_range(target, 0, 100) == b"slash"

    def test_writing_by_stream(self, storage: Storage, folder: StorageLocation) -> None:
        """The file is there after the block, and not there before its end or when it raises."""
        target = folder.child("s/stream")
        with storage.open_write(target) as stream:
            stream.write(b"one")
            assert storage.info(target) is None
            stream.write(b"two")
        assert storage.read_range(target, 0, 100) == b"onetwo"
        with pytest.raises(ZeroDivisionError), storage.open_write(target) as stream:
            stream.write(bytes(1 // (stream.write(b"half") - 4)))
        assert storage.read_range(target, 0, 100) == b"onetwo"
        assert [e.path for e in storage.walk(folder)] == ["s/stream"]

    def test_empty_file(self, storage: Storage, folder: StorageLocation, tmp_path: Path) -> None:
        """A file without bytes is a file."""
        (tmp_path / "empty").touch()
        storage.put_file(tmp_path / "empty", folder.child("e/empty"))
        found = storage.info(folder.child("e/empty"))
        assert found is not None
        assert (found.size, found.is_dir) == (0, False)
        assert storage.read_range(folder.child("e/empty"), 0, 10) == b""
        storage.get(folder.child("e"), tmp_path / "back")
        assert (tmp_path / "back" / "empty").read_bytes() == b""

    def test_delete(self, storage: Storage, folder: StorageLocation, source: Path) -> None:
        """A folder goes with all below it, and nothing beside it; twice is as good as once."""
        storage.put_tree(source, folder)
        for _ in range(2):
            storage.delete(folder.child("a"))
            assert [e.path for e in storage.walk(folder)] == ["a-b.txt", "z ü&#%.txt"]
        storage.delete(folder.child("a-b.txt"))
        assert storage.info(folder.child("a-b.txt")) is None

    def test_copy_within_the_store(self, storage: Storage, folder: StorageLocation, source: Path) -> None:
        """A copy stands on its own: replacing or deleting the source does not touch it."""
        storage.put_tree(source, folder.child("from"))
        assert storage.copy(folder.child("from"), folder.child("to"), link=True) == len(FILES)
        storage.put_file(source / "a/b.txt", folder.child("from/a-b.txt"))
        storage.delete(folder.child("from"))
        assert {e.path for e in storage.walk(folder.child("to"))} == set(FILES)
        assert storage.read_range(folder.child("to/a-b.txt"), 0, 100) == b"dash"

    def test_confined_to_its_root(self, storage: Storage, folder: StorageLocation, source: Path) -> None:
        """No spelling leads above the folder."""
        storage.put_tree(source, folder.child("inner"))
        inner = folder.child("inner").child("")
        for bad in ("..", "../x", "a/../../x", "/etc/passwd", "a\\..\\..\\x", "a\x00b", "a\nb"):
            with pytest.raises(LapisError) as caught:
                inner.child(bad)
            assert caught.value.code is ErrorCode.PATH_NOT_ALLOWED
        outside = StorageLocation(folder.protocol, f"{folder.path}/inner/../x", folder.options, folder.path + "/inner")
        with pytest.raises(LapisError) as caught:
            storage.info(outside)
        assert caught.value.code is ErrorCode.PATH_NOT_ALLOWED

    def test_writers_at_once(self, storage: Storage, folder: StorageLocation, tmp_path: Path) -> None:
        """A reader sees one writer's whole file, never a mixture."""
        target, start = folder.child("race"), threading.Barrier(4)

        def write(letter: bytes) -> None:
            local = tmp_path / letter.decode()
            local.write_bytes(letter * 200_000)
            start.wait(10)
            storage.put_file(local, target)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(write, (b"a", b"b", b"c", b"d")))
        content = storage.read_range(target, 0, 1_000_000)
        assert len(content) == 200_000
        assert len(set(content)) == 1
