"""A document that breaks its form is refused with one message that points, and nothing is created or uploaded."""

from __future__ import annotations

import re
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.e2e.bad_documents.documents import KINDS, Kind, changed, lay_out, without
from tests.support.cli import run_lapis
from tests.support.server import LapisServer

Refused = CompletedProcess[str]
_NOUNS = (
    "data", "models", "environments", "components", "datastores", "computes", "jobs", "schedules", "online-endpoints",
    "batch-endpoints",
)  # fmt: skip
_LISTINGS = ["", *(f"/default/{noun}" for noun in _NOUNS)]


class Desk:
    """A working folder before a running server."""

    def __init__(self, folder: Path, server: LapisServer) -> None:
        self.folder = folder
        self._home = server.home
        self._server = server
        self._before = self._kept()

    def create(self, kind: Kind, text: str, *more: str) -> Refused:
        """Write the document to ``bad.yml`` and create it."""
        (self.folder / "bad.yml").write_text(text)
        return self.run(kind.noun, "create", "-f", "bad.yml", *more)

    def run(self, *words: str) -> Refused:
        """Run a command in the folder."""
        return run_lapis(*words, home=self._home, cwd=self.folder)

    def nothing_was_kept(self) -> bool:
        """Say whether storage is as it was, and no object of the documents' names exists."""
        return self._kept() == self._before

    def _kept(self) -> tuple[set[str], set[str]]:
        files = {str(p) for p in (self._home / "storage").rglob("*") if p.is_file()}
        return files, {name for listing in _LISTINGS for name in self._names(listing)}

    def _names(self, listing: str) -> list[str]:
        status, body = self._server.request("GET", f"/api/v1/workspaces{listing}?limit=1000")
        assert status == 200, body
        return [f"{listing}/{item['name']}" for item in body["value"]]


@pytest.fixture
def desk(tmp_path: Path, shared_server: LapisServer) -> Desk:
    lay_out(tmp_path / "work")
    return Desk(tmp_path / "work", shared_server)


def _refused(done: Refused, *, place: bool = True) -> str:
    """Check that a command was refused with one message, which names a place in the file, and return it."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.count("ERROR:") == 1, done.stderr
    if place:
        assert re.search(r"bad\.yml:\d+:\d+: ", done.stderr), done.stderr
    return done.stderr


each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


@each_kind
def test_an_unknown_key_names_the_word_that_was_meant(desk: Desk, kind: Kind) -> None:
    written, meant = kind.misspelt
    message = _refused(desk.create(kind, f"{kind.good}{written}: x\n"))
    assert f"bad.yml:{kind.good.count(chr(10)) + 1}:1: " in message
    assert written in message
    assert f"did you mean `{meant}`?" in message
    assert desk.nothing_was_kept()


@each_kind
def test_a_wrong_type_says_what_was_expected(desk: Desk, kind: Kind) -> None:
    key, value = kind.wrong
    message = _refused(desk.create(kind, changed(kind, key, value)))
    assert key in message
    assert "expected" in message
    assert desk.nothing_was_kept()


@each_kind
def test_a_missing_key_is_named(desk: Desk, kind: Kind) -> None:
    assert kind.required in _refused(desk.create(kind, without(kind, kind.required)), place=False)
    assert desk.nothing_was_kept()


@each_kind
def test_text_that_is_not_yaml_is_refused_where_it_breaks(desk: Desk, kind: Kind) -> None:
    lines = kind.good.count("\n")
    message = _refused(desk.create(kind, f"{kind.good}tags: {{open: [1, 2\n"))
    assert re.search(rf"bad\.yml:({lines + 1}|{lines + 2}):\d+: ", message), message
    assert desk.nothing_was_kept()


@pytest.mark.parametrize("kind", [k for k in KINDS.values() if k.path], ids=[n for n, k in KINDS.items() if k.path])
def test_a_path_that_is_not_there_is_named(desk: Desk, kind: Kind) -> None:
    assert kind.path
    message = _refused(desk.create(kind, changed(kind, kind.path, "./not-there")))
    assert "not-there" in message
    assert desk.nothing_was_kept()


_REFERENCES = [(name, key, ref) for name, kind in KINDS.items() for key, ref in kind.references.items()]


@pytest.mark.parametrize(("name", "key", "reference"), _REFERENCES, ids=[f"{n}-{k}" for n, k, _ in _REFERENCES])
def test_a_reference_that_leads_nowhere_is_named(desk: Desk, name: str, key: str, reference: object) -> None:
    message = _refused(desk.create(KINDS[name], changed(KINDS[name], key, reference)))
    assert re.search(r"no[-_ ]such|nowhere", message)
    assert desk.nothing_was_kept()


_WITH_EXPRESSIONS = {n: k for n, k in KINDS.items() if k.expression}


@pytest.mark.parametrize("kind", _WITH_EXPRESSIONS.values(), ids=_WITH_EXPRESSIONS)
def test_an_expression_that_means_nothing_names_the_nearest_input(desk: Desk, kind: Kind) -> None:
    assert kind.expression
    message = _refused(desk.create(kind, changed(kind, kind.expression, "echo ${{inputs.wrod}}")))
    assert "wrod" in message
    assert "word" in message
    assert desk.nothing_was_kept()


@each_kind
def test_wrong_usage_ends_with_two(desk: Desk, kind: Kind) -> None:
    done = desk.run(kind.noun, "create", "--no-such-flag")
    assert done.returncode == 2
    assert "--no-such-flag" in done.stderr
    assert desk.run(kind.noun, "creat").returncode == 2
    assert desk.nothing_was_kept()


def test_a_file_that_is_not_there_is_named(desk: Desk) -> None:
    done = desk.run("job", "create", "-f", "missing.yml")
    assert done.returncode == 1
    assert "missing.yml" in done.stderr


def test_overrides_are_merged_before_the_document_is_checked(desk: Desk) -> None:
    """A document that is wrong by itself is right with its overrides, and the other way round."""
    kind = KINDS["data"]
    (desk.folder / "bad.yml").write_text(without(kind, "path"))
    words = ["data", "create", "-f", "bad.yml", "--set", "path=./file.txt", "--name", "merged-first"]
    assert desk.run(*words).returncode == 0
    done = desk.create(kind, kind.good, "--set", "nonsense=1")
    assert done.returncode == 1
    assert "nonsense" in done.stderr
