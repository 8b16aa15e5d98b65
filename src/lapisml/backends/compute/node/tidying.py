"""Old packs on a node: kept as long as anything may still run from them."""

from __future__ import annotations

import time
from pathlib import Path

from lapisml.runner import copying

KEPT_S = 90 * 24 * 3600.0
"""How long after its last use by an agent a pack is kept, seconds; jobs that run longer keep theirs by running."""


def remove_old_packs(root: Path, own: Path, now: float | None = None) -> list[str]:
    """Remove packs that nobody has used for long; return their digests.

    Args:
        root: the agent's folder.
        own: the pack that this process runs from.
        now: seconds since the epoch; None means now.
    """
    before = (time.time() if now is None else now) - KEPT_S
    removed = []
    for pack in (root / "pack").iterdir():
        if pack != own and pack.is_dir() and pack.stat().st_mtime < before and not _is_run_from(str(pack)):
            copying.remove_tree(str(pack))
            removed.append(pack.name)
    return removed


def _is_run_from(place: str) -> bool:
    """Say whether a process of this machine names the place on its command line, as all of ours do."""
    wanted = place.encode()
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if wanted in process.read_bytes():
                return True
        except OSError:
            continue
    return False
