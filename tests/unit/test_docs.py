"""The documents keep up with the code: settings, commands, error codes, links and the README's commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lapisml.core.errors import ErrorCode
from lapisml.server.platform.errors import HTTP_STATUS
from lapisml.server.settings import CLIENT_SETTINGS, PREFIX, Settings
from tests.support.commands import leaf_commands
from tests.support.processes import REPOSITORY

DOCS = REPOSITORY / "docs"
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md", "bench/*.md")
    for page in REPOSITORY.glob(pattern)
    if "node_modules" not in page.parts
)
MECHANISMS = ("life-cycle", "leases", "environments", "tracking", "migrations", "compute")


def _name(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


def _docs_text() -> str:
    return "\n".join(page.read_text() for page in sorted(DOCS.rglob("*.md")))


def test_every_setting_is_described() -> None:
    described = set(re.findall(r"`(LAPIS_[A-Z_]+)`", (DOCS / "settings.md").read_text()))
    known = {PREFIX + name.upper() for name in Settings.model_fields} | set(CLIENT_SETTINGS)
    assert known - described == set(), "settings without a description"


def test_no_page_describes_a_setting_that_does_not_exist() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | set(CLIENT_SETTINGS)
    known |= {
        "LAPIS_DOOR_PORTS",
        "LAPIS_DRILL_KEEP",
        "LAPIS_STUDIO",
        "LAPIS_TEST_ALL",
        "LAPIS_TEST_DATA",
        "LAPIS_TEST_SHOTS",
        "LAPIS_TEST_WORKERS",
        "LAPIS_TEST_EXAMPLES",
        "LAPIS_DEMO_HOME",
    }
    written = {(_name(page), name) for page in PAGES for name in _variables(page)}
    assert {(page, name) for page, name in written if name not in known} == set()


def _variables(page: Path) -> list[str]:
    return re.findall(r"\bLAPIS_[A-Z][A-Z_]+\b", page.read_text())


def test_every_error_code_is_described_with_its_status() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|", (DOCS / "errors.md").read_text(), re.M)
    assert {code: int(status) for code, status in rows} == {c.value: HTTP_STATUS[c] for c in ErrorCode}
    assert len(rows) == len(ErrorCode), "a code is described twice"


def test_every_command_is_described() -> None:
    text = _docs_text()
    missing = [" ".join(words) for words in leaf_commands() if not re.search(_mention(words), text)]
    assert missing == []


def _mention(words: tuple[str, ...]) -> str:
    return rf"\blapis {re.escape(' '.join(words))}\b"


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_each_mechanism_has_its_page_and_the_index_links_it(mechanism: str) -> None:
    assert (DOCS / f"{mechanism}.md").stat().st_size > 500
    assert f"({mechanism}.md)" in (DOCS / "index.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    broken = [
        target
        for target in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", page.read_text())
        if not _leads_somewhere(page, target)
    ]
    assert broken == []


def _leads_somewhere(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    if not file.exists():
        return False
    return not anchor or anchor in set(_anchors(file.read_text()))


def _anchors(text: str) -> Iterator[str]:
    for title in re.findall(r"^#+ +(.+)$", text, re.M):
        yield re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")


def _shell_lines(page: Path) -> Iterator[str]:
    for block in re.findall(r"```(?:sh|bash|console|shell)\n(.*?)```", page.read_text(), re.S):
        for line in block.replace("\\\n", " ").splitlines():
            yield line.partition(" #")[0].removeprefix("$ ").strip()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_commands_in_shell_blocks_exist(page: Path) -> None:
    unknown = [line for line in _shell_lines(page) if not _exists(line)]
    assert unknown == []


def _exists(line: str) -> bool:
    """Say whether each ``lapis …`` in a shell line is a command, and each script or file it runs is there."""
    known = set(leaf_commands())
    for words in re.findall(r"(?:^|[\s;|&(])lapis((?: [a-z][a-z-]*)+)", line):
        parts = tuple(words.split())
        if not any(parts[: len(command)] == command for command in known):
            return False
    return all((REPOSITORY / script).exists() for script in re.findall(r"(?:^|\s)(scripts/\w+)", line))


def test_the_check_of_shell_blocks_can_fail(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh\nlapis job creatte -f x.yml\nscripts/nothing\nlapis --help\n```\n[a](b.md) [c](#d)\n")
    unknown = [line for line in _shell_lines(page) if not _exists(line)]
    assert unknown == ["lapis job creatte -f x.yml", "scripts/nothing"]
    assert not _leads_somewhere(page, "b.md")
    assert not _leads_somewhere(page, "#d")
