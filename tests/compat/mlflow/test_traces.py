"""Traces, spans and assessments with the stock client."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import Feedback
from mlflow.exceptions import MlflowException

from tests.compat.mlflow.conftest import Lapis


@pytest.fixture
def traced(client: MlflowClient, experiment: str) -> Iterator[tuple[str, str]]:
    """An experiment with two traces: (id of the good one, id of the run that logged it)."""
    mlflow.set_experiment(experiment_id=experiment)

    @mlflow.trace(span_type="LLM", attributes={"k": "v", "count": 3, "share": 0.5, "is_on": True, "dotted.key": "d"})
    def inner(x: int) -> dict[str, int]:
        return {"y": x + 1}

    @mlflow.trace
    def outer(x: int) -> dict[str, int]:
        mlflow.update_current_trace(tags={"team": "a"}, metadata={"mlflow.trace.session": "s1"})
        return inner(x)

    @mlflow.trace
    def failing() -> None:
        raise ValueError("no")

    with mlflow.start_run(experiment_id=experiment) as run:
        outer(1)
    good = mlflow.get_last_active_trace_id()
    with pytest.raises(ValueError, match="no"):
        failing()
    mlflow.flush_trace_async_logging()
    assert good is not None
    yield good, run.info.run_id
    mlflow.set_experiment("Default")


def names(experiment: str, text: str | None = None, **further: Any) -> list[str]:
    found = mlflow.search_traces(locations=[experiment], filter_string=text, return_type="list", **further)
    return [trace.info.tags["mlflow.traceName"] for trace in found]


def test_a_trace_comes_back_as_it_was(client: MlflowClient, experiment: str, traced: tuple[str, str]) -> None:
    trace = mlflow.get_trace(traced[0])
    assert trace is not None
    assert (trace.info.state.value, trace.info.request_preview, trace.info.response_preview) == (
        "OK", '{"x": 1}', '{"y": 2}',
    )  # fmt: skip
    assert (trace.info.experiment_id, trace.info.tags["team"]) == (experiment, "a")
    spans = {span.name: span for span in trace.data.spans}
    assert set(spans) == {"outer", "inner"}
    assert (spans["inner"].parent_id, spans["outer"].parent_id) == (spans["outer"].span_id, None)
    assert (spans["inner"].inputs, spans["inner"].outputs, spans["inner"].span_type) == ({"x": 1}, {"y": 2}, "LLM")
    kept = {key: spans["inner"].get_attribute(key) for key in ("k", "count", "share", "is_on")}
    assert kept == {"k": "v", "count": 3, "share": 0.5, "is_on": True}
    failed = mlflow.search_traces(locations=[experiment], filter_string="status = 'ERROR'", return_type="list")
    assert failed[0].data.spans[0].events[0].name == "exception"
    assert len(mlflow.search_traces(locations=[experiment])) == 2
    with pytest.raises(MlflowException, match="not found"):
        client.get_trace("tr-none")


def test_the_filter_and_order_language(client: MlflowClient, experiment: str, traced: tuple[str, str]) -> None:
    good, bad, both = ["outer"], ["failing"], ["failing", "outer"]
    expected = {
        "": both, "status = 'OK'": good, "trace.status != 'OK'": bad, "tags.team = 'a' AND status = 'OK'": good,
        "name LIKE 'ou%'": good, "name IN ('outer', 'x')": good, "name RLIKE '^f.*g$'": bad,
        "tags.`mlflow.traceName` = 'failing'": bad, "tags.team IS NULL": bad, "tags.team IS NOT NULL": good,
        "span.name = 'inner'": good, "span.type = 'LLM' AND span.name = 'outer'": [],
        "span.type = 'LLM' AND span.name = 'inner'": good, "span.status = 'ERROR'": bad,
        "span.attributes.k = 'v'": good, "span.attributes.count = '3'": good, "span.attributes.is_on = 'true'": good,
        "span.attributes.share LIKE '0.%'": good, "span.attributes.dotted.key = 'd'": good,
        "span.attributes.none = 'v'": [], "span.content LIKE '%\"dotted.key\"%'": good,
        "trace.text ILIKE '%VALUEERROR%'": bad, "metadata.`mlflow.trace.session` = 's1'": good,
        f"run_id = '{traced[1]}'": good, f"request_id = '{traced[0]}'": good, "execution_time_ms >= 0": both,
        "timestamp_ms > 0": both, "end_time < 5": [], "prompt = 'greet/1'": [], "issue.id = 'x'": [],
    }  # fmt: skip
    assert {text: sorted(names(experiment, text)) for text in expected} == expected
    assert names(experiment, order_by=["timestamp_ms ASC"]) == ["outer", "failing"]
    assert names(experiment, order_by=["name ASC"]) == ["failing", "outer"]
    assert names(experiment, order_by=["tags.team DESC"]) == ["outer", "failing"]
    assert names(experiment, run_id=traced[1]) == good
    for wrong in ("nope.x = 'a'", "status >", "span.nope = 'a'", "timestamp_ms = 'x'", "name RLIKE '(a+)+'", "a = 'b'"):
        with pytest.raises(MlflowException) as caught:
            names(experiment, wrong)
        assert caught.value.error_code == "INVALID_PARAMETER_VALUE", wrong
    page = client.search_traces(locations=[experiment], max_results=1)
    rest = client.search_traces(locations=[experiment], max_results=1, page_token=page.token)
    assert {page[0].info.trace_id, rest[0].info.trace_id} >= {traced[0]}
    assert rest.token is None


def test_what_people_and_judges_say(experiment: str, traced: tuple[str, str]) -> None:
    trace_id = traced[0]
    first = mlflow.log_feedback(trace_id=trace_id, name="good", value=True, rationale="because")
    mlflow.log_feedback(trace_id=trace_id, name="score", value=0.75)
    mlflow.log_feedback(trace_id=trace_id, name="broken", error=ValueError("x"))
    mlflow.log_expectation(trace_id=trace_id, name="wanted", value={"a": [1, 2]})
    second = mlflow.override_feedback(trace_id=trace_id, assessment_id=first.assessment_id, value=False)

    def said() -> list[tuple[str, bool, Any]]:
        found = mlflow.get_trace(trace_id).info.assessments
        return sorted((one.name, one.valid is not False, str(one.value)) for one in found)

    expectation = ("wanted", True, "{'a': [1, 2]}")
    others = [("broken", True, "None"), expectation, ("score", True, "0.75")]
    assert said() == sorted([("good", False, "True"), ("good", True, "False"), *others])
    changed = Feedback(name="good", value="yes", metadata={"m": "1"})
    mlflow.update_assessment(trace_id=trace_id, assessment_id=second.assessment_id, assessment=changed)
    found = mlflow.get_assessment(trace_id, second.assessment_id)
    assert (found.value, found.metadata, found.overrides) == ("yes", {"m": "1"}, first.assessment_id)
    expected = {
        "feedback.good = 'yes'": 1, "feedback.good = 'true'": 0, "feedback.score > 0.5": 1, "feedback.score < 0.5": 0,
        "feedback.score = 0.75": 1, "expectation.wanted IS NOT NULL": 1, "feedback.none IS NULL": 2,
    }  # fmt: skip
    assert {text: len(names(experiment, text)) for text in expected} == expected
    mlflow.delete_assessment(trace_id=trace_id, assessment_id=second.assessment_id)
    assert said() == sorted([("good", True, "True"), *others])
    for wrong in (lambda: mlflow.get_assessment(trace_id, "a-none"), lambda: mlflow.get_assessment("tr-none", "a")):
        with pytest.raises(MlflowException) as caught:
            wrong()
        assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_tags_links_and_the_end(client: MlflowClient, experiment: str, traced: tuple[str, str]) -> None:
    trace_id = traced[0]
    client.set_trace_tag(trace_id, "q", "1")
    assert client.get_trace(trace_id).info.tags["q"] == "1"
    client.delete_trace_tag(trace_id, "q")
    with pytest.raises(MlflowException, match="No trace tag"):
        client.delete_trace_tag(trace_id, "q")
    other = client.create_run(experiment).info.run_id
    client.link_traces_to_run([trace_id], other)
    assert names(experiment, run_id=other) == ["outer"]
    with pytest.raises(MlflowException):
        client.delete_traces(experiment)
    assert client.delete_traces(experiment, trace_ids=[trace_id, "tr-none"]) == 1
    assert names(experiment) == ["failing"]
    assert client.delete_traces(experiment, max_timestamp_millis=int(time.time() * 1000) + 1000, max_traces=5) == 1
    assert names(experiment) == []


def test_spans_of_any_exporter(lapis: Lapis, client: MlflowClient, experiment: str) -> None:
    """OpenTelemetry's JSON, without MLflow's client: the trace is made of its spans."""
    values = {"mlflow.spanInputs": "asked", "session.id": "s7"}
    span = {
        "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "work",
        "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": "1544712661500000000",
        "attributes": [{"key": key, "value": {"stringValue": text}} for key, text in values.items()],
    }  # fmt: skip
    usage = [{"key": "input_tokens", "value": {"intValue": "5"}}]
    child = {
        **span, "spanId": "eee19b7ec3c1b175", "parentSpanId": "eee19b7ec3c1b174", "name": "part",
        "attributes": [{"key": "mlflow.chat.tokenUsage", "value": {"kvlistValue": {"values": usage}}}],
    }  # fmt: skip
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}

    def export(body: bytes, kind: str, to: str = experiment) -> int:
        headers = {"Content-Type": kind, "x-mlflow-experiment-id": to}
        return lapis.server.request("POST", "/mlflow/default/v1/traces", body, headers=headers)[0]

    whole = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [child, span]}]}]}
    assert export(json.dumps(whole).encode(), "application/json") == 200
    trace = client.get_trace("tr-5b8efff798038103d269b633813fc60c")
    assert (trace.info.execution_duration, trace.info.state.value, trace.info.request_preview) == (1500, "OK", "asked")
    assert trace.info.tags["service.name"] == "shop"
    assert trace.info.trace_metadata["mlflow.trace.session"] == "s7"
    assert json.loads(trace.info.trace_metadata["mlflow.trace.tokenUsage"]) == {"input_tokens": 5}
    assert {span.name for span in trace.data.spans} == {"work", "part"}
    assert export(b"\xff\xff\xff", "application/x-protobuf") == 400
    assert export(b"{}", "application/json") == 400
    assert export(json.dumps(whole).encode(), "text/csv") == 400
    assert export(json.dumps(whole).encode(), "application/json", "999999") == 404


def test_a_job_sees_its_own_traces_only(
    lapis: Lapis, experiment: str, traced: tuple[str, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", lapis.job_token(name))
    own = MlflowClient(lapis.uri, lapis.uri)
    assert own.search_traces(locations=[experiment]) == []
    for forbidden in (
        lambda: own.get_trace(traced[0]),
        lambda: own.set_trace_tag(traced[0], "a", "b"),
        lambda: mlflow.log_feedback(trace_id=traced[0], name="x", value=1),
    ):
        with pytest.raises(MlflowException) as caught:
            forbidden()
        assert caught.value.error_code == "PERMISSION_DENIED"
    assert own.delete_traces(experiment, trace_ids=[traced[0]]) == 0
    with mlflow.start_span("mine"):
        pass
    mlflow.flush_trace_async_logging()
    assert [one.info.tags["mlflow.traceName"] for one in own.search_traces(locations=[experiment])] == ["mine"]


def test_version_two_of_the_protocol(lapis: Lapis, experiment: str) -> None:
    """What clients of MLflow 2 send: a trace begins, its spans become a file, it ends."""

    def call(method: str, address: str, body: Any = None) -> Any:
        status, answer = lapis.server.request(method, f"/mlflow/default/api/2.0/{address}", body)
        assert status == 200, answer
        return answer

    begun = call("POST", "mlflow/traces", {
        "experiment_id": experiment, "timestamp_ms": 1000, "tags": [{"key": "mlflow.traceName", "value": "old"}],
        "request_metadata": [{"key": "m", "value": "1"}],
    })["trace_info"]  # fmt: skip
    place = {one["key"]: one["value"] for one in begun["tags"]}["mlflow.artifactLocation"]
    file = f"mlflow-artifacts/artifacts/{place.removeprefix('mlflow-artifacts:/')}/traces.json"
    sent = {"Content-Type": "application/octet-stream"}
    assert lapis.server.request("PUT", f"/mlflow/default/api/2.0/{file}", b'{"spans": []}', headers=sent)[0] == 200
    trace_id = begun["request_id"]
    ended = call("PATCH", f"mlflow/traces/{trace_id}", {"timestamp_ms": 1250, "status": "OK"})["trace_info"]
    assert (ended["status"], ended["execution_time_ms"]) == ("OK", 250)
    assert call("GET", f"mlflow/traces/{trace_id}/info")["trace_info"]["request_metadata"] == begun["request_metadata"]
    found = call("GET", f"mlflow/traces?experiment_ids={experiment}&max_results=5")["traces"]
    assert [one["request_id"] for one in found] == [trace_id]
    status, content = lapis.server.request("GET", f"/mlflow/default/api/2.0/{file}")
    assert (status, json.loads(content) if isinstance(content, bytes) else content) == (200, {"spans": []})
    gone = {"experiment_id": experiment, "request_ids": [trace_id]}
    assert call("POST", "mlflow/traces/delete-traces", gone) == {"traces_deleted": 1}
    assert lapis.server.request("GET", f"/mlflow/default/api/2.0/{file}")[0] == 404
