"""Endpoints and deployments: what is told apart, what is taken in which form, what is refused and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents import load_dict, load_document, parse
from lapisml.documents.detection import detect
from lapisml.documents.local_paths import local_text, path_fields, replaced
from lapisml.documents.merge import assign_op, parse_ops
from tests.unit.documents.samples import DOCUMENTS, kind_of, write
from tests.unit.documents.served_samples import SERVED

SCHEMAS = "https://azuremlschemas.azureedge.net/latest/"
ONLINE: dict[str, Any] = {"name": "blue", "endpoint_name": "risk", "model": "azureml:diabetes:1"}
BATCH: dict[str, Any] = {"name": "forest", "endpoint_name": "batch", "model": "azureml:diabetes@latest"}
SCRIPT = {"code": "azureml://codes/" + "0" * 64, "scoring_script": "score.py"}


def online(**keys: Any) -> dict[str, Any]:
    return parse("online-deployment", {**ONLINE, **keys}).to_dict()


def batch(**keys: Any) -> dict[str, Any]:
    return parse("batch-deployment", {**BATCH, **keys}).to_dict()


def refused(kind: str, data: dict[str, Any], code: ErrorCode = ErrorCode.DOCUMENT_INVALID) -> Problem:
    with pytest.raises(LapisError) as caught:
        parse(kind, data)
    assert caught.value.code is code
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("schema", "kind", "type_"),
    [
        ("managedOnlineEndpoint", "online-endpoint", None),
        ("kubernetesOnlineEndpoint", "online-endpoint", None),
        ("managedOnlineDeployment", "online-deployment", "managed"),
        ("kubernetesOnlineDeployment", "online-deployment", "kubernetes"),
        ("batchEndpoint", "batch-endpoint", None),
        ("batchDeployment", "batch-deployment", "model"),
        ("modelBatchDeployment", "batch-deployment", "model"),
        ("pipelineComponentBatchDeployment", "batch-deployment", "pipeline"),
    ],
)
def test_the_schema_tells_the_kind(schema: str, kind: str, type_: str | None) -> None:
    found = detect({"$schema": f"{SCHEMAS}{schema}.schema.json"}, None)
    assert (found.kind, found.type) == (kind, type_)


@pytest.mark.parametrize(
    ("kind", "keys", "type_"),
    [
        ("online-deployment", {}, "managed"),
        ("online-deployment", {"type": "Kubernetes"}, "kubernetes"),
        ("online-deployment", {"resources": {"requests": {"cpu": 1}}}, "kubernetes"),
        ("batch-deployment", {}, "model"),
        ("batch-deployment", {"component": "azureml:c:1"}, "pipeline"),
        ("batch-deployment", {"job_definition": "azureml:j"}, "pipeline"),
        ("batch-deployment", {"type": "model"}, "model"),
    ],
)
def test_keys_tell_the_type_where_nothing_else_does(kind: str, keys: dict[str, Any], type_: str) -> None:
    assert detect({"name": "a", **keys}, kind).type == type_


def test_a_document_of_another_kind_than_the_command() -> None:
    with pytest.raises(LapisError) as caught:
        load_dict({"$schema": f"{SCHEMAS}batchEndpoint.schema.json", "name": "a"}, kind="online-endpoint").validated()
    (problem,) = caught.value.problems
    assert problem.message == "this is the document of a batch endpoint"
    assert problem.expected == "an online endpoint, for this command"


@pytest.mark.parametrize("case", SERVED)
def test_what_is_loaded_is_what_the_server_takes(case: str, folder: Path) -> None:
    kind = kind_of(case)
    made = load_document(write(folder, DOCUMENTS[case]), kind=kind).validated().to_dict()
    uploads = {path: _address(role) for path, value, role in path_fields(kind, made) if local_text(value)}
    sent = replaced(made, uploads)
    assert parse(kind, sent).to_dict() == sent
    assert "conda.yml" not in yaml.safe_dump(sent), "a conda file becomes part of the document"


def _address(role: str) -> str:
    return f"azureml://codes/{'0' * 64}" if role == "code" else "azureml://datastores/workspaceblobstore/paths/x"


def test_flags_complete_a_document_before_it_is_checked(folder: Path) -> None:
    text = f"$schema: {SCHEMAS}managedOnlineDeployment.schema.json\nname: demo\ninstance_count: 1\n"
    flags = [assign_op("endpoint_name", "risk", "--endpoint-name"), assign_op("name", "blue", "--name")]
    ops = [*flags, *parse_ops(["model=azureml:m@latest", "request_settings.request_timeout_ms=5000"])]
    made = load_document(write(folder, text), kind="online-deployment", overrides=ops).validated().to_dict()
    assert (made["name"], made["endpoint_name"], made["model"]) == ("blue", "risk", "azureml:m@latest")
    assert made["request_settings"] == {"request_timeout_ms": 5000}
    with pytest.raises(LapisError) as caught:
        load_document(write(folder, text), kind="online-deployment").validated()
    assert {problem.path for problem in caught.value.problems} == {"endpoint_name"}


def test_the_files_of_a_deployment_are_found(folder: Path) -> None:
    loaded = load_document(write(folder, DOCUMENTS["online-deployment/managed"]), kind="online-deployment")
    files = {(file.role, file.absolute) for file in loaded.local_files()}
    assert files == {("model", folder / "model"), ("code", folder / "src")}
    assert loaded.data["environment"]["conda_file"]["dependencies"][0] == "python=3.11"


def test_a_pipeline_component_in_a_file_becomes_part_of_the_deployment(folder: Path) -> None:
    loaded = load_document(write(folder, DOCUMENTS["batch-deployment/pipeline"]), kind="batch-deployment")
    made = loaded.validated().to_dict()
    step = made["component"]["jobs"]["score"]["component"]
    assert made["component"]["type"] == "pipeline"
    assert step["code"] == str(folder / "parts" / "code")
    assert {file.role for file in loaded.local_files()} == {"code", "include"}


def test_a_scoring_script_that_is_not_in_its_folder(folder: Path) -> None:
    text = DOCUMENTS["online-deployment/managed"].replace("scoring_script: train.py", "scoring_script: trian.py")
    with pytest.raises(LapisError) as caught:
        load_document(write(folder, text), kind="online-deployment").validated()
    (problem,) = caught.value.problems
    assert problem.path == "code_configuration.scoring_script"
    assert problem.suggestion == "train.py"
    assert problem.line is not None


@pytest.mark.parametrize("script", ["../score.py", "/etc/score.py", "a/../../score.py"])
def test_a_scoring_script_outside_of_its_folder(script: str) -> None:
    given = {**SCRIPT, "scoring_script": script}
    problem = refused("online-deployment", {**ONLINE, "environment": "e:1", "code_configuration": given})
    assert problem.path == "code_configuration.scoring_script"
    assert "outside" in problem.message


@pytest.mark.parametrize(
    "model",
    ["azureml:m:1", "m:1", "azureml:m@latest", "azureml://registries/azureml/models/m/versions/3", "models:/m/2",
     "models:/m@champion", {"path": "azureml://jobs/j/outputs/artifacts/paths/model/"}, {"path": "runs:/r/model"},
     {"path": "azureml://datastores/d/paths/m", "type": "mlflow_model", "name": "m", "version": 2}],
)  # fmt: skip
def test_forms_of_model(model: Any) -> None:
    assert online(model=model)["model"] == (model if isinstance(model, str) else {**model, **_text_version(model)})


def _text_version(model: dict[str, Any]) -> dict[str, str]:
    return {"version": str(model["version"])} if "version" in model else {}


@pytest.mark.parametrize("model", ["./model", "runs:/r/model", "https://example.org/m", "azureml:"])
def test_text_that_can_not_name_a_model(model: str) -> None:
    problem = refused("online-deployment", {**ONLINE, "model": model})
    assert problem.path == "model"
    assert problem.expected is not None
    assert "`path`" in problem.expected


def test_what_a_deployment_needs() -> None:
    nothing = {"name": "a", "endpoint_name": "e"}
    assert refused("online-deployment", nothing).message == "missing key `model`"
    assert refused("batch-deployment", nothing).message == "missing key `model`"
    alone = {**nothing, "code_configuration": SCRIPT}
    assert refused("online-deployment", alone).message == "missing key `environment`"
    custom = {**alone, "model": {"path": "azureml://datastores/d/paths/m", "type": "custom_model"}}
    assert refused("online-deployment", custom).path == "environment"
    parse("online-deployment", {**alone, "environment": "azureml:e:1"})
    parse("online-deployment", {**alone, "model": "azureml:m:1"})


def test_an_image_with_a_server_of_its_own_is_refused() -> None:
    route = {"port": 8080, "path": "/"}
    config = {"liveness_route": route, "readiness_route": route, "scoring_route": route}
    environment = {"image": "tensorflow/serving", "inference_config": config}
    problem = refused("online-deployment", {**ONLINE, "environment": environment}, ErrorCode.NOT_SUPPORTED)
    assert problem.path == "environment.inference_config"
    assert "code_configuration" in problem.message


def test_a_mount_path_is_refused() -> None:
    problem = refused("online-deployment", {**ONLINE, "model_mount_path": "/models"}, ErrorCode.NOT_SUPPORTED)
    assert "AZUREML_MODEL_DIR" in problem.message


@pytest.mark.parametrize("name", ["a b", "1st", "a/b", "a.b", "-a", "x" * 64, "ä", ""])
def test_names_that_no_address_can_hold(name: str) -> None:
    assert refused("online-endpoint", {"name": name}).path == "name"


@pytest.mark.parametrize("name", ["a", "endpt-moe-1234", "regular_deployment", "x" * 63])
def test_names(name: str) -> None:
    assert parse("batch-endpoint", {"name": name}).name == name


@pytest.mark.parametrize(("traffic", "total"), [({"a": 90}, 90), ({"a": 100, "b": 1}, 101), ({"a": 33, "b": 33}, 66)])
def test_traffic_that_does_not_sum_up(traffic: dict[str, int], total: int) -> None:
    problem = refused("online-endpoint", {"name": "e", "traffic": traffic})
    assert problem.path == "traffic"
    assert problem.message == f"the percentages sum to {total}"


@pytest.mark.parametrize("traffic", [{}, {"a": 0}, {"a": 100}, {"a": 90, "b": 10, "c": 0}, {"a": "90", "b": "10"}])
def test_traffic(traffic: dict[str, Any]) -> None:
    made = parse("online-endpoint", {"name": "e", "traffic": traffic}).to_dict()
    assert made["traffic"] == {name: int(share) for name, share in traffic.items()}


@pytest.mark.parametrize(
    ("mirror", "path"),
    [({"a": 51}, "mirror_traffic.a"), ({"a": 10, "b": 10}, "mirror_traffic"), ({"a": -1}, "mirror_traffic.a"),
     ({"a": "much"}, "mirror_traffic.a")],
)  # fmt: skip
def test_mirrors_that_are_refused(mirror: dict[str, Any], path: str) -> None:
    assert refused("online-endpoint", {"name": "e", "mirror_traffic": mirror}).path == path


def test_the_mirrored_deployment_may_change() -> None:
    parse("online-endpoint", {"name": "e", "mirror_traffic": {"a": 0, "b": 50}})


def test_ways_of_authentication() -> None:
    for mode in ("key", "Key", "aml_token", "AMLToken", "aad_token"):
        parse("online-endpoint", {"name": "e", "auth_mode": mode})
    assert parse("online-endpoint", {"name": "e"}).to_dict()["auth_mode"] == "key"
    assert refused("online-endpoint", {"name": "e", "auth_mode": "keys"}).suggestion == "key"
    assert "token of the workspace" in refused(
        "batch-endpoint", {"name": "e", "auth_mode": "key"}, ErrorCode.NOT_SUPPORTED
    ).message  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"type": "default", "max_instances": 2}, "scale_settings.max_instances"),
        ({"type": "target_utilization", "min_instances": 3, "max_instances": 2}, "scale_settings.min_instances"),
        ({"type": "target_utilization", "min_instances": 2}, "scale_settings.min_instances"),
        ({"type": "target_utilization", "target_utilization_percentage": 101},
         "scale_settings.target_utilization_percentage"),
        ({"min_instances": 1}, "scale_settings.type"),
    ],
)  # fmt: skip
def test_scale_settings_that_do_not_fit(settings: dict[str, Any], path: str) -> None:
    assert refused("online-deployment", {**ONLINE, "scale_settings": settings}).path == path


def test_a_deployment_may_go_to_zero() -> None:
    settings = {"type": "TargetUtilization", "min_instances": 0, "max_instances": 2}
    assert online(scale_settings=settings)["scale_settings"] == {**settings, "type": "target_utilization"}
    assert "min_instances: 0" in str(refused("online-deployment", {**ONLINE, "instance_count": 0}).expected)


@pytest.mark.parametrize(("given", "kept"), [(0.25, 0.25), ("0.5", 0.5), (1, 1.0), (0, 0.0)])
def test_parts_of_requests(given: Any, kept: float) -> None:
    collector = {"collections": {"model_inputs": {"enabled": "true"}}, "sampling_rate": given}
    made = online(data_collector=collector)["data_collector"]
    assert made == {"collections": {"model_inputs": {"enabled": True}}, "sampling_rate": kept}


@pytest.mark.parametrize("rate", [1.1, -0.1, "nan", "inf", "x", True, [1]])
def test_parts_of_requests_that_are_none(rate: Any) -> None:
    collector = {"collections": {}, "sampling_rate": rate}
    assert refused("online-deployment", {**ONLINE, "data_collector": collector}).path == "data_collector.sampling_rate"


def test_graphics_processors_in_kubernetes_own_words() -> None:
    made = online(type="kubernetes", resources={"limits": {"nvidia.com/gpu": 1, "cpu": 0.5}})
    assert made["resources"] == {"limits": {"cpu": "0.5", "gpu": "1"}}


def test_the_older_form_of_a_batch_deployment_means_the_same() -> None:
    settings = {"mini_batch_size": 10, "output_file_name": "predictions.csv", "error_threshold": -1,
                "max_concurrency_per_instance": 2, "logging_level": "info", "output_action": "append_row",
                "retry_settings": {"max_retries": 3, "timeout": 300}}  # fmt: skip
    variables = {"A": "1"}
    flat = batch(**settings, environment_variables=variables, resources={"instance_count": 2})
    nested = batch(type="model", settings={**settings, "environment_variables": variables, "instance_count": 2})
    assert flat == nested
    assert flat["settings"] == {**settings, "environment_variables": variables}
    assert not set(settings) & set(flat)


def test_a_setting_at_the_top_goes_over_the_others() -> None:
    made = batch(mini_batch_size=2, settings={"mini_batch_size": 5, "error_threshold": 3, "instance_count": 3})
    assert made["settings"] == {"mini_batch_size": 2, "error_threshold": 3}
    assert made["resources"] == {"instance_count": 3}
    assert batch(settings={"instance_count": 3}, resources={"instance_count": 1})["resources"] == {"instance_count": 1}
    both = batch(environment_variables={"A": "1", "B": "1"}, settings={"environment_variables": {"B": "2", "C": "2"}})
    assert both["settings"]["environment_variables"] == {"A": "1", "B": "1", "C": "2"}


@pytest.mark.parametrize("name", ["../x.csv", "a/b.csv", "..", "."])
def test_file_names_that_lead_elsewhere(name: str) -> None:
    found = refused("batch-deployment", {**BATCH, "settings": {"output_file_name": name}})
    assert found.path == "settings.output_file_name"
    assert refused("batch-deployment", {**BATCH, "output_file_name": name}).path == "output_file_name"


def pipeline(**keys: Any) -> dict[str, Any]:
    return {"name": "p", "endpoint_name": "batch", "type": "pipeline", **keys}


def test_deployments_of_pipelines() -> None:
    steps = {"a": {"command": "echo", "environment": "azureml:e:1"}}
    for component in ("azureml:c:1", "azureml:c@latest", {"type": "pipeline", "jobs": steps}, {"jobs": steps}):
        parse("batch-deployment", pipeline(component=component))
    job = pipeline(job_definition="azureml:calm_fennel", settings={"continue_on_step_failure": False})
    assert parse("batch-deployment", job).to_dict() == job
    assert refused("batch-deployment", pipeline()).path == "component"
    assert refused("batch-deployment", pipeline(component="azureml:c:1", job_definition="j")).path == "job_definition"
    assert refused("batch-deployment", pipeline(job_definition="azureml:j:1")).path == "job_definition"
    assert refused("batch-deployment", pipeline(job_definition={"type": "pipeline"})).path == "job_definition"
    command = {"type": "command", "command": "x", "environment": "e:1"}
    assert refused("batch-deployment", pipeline(component=command)).path == "component"


def test_expressions_of_a_component_in_place_are_checked() -> None:
    step = {"command": "echo ${{inputs.a}}", "environment": "azureml:e:1", "inputs": {"a": "${{parent.inputs.dta}}"}}
    component = {"type": "pipeline", "inputs": {"data": {"type": "string"}}, "jobs": {"s": step}}
    problem = refused("batch-deployment", pipeline(component=component))
    assert (problem.path, problem.suggestion) == ("component.jobs.s.inputs.a", "data")


def test_what_show_prints_can_be_used_again() -> None:
    around = {"id": "/x", "provisioning_state": "Succeeded", "provisioning_error": None, "creation_context": {},
              "replicas": {"ready": 1}, "properties": {"lapis.revision": "0" * 12, "mine": "1"}}  # fmt: skip
    assert online(**around)["properties"] == {"mine": "1"}
    endpoint = {"name": "e", "scoring_uri": "http://x/score", "openapi_uri": "http://x/swagger.json", "kind": "Managed"}
    assert parse("online-endpoint", endpoint).to_dict() == {"name": "e", "auth_mode": "key"}
