"""Ignore rules, manifests, literals, JSON schemas, light imports."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents import KINDS, schema
from lapisml.documents.detection import TYPES
from lapisml.documents.ignore import IgnoreRules, walk
from lapisml.documents.literals import LiteralError, coerce
from lapisml.documents.local_paths import replaced
from lapisml.documents.manifest import Manifest, ManifestFile
from tests.unit.documents.samples import DOCUMENTS, kind_of

SHA = "0" * 64


def names(root: Path) -> list[str]:
    return [path for path, _ in walk(root, IgnoreRules.of_folder(root))]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ["a.py", "b.log", "logs/c.py", "src/d.log", "src/keep.log", ".git/config", "src/__pycache__/x.pyc"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path


def test_without_rules_only_litter_stays_at_home(tree: Path) -> None:
    assert names(tree) == ["a.py", "b.log", "logs/c.py", "src/d.log", "src/keep.log"]


@pytest.mark.parametrize(
    "path",
    ["a.py", "__pycache__", "x/__pycache__/y.pyc", ".git/config", "x/.git/config", ".gitignore", "x/.DS_Store",
     ".amlignore", "__pycache__/", ".DS_Store/", "x/.ipynb_checkpoints/", "git/x"],
)  # fmt: skip
def test_the_rules_that_always_hold_mean_the_same_beside_others(path: str) -> None:
    assert IgnoreRules().ignores(path) == IgnoreRules(["# a comment only"]).ignores(path)


def test_gitignore(tree: Path) -> None:
    (tree / ".gitignore").write_text("*.log\n!keep.log\nlogs/\n# comment\n\n")
    assert names(tree) == [".gitignore", "a.py", "src/keep.log"]


def test_amlignore_replaces_gitignore(tree: Path) -> None:
    (tree / ".gitignore").write_text("*.py\n")
    (tree / ".amlignore").write_text("/src\n")
    assert names(tree) == [".gitignore", "a.py", "b.log", "logs/c.py"]


def test_rules_of_folders_below_do_not_count(tree: Path) -> None:
    (tree / "src" / ".gitignore").write_text("*\n")
    assert "src/d.log" in names(tree)


def test_links_are_followed_and_loops_are_not(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "f.txt").write_text("x")
    (tree / "link").symlink_to(outside)
    (tree / "src" / "loop").symlink_to(tree)
    (tree / "dangling").symlink_to(tree / "nowhere")
    assert [n for n in names(tree) if "link" in n or "loop" in n or "dangling" in n] == ["link/f.txt"]


def test_a_manifest_has_one_digest_whatever_the_order() -> None:
    files = [ManifestFile("b", 1, SHA), ManifestFile("a/ü", 2, SHA, "755")]
    first, second = Manifest.of(files), Manifest.of(reversed(files))
    assert [f.path for f in first.files] == ["a/ü", "b"]
    assert first.digest() == second.digest() == Manifest.from_dict(json.loads(json.dumps(first.to_dict()))).digest()
    entries = [
        f'{{"mode":"755","path":"a/ü","sha256":"{SHA}","size":2}}',
        f'{{"mode":"644","path":"b","sha256":"{SHA}","size":1}}',
    ]
    assert first.digest() == hashlib.sha256(f'{{"files":[{",".join(entries)}]}}'.encode()).hexdigest()
    assert Manifest.of([ManifestFile("b", 1, SHA, "755")]).digest() != Manifest.of([ManifestFile("b", 1, SHA)]).digest()
    assert first.size == 3


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "a/../b",
        "/etc/passwd",
        "",
        ".",
        "a//b",
        "a/",
        "./a",
        "a\\b",
        "a\nb",
        "a\x00",
        "x" * 256,
        "\ud800",
        "a/./b",
    ],
)
def test_a_manifest_names_nothing_outside_its_folder(path: str) -> None:
    with pytest.raises(LapisError) as caught:
        Manifest.from_dict({"files": [{"path": path, "size": 1, "sha256": SHA, "mode": "644"}]})
    assert caught.value.code is ErrorCode.PATH_NOT_ALLOWED


GOOD: dict[str, Any] = {"path": "a", "size": 1, "sha256": SHA, "mode": "644"}


@pytest.mark.parametrize(
    "body",
    [
        None, [], {}, {"files": {}}, {"files": [1]}, {"files": [{**GOOD, "size": -1}]},
        {"files": [{**GOOD, "size": True}]}, {"files": [{**GOOD, "size": "1"}]},
        {"files": [{**GOOD, "sha256": "x"}]}, {"files": [{**GOOD, "mode": "777"}]},
        {"files": [{**GOOD, "link": "b"}]}, {"files": [GOOD, GOOD]}, {"files": [GOOD, {**GOOD, "path": "a/b"}]},
        {"files": [{**GOOD, "path": 1}]},
    ],
)  # fmt: skip
def test_a_manifest_of_another_form_is_refused(body: Any) -> None:
    with pytest.raises(LapisError) as caught:
        Manifest.from_dict(body)
    assert caught.value.code is ErrorCode.DOCUMENT_INVALID


@pytest.mark.parametrize(
    ("value", "kind", "coerced"),
    [
        ("1e-3", "number", 0.001), (1, "number", 1), ("10.0", "integer", 10), (10.0, "integer", 10),
        ("true", "boolean", True), (False, "boolean", False), (True, "string", "True"), (1.5, "string", "1.5"),
        ("9" * 30, "integer", int("9" * 30)),
    ],
)  # fmt: skip
def test_literals_of_a_declared_type(value: Any, kind: str, coerced: Any) -> None:
    found = coerce(value, kind)
    assert found == coerced
    assert type(found) is type(coerced)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("1.5", "integer"), ("x", "number"), (True, "integer"), ("nan", "number"), ("inf", "number"), (2, "boolean"),
        ("", "number"),
    ],
)  # fmt: skip
def test_literals_that_are_of_another_type(value: Any, kind: str) -> None:
    with pytest.raises(LiteralError):
        coerce(value, kind)


def test_uploads_take_the_place_of_local_paths() -> None:
    data = {"code": "./src", "inputs": {"a": {"path": "b"}}}
    made = replaced(data, {("code",): "azureml://codes/x", ("inputs", "a", "path"): "azureml://datastores/d/paths/b"})
    assert made == {"code": "azureml://codes/x", "inputs": {"a": {"path": "azureml://datastores/d/paths/b"}}}
    assert data["code"] == "./src"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_json_schema(kind: str) -> None:
    made = schema(kind)
    jsonschema.Draft202012Validator.check_schema(made)
    assert json.loads(json.dumps(made)) == made
    for type_ in TYPES[kind]:
        jsonschema.Draft202012Validator.check_schema(schema(kind, type_))


@pytest.mark.parametrize("case", DOCUMENTS)
def test_the_samples_match_their_json_schema(case: str) -> None:
    validator = jsonschema.Draft202012Validator(schema(kind_of(case)))
    sample = yaml.safe_load(DOCUMENTS[case])
    if "environment_variables" in sample:
        sample["environment_variables"] = {key: str(value) for key, value in sample["environment_variables"].items()}
    assert [error.message for error in validator.iter_errors(sample)] == []
    assert list(validator.iter_errors({**sample, "nonsense": 1}))


def test_a_kind_that_there_is_not_has_no_schema() -> None:
    with pytest.raises(LapisError):
        schema("endpoint")


@pytest.mark.parametrize(
    "module", ["", ".expressions", ".references", ".ignore", ".manifest", ".merge", ".local_paths"]
)
def test_light_modules_import_the_standard_library_only(module: str) -> None:
    code = (
        f"import sys; before = set(sys.modules); import lapisml.documents{module}; "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) - set(sys.stdlib_module_names) <= {"lapisml"}


@pytest.mark.parametrize("module", ["loading", "checks", "faults", "source", "detection", "inlining"])
def test_reading_without_validating_needs_no_models(module: str) -> None:
    code = f"import sys; import lapisml.documents.{module}; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
