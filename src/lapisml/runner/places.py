"""Telling a job's script where its data lies: address → path, for packages that are given addresses."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from lapisml.runner import durable, layout

PLACES = "LAPIS_PLACES"
"""Names the file ``places.json``."""


def place_variables(
    spec: Mapping[str, Any], folder: str, inputs: Mapping[str, str], outputs: Mapping[str, str]
) -> dict[str, str]:
    """Write ``places.json`` when the job has data, and return the variable that names it.

    Args:
        spec: the launch specification, plain form.
        folder: the job's folder.
        inputs, outputs: what the command gets for each, an address for those of mode ``direct``.
    """
    found: dict[str, str] = {}
    for given, values in ((spec["inputs"], inputs), (spec["outputs"], outputs)):
        for name, one in given.items():
            path = values[name] if one["mode"] != "direct" else _local(one["location"])
            if path is not None and str(one["uri"]).startswith("azureml:"):
                found[str(one["uri"])] = path
    if not found:
        return {}
    path = os.path.join(folder, layout.PLACES)
    durable.write_json(path, found)
    return {PLACES: path}


def _local(location: Mapping[str, Any] | None) -> str | None:
    """Give the path of a location on this machine; a link in it leads no further than the job's own rights do."""
    return str(location["path"]) if location is not None and location["protocol"] == "file" else None
