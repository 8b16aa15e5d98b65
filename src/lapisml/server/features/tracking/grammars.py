"""What each kind of search may compare and order by."""

from __future__ import annotations

from lapisml.server.features.tracking.filters import Grammar

_TAGS = {"tag": "tag", "tags": "tag"}
_ATTRIBUTES = {"attribute": "attribute", "attributes": "attribute", "attr": "attribute"}
_PARAMS = {"param": "param", "params": "param", "parameter": "param", "parameters": "param"}
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
    nullable=frozenset(),
)  # fmt: skip

REGISTERED_MODELS = Grammar(
    entities={**_TAGS, **_ATTRIBUTES},
    attributes=_same("name"),
    numeric=frozenset(),
    orderable=frozenset({"name", "creation_timestamp", "last_updated_timestamp"}),
    listable=frozenset(),
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
