"""The calls of MLflow's protocol that this server knows and does not offer, by the area that they belong to."""

from __future__ import annotations

_AREAS = {
    "gateway/": "AI gateway",
    "workspaces": "workspaces interface (each workspace has a tracking address of its own here)",
    "issues": "issues interface",
    "label-schemas/": "label schemas interface",
    "review-queues/": "review queues interface",
    "prompt-optimization/": "prompt optimization",
    "unified-traces": "search of Databricks' unified traces",
    "get-online-trace-details": "search of Databricks' online traces",
    "traces/metrics": "trace metrics query",
    "artifacts/presigned-": "presigned artifact URLs interface",
    "scorers/online-config": "online scoring",
    "mcp-servers": "MCP server registry",
    "jobs": "jobs interface",
}


def not_offered(address: str) -> str | None:
    """Name the area of an address below ``/mlflow/`` that is known and not offered; None for any other address."""
    return next((area for prefix, area in _AREAS.items() if address.startswith(prefix)), None)
