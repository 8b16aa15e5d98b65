"""Text that is no document, and text that tries to be too much."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents import load_document
from lapisml.documents.limits import DEEPEST, LARGEST
from lapisml.documents.scalars import resolve


def refusal(path: Path, content: str | bytes, kind: str = "data") -> LapisError:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(LapisError) as caught:
        load_document(path, kind=kind).validated()
    return caught.value


@pytest.mark.parametrize(
    ("content", "line", "column", "words"),
    [
        (b"name: a\npath: \xff\n", 2, 7, "not UTF-8"),
        ("näme: a\npath: ü\x07\n".encode(), 2, 8, "not allowed in YAML"),
        (b"name: a\n---\nname: b\n", 2, 1, "second document"),
        (b"name: a\nname: b\n", 2, 1, "stands here twice, first in line 1"),
        (b"tags:\n  x: 1\n  'x': 2\n", 3, 3, "twice"),
        (b"name: !!python/object/apply:os.system [echo]\n", 1, 7, "!!python/object/apply:os.system"),
        (b"name: !thing a\n", 1, 7, "`!thing` is not allowed"),
        (b"name: !!binary aGk=\n", 1, 7, "!!binary"),
        (b"name: *nowhere\n", 1, 7, "not marked above"),
        (b"a: &a\n  b: *a\n", 2, 6, "stands within what it repeats"),
        (b"? [a, b]\n: c\n", 1, 3, "a key is a list"),
        (b"<<: 1\nname: a\n", 1, 1, "not a mapping"),
        (b"a: b: c\n", 1, 5, "not YAML"),
        (b"a:\n  - b\n c: d\n", 3, 2, "not YAML"),
        (b'a: "b\n', 2, 1, "not YAML"),
        (b"a: @b\n", 1, 4, "not YAML"),
    ],
)
def test_the_place_of_what_can_not_be_read(content: bytes, line: int, column: int, words: str, tmp_path: Path) -> None:
    error = refusal(tmp_path / "d.yml", content)
    found = [(p.line, p.column) for p in error.problems if words in p.message]
    assert error.code is ErrorCode.DOCUMENT_INVALID
    assert found == [(line, column)], error


def test_nothing_in_a_document_runs(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    refusal(tmp_path / "d.yml", f"name: !!python/object/apply:os.mkdir ['{canary}']\n")
    assert not canary.exists()


@pytest.mark.parametrize(
    "content",
    [
        "a: " + "[" * (DEEPEST + 5) + "]" * (DEEPEST + 5),
        "[" * 100_000,
        "{a: " * 100_000,
        "- " * 20_000 + "a",
    ],
)
def test_depth_is_limited(content: str, tmp_path: Path) -> None:
    assert f"{DEEPEST} deep" in str(refusal(tmp_path / "d.yml", content))


def test_growth_through_aliases_is_limited(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    before = time.perf_counter()
    assert "more than 50000 values" in str(refusal(tmp_path / "d.yml", "\n".join(lines)))
    assert time.perf_counter() - before < 2


def test_the_number_of_values_is_limited(tmp_path: Path) -> None:
    assert "more than 50000 values" in str(refusal(tmp_path / "d.yml", "a: [" + "1," * 60_000 + "]"))


def test_the_size_is_limited(tmp_path: Path) -> None:
    error = refusal(tmp_path / "d.yml", "a" * (LARGEST + 1))
    assert error.code is ErrorCode.REQUEST_TOO_LARGE


def test_aliases_and_merge_keys_mean_what_yaml_says(tmp_path: Path) -> None:
    path = tmp_path / "d.yml"
    path.write_text("base: &b {x: 1, y: 2}\ntags:\n  <<: *b\n  y: 3\nother: *b\n")
    data = load_document(path, kind="data").data
    assert data["tags"] == {"x": 1, "y": 3}
    assert data["other"] == {"x": 1, "y": 2}
    data["other"]["x"] = 9
    assert data["base"]["x"] == 1


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "job.yml").write_text("")
    with pytest.raises(LapisError) as caught:
        load_document(tmp_path / "jobs.yml", kind="job")
    assert caught.value.code is ErrorCode.NOT_FOUND
    assert "job.yml" in str(caught.value.hint)


def test_a_folder_is_no_document(tmp_path: Path) -> None:
    with pytest.raises(LapisError, match="is a folder"):
        load_document(tmp_path, kind="job")


@pytest.mark.parametrize("name", ["d", "d.YAML", "d.yml_", "d.json"])
def test_any_name_will_do(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text('{"name": "a", "path": "https://x/y"}')
    assert load_document(tmp_path / name, kind="data").validated().to_dict()["name"] == "a"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_byte_order_mark_and_line_ends(newline: str, tmp_path: Path) -> None:
    (tmp_path / "d.yml").write_bytes(b"\xef\xbb\xbf" + newline.join(["name: a", "pth: b", ""]).encode())
    with pytest.raises(LapisError) as caught:
        load_document(tmp_path / "d.yml", kind="data").validated()
    assert (caught.value.problems[-1].line, caught.value.problems[-1].column) == (2, 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("-7", -7), ("+7", 7), ("010", 8), ("0x1F", 31), ("0b11", 3), ("1_000", 1000), ("0", 0), ("08", "08"),
        ("1.5", 1.5), (".5", 0.5), ("1.", 1.0), ("1.0e+3", 1000.0), ("1e-3", "1e-3"), ("1e5", "1e5"),
        ("true", True), ("Yes", True), ("off", False), ("y", "y"), ("~", None), ("", None), ("null", None),
        ("12:30", "12:30"), ("2024-01-01", "2024-01-01"), ("1.2.3", "1.2.3"), ("0x", "0x"), ("_1", "_1"),
        (".inf", float("inf")), ("-.inf", float("-inf")), ("9" * 500, "9" * 500),
    ],
)  # fmt: skip
def test_plain_scalars(text: str, value: object) -> None:
    found = resolve(text)
    assert found == value
    assert type(found) is type(value)
