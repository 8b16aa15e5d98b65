"""The network of a machine that has a namespace of its own, and what may befall it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path


def run(*words: str, check: bool = True, given: str | None = None) -> str:
    """Run a command and return what it says."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, input=given)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr}{done.stdout}")
    return done.stdout


@lru_cache(maxsize=1)
def _can_be_named() -> bool:
    words = ("unshare", "--uts", "true")
    return (
        shutil.which("unshare") is not None and subprocess.run(words, capture_output=True, check=False).returncode == 0
    )


def named(hostname: str) -> list[str]:
    """Return the words before a command that give it a host name of its own; none where that is not possible."""
    return ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', hostname] if _can_be_named() else []


class OwnNetwork:
    """A machine's link to this one: a pair of devices, ``v<space>`` here and ``eth0`` there."""

    address: str
    space: str

    def cut(self, *, to: bool = True, back: bool = True) -> None:
        """Drop what goes to it, what comes back, or both; connections are not told."""
        if to:
            run("iptables", "-I", "OUTPUT", "-d", self.address, "-j", "DROP")
        if back:
            run("iptables", "-I", "INPUT", "-s", self.address, "-j", "DROP")

    def mend(self) -> None:
        """Undo `cut`, as often as it was done."""
        for chain, end_ in (("OUTPUT", "-d"), ("INPUT", "-s")):
            while subprocess.run(
                ["iptables", "-D", chain, end_, self.address, "-j", "DROP"], capture_output=True, check=False
            ).returncode == 0:  # fmt: skip
                pass

    def isolate(self) -> None:
        """Cut it off from everybody, the other machines too, until it is removed."""
        for chain, way in (("INPUT", "-i"), ("OUTPUT", "-o")):
            run("ip", "netns", "exec", self.space, "iptables", "-A", chain, "!", way, "lo", "-j", "DROP")

    def hurt(self, loss: float, rate: str) -> None:
        """Make its network lossy (share of packets) and slow (``1mbit``), both ways, until it is removed."""
        inside = ("ip", "netns", "exec", self.space)
        if loss:
            statistic = ("-m", "statistic", "--mode", "random", "--probability", str(loss), "-j", "DROP")
            for chain in ("INPUT", "OUTPUT"):
                run(*inside, "iptables", "-A", chain, *statistic)
        shaped = ("root", "tbf", "rate", rate, "burst", "32kbit", "latency", "400ms")
        run("tc", "qdisc", "add", "dev", f"v{self.space}", *shaped)
        run(*inside, "tc", "qdisc", "add", "dev", "eth0", *shaped)

    def far(self, late_s: float, loss: float) -> subprocess.Popen[str]:
        """Give it an address that is reached by a far network only; close the stdin of what is returned to end it.

        Args:
            late_s: seconds that a packet takes in one direction.
            loss: share of the packets that never arrive.
        """
        net, _dot, last = self.address.rpartition(".")
        ours, self.address = (f"172.{16 + int(last) % 16}.{net.split('.')[2]}.{int(last) // 4 * 4 + k}" for k in (1, 2))
        words = (self.space, f"f{self.space}", ours, self.address, str(late_s), str(loss))
        carrier = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("weather.py")), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert carrier.stdout is not None
        if carrier.stdout.readline() != "up\n":
            raise RuntimeError("no far network could be made")
        return carrier

    def move(self) -> None:
        """Give it another address; its processes go on."""
        run("ip", "netns", "exec", self.space, "ip", "addr", "del", f"{self.address}/30", "dev", "eth0")
        net, _dot, last = self.address.rpartition(".")
        ours, self.address = f"{net}.{int(last) + 3}", f"{net}.{int(last) + 4}"
        run("ip", "addr", "add", f"{ours}/30", "dev", f"v{self.space}")
        run("ip", "netns", "exec", self.space, "ip", "addr", "add", f"{self.address}/30", "dev", "eth0")
