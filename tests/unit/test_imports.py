"""What may import what, what start-up may import, and calls that must not stand in the source at all."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import REPOSITORY, clean_environment
from tests.support.source_scan import secrets_in, unsafe_calls_in

SOURCE = REPOSITORY / "src" / "lapisml"
HEAVY = {
    "pydantic", "fastapi", "starlette", "uvicorn", "sqlalchemy", "alembic", "urllib3", "rich", "fsspec",
    "cryptography", "mlflow", "pandas", "polars", "numpy", "yaml", "jmespath", "psutil", "requests", "aiohttp",
}  # fmt: skip


def _modules_after(statement: str) -> set[str]:
    """Return the modules that `statement` loads in a fresh interpreter, beyond those of its own start."""
    code = (
        f"import sys, json; before = set(sys.modules); {statement}; "
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=clean_environment()
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def _tops(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


@pytest.mark.parametrize("module", ["lapisml", "lapisml.cli.main", "lapisml.runner"])
def test_start_up_imports_are_light(module: str) -> None:
    assert not _tops(_modules_after(f"import {module}")) & HEAVY


def test_the_runner_needs_only_the_standard_library() -> None:
    loaded = _tops(_modules_after("import lapisml.runner"))
    assert loaded - set(sys.stdlib_module_names) <= {"lapisml"}


def test_import_contracts_are_kept() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=REPOSITORY, capture_output=True, text=True, env=clean_environment(), check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def _sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path.relative_to(REPOSITORY).as_posix(), ast.parse(path.read_text())


LOADS_MODELS = "src/lapisml/scoring/lapis_scoring/flavours.py"
"""The one file that may: it loads models, in a replica, in the environment of the model."""


def test_nothing_in_the_source_can_run_what_it_reads() -> None:
    scanned = [(name, tree) for name, tree in _sources() if name != LOADS_MODELS]
    found = [f"{name}:{line}: {what}" for name, tree in scanned for line, what in unsafe_calls_in(tree)]
    assert found == []


@pytest.mark.parametrize("module", ["lapisml.server.app", "lapisml.gateway.worker", "lapisml.runner.serving.keeper"])
def test_what_loads_models_is_in_no_process_but_replicas(module: str) -> None:
    assert not [name for name in _modules_after(f"import {module}") if name.endswith("lapis_scoring.flavours")]


def test_the_scan_for_unsafe_calls_sees_each_kind() -> None:
    bad = {
        "import pickle": "pickle",
        "from joblib import load": "joblib",
        "import torch\ntorch.load('x')": "torch.load",
        "import yaml\nyaml.load(text)": "yaml.load",
        "import yaml\nyaml.load(text, Loader=yaml.UnsafeLoader)": "yaml.load",
        "import yaml\nyaml.unsafe_load(text)": "yaml.unsafe_load",
        "import numpy\nnumpy.load('x', allow_pickle=True)": "allow_pickle",
        "import os\nos.system('ls')": "os.system",
        "import subprocess\nsubprocess.run('ls', shell=True)": "shell=True",
        "eval(text)": "eval",
        "exec(text)": "exec",
    }
    for source, expected in bad.items():
        found = unsafe_calls_in(ast.parse(source))
        assert any(expected in what for _, what in found), source
    good = "import yaml\nclass Own(yaml.SafeLoader):\n  pass\nyaml.load(t, Loader=Own)\ndb.execute(q)"
    assert unsafe_calls_in(ast.parse(good)) == []


def test_no_built_file_holds_a_secret() -> None:
    found = [
        f"{path.relative_to(REPOSITORY)}: {text}"
        for path in sorted(SOURCE.rglob("*"))
        if path.is_file() and path.suffix not in (".pyc", ".so")
        for text in secrets_in(path.read_text(errors="replace"))
    ]
    assert found == []


def test_the_scan_for_secrets_sees_each_kind() -> None:
    assert secrets_in('password = "minio123"')
    assert secrets_in('{"signing_key": "change-me-please"}')
    assert secrets_in("-----BEGIN RSA PRIVATE KEY-----\nMII")
    assert secrets_in('x = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq=="')
    assert secrets_in('token: str = "abcdef0123456789"')
    for harmless in ('token = ""', "token = new_token()", 'token_header = "Authorization"', 'kind = "token"'):
        assert secrets_in(harmless) == [], harmless
