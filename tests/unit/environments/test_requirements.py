from __future__ import annotations

from pathlib import Path

import pytest

from lapisml.backends.environments.uv.process import redact
from lapisml.backends.environments.uv.requirements import Options, overriding, parse_requirement, parse_requirements
from lapisml.core.errors import ErrorCode, LapisError


def read(*lines: str, folder: Path | None = None) -> list[str]:
    return list(map(str, parse_requirements(lines, "requirements", folder).items))


@pytest.mark.parametrize(
    ("line", "requirement"),
    [
        ("six", "six"),
        ("six == 1.16  # a comment", "six==1.16"),
        ("azureml-dataset-runtime[pandas,fuse]", "azureml-dataset-runtime[fuse,pandas]"),
        ("tomli ; python_version < '3.11'", 'tomli; python_version < "3.11"'),
        ("six==1.16 --hash=sha256:abc", "six==1.16"),
        ("git+https://host/a/tool.git@v1#egg=tool-kit", "tool-kit @ git+https://host/a/tool.git@v1"),
        ("git+https://host/a/tool.git", "tool @ git+https://host/a/tool.git"),
        ("https://host/p/demo-1.0-py3-none-any.whl", "demo @ https://host/p/demo-1.0-py3-none-any.whl"),
        ("-e git+https://host/a/tool.git#egg=tool", "tool @ git+https://host/a/tool.git"),
    ],
)
def test_a_line_is_a_requirement(line: str, requirement: str) -> None:
    assert read(line) == [requirement]


def test_lines_go_on_after_a_backslash_and_blank_ones_count_for_nothing() -> None:
    assert read("six \\", "  ==1.16", "", "   # nothing", "tomli \\") == ["six==1.16", "tomli"]


def test_options_say_where_packages_come_from() -> None:
    found = parse_requirements(
        [
            "-i https://a/simple", "--extra-index-url=https://b/simple", "-fhttps://c/links", "--pre", "--no-index",
            "--only-binary=numpy,scipy", "--no-binary :all:", "--trusted-host b", "--no-cache-dir -U",
        ],
        "requirements",
    )  # fmt: skip
    assert found.options == Options(
        "https://a/simple", ("https://b/simple",), ("https://c/links",), True, True, (":all:",), ("numpy", "scipy"),
        ("b",),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("./local", ErrorCode.NOT_SUPPORTED),
        ("-e .", ErrorCode.NOT_SUPPORTED),
        ("demo @ file:///srv/demo", ErrorCode.NOT_SUPPORTED),
        ("git+file:///srv/demo.git#egg=demo", ErrorCode.NOT_SUPPORTED),
        ("--index-url https://me:${TOKEN}@host/simple", ErrorCode.NOT_SUPPORTED),
        ("/wheels/demo-1.0-py3-none-any.whl", ErrorCode.NOT_SUPPORTED),
        ("--find-links wheels", ErrorCode.NOT_SUPPORTED),
        ("--proxy http://p", ErrorCode.NOT_SUPPORTED),
        ("-r other.txt", ErrorCode.NOT_SUPPORTED),
        ("six=1.16", ErrorCode.DOCUMENT_INVALID),
        ("--index-url", ErrorCode.DOCUMENT_INVALID),
        ("--pre six", ErrorCode.DOCUMENT_INVALID),
        ("https://host/%20", ErrorCode.DOCUMENT_INVALID),
    ],
)
def test_what_cannot_be_honoured_is_refused(line: str, code: ErrorCode) -> None:
    with pytest.raises(LapisError) as caught:
        read(line)
    assert caught.value.code == code


def test_files_are_read_within_the_folder_only(tmp_path: Path) -> None:
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "a.txt").write_text("-c limits.txt\nsix\n")
    (folder / "limits.txt").write_text("six<2\n")
    (tmp_path / "secret.txt").write_text("secret\n")
    found = parse_requirements(["-r a.txt"], "requirements", folder)
    assert (list(map(str, found.items)), list(map(str, found.constraints))) == (["six"], ["six<2"])
    for path in ("../secret.txt", str(tmp_path / "secret.txt"), "missing.txt"):
        with pytest.raises(LapisError):
            read(f"-r {path}", folder=folder)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "context"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("six\n")
    (folder / "inside.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(LapisError) as caught:
        read("-r inside.txt", folder=folder)
    assert caught.value.code == ErrorCode.PATH_NOT_ALLOWED


def test_a_later_step_decides() -> None:
    earlier = [parse_requirement(t, "") for t in ("A_b==1", "c", "A_b<2")]
    later = [parse_requirement("a-b==3", "")]
    assert list(map(str, overriding(earlier, later))) == ["c", "a-b==3"]


@pytest.mark.parametrize(
    "line",
    [
        "Looking in https://someone:hunter2@host/simple",
        "error: git+https://hunter2@host/a/tool.git",
        "fetch 'https://host/links?sig=hunter2&x=1'",
    ],
)
def test_credentials_are_hidden(line: str) -> None:
    assert "hunter2" not in redact(line)
    assert "host" in redact(line)
