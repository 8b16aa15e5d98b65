"""The launch specification on disk: ``spec.json`` without secrets, ``secrets.json`` beside it.

Only the second holds credentials (the options of locations, the job's token, the secret of its machines); it is
removed when the job has ended, so that no secret outlives its use.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from lapisml.runner import durable, layout

VERSION = 1
"""The plain form's version that this runner reads (`lapisml.ports.launch.SPEC_VERSION`)."""


def write(folder: str, plain: Mapping[str, Any], boot_id: str) -> None:
    """Write a specification's plain form in two files.

    Args:
        folder: the job's folder.
        plain: `LaunchSpec.to_json`.
        boot_id: identity of the machine's boot during which it was submitted; a later one never starts it.
    """
    spec, secrets = _copy(plain), {}
    for place, location in _locations(spec):
        if location.get("options"):
            secrets[place] = location["options"]
            location["options"] = {}
    tracking = spec.get("tracking")
    if tracking:
        secrets["token"] = tracking.pop("token")
    if (spec.get("parallel") or {}).get("secret"):
        secrets["parallel"] = spec["parallel"].pop("secret")
    durable.write_json(os.path.join(folder, layout.SECRETS), secrets)
    durable.write_json(os.path.join(folder, layout.SPEC), {**spec, "boot_id": boot_id})


def read(folder: str) -> dict[str, Any] | None:
    """Return the whole plain form with its ``boot_id``; None when it is not there or not whole."""
    spec = durable.read_json(os.path.join(folder, layout.SPEC))
    if not isinstance(spec, dict) or spec.get("version") != VERSION:
        return None
    secrets = durable.read_json(os.path.join(folder, layout.SECRETS)) or {}
    for place, location in _locations(spec):
        if place in secrets:
            location["options"] = secrets[place]
    if spec.get("tracking"):
        spec["tracking"]["token"] = secrets.get("token", "")
    if spec.get("parallel") and "parallel" in secrets:
        spec["parallel"]["secret"] = secrets["parallel"]
    return spec


def forget_secrets(folder: str) -> None:
    """Remove the secrets of a job that has ended."""
    try:
        os.unlink(os.path.join(folder, layout.SECRETS))
    except FileNotFoundError:
        return


def _locations(spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "artifacts", spec["artifacts"]["location"]
    for kind in ("inputs", "outputs"):
        for name, given in spec[kind].items():
            if given.get("location"):
                yield f"{kind}.{name}", given["location"]


def _copy(plain: Any) -> Any:
    if isinstance(plain, Mapping):
        return {key: _copy(value) for key, value in plain.items()}
    return [_copy(value) for value in plain] if isinstance(plain, (list, tuple)) else plain
