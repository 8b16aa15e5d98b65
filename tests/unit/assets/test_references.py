"""Every way to name an asset or content."""

from __future__ import annotations

from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.assets.records import AssetKind, JobOutput
from tests.support.assets import ARTIFACTS, World

ARM = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
LONG = "azureml://subscriptions/s/resourcegroups/g/workspaces/w"


@pytest.fixture
def iris(plain: World) -> World:
    for _ in range(2):
        document = {"name": "iris", "path": "https://example.com/iris.csv", "type": "uri_file"}
        plain.assets.create(plain.ws, AssetKind.DATA, document, "ann")
    return plain


@pytest.mark.parametrize(
    ("reference", "version"),
    [("azureml:iris:1", "1"), ("iris:1", "1"), ("azureml:iris@latest", "2"), ("iris@latest", "2"),
     (f"{ARM}/data/iris/versions/1", "1"), (f"azureml:{ARM}/data/iris/versions/1", "1"),
     (f"{LONG}/data/iris/versions/2", "2")],
)  # fmt: skip
def test_forms(iris: World, reference: str, version: str) -> None:
    assert iris.assets.resolve(iris.ws, AssetKind.DATA, reference).version == version


@pytest.mark.parametrize("reference", ["azureml:iris:9", "azureml:irsi:1", "azureml:iris", "azureml:iris@gold"])
def test_what_names_nothing(iris: World, reference: str) -> None:
    with pytest.raises(LapisError) as caught:
        iris.assets.resolve(iris.ws, AssetKind.DATA, reference)
    assert caught.value.code is ErrorCode.REFERENCE_NOT_FOUND
    assert reference in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    "reference",
    ["azureml:AzureML-sklearn-1.5@latest", "AzureML-sklearn-1.5@latest",
     "azureml://registries/azureml/environments/sklearn-1.5/labels/latest",
     "azureml://registries/azureml/environments/sklearn-1.5/versions/7"],
)  # fmt: skip
def test_curated_environments(plain: World, reference: str) -> None:
    found = plain.assets.resolve(plain.ws, AssetKind.ENVIRONMENTS, reference)
    assert found.document["image"]
    assert "$schema" not in found.document
    with pytest.raises(LapisError) as caught:
        plain.assets.update(plain.ws, AssetKind.ENVIRONMENTS, found.name, found.version, {"description": "mine"})
    assert caught.value.code is ErrorCode.NOT_SUPPORTED


def test_an_environment_of_ones_own_comes_before_the_curated_one(plain: World) -> None:
    plain.assets.create(plain.ws, AssetKind.ENVIRONMENTS, {"name": "sklearn-1.5", "image": "mine"}, "ann")
    assert plain.assets.latest(plain.ws, AssetKind.ENVIRONMENTS, "sklearn-1.5").document["image"] == "mine"


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("azureml:iris@latest", "https://example.com/iris.csv"),
        ("https://example.com/x.csv", "https://example.com/x.csv"),
        ("azureml://jobs/j/outputs/artifacts/paths/model/", f"{ARTIFACTS}/ExperimentRun/dcid.j/model/"),
        ("azureml://jobs/j/outputs/artifacts/outputs/x", f"{ARTIFACTS}/ExperimentRun/dcid.j/outputs/x"),
        ("azureml://jobs/j/outputs/artifacts", f"{ARTIFACTS}/ExperimentRun/dcid.j/"),
        ("runs:/j/model", f"{ARTIFACTS}/ExperimentRun/dcid.j/model"),
        ("azureml://jobs/j/outputs/out/paths/a/b", "azureml://datastores/d/paths/o/a/b"),
    ],
)
def test_where_content_is(iris: World, uri: str, expected: str) -> None:
    iris.assets.record_outputs(iris.ws, [JobOutput("j", "out", "uri_folder", "azureml://datastores/x/paths/o/")])
    iris.assets.record_outputs(iris.ws, [JobOutput("j", "out", "uri_folder", "azureml://datastores/d/paths/o/")])
    assert iris.assets.resolve_uri(iris.ws, uri) == expected


def test_outputs(iris: World) -> None:
    for name in ("z", "a"):
        iris.assets.record_outputs(
            iris.ws, [JobOutput("j", name, "uri_folder", f"azureml://datastores/d/paths/{name}/")]
        )
    assert [(o.name, o.uri[-3:]) for o in iris.assets.outputs(iris.ws, "j")] == [("z", "/z/"), ("a", "/a/")]
    with pytest.raises(LapisError, match=r"a, artifacts, z"):
        iris.assets.resolve_uri(iris.ws, "azureml://jobs/j/outputs/q")


def test_a_short_form_finds_the_other_kind(plain: World) -> None:
    plain.put(f"{ARTIFACTS}/ExperimentRun/dcid.j/m", {"f": b"1"})
    plain.assets.create(plain.ws, AssetKind.MODELS, {"name": "net", "path": "runs:/j/m"}, "ann")
    assert plain.assets.resolve_uri(plain.ws, "azureml:net:1", AssetKind.DATA).endswith("/m/")
    with pytest.raises(LapisError):
        plain.assets.resolve(plain.ws, AssetKind.DATA, "azureml:net:1")


@pytest.mark.parametrize("document", [{"code": "azureml://codes/" + "a" * 64}, {"environment": "azureml:none@latest"}])
def test_components_refer_to_what_is_there(plain: World, document: dict[str, Any]) -> None:
    base = {"name": "c", "command": "true", "environment": "azureml:AzureML-sklearn-1.5@latest"}
    with pytest.raises(LapisError) as caught:
        plain.assets.create(plain.ws, AssetKind.COMPONENTS, {**base, **document}, "ann")
    assert caught.value.code is ErrorCode.REFERENCE_NOT_FOUND
    assert [problem.path for problem in caught.value.problems] == list(document)
    assert plain.assets.create(plain.ws, AssetKind.COMPONENTS, base, "ann").version == "1"
