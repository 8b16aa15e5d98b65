"""What a changing request changes, read from its address alone. Pure.

A topic is a noun as in the API's addresses (``models``), or a noun and a name (``models/diabetes``).
"""

from __future__ import annotations

_NOUNS = {
    "jobs": "jobs",
    "data": "data",
    "models": "models",
    "environments": "environments",
    "components": "components",
    "onlineendpoints": "online-endpoints",
    "online-endpoints": "online-endpoints",
    "batchendpoints": "batch-endpoints",
    "batch-endpoints": "batch-endpoints",
    "computes": "computes",
    "schedules": "schedules",
    "datastores": "datastores",
    "connections": "connections",
}
"""Words of the native API and of Azure's, lower case."""

_CALLS = {
    "experiments": "experiments",
    "registered-models": "models",
    "model-versions": "models",
    "logged-models": "logged-models",
    "traces": "traces",
}
"""First words of MLflow's calls; what is done to runs is told by those who do it."""

_ONLY_READ = (
    "/keys",
    "/try",
    "/token",
    "/secrets",
    "/search",
    "/search-datasets",
    "/get-latest-versions",
    "/batchGetInfos",
)
"""Ends of addresses that are posted to and change nothing."""

_SCOPE, _CALL, _ARTIFACTS = "/workspaces/", "/mlflow/", "/mlflow-artifacts/artifacts/"


def topic_of(path: str) -> tuple[str, str] | None:
    """Give the workspace and the topic of a changing request; None when no page shows what it changes.

    Args:
        path: from the root, decoded.
    """
    if path.endswith(_ONLY_READ):
        return None
    if path.startswith(_CALL):
        return _of_mlflow(path)
    workspace, _, rest = path.partition(_SCOPE)[2].partition("/")
    noun, _, named = rest.partition("/")
    topic = _NOUNS.get(noun.lower())
    if not workspace or topic is None:
        return None
    name = named.partition("/")[0]
    return workspace, f"{topic}/{name}" if name else topic


def _of_mlflow(path: str) -> tuple[str, str] | None:
    workspace, _, rest = path[len(_CALL) :].partition("/")
    artifact = rest.partition(_ARTIFACTS)[2]
    if artifact:
        kind, _, below = artifact.partition("/")
        return (workspace, f"runs/{below.partition('/')[0]}") if kind == "runs" else None
    topic = _CALLS.get(rest.partition(_CALL)[2].partition("/")[0])
    return None if topic is None else (workspace, topic)
