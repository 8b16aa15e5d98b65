"""A Slurm cluster for a developer; ``scripts/dev-slurm``."""

from __future__ import annotations

import signal
import sys

from tests.support.slurm import SlurmRig, why_not


def main() -> None:
    """Run a cluster for a developer until somebody ends it."""
    if why_not():
        sys.exit(why_not())
    rig = SlurmRig(nodes=int(sys.argv[1]))
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit())
    try:
        rig.start()
        sys.stdout.write(f"# The server needs these two before `lapis up`:\nexport SLURM_CONF={rig.root}/slurm.conf\n")
        sys.stdout.write("export PATH=/usr/sbin:$PATH\n# cluster.yml, for `lapis compute attach -f`:\n")
        sys.stdout.write(f"name: slurm\ntype: slurm\nroot: {rig.shared}/lapis\npartition: work\n")
        sys.stdout.flush()
        signal.pause()
    except KeyboardInterrupt:
        return
    finally:
        rig.stop()


if __name__ == "__main__":
    main()
