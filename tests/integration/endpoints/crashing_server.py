"""A real server that kills itself with SIGKILL before a given write of those that look after endpoints.

Run as ``python -m tests.integration.endpoints.crashing_server``. The file ``<home>/crash`` holds the number of the
write, from 1, counted from the moment at which the file is there; it is removed first, so that the server dies once.
Nothing of the server knows of this.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ORDER = Path(os.environ["LAPIS_HOME"]) / "crash"


def watch_writes() -> None:
    """Count the transactions in which a lease on endpoints is applied."""
    from lapisml.server.features.jobs.site import SiteLease

    write = SiteLease.write
    seen = 0

    @contextmanager
    def watched(lease: Any) -> Iterator[Any]:
        nonlocal seen
        with write(lease) as connection:
            yield connection
            if lease._resource.endswith(":endpoints") and ORDER.exists():
                seen += 1
                if seen == int(ORDER.read_text()):
                    ORDER.unlink()
                    os.kill(os.getpid(), signal.SIGKILL)

    SiteLease.write = watched  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    watch_writes()
    sys.argv = ["lapisml.server"]
    runpy.run_module("lapisml.server", run_name="__main__")
