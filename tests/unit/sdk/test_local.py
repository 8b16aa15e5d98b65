"""Local endpoints: what a deployment needs is found, kept and described; no process is started here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.runner.snapshots import SnapshotStore
from lapisml.sdk.local.endpoints import LocalEndpoints
from lapisml.sdk.local.gate import shares
from lapisml.sdk.local.material import Materials, Model
from lapisml.sdk.local.store import LocalDeployment, LocalEndpoint, LocalPlaces, LocalStore, Revision
from lapisml.sdk.session import Session
from lapisml.sdk.transport import Transport
from tests.unit.sdk.conftest import Peer, answer


@pytest.fixture
def materials(tmp_path: Path) -> Materials:
    return Materials(tmp_path / "local", None)


def test_code_is_kept_as_the_runner_takes_it(materials: Materials, tmp_path: Path) -> None:
    (tmp_path / "src" / "deep").mkdir(parents=True)
    for name in ("score.py", "deep/part.py", "left_out.log"):
        (tmp_path / "src" / name).write_text(name)
    (tmp_path / "src" / ".amlignore").write_text("*.log\n")
    digest = materials.code({"code": str(tmp_path / "src"), "scoring_script": "score.py"})
    assert digest is not None
    SnapshotStore(materials.snapshots).materialize(digest, tmp_path / "out")
    found = sorted(str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*") if p.is_file())
    assert [name for name in found if not name.startswith(".")] == ["deep/part.py", "score.py"]
    assert materials.code({"code": str(tmp_path / "src")}) == digest
    with pytest.raises(LapisError) as refused:
        materials.code({"code": "azureml://codes/" + "0" * 64})
    assert refused.value.code is ErrorCode.NOT_SUPPORTED


def test_a_model_is_taken_where_it_lies(materials: Materials, tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_text("x")
    assert materials.model({"path": str(tmp_path / "model.pkl")}) == Model(tmp_path / "model.pkl", "model.pkl")
    assert materials.model(None) is None
    with pytest.raises(LapisError, match="no model at"):
        materials.model({"path": str(tmp_path / "gone")})
    with pytest.raises(LapisError, match="no workspace"):
        materials.model("azureml:m:1")


def test_a_registered_model_is_downloaded_once(peer: Peer, transport: Transport, tmp_path: Path) -> None:
    record = {"name": "m", "version": "4", "path": "azureml://datastores/d/paths/x/model.pkl"}
    listed = {"value": [{"path": "", "size": 5}], "next": None}
    peer.script = [answer(200, record), answer(200, listed), answer(200, b"bytes"), answer(200, record)]
    found = Materials(tmp_path / "local", Session(transport, "default"))
    model = found.model("azureml:m@latest")
    assert model is not None
    assert (model.name, model.path.name, model.path.read_bytes()) == ("m:4", "model.pkl", b"bytes")
    assert found.model("azureml:m@latest") == model
    assert len(peer.seen) == 4


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"conda.yaml": "dependencies: [numpy]"}, {"conda_file": {"dependencies": ["numpy"]}}),
        ({"requirements.txt": "# a note\nnumpy==1\n\n"}, {"requirements": ["numpy==1"]}),
        (
            {"requirements.txt": "numpy==1\n", "python_env.yaml": "python: 3.10.4\n"},
            {"conda_file": {"dependencies": ["python=3.10.4", "pip", {"pip": ["numpy==1"]}]}},
        ),
    ],
)  # fmt: skip
def test_a_model_brings_its_environment(
    materials: Materials, tmp_path: Path, files: dict[str, str], expected: dict[str, Any]
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert materials.environment(None, Model(tmp_path, "m")) == expected


def test_environments_by_name(materials: Materials) -> None:
    curated = materials.environment("azureml://registries/azureml/environments/sklearn-1.5/labels/latest", None)
    assert curated["conda_file"]["dependencies"]
    assert materials.environment({"image": "x"}, None) == {"image": "x"}
    for given, said in (("azureml:own:1", "no workspace"), (None, "what environment")):
        with pytest.raises(LapisError, match=said):
            materials.environment(given, None)
    with pytest.raises(LapisError, match="build context"):
        materials.environment({"build": {"path": "azureml://datastores/d/paths/x"}}, None)


def _deployment(name: str, revision: str | None) -> LocalDeployment:
    serving = Revision(revision, 1, {"name": name}) if revision else None
    return LocalDeployment("e", name, {"name": name}, serving)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({}, {"blue": 100}),
        ({"green": 0}, {"blue": 100}),
        ({"blue": 90, "green": 10}, {"blue": 90, "green": 10}),
    ],
)
def test_the_first_deployment_answers_unless_something_else_is_said(
    written: dict[str, int], expected: dict[str, int]
) -> None:
    deployments = {name: _deployment(name, rev) for name, rev in (("coming", None), ("blue", "a" * 12))}
    deployments["green"] = _deployment("green", "b" * 12)
    assert shares(LocalEndpoint("e", {"traffic": written}, deployments)) == expected


def test_records_come_back_as_they_were_written(tmp_path: Path) -> None:
    places = LocalPlaces(tmp_path)
    store = LocalStore(places)
    assert store.names() == []
    made = LocalEndpoint("e", {"name": "e"}, {"blue": _deployment("blue", "a" * 12)})
    with store.changing():
        store.write(made)
        store.put(_deployment("green", None))
    found = store.endpoint("e")
    assert list(found.deployments) == ["blue", "green"]
    assert found.deployments["blue"] == made.deployments["blue"]
    assert found.deployments["blue"].serving is not None
    assert found.deployments["blue"].serving.job == f"serving--{'a' * 12}"
    assert (places.endpoints / "e.json").stat().st_mode & 0o777 == 0o600
    for call in (lambda: store.endpoint("gone"), lambda: store.endpoint("../e"), lambda: store.deployment("e", "gone")):
        with pytest.raises(LapisError) as refused:
            call()
        assert refused.value.code is ErrorCode.NOT_FOUND
    store.remove("e")
    assert store.find("e") is None


def test_bad_traffic_changes_nothing(tmp_path: Path) -> None:
    from lapisml.documents.loading import load_dict
    from lapisml.sdk.submission import Submission

    LocalStore(LocalPlaces(tmp_path)).write(LocalEndpoint("e", {"name": "e"}, {"green": _deployment("green", None)}))
    before = json.loads((tmp_path / "local" / "endpoints" / "e.json").read_text())
    whole = Submission(load_dict({"name": "e", "traffic": {"blue": 100}}, kind="online-endpoint"))
    with pytest.raises(LapisError) as refused:
        LocalEndpoints(tmp_path).create(whole)
    assert "no deployment 'blue'" in str(refused.value)
    assert json.loads((tmp_path / "local" / "endpoints" / "e.json").read_text()) == before
