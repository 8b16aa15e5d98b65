"""Traces in MLflow's protocol, versions 2 and 3."""

from __future__ import annotations

import math
from typing import Any

from lapisml.server.features.tracking.limits import invalid
from lapisml.server.features.tracking.records import Page
from lapisml.server.features.tracking.traces.records import Trace
from lapisml.server.features.tracking.traces.service import Traces
from lapisml.server.surfaces.mlflow import trace_wire as wire
from lapisml.server.surfaces.mlflow.artifact_area import ArtifactArea
from lapisml.server.surfaces.mlflow.call import Call
from lapisml.server.surfaces.mlflow.experiment_routes import Routes

_MOST = 500
_DEFAULT = 100
_SMOOTHING = 0.5


def trace_routes(traces: Traces, area: ArtifactArea) -> Routes:
    """Make the routes, by method and address below ``/mlflow/``; ``*`` stands for one open part.

    Args:
        area: where the files of traces lie.
    """
    return {
        **_write_routes(traces, area),
        **_tag_routes(traces),
        **_read_routes(traces),
        **_search_routes(traces),
        **_assessment_routes(traces),
    }


def _write_routes(traces: Traces, area: ArtifactArea) -> Routes:
    def start(call: Call) -> dict[str, Any]:
        fields = call.fields
        if fields.get("trace") is not None:
            made = traces.start(call.caller, wire.read_trace(fields.object("trace").object("trace_info")))
            return {"trace": {"trace_info": wire.trace_info(made)}}
        made = traces.begin(
            call.caller,
            fields.text("experiment_id") or "0",
            fields.integer("timestamp_ms", 0, 0, 2**53),
            dict(fields.pairs("request_metadata")),
            dict(fields.pairs("tags")),
        )
        return {"trace_info": wire.trace_info_v2(made)}

    def end(call: Call) -> dict[str, Any]:
        fields = call.fields
        ended = traces.end(
            call.caller,
            call.path[0],
            fields.integer("timestamp_ms", 0, 0, 2**53),
            wire.read_state(fields.get("status")),
            dict(fields.pairs("request_metadata")),
            dict(fields.pairs("tags")),
        )
        return {"trace_info": wire.trace_info_v2(ended)}

    def delete(call: Call) -> dict[str, Any]:
        fields = call.fields
        gone = traces.delete(
            call.caller,
            fields.required("experiment_id"),
            fields.optional_integer("max_timestamp_millis"),
            fields.optional_integer("max_traces"),
            fields.texts("request_ids") or fields.texts("trace_ids"),
        )
        area.forget_traces(call.workspace, gone)
        return {"traces_deleted": len(gone)}

    def link_run(call: Call) -> dict[str, Any]:
        traces.link_run(call.caller, _required_texts(call, "trace_ids"), call.fields.required("run_id"))
        return {}

    def link_prompts(call: Call) -> dict[str, Any]:
        versions = [(one.required("name"), one.required("version")) for one in call.fields.objects("prompt_versions")]
        traces.link_prompts(call.caller, call.fields.required("trace_id"), versions)
        return {}

    return {
        ("POST", "traces"): start,
        ("PATCH", "traces/*"): end,
        ("POST", "traces/delete-traces"): delete,
        ("POST", "traces/link-to-run"): link_run,
        ("POST", "traces/link-prompts"): link_prompts,
    }


def _tag_routes(traces: Traces) -> Routes:
    def set_tag(call: Call) -> dict[str, Any]:
        traces.set_tag(call.caller, call.path[0], call.fields.required("key"), call.fields.text("value"))
        return {}

    def delete_tag(call: Call) -> dict[str, Any]:
        traces.delete_tag(call.caller, call.path[0], call.fields.required("key"))
        return {}

    return {
        ("PATCH", "traces/*/tags"): set_tag,
        ("DELETE", "traces/*/tags"): delete_tag,
    }


def _read_routes(traces: Traces) -> Routes:
    def info(call: Call) -> dict[str, Any]:
        return {"trace": {"trace_info": wire.trace_info(traces.info(call.caller, call.path[0]))}}

    def info_v2(call: Call) -> dict[str, Any]:
        return {"trace_info": wire.trace_info_v2(traces.info(call.caller, call.path[0]))}

    def get(call: Call) -> dict[str, Any]:
        return {"trace": wire.trace(*traces.get(call.caller, call.fields.required("trace_id")))}

    def batch(call: Call) -> dict[str, Any]:
        asked = call.fields.texts("experiment_ids")
        found = traces.batch(call.caller, _required_texts(call, "trace_ids"), asked, with_spans=True)
        return {"traces": [wire.trace(trace, spans) for trace, spans in found]}

    def batch_infos(call: Call) -> dict[str, Any]:
        asked = call.fields.texts("experiment_ids")
        found = traces.batch(call.caller, _required_texts(call, "trace_ids"), asked, with_spans=False)
        return {"trace_infos": [wire.trace_info(trace) for trace, _ in found]}

    return {
        ("GET", "traces/*"): info,
        ("GET", "traces/*/info"): info_v2,
        ("GET", "traces/get"): get,
        ("GET", "traces/batchGet"): batch,
        ("POST", "traces/batchGetInfos"): batch_infos,
    }


def _search_routes(traces: Traces) -> Routes:
    def page(call: Call, experiment_ids: list[str]) -> Page[Trace]:
        fields = call.fields
        return traces.search(
            call.caller, experiment_ids, fields.text("filter"), fields.texts("order_by"),
            fields.integer("max_results", _DEFAULT, 1, _MOST), fields.text("page_token"),
        )  # fmt: skip

    def search(call: Call) -> dict[str, Any]:
        locations = call.fields.objects("locations")
        if not locations:
            raise invalid("Missing value for required parameter 'locations'.")
        experiments = [one.object("mlflow_experiment").text("experiment_id") for one in locations]
        found = page(call, [one for one in experiments if one])
        written: dict[str, Any] = {"traces": [wire.trace_info(one) for one in found.items]}
        return written | ({"next_page_token": found.token} if found.token else {})

    def search_v2(call: Call) -> dict[str, Any]:
        found = page(call, _required_texts(call, "experiment_ids"))
        written: dict[str, Any] = {"traces": [wire.trace_info_v2(one) for one in found.items]}
        return written | ({"next_page_token": found.token} if found.token else {})

    def correlation(call: Call) -> dict[str, Any]:
        fields, experiments = call.fields, _required_texts(call, "experiment_ids")
        base = [fields.text("base_filter")] if fields.text("base_filter") else []
        first, second = fields.required("filter_string1"), fields.required("filter_string2")

        def count(*filters: str) -> int:
            return traces.count(call.caller, experiments, [*base, *filters])

        return _correlation(count(), count(first), count(second), count(first, second))

    return {
        ("POST", "traces/search"): search,
        ("GET", "traces"): search_v2,
        ("POST", "traces/calculate-filter-correlation"): correlation,
    }


def _correlation(total: int, first: int, second: int, both: int) -> dict[str, Any]:
    """Write how much two filters go together: normalised pointwise mutual information, -1 to 1."""
    counts: dict[str, Any] = {
        "filter1_count": first, "filter2_count": second, "joint_count": both, "total_count": total,
    }  # fmt: skip
    if total <= 0 or first == 0 or second == 0:
        return {"npmi": "NaN", "npmi_smoothed": "NaN", **counts}
    table = (both, first - both, second - both, total - first - second + both)
    plain = -1.0 if both == 0 else _npmi(*table)
    return {"npmi": plain, "npmi_smoothed": _npmi(*[count + _SMOOTHING for count in table]), **counts}


def _npmi(both: float, only_first: float, only_second: float, neither: float) -> float:
    total = both + only_first + only_second + neither
    first, second = both + only_first, both + only_second
    if both >= total:
        return 1.0
    mutual = math.log(both) + math.log(total) - math.log(first) - math.log(second)
    return max(-1.0, min(1.0, mutual / (math.log(total) - math.log(both))))


def _assessment_routes(traces: Traces) -> Routes:
    assessments = traces.assessments

    def create(call: Call) -> dict[str, Any]:
        given = wire.read_assessment(call.fields.object("assessment"))
        given.assessment_id = ""
        made = assessments.create(call.caller, call.path[0], given)
        return {"assessment": wire.assessment(call.path[0], made)}

    def get(call: Call) -> dict[str, Any]:
        return {"assessment": wire.assessment(call.path[0], assessments.get(call.caller, *call.path))}

    def update(call: Call) -> dict[str, Any]:
        changed = assessments.update(call.caller, call.path[0], call.path[1], _changes(call))
        return {"assessment": wire.assessment(call.path[0], changed)}

    def delete(call: Call) -> dict[str, Any]:
        assessments.delete(call.caller, *call.path)
        return {}

    return {
        ("POST", "traces/*/assessments"): create,
        ("GET", "traces/*/assessments/*"): get,
        ("PATCH", "traces/*/assessments/*"): update,
        ("DELETE", "traces/*/assessments/*"): delete,
    }


def _changes(call: Call) -> dict[str, Any]:
    """Read which parts of an assessment change: those that the update mask names, all that are there without one."""
    given, mask = call.fields.object("assessment"), call.fields.get("update_mask")
    words = ("assessment_name", "feedback", "expectation", "rationale", "metadata")
    named = [_snake(one) for one in mask.split(",")] if isinstance(mask, str) and mask else list(words)
    changes: dict[str, Any] = {}
    for word in [word for word in words if word in named and given.get(word) is not None]:
        if word in ("feedback", "expectation"):
            changes[word] = wire.read_value(given, word)
        else:
            changes[word.removeprefix("assessment_")] = given.get(word)
    if "feedback" in changes and "expectation" in changes:
        raise invalid("Cannot specify both `expectation` and `feedback` parameters.")
    return changes


def _snake(word: str) -> str:
    return "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in word.strip())


def _required_texts(call: Call, name: str) -> list[str]:
    found = call.fields.texts(name)
    if not found:
        raise invalid(f"Missing value for required parameter '{name}'.")
    return found
