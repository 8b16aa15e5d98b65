"""What each kind of search may compare and order by."""

from __future__ import annotations

from lapisml.server.features.tracking.filters import Grammar

_TAGS = {"tag": "tag", "tags": "tag"}
_ATTRIBUTES = {"attribute": "attribute", "attributes": "attribute", "attr": "attribute"}
_PARAMS = {"param": "param", "params": "param", "parameter": "param", "parameters": "param"}
_PAIRS_TOO = frozenset({"attribute", "metric", "param", "tag"})
_METRICS = {"metric": "metric", "metrics": "metric"}


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


_RUN_FIELDS = ("run_id", "run_name", "user_id", "status", "start_time", "end_time", "artifact_uri")

RUNS = Grammar(
    entities={
        **_TAGS, **_ATTRIBUTES, **_PARAMS, **_METRICS,
        "run": "attribute", "dataset": "dataset", "datasets": "dataset",
    },
    attributes={
        **_same(*_RUN_FIELDS),
        "created": "start_time", "Created": "start_time",
        "run name": "run_name", "Run name": "run_name", "Run Name": "run_name",
    },
    numeric=frozenset({"start_time", "end_time"}),
    orderable=frozenset(_RUN_FIELDS),
    order_entities=_PAIRS_TOO,
    listable=frozenset({"run_id"}),
)  # fmt: skip

EXPERIMENTS = Grammar(
    entities={**_TAGS, **_ATTRIBUTES},
    attributes=_same("name", "experiment_id", "creation_time", "last_update_time"),
    numeric=frozenset({"creation_time", "last_update_time"}),
    orderable=frozenset({"name", "experiment_id", "creation_time", "last_update_time"}),
    listable=frozenset({"experiment_id"}),
    nullable=frozenset({"tag"}),
)

LOGGED_MODELS = Grammar(
    entities={**_TAGS, **_ATTRIBUTES, **_PARAMS, **_METRICS},
    attributes={
        **_same("name", "model_id", "model_type", "status", "source_run_id"),
        "creation_time": "creation_timestamp", "creation_timestamp": "creation_timestamp",
        "creation_timestamp_ms": "creation_timestamp",
        "last_updated_timestamp": "last_updated_timestamp",
        "last_updated_timestamp_ms": "last_updated_timestamp",
    },
    numeric=frozenset({"creation_timestamp", "last_updated_timestamp"}),
    orderable=frozenset(
        {"name", "model_id", "model_type", "status", "source_run_id", "creation_timestamp", "last_updated_timestamp"}
    ),
    listable=frozenset({"name", "model_id", "model_type", "status", "source_run_id"}),
    order_entities=_PAIRS_TOO,
    nullable=frozenset(),
)  # fmt: skip

REGISTERED_MODELS = Grammar(
    entities={**_TAGS, **_ATTRIBUTES},
    attributes=_same("name"),
    order_names={"timestamp": "last_updated_timestamp"},
    numeric=frozenset(),
    orderable=frozenset({"name", "creation_timestamp", "last_updated_timestamp"}),
    listable=frozenset({"name"}),
    nullable=frozenset(),
)

MODEL_VERSIONS = Grammar(
    entities={**_TAGS, **_ATTRIBUTES},
    attributes=_same("name", "version_number", "run_id", "source_path"),
    numeric=frozenset({"version_number"}),
    orderable=frozenset({"name", "version_number", "creation_timestamp", "last_updated_timestamp"}),
    listable=frozenset({"name", "run_id"}),
    nullable=frozenset(),
)

TRACES = Grammar(
    entities={
        **_TAGS,
        "attribute": "attribute", "attributes": "attribute", "trace": "attribute",
        "metadata": "metadata", "request_metadata": "metadata",
        "span": "span", "feedback": "feedback", "expectation": "expectation", "issue": "issue",
    },
    attributes={
        **_same("timestamp_ms", "execution_time_ms", "end_time_ms", "client_request_id", "name", "run_id", "prompt"),
        "timestamp": "timestamp_ms", "execution_time": "execution_time_ms", "end_time": "end_time_ms",
        "request_id": "trace_id", "status": "state", "text": "text",
    },
    numeric=frozenset({"timestamp_ms", "execution_time_ms", "end_time_ms"}),
    orderable=frozenset({
        "experiment_id", "timestamp_ms", "execution_time_ms", "end_time_ms", "state", "trace_id", "name", "run_id",
    }),
    listable=frozenset({"name", "state", "trace_id", "run_id", "client_request_id"}),
    order_entities=frozenset({"attribute", "tag", "metadata"}),
    nullable=frozenset({"tag", "metadata", "feedback", "expectation"}),
    mixed=frozenset({"feedback", "expectation"}),
    regular=True,
    operators={
        ("attribute", "prompt"): frozenset({"="}),
        ("attribute", "text"): frozenset({"LIKE", "ILIKE"}),
        ("span", "content"): frozenset({"LIKE", "ILIKE"}),
        ("span", ""): frozenset({"=", "!=", "LIKE", "ILIKE", "RLIKE", "IN", "NOT IN"}),
        ("issue", ""): frozenset({"="}),
    },
)  # fmt: skip

EVALUATION_DATASETS = Grammar(
    entities={**_TAGS, **_ATTRIBUTES},
    attributes=_same("name", "created_by", "last_updated_by", "created_time", "last_update_time"),
    numeric=frozenset({"created_time", "last_update_time"}),
    orderable=frozenset({"name", "created_time", "last_update_time"}),
    listable=frozenset(),
    nullable=frozenset(),
)
