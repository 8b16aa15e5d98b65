"""Stand-ins outside a job and beside real packages; what they say when they lack something; which Python they need."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lapisml.runner.overlay import overlay
from tests.support.processes import REPOSITORY, clean_environment

SOURCES = sorted((REPOSITORY / "src" / "lapisml" / "drop_ins").rglob("*.py"))


def _run(
    folder: Path, code: str, shared: list[str] | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    ready = {
        "bin": str(Path(sys.executable).parent), "base_python": os.path.realpath(sys.executable),
        "python_version": "{}.{}.{}".format(*sys.version_info[:3]), "site_packages": shared or [],
    }  # fmt: skip
    made = overlay(ready, folder / "env")
    env = made.apply(clean_environment()) | variables
    return subprocess.run([made.python, "-c", code], env=env, capture_output=True, text=True, check=False, cwd=folder)


def _printed(folder: Path, code: str, shared: list[str] | None = None, **variables: str) -> str:
    done = _run(folder, code, shared, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_outside_a_job_what_is_logged_is_printed(tmp_path: Path) -> None:
    code = (
        "from azureml.core.run import Run; r = Run.get_context(); r.log('auc', 0.5); r.log_row('r', x=1); "
        "r.tag('a', 1); r.complete(); print(r.id)"
    )
    shown = _printed(tmp_path, code)
    assert shown == "Attempted to log auc: 0.5\nAttempted to log r: x=1\nOfflineRun\n"
    strict = _run(tmp_path, "from azureml.core import Run; Run.get_context(allow_offline=False)")
    assert "This is no job of Lapis" in strict.stderr


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("from azureml.core import Dataset", "give data to the job as an input"),
        ("from azureml.core import Environment", "environment: azureml:NAME@latest"),
        ("import azureml.core; azureml.core.Whatever", "lapisml.MLClient"),
        ("import azureml.train.sklearn", "lapisml.command"),
        ("import azureml.opendatasets", "as an input"),
        ("from azureml.core import Workspace; Workspace().datasets", "lapisml.MLClient"),
        ("from azureml.mlflow import register_model", "stock mlflow client"),
        ("from azureml.core import Workspace; Workspace().get_mlflow_tracking_uri()", "no job of Lapis"),
    ],
)
def test_what_they_lack_is_refused_with_what_to_use(tmp_path: Path, statement: str, words: str) -> None:
    done = _run(tmp_path, statement)
    assert done.returncode == 1
    assert words in done.stderr.splitlines()[-1]


def test_only_what_is_known_is_explained(tmp_path: Path) -> None:
    code = "import importlib.util as u, azureml; print(u.find_spec('azureml.unheard'), u.find_spec('nothing'))"
    assert _printed(tmp_path, code) == "None None\n"


def test_real_packages_come_first_and_the_rest_stays(tmp_path: Path) -> None:
    site = tmp_path / "site"
    for place in ("azureml/core", "azureml/own"):
        (site / place).mkdir(parents=True)
        (site / place / "__init__.py").write_text("Run = 'theirs'\n")
    code = "import azureml.core, azureml.own, azureml.mlflow; print(azureml.core.Run, azureml.own.Run)"
    assert _printed(tmp_path, code, [str(site)]) == "theirs theirs\n"  # a namespace
    (site / "azureml" / "__init__.py").write_text("__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n")
    assert _printed(tmp_path, code, [str(site)]) == "theirs theirs\n"  # a package, as the real ones are


@pytest.mark.parametrize("value", ["0", "false", "OFF"])
def test_a_variable_keeps_them_away(tmp_path: Path, value: str) -> None:
    code = "import importlib.util as u; print(u.find_spec('azureml'), u.find_spec('mltable'))"
    assert _printed(tmp_path, code, LAPIS_DROP_INS=value) == "None None\n"


def test_addresses_lead_to_the_data_of_the_job_only(tmp_path: Path) -> None:
    places = {
        "azureml://datastores/store/paths/folder/": str(tmp_path / "here"),
        "azureml://jobs/j/outputs/model": str(tmp_path / "model"),
    }
    (tmp_path / "places.json").write_text(json.dumps(places))
    arm = "subscriptions/s/resourcegroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
    asked = [
        "azureml://datastores/store/paths/folder",
        "azureml://datastores/store/paths/folder/a/b.csv",
        "azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/store/paths/folder//a",
        f"azureml:/{arm}/jobs/j/outputs/model/x",
        "azureml://datastores/store/paths/folder/../../secret",
        "azureml://datastores/store/paths/folder-2/a",
        "azureml://datastores/other/paths/folder/a",
    ]
    code = (
        "from azureml._lapis.places import local_path\n"
        f"for one in {asked!r}:\n"
        "    try:\n        print(local_path(one))\n    except FileNotFoundError as error:\n        print('refused')\n"
    )
    here = tmp_path / "here"
    expected = [here, here / "a" / "b.csv", here / "a", tmp_path / "model" / "x", "refused", "refused", "refused"]
    shown = _printed(tmp_path, code, LAPIS_PLACES=str(tmp_path / "places.json"))
    assert shown.splitlines() == [str(one) for one in expected]
    assert _printed(tmp_path, code).splitlines() == ["refused"] * len(asked)


def test_a_deployment_finds_its_model(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "model.pkl").write_text("x")
    code = "from azureml.core.model import Model; print(Model.get_model_path('anything'))"
    assert _printed(tmp_path, code, AZUREML_MODEL_DIR=str(tmp_path / "models")).strip().endswith("models/model.pkl")


def test_scoring_scripts_have_them_beside_what_replicas_offer(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_text("x")
    code = (
        f"import sys; sys.path.insert(0, {str(REPOSITORY / 'src' / 'lapisml' / 'scoring')!r})\n"
        "from lapis_scoring import shims; shims.provide(lambda module: None)\n"
        "import azureml.ai.monitoring\n"
        "from azureml.contrib.services.aml_request import AMLRequest\n"
        "try:\n    from azureml.core.model import Model\n    print(Model.get_model_path('m'), AMLRequest.__name__)\n"
        "except ImportError:\n    print('none', AMLRequest.__name__)"
    )
    for value, shown in (("", f"{tmp_path}/model.pkl AMLRequest"), ("0", "none AMLRequest")):
        env = clean_environment(AZUREML_MODEL_DIR=str(tmp_path), LAPIS_DROP_INS=value)
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
        assert done.stdout.strip() == shown, done.stderr


def test_they_cost_nothing_and_need_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; before = 'azureml' in sys.modules; import azureml.core, azureml.mlflow; "
        "tops = {name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names); "
        "print(before, sorted(n for n in tops if not n.startswith('_')))"
    )
    assert _printed(tmp_path, code) == "False ['azureml', 'lapis_sorted_listing']\n".replace(
        ", 'lapis_sorted_listing'", ""
    )


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.parent.name + "/" + path.name)
def test_they_keep_to_python_3_8(source: Path) -> None:
    tree = ast.parse(source.read_text(), feature_version=(3, 8))
    calls = {
        node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert not calls & {"removeprefix", "removesuffix", "is_relative_to"}
    future = [n.module for n in tree.body if isinstance(n, ast.ImportFrom)]
    annotated = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    assert not annotated or "__future__" in future
