"""``python -m lapisml.server``: run the server in the foreground."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.exposure import check_exposure
from lapisml.server.settings import FLAGS, Settings, load_settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server; return the exit code: 0 after a stop, 2 for a bad setting, 1 when it can't start."""
    gc.disable()  # what a start makes is no garbage; looking for some takes a tenth of it. `process` enables it again
    flags = vars(_parser().parse_args(arguments))
    try:
        settings, warnings = load_settings(os.environ, flags)
        for warning in warnings:
            sys.stderr.write(f"warning: {warning}\n")
        check_exposure(settings)  # before the imports that take a second
        from lapisml.server.process import serve

        serve(settings, warnings)
    except LapisError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2 if error.code == ErrorCode.USAGE else 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lapisml.server", description="Run the Lapis server.")
    for name in FLAGS:
        described = (Settings.model_fields[name].description or "").replace("%", "%%")
        parser.add_argument(f"--{name.replace('_', '-')}", default=None, help=described)
    return parser


if __name__ == "__main__":
    sys.exit(main())
