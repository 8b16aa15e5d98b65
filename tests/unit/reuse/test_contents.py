"""What lies at an address: real folders and a real web server."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lapisml.server.features.reuse.contents import Content, Contents, UnknownContentError
from lapisml.server.features.reuse.hashing import FileHashes
from tests.unit.reuse.steps import STORE, Steps


@pytest.fixture
def contents(plain: Steps) -> Contents:
    return Contents(plain.world.assets, plain.world.storage, FileHashes())


def _at(plain: Steps, path: str) -> Path:
    found = plain.world.storage.local_path(plain.world.assets.location(plain.ws, f"{STORE}/{path}"))
    assert found is not None
    return found


def test_a_file_is_its_bytes_and_its_name(plain: Steps, contents: Contents) -> None:
    plain.write(f"{STORE}/a", {"x.csv": b"1,2"})
    digest = hashlib.sha256(b"1,2").hexdigest()
    assert contents.of(plain.ws, f"{STORE}/a/x.csv") == Content(f"sha256 {digest}", "x.csv", 1, 3)


def test_a_folder_is_its_files_wherever_it_lies(plain: Steps, contents: Contents) -> None:
    files = {"x.csv": b"1", "deep/er/y.csv": b"2"}
    plain.write(f"{STORE}/a", files)
    plain.write(f"{STORE}/b", files)
    found = contents.of(plain.ws, f"{STORE}/a/")
    assert found == contents.of(plain.ws, f"{STORE}/b")
    assert (found.name, found.files, found.size) == (None, 2, 2)


@pytest.mark.parametrize(
    "files",
    [
        {"x.csv": b"2", "y.csv": b"2"},
        {"x.csv": b"1"},
        {"x.csv": b"1", "y.csv": b"2", "z.csv": b""},
        {"x.csv": b"1", "Y.csv": b"2"},
        {"x.csv": b"1", "sub/y.csv": b"2"},
        {"x.csv": b"2", "y.csv": b"1"},
        {"x.csv1": b"", "y.csv2": b""},
    ],
)
def test_every_name_and_every_byte_counts(plain: Steps, contents: Contents, files: dict[str, bytes]) -> None:
    plain.write(f"{STORE}/a", {"x.csv": b"1", "y.csv": b"2"})
    plain.write(f"{STORE}/b", files)
    assert contents.of(plain.ws, f"{STORE}/a").mark != contents.of(plain.ws, f"{STORE}/b").mark


def test_nothing_an_empty_folder_and_a_folder_with_an_empty_folder_differ(plain: Steps, contents: Contents) -> None:
    (_at(plain, "b")).mkdir()
    (_at(plain, "c/inner")).mkdir(parents=True)
    marks = [contents.of(plain.ws, f"{STORE}/{name}").mark for name in "abc"]
    assert len(set(marks)) == 3
    assert marks[0] == "nothing"


def test_files_that_are_being_written_do_not_count(plain: Steps, contents: Contents) -> None:
    plain.write(f"{STORE}/a", {"x.csv": b"1"})
    before = contents.of(plain.ws, f"{STORE}/a")
    (_at(plain, "a") / ".lapis-part-1").write_bytes(b"half")
    assert contents.of(plain.ws, f"{STORE}/a") == before


def test_links_count_by_what_they_lead_to_within_the_store(plain: Steps, contents: Contents) -> None:
    plain.write(f"{STORE}/a", {"x.csv": b"1", "deep/y.csv": b"2"})
    plain.write(f"{STORE}/b", {"x.csv": b"1"})
    (_at(plain, "b") / "deep").symlink_to(_at(plain, "a") / "deep")
    assert contents.of(plain.ws, f"{STORE}/b") == contents.of(plain.ws, f"{STORE}/a")
    (_at(plain, "a") / "deep" / "up").symlink_to(_at(plain, "a"))
    contents.of(plain.ws, f"{STORE}/a")


def test_a_link_out_of_the_store_is_not_followed(plain: Steps, contents: Contents, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    plain.write(f"{STORE}/a", {"x.csv": b"1"})
    (_at(plain, "a") / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(UnknownContentError, match="leads out of its folder"):
        contents.of(plain.ws, f"{STORE}/a")


def test_names_that_are_left_out_are_those_at_the_top(plain: Steps, contents: Contents) -> None:
    plain.write(f"{STORE}/a", {"x.csv": b"1", "logs/log.txt": b"1", "deep/logs/log.txt": b"1"})
    plain.write(f"{STORE}/b", {"x.csv": b"1", "logs/log.txt": b"2", "deep/logs/log.txt": b"1"})
    plain.write(f"{STORE}/c", {"x.csv": b"1", "logs/log.txt": b"1", "deep/logs/log.txt": b"2"})
    a, b, c = (contents.of(plain.ws, f"{STORE}/{name}", leave_out={"logs"}).mark for name in "abc")
    assert (a == b, a == c) == (True, False)


def test_a_table_includes_what_it_names_elsewhere(plain: Steps, contents: Contents) -> None:
    plain.write(f"{STORE}/t", {"MLTable": f"paths:\n  - file: {STORE}/data/x.csv\n  - file: ./own.csv\n".encode()})
    plain.write(f"{STORE}/data", {"x.csv": b"1"})
    first = contents.of(plain.ws, f"{STORE}/t").mark
    plain.write(f"{STORE}/data", {"x.csv": b"2"})
    assert contents.of(plain.ws, f"{STORE}/t").mark != first
    plain.write(f"{STORE}/data", {"x.csv": b"1"})
    assert contents.of(plain.ws, f"{STORE}/t").mark == first


@pytest.mark.parametrize("outside", ["../x.csv", f"{STORE}/data/*.csv"])
def test_a_table_that_names_files_elsewhere_by_pattern_is_unknown(
    plain: Steps, contents: Contents, outside: str
) -> None:
    plain.write(f"{STORE}/t", {"MLTable": f"paths:\n  - pattern: {outside}\n".encode()})
    with pytest.raises(UnknownContentError, match="lies outside its folder"):
        contents.of(plain.ws, f"{STORE}/t")


class _Web(BaseHTTPRequestHandler):
    """Gives ``x`` with the headers that the path asks for: /etag/<value>, /date/<day>, /none."""

    def do_GET(self) -> None:
        _, kind, *rest = self.path.split("/")
        self.send_response(404 if kind == "missing" else 200)
        self.send_header("Content-Length", "1")
        if kind == "etag":
            self.send_header("ETag", f'"{self.server.tag}"')  # type: ignore[attr-defined]
        if kind == "date":
            self.send_header("Last-Modified", f"Sat, {rest[0]} Nov 2025 07:28:00 GMT")
        self.end_headers()
        self.wfile.write(b"x")

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Web)
    server.tag = "one"  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_web_address_is_what_its_server_says(plain: Steps, contents: Contents, web: ThreadingHTTPServer) -> None:
    base = f"http://127.0.0.1:{web.server_port}"
    first = contents.of(plain.ws, f"{base}/etag/iris.csv")
    assert first.mark.startswith("etags ")
    assert first.name == "iris.csv"
    assert contents.of(plain.ws, f"{base}/etag/iris.csv") == first
    web.tag = "two"  # type: ignore[attr-defined]
    assert contents.of(plain.ws, f"{base}/etag/iris.csv") != first
    assert contents.of(plain.ws, f"{base}/date/01/x").mark == contents.of(plain.ws, f"{base}/date/01/x").mark
    assert contents.of(plain.ws, f"{base}/date/01/x").mark != contents.of(plain.ws, f"{base}/date/08/x").mark
    assert contents.of(plain.ws, f"{base}/missing").mark == "nothing"
    with pytest.raises(UnknownContentError, match="neither an ETag nor a date"):
        contents.of(plain.ws, f"{base}/none")


def test_a_server_that_does_not_answer_is_not_taken_for_nothing(
    plain: Steps, contents: Contents, web: ThreadingHTTPServer
) -> None:
    web.shutdown()
    web.server_close()
    with pytest.raises(UnknownContentError):
        contents.of(plain.ws, f"http://127.0.0.1:{web.server_port}/etag/x")
