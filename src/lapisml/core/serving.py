"""What the document of an online deployment says about how it runs, in the terms of the processes that run it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ACCELERATE = "lapis.accelerate"
"""Tag of a deployment; ``false`` serves the model itself and no faster form of it."""


def accelerates(document: Mapping[str, Any]) -> bool:
    """Say whether a faster form of the model may be served."""
    return str((document.get("tags") or {}).get(ACCELERATE, "true")).strip().lower() not in ("false", "0", "no", "off")


def scale_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Say how many replicas there shall be, in the form of `ServingSpec.scale`."""
    settings = document.get("scale_settings") or {}
    if settings.get("type") == "target_utilization":
        least = int(settings.get("min_instances", 1))
        return {
            "type": "target_utilization",
            "min": least,
            "max": max(1, least, int(settings.get("max_instances", 1))),
            "target_percent": float(settings.get("target_utilization_percentage", 70)),
            "polling_s": float(settings.get("polling_interval", 1)),
        }
    return {"type": "default", "instances": int(document.get("instance_count") or 1)}


def limits_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Give concurrency and time limits, in the form of `ServingSpec`; seconds."""
    settings = document.get("request_settings") or {}
    found: dict[str, Any] = {}
    if settings.get("max_concurrent_requests_per_instance") is not None:
        found["max_concurrent"] = int(settings["max_concurrent_requests_per_instance"])
    for key, written in (("timeout_s", "request_timeout_ms"), ("max_queue_wait_s", "max_queue_wait_ms")):
        if settings.get(written) is not None:
            found[key] = float(settings[written]) / 1000
    return found


def probe_of(document: Mapping[str, Any], which: str) -> dict[str, Any]:
    """Give the settings of a probe that are written; seconds.

    Args:
        document: of the deployment.
        which: ``liveness`` or ``readiness``.
    """
    settings = document.get(f"{which}_probe") or {}
    seconds = {f"{key}_s": settings.get(key) for key in ("initial_delay", "period", "timeout")}
    counts = {key: settings.get(key) for key in ("success_threshold", "failure_threshold")}
    return {key: value for key, value in {**seconds, **counts}.items() if value is not None}
