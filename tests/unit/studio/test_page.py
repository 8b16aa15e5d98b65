"""The built page as files: which are served, in which form, under which policy."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.surfaces.studio.surface import StudioPage
from tests.support.asgi import Answer, call

INDEX = b"<!doctype html><title>Studio</title>"
SCRIPT = b"export const answer = 42;\n" * 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    page = tmp_path / "page"
    (page / "assets").mkdir(parents=True)
    files = {
        "index.html": INDEX, "lapis.svg": b"<svg/>", ".stamp": b"0000", "assets/app-1a.js": SCRIPT,
        "assets/app-1a.js.br": b"brotli", "assets/app-1a.js.gz": b"gzip", "assets/odd.gz": b"no original",
    }  # fmt: skip
    for name, content in files.items():
        (page / name).write_bytes(content)
    (tmp_path / "secret.txt").write_bytes(b"secret")
    (page / "link.txt").symlink_to(tmp_path / "secret.txt")
    return page


def _get(folder: Path, path: str, method: str = "GET", **headers: str) -> Answer:
    return call(StudioPage(folder), method, path, {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize("path", ["/studio", "/studio/", "/studio/default/jobs/calm_fern", "/studio/a/data/x.csv/1"])
def test_every_address_of_the_page_is_the_page(folder: Path, path: str) -> None:
    answer = _get(folder, path)
    assert (answer.status, answer.body) == (200, INDEX)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"


def test_the_page_runs_nothing_that_is_not_its_own(folder: Path) -> None:
    policy = dict(part.split(" ", 1) for part in _get(folder, "/studio").headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert not [text for text in policy.values() if "http" in text or "*" in text or "eval" in text]


@pytest.mark.parametrize(
    ("accepted", "encoding", "content"),
    [
        ("gzip, deflate, br, zstd", "br", b"brotli"),
        ("br;q=1.0, gzip;q=0.8", "br", b"brotli"),
        ("gzip", "gzip", b"gzip"),
        ("GZIP;q=0.5, br;q=0", "gzip", b"gzip"),
        ("identity", None, SCRIPT),
        ("", None, SCRIPT),
        ("brotli, gzipped", None, SCRIPT),
    ],
)
def test_assets_come_compressed_as_the_client_takes_them(
    folder: Path, accepted: str, encoding: str | None, content: bytes
) -> None:
    answer = _get(folder, "/studio/assets/app-1a.js", accept_encoding=accepted)
    assert (answer.headers.get("content-encoding"), answer.body) == (encoding, content)
    assert answer.headers["content-length"] == str(len(content))
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["vary"] == "accept-encoding"


def test_assets_are_kept_for_ever_and_the_page_is_asked_for_again(folder: Path) -> None:
    assert "immutable" in _get(folder, "/studio/assets/app-1a.js").headers["cache-control"]
    tags = {_get(folder, "/studio/assets/app-1a.js", accept_encoding=a).headers["etag"] for a in ("", "br", "gzip")}
    assert len(tags) == 3
    tag = _get(folder, "/studio").headers["etag"]
    again = _get(folder, "/studio/anything", if_none_match=f'W/"x", {tag}')
    assert (again.status, again.body) == (304, b"")
    assert _get(folder, "/studio", if_none_match='"other"').status == 200


def test_head_has_the_headers_and_no_body(folder: Path) -> None:
    answer = _get(folder, "/studio", "HEAD")
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", str(len(INDEX)))


@pytest.mark.parametrize(
    "path",
    [
        "/studio/../secret.txt", "/studio/assets/../../secret.txt", "/studio/..\\secret.txt", "/studio//etc/passwd",
        "/studio/%2e%2e/secret.txt", "/studio/assets/../index.html", "/studio/assets/", "/studio/assets/app-1a.js/",
        "/studio/.stamp", "/studio/link.txt", "/studio/assets/none.js", "/studio/assets/app-1a.js\0",
    ],
)  # fmt: skip
def test_nothing_but_the_listed_files_is_ever_read(folder: Path, path: str) -> None:
    if "/assets/" not in path:
        assert _get(folder, path).body == INDEX
        return
    with pytest.raises(LapisError) as caught:
        _get(folder, path)
    assert caught.value.code == ErrorCode.NOT_FOUND


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_the_page_is_only_read(folder: Path, method: str) -> None:
    with pytest.raises(LapisError):
        _get(folder, "/studio", method)


def test_without_a_build_a_sentence_names_the_command(tmp_path: Path) -> None:
    answer = _get(tmp_path / "none", "/studio")
    assert answer.status == 404
    assert b"python studio/build_page.py" in answer.body
    assert not StudioPage(tmp_path / "none").is_built()


def test_another_build_is_served_without_a_restart(folder: Path) -> None:
    page = StudioPage(folder)
    assert call(page, "GET", "/studio").body == INDEX
    (folder / "index.html").write_bytes(b"another")
    os.utime(folder / "index.html", ns=(1, 1))
    assert call(page, "GET", "/studio").body == b"another"
