"""Which packages a job's helpers need on a node, and the interpreter that has them or will have them."""

from __future__ import annotations

import hashlib
import secrets
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from lapisml.backends.compute.node.using import mark, using
from lapisml.ports.launch import LaunchSpec, ParallelSpec
from lapisml.runner.toolbox import REQUIREMENTS

PACKAGES: dict[str, dict[str, str]] = {
    "environment": {"uv": "uv>=0.8", "packaging": "packaging>=24", "yaml": "pyyaml>=6.0"},
    "mltable": {"yaml": "pyyaml>=6.0"},
    "tables": {"polars": "polars>=1.36", "orjson": "orjson>=3.10", "numpy": "numpy>=1.26", "yaml": "pyyaml>=6.0"},
    "s3": {"fsspec": "fsspec>=2024.6", "s3fs": "s3fs>=2024.6"},
    "az": {"fsspec": "fsspec>=2024.6", "adlfs": "adlfs>=2024.7"},
    "gs": {"fsspec": "fsspec>=2024.6", "gcsfs": "gcsfs>=2024.6"},
    "hdfs": {"fsspec": "fsspec>=2024.6", "pyarrow": "pyarrow>=14"},
}
"""Need → module → requirement."""

_EVALUATED = ("eval_mount", "eval_download")


def needs(spec: LaunchSpec) -> list[str]:
    """Return what a job's helpers need beyond the standard library; keys of `PACKAGES`, sorted."""
    found = {"environment"} if spec.environment is not None else set()
    locations = [spec.artifacts.location, *(given.location for given in spec.outputs.values())]
    if spec.parallel is not None and _has_rows(spec, spec.parallel):
        found.add("tables")
    for given in spec.inputs.values():
        if given.type == "mltable" and given.mode in _EVALUATED:
            found.add("mltable")
        if given.mode != "direct" and given.location is not None:
            locations.append(given.location)
    found.update(str(location["protocol"]) for location in locations)
    return sorted(found & PACKAGES.keys())


def _has_rows(spec: LaunchSpec, asked: ParallelSpec) -> bool:
    """Say whether the driver of a mini-batch job may have to read rows."""
    given = spec.inputs.get(asked.input_data)
    is_table = given is not None and given.type == "mltable" and given.mode not in _EVALUATED
    return asked.by_model or is_table


def interpreter(root: Path, wanted: Sequence[str]) -> str | None:
    """Return the interpreter for what is wanted: None when this one has it, else one that the first job makes.

    Args:
        root: the agent's folder.
        wanted: keys of `PACKAGES`.
    """
    packages = {module: line for need in wanted for module, line in PACKAGES.get(need, {}).items()}
    if all(find_spec(module) is not None for module in packages):
        return None
    lines = sorted(set(packages.values()))
    version = ".".join(map(str, sys.version_info[:2]))
    key = hashlib.sha256("\n".join([version, sys.executable, *lines]).encode()).hexdigest()[:16]
    folder = root / "toolbox" / key
    with using(root):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark(folder)
        if not (folder / REQUIREMENTS).exists():
            part = folder / f"{REQUIREMENTS}.{secrets.token_hex(8)}"
            part.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
            part.replace(folder / REQUIREMENTS)
    return str(folder / "bin" / "python")
