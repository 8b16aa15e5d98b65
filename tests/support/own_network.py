"""The network of a machine that has a namespace of its own, and what may befall it."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
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


def space_of(pid: int) -> str:
    """Return what tells the processes with a process's host name from others; empty where it is this one's."""
    try:
        found = str(Path(f"/proc/{pid}/ns/uts").readlink())
    except OSError:
        return ""
    return "" if found == str(Path("/proc/self/ns/uts").readlink()) else found


def in_space(space: str) -> list[int]:
    """Return the processes of which `space_of` says that; none for an empty one."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()] if space else []
    return [pid for pid in pids if space_of(pid) == space]


def way_out(addresses: Sequence[str]) -> contextlib.ExitStack:
    """Let machines reach what this one reaches, a package index say; closing what is returned takes it away again.

    Raises:
        OSError, RuntimeError: it can't be done here.
    """
    found = re.search(r"\bdev (\S+)", run("ip", "route", "show", "default"))
    if found is None:
        raise RuntimeError("this machine has no way out itself")
    switch = Path(f"/proc/sys/net/ipv4/conf/{found[1]}/forwarding")
    with contextlib.ExitStack() as stack:
        stack.callback(switch.write_text, switch.read_text())
        switch.write_text("1")
        for one in addresses:
            masked = ("POSTROUTING", "-s", one, "!", "-d", "10.64.0.0/10", "-j", "MASQUERADE")
            for table, rule in (
                ("nat", masked),
                ("filter", ("FORWARD", "-s", one, "-j", "ACCEPT")),
                ("filter", ("FORWARD", "-d", one, "-j", "ACCEPT")),
            ):
                run("iptables", "-t", table, "-I", *rule)
                stack.callback(run, "iptables", "-t", table, "-D", *rule, check=False)
        return stack.pop_all()


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
