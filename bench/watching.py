"""What it costs a server to watch 100, 1,000 and 10,000 running jobs of one compute of which there is no news.

The compute is simulated behind the port; database, live view, lease and journal's cursors are the server's own.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from lapisml.core.clock import SystemClock
from lapisml.server.platform.database import Database, metadata
from tests.support.simulated import SimulatedCompute, WatchedLane

ROUNDS = 200
MOST_RATIO = 1.5


def _round_ms(count: int, folder: Path) -> float:
    """Give the CPU time of one look around, milliseconds: every job was looked at before."""
    database = Database(f"sqlite:///{folder / f'{count}.db'}")
    with database.write() as connection:
        metadata.create_all(connection)
    lane = WatchedLane(database, SystemClock(), SimulatedCompute(), folder, "bench")
    lane.add(count)
    assert lane.leased.hold()
    for _ in range(count // 100 + 2):
        lane.overseer.oversee()
    began = time.process_time()
    for _ in range(ROUNDS):
        lane.overseer.oversee()
    spent = time.process_time() - began
    lane.tasks.close()
    database.close()
    return 1000 * spent / ROUNDS


def main() -> int:
    """Measure and print; 1 when watching 1,000 costs more than 1.5 times as much as watching 100."""
    with tempfile.TemporaryDirectory() as folder:
        found = {count: _round_ms(count, Path(folder)) for count in (100, 1_000, 10_000)}
    print("| running jobs | CPU of a look around, ms | against 100 jobs |\n|---|---|---|")
    for count, spent in found.items():
        print(f"| {count:,} | {spent:.2f} | {spent / found[100]:.2f} |")
    return 1 if found[1_000] > MOST_RATIO * found[100] else 0


if __name__ == "__main__":
    raise SystemExit(main())
