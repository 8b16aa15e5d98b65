"""A far network between this machine and a namespace: packets arrive late, some never.

A process of its own that carries IP packets between two TUN devices, where the kernel has no `netem`. Started by
`OwnNetwork.far`; ends with its stdin. Arguments: namespace, device here, address here, address there, seconds that a
packet takes, share of packets that are lost.
"""

from __future__ import annotations

import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import sys
import time
from contextlib import suppress

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_CLONE_NEWNET = 0x40000000
_MTU = 1500


def _device(name: str) -> int:
    """Make a TUN device in the namespace that this process is in."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
    return descriptor


def _switched_on(prefix: list[str], name: str, address: str, peer: str) -> None:
    for words in (("addr", "add", address, "peer", peer, "dev", name), ("link", "set", name, "up")):
        subprocess.run([*prefix, "ip", *words], check=True)


def _in_space(space: str, name: str) -> int:
    """Make a device in another namespace: a device stays where it was made."""
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{space}", "rb") as there, open("/proc/self/ns/net", "rb") as here:  # noqa: PTH123
        for target, work in ((there, True), (here, False)):
            if library.setns(target.fileno(), _CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            if work:
                made = _device(name)
    return made


def main() -> None:
    """Carry packets until stdin ends."""
    space, name, here, there, late, loss = sys.argv[1:]
    ends = (_device(name), _in_space(space, "far0"))
    _switched_on([], name, here, there)
    _switched_on(["ip", "netns", "exec", space], "far0", there, here)
    print("up", flush=True)
    waiting: list[tuple[float, int, int, bytes]] = []
    number = 0
    while True:
        pause = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        ready, _, _ = select.select([0, *ends], [], [], pause)
        if 0 in ready and not os.read(0, 1):
            return
        for one in ready:
            with suppress(BlockingIOError):
                while one and (packet := os.read(one, _MTU + 100)):
                    if random.random() >= float(loss):
                        other, number = ends[1 - ends.index(one)], number + 1
                        heapq.heappush(waiting, (time.monotonic() + float(late), number, other, packet))
        while waiting and waiting[0][0] <= time.monotonic():
            with suppress(OSError):
                os.write(waiting[0][2], waiting[0][3])
            heapq.heappop(waiting)


if __name__ == "__main__":
    main()
