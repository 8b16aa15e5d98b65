"""A Ray cluster for a developer."""

from __future__ import annotations

import signal
import sys

from tests.support.ray_cluster import RayCluster


def main() -> None:
    """Run a cluster for a developer until Ctrl-C; arguments: nodes, CPUs of each."""
    count, cpus = int(sys.argv[1]), float(sys.argv[2])
    cluster = RayCluster()
    try:
        print(f"Starting {count} nodes below {cluster.folder} …", flush=True)
        cluster.start(cpus)
        for number in range(1, count):
            cluster.join(f"n{number}", cpus)
        document = cluster.folder / "ray.yml"
        document.write_text(f"name: ray\ntype: ray\naddress: {cluster.address}\n", encoding="utf-8")
        print(f"Dashboard: {cluster.address}\nlapis compute attach -f {document}\nCtrl-C ends it.", flush=True)
        signal.pause()
    except KeyboardInterrupt:
        print("Ending …", flush=True)
    finally:
        cluster.stop()


if __name__ == "__main__":
    main()
