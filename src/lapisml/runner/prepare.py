"""The helper that builds an environment; run by `lapisml.runner.tools`.

Reads ``{"builder": import string, "options", "definition"}`` from stdin; writes JSON lines: ``{"log": line}``,
``{"ready": content of ready.json}``, ``{"error": sentence}``.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from lapisml.core.errors import LapisError
from lapisml.ports.environments import EnvironmentBuilder, EnvironmentDefinition
from lapisml.runner.stage import load


def main() -> None:
    """Build the environment on stdin; exit code 1 when it can't be."""
    asked = json.load(sys.stdin)
    builder: EnvironmentBuilder = load(asked["builder"])(**asked["options"])
    definition = EnvironmentDefinition.from_json(asked["definition"])
    try:
        built = builder.build(definition, lambda line: _say({"log": line}))
    except (LapisError, OSError) as error:
        _say({"error": str(error)})
        sys.exit(1)
    _say({"ready": built.to_json()})


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()
