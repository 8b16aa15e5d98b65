"""Prompts, evaluation data sets, scorers and evaluations with the stock client."""

from __future__ import annotations

import json
from typing import Any

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.genai import datasets
from mlflow.genai.scorers import delete_scorer, get_scorer, list_scorers, scorer
from mlflow.tracking._tracking_service.utils import _get_store

from tests.compat.mlflow.conftest import Lapis


@scorer
def exact(outputs: Any, expectations: dict[str, Any]) -> bool:
    """Compare an answer with the wanted one."""
    return bool(outputs == expectations.get("want"))


def code_of(call: Any) -> str:
    with pytest.raises(MlflowException) as caught:
        call()
    return str(caught.value.error_code)


def test_prompts(client: MlflowClient, name: str, experiment: str) -> None:
    made = mlflow.genai.register_prompt(name, "Hello {{who}}", commit_message="first", tags={"a": "1"})
    assert (made.version, made.template, made.commit_message) == (1, "Hello {{who}}", "first")
    chat = [{"role": "user", "content": "Hi {{who}}"}]
    assert mlflow.genai.register_prompt(name, chat).version == 2
    assert mlflow.genai.load_prompt(name, version=1).format(who="you") == "Hello you"
    assert mlflow.genai.load_prompt(f"prompts:/{name}/2").template == chat
    mlflow.genai.set_prompt_alias(name, "prod", 1)
    assert mlflow.genai.load_prompt(f"prompts:/{name}@prod").version == 1
    assert mlflow.genai.load_prompt(f"prompts:/{name}@latest").version == 2
    assert [one.name for one in mlflow.genai.search_prompts(f"name = '{name}'")] == [name]
    assert [one.name for one in mlflow.genai.search_prompts(f"name LIKE '{name[:-1]}%' AND tags.a = '1'")] == [name]
    assert [one.name for one in mlflow.genai.search_prompts(f"name IN ('{name}', 'none')")] == [name]
    assert client.search_registered_models(f"name = '{name}'") == []
    assert [one.version for one in client.search_prompt_versions(name)] == [2, 1]
    mlflow.genai.set_prompt_tag(name, "t", "1")
    mlflow.genai.set_prompt_version_tag(name, 1, "v", "2")
    assert mlflow.genai.get_prompt_tags(name)["t"] == "1"
    assert mlflow.genai.load_prompt(name, version=1).tags["v"] == "2"
    mlflow.genai.delete_prompt_tag(name, "t")
    mlflow.genai.delete_prompt_version_tag(name, 1, "v")
    assert "t" not in mlflow.genai.get_prompt_tags(name)
    with mlflow.start_run(experiment_id=experiment) as run:
        mlflow.genai.load_prompt(name, version=1)
    assert json.loads(client.get_run(run.info.run_id).data.tags["mlflow.linkedPrompts"]) == [
        {"name": name, "version": "1"}
    ]
    mlflow.genai.delete_prompt_alias(name, "prod")
    with pytest.raises(MlflowException, match="not found"):
        mlflow.genai.load_prompt(f"prompts:/{name}@prod")
    client.delete_prompt_version(name, 2)
    with pytest.raises(MlflowException, match="not found"):
        mlflow.genai.load_prompt(name, version=2)
    client.delete_prompt(name)
    assert list(mlflow.genai.search_prompts(f"name = '{name}'")) == []


def test_a_prompt_and_a_model_never_share_a_name(lapis: Lapis, client: MlflowClient, name: str) -> None:
    mlflow.genai.register_prompt(name, "text")
    assert code_of(lambda: client.create_registered_model(name)) == "RESOURCE_ALREADY_EXISTS"
    client.create_registered_model(f"{name}-m")
    with pytest.raises(MlflowException, match="same name as an existing model"):
        mlflow.genai.register_prompt(f"{name}-m", "text")
    assert code_of(lambda: client.rename_registered_model(f"{name}-m", name)) == "RESOURCE_ALREADY_EXISTS"
    root = "/mlflow/default/api/2.0/mlflow"
    body = {"name": name, "new_name": f"{name}-m"}
    _, answer = lapis.server.request("POST", f"{root}/registered-models/rename", body)
    assert answer["error_code"] == "RESOURCE_ALREADY_EXISTS"
    body = {"name": name, "version": "1", "stage": "Staging"}
    _, answer = lapis.server.request("POST", f"{root}/model-versions/transition-stage", body)
    assert answer["error_code"] == "INVALID_PARAMETER_VALUE"


def test_evaluation_data_sets(client: MlflowClient, name: str, experiment: str) -> None:
    made = datasets.create_dataset(name=name, experiment_id=[experiment], tags={"x": "y"})
    made.merge_records([
        {"inputs": {"q": "a"}, "expectations": {"e": 1}}, {"inputs": {"q": "b"}, "outputs": "z", "tags": {"k": "v"}},
    ])  # fmt: skip
    made.merge_records([{"inputs": {"q": "a"}, "expectations": {"f": 2}}])
    found = datasets.get_dataset(dataset_id=made.dataset_id)
    rows = {row["inputs"]["q"]: row for row in found.to_df().to_dict("records")}
    assert rows["a"]["expectations"] == {"e": 1, "f": 2}
    assert (rows["b"]["outputs"], rows["b"]["tags"]["k"]) == ("z", "v")
    assert json.loads(found.profile) == {"num_records": 2}
    assert json.loads(found.schema)["inputs"] == {"q": "string"}

    def names(**search: Any) -> list[str]:
        return [one.name for one in datasets.search_datasets(**search)]

    assert names(filter_string="tags.x = 'y'", experiment_ids=[experiment]) == [name]
    assert names(filter_string=f"name ILIKE '{name.upper()}'", order_by=["created_time DESC"]) == [name]
    assert names(filter_string="name LIKE 'nothing%'") == []
    assert code_of(lambda: names(filter_string="nope = 'a'")) == "INVALID_PARAMETER_VALUE"
    datasets.set_dataset_tags(dataset_id=made.dataset_id, tags={"n": "m"})
    datasets.delete_dataset_tag(dataset_id=made.dataset_id, key="x")
    tags = datasets.get_dataset(dataset_id=made.dataset_id).tags
    assert (tags["n"], "x" in tags) == ("m", False)
    datasets.add_dataset_to_experiments(dataset_id=made.dataset_id, experiment_ids=["0"])
    assert set(datasets.get_dataset(dataset_id=made.dataset_id).experiment_ids) == {"0", experiment}
    datasets.remove_dataset_from_experiments(dataset_id=made.dataset_id, experiment_ids=["0"])
    assert datasets.get_dataset(dataset_id=made.dataset_id).experiment_ids == [experiment]
    assert found.delete_records([rows["a"]["dataset_record_id"], "dr-none"]) == 1
    datasets.delete_dataset(dataset_id=made.dataset_id)
    assert code_of(lambda: datasets.get_dataset(dataset_id=made.dataset_id)) == "RESOURCE_DOES_NOT_EXIST"


def test_scorers(client: MlflowClient, experiment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_SERVER_ENABLE_CUSTOM_SCORERS", "true")
    store = _get_store()
    for number in (1, 2):
        assert store.register_scorer(experiment, "s", json.dumps({"name": "s", "n": number})).scorer_version == number
    assert [one.scorer_version for one in store.list_scorer_versions(experiment, "s")] == [1, 2]
    assert store.get_scorer(experiment, "s", 1)._serialized_scorer == '{"name": "s", "n": 1}'
    assert code_of(lambda: store.get_scorer(experiment, "s", 9)) == "RESOURCE_DOES_NOT_EXIST"
    assert code_of(lambda: store.register_scorer(experiment, "s", "{nope")) == "INVALID_PARAMETER_VALUE"
    assert code_of(lambda: store.register_scorer(experiment, " ", "{}")) == "INVALID_PARAMETER_VALUE"
    exact.register(name="exact", experiment_id=experiment)
    store.delete_scorer(experiment, "s")
    assert [one.name for one in list_scorers(experiment_id=experiment)] == ["exact"]
    assert get_scorer(name="exact", experiment_id=experiment).name == "exact"
    delete_scorer(name="exact", experiment_id=experiment, version="all")
    assert list_scorers(experiment_id=experiment) == []
    with pytest.raises(MlflowException, match="not implemented"):
        store.upsert_online_scoring_config(experiment, "s", 0.5)


def test_an_evaluation_is_kept(client: MlflowClient, experiment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_GENAI_EVAL_SKIP_TRACE_VALIDATION", "true")
    mlflow.set_experiment(experiment_id=experiment)
    data = [
        {"inputs": {"q": "a"}, "outputs": "x", "expectations": {"want": "x"}},
        {"inputs": {"q": "b"}, "outputs": "y", "expectations": {"want": "z"}},
    ]
    result = mlflow.genai.evaluate(data=data, scorers=[exact])
    assert client.get_run(result.run_id).data.metrics["exact/mean"] == 0.5
    found = mlflow.search_traces(run_id=result.run_id, locations=[experiment], return_type="list")
    said = {one.info.request_preview: one.info.assessments for one in found}
    assert sorted([a.value for all_of in said.values() for a in all_of if a.name == "exact"]) == [False, True]
    assert len(mlflow.search_traces(locations=[experiment], filter_string="feedback.exact = 'true'")) == 1
    mlflow.set_experiment("Default")


def test_what_a_job_may_do(
    lapis: Lapis, client: MlflowClient, experiment: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = datasets.create_dataset(name=name, experiment_id=[experiment])
    mlflow.genai.register_prompt(name, "text")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", lapis.job_token(name))
    own = MlflowClient(lapis.uri, lapis.uri)
    assert mlflow.genai.register_prompt(name, "better").version == 2
    datasets.get_dataset(dataset_id=made.dataset_id).merge_records([{"inputs": {"q": "a"}}])
    for forbidden in (
        lambda: own.delete_prompt(name),
        own.list_webhooks,
        lambda: datasets.delete_dataset(dataset_id=made.dataset_id),
        lambda: _get_store().delete_dataset_records(made.dataset_id, ["dr-none"]),
    ):
        assert code_of(forbidden) == "PERMISSION_DENIED"
