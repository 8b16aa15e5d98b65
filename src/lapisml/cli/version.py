"""``lapis version``."""

from __future__ import annotations

import platform
from argparse import Namespace
from collections.abc import Sequence

from lapisml import __version__
from lapisml.cli.context import show
from lapisml.cli.parsing import Verb, run_verb


def _version(args: Namespace) -> None:
    show(args, {"lapis": __version__, "python": platform.python_version()})


def run(words: Sequence[str]) -> int:
    """Run ``lapis version words…``."""
    return run_verb("lapis version", Verb("Show the versions.", _version), words)
