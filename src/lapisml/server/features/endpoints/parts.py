"""What the document of a deployment says about how it runs, in the terms of the processes that run it. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.core.serving import ACCELERATE, accelerates, limits_of, probe_of, scale_of

__all__ = [
    "ACCELERATE",
    "accelerates",
    "check_shares",
    "digest_of",
    "endpoint_warnings",
    "limits_of",
    "probe_of",
    "scale_of",
    "warnings_of",
]

_RUNS = (
    "type",
    "model",
    "code_configuration",
    "environment",
    "environment_variables",
    "request_settings",
    "liveness_probe",
    "readiness_probe",
    "data_collector",
    "compute",
)
"""Keys that make another revision when they change."""

_UNHEEDED = {
    "instance_type": "`instance_type` has no effect on a compute of this machine.",
    "app_insights_enabled": "`app_insights_enabled` has no effect here; see the gateway's request log and metrics.",
    "egress_public_network_access": "`egress_public_network_access` has no effect here.",
    "resources": "`resources` has no effect on a compute of this machine.",
    "private_network_connection": "`private_network_connection` has no effect here.",
}
_UNHEEDED_ENDPOINT = {
    "identity": "`identity` has no effect here: deployments run as the user that runs the server.",
    "public_network_access": "`public_network_access` has no effect here; the gateway listens where the server does.",
    "location": "`location` has no effect here.",
}


def digest_of(document: Mapping[str, Any]) -> str:
    """Give the SHA-256 of everything that makes another revision when it changes, hexadecimal."""
    fixed = {key: document[key] for key in _RUNS if document.get(key) is not None}
    fixed["accelerate"] = accelerates(document)
    return hashlib.sha256(json.dumps(fixed, sort_keys=True).encode()).hexdigest()


def warnings_of(document: Mapping[str, Any]) -> list[str]:
    """Give a sentence for each key of a deployment that is accepted and has no effect here."""
    return [sentence for key, sentence in _UNHEEDED.items() if document.get(key) is not None]


def endpoint_warnings(document: Mapping[str, Any]) -> list[str]:
    """Give a sentence for each key of an endpoint that is accepted and has no effect here."""
    return [sentence for key, sentence in _UNHEEDED_ENDPOINT.items() if document.get(key) is not None]


def check_shares(
    traffic: Mapping[str, int], mirror: Mapping[str, int], known: Mapping[str, str | None], now: Mapping[str, int]
) -> None:
    """Check how requests are to be shared out.

    Args:
        known: deployments by name, with why one can't take requests yet, None for one that can.
        now: the shares as they are; a deployment keeps one that it has.

    Raises:
        LapisError: DocumentInvalid, with a problem for every fault; Conflict for a deployment that is not ready.
    """
    problems = [*_share_faults("traffic", traffic, known), *_share_faults("mirror_traffic", mirror, known)]
    total = sum(traffic.values())
    if not problems and total not in (0, 100):
        problems.append(Problem(f"the shares sum to {total}", "traffic", expected="a sum of 100, or of 0"))
    copied = sum(mirror.values())
    if not problems and (len([share for share in mirror.values() if share]) > 1 or copied > 50):
        problems.append(Problem("too much is mirrored", "mirror_traffic", expected="one deployment, at most 50"))
    if problems:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The endpoint is not valid.", None, problems)
    for name, share in {**mirror, **traffic}.items():
        why = known[name] if share and not now.get(name) else None
        if why is not None:
            raise LapisError(ErrorCode.CONFLICT, f"Deployment '{name}' can't take traffic: {why}")


def _share_faults(key: str, shares: Mapping[str, int], known: Mapping[str, Any]) -> Iterator[Problem]:
    for name, share in shares.items():
        path = f"{key}.{name}"
        if name not in known:
            expected = ", ".join(known) or "a deployment; the endpoint has none yet"
            yield Problem(f"there is no deployment '{name}'", path, expected=expected)
        elif not 0 <= share <= 100:
            yield Problem(f"{share} is no share", path, expected="a whole number from 0 to 100")
