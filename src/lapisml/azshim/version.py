"""``az version`` and ``az --version``."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import Any

from lapisml import __version__
from lapisml.azshim.shared import command, flag
from lapisml.azshim.versions import CLI_VERSION, ML_VERSION
from lapisml.cli.parsing import Verb


def _version(args: Namespace) -> dict[str, Any] | None:
    if args.as_text:
        sys.stdout.write(
            f"azure-cli  {CLI_VERSION} (in words: this az is Lapis {__version__})\n\nExtensions:\nml  {ML_VERSION}\n"
        )
        return None
    return {
        "azure-cli": CLI_VERSION,
        "azure-cli-core": CLI_VERSION,
        "azure-cli-telemetry": "1.1.0",
        "extensions": {"ml": ML_VERSION},
        "lapis": __version__,
    }


COMMANDS: dict[str, Verb] = {
    "version": command("show the versions", _version, flag("--as-text", action="store_true", help="a page to read")),
}
