"""One node's side: its jobs as processes of the machine, and the news of them.

Runs within the node's keeper (`lapisml.backends.compute.ray.keeper`). Nothing here is needed for a job to go on: its
supervisor is in a session of its own, and another keeper over the same folder finds every job again.
"""

from __future__ import annotations

import json
import os
import secrets
import select
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lapisml.backends.compute.local import LocalProcesses
from lapisml.backends.compute.node import toolboxes
from lapisml.backends.compute.node.tidying import Tidying
from lapisml.backends.compute.node.using import mark, using
from lapisml.backends.compute.ray import fence
from lapisml.backends.compute.ray.travel import rerooted
from lapisml.ports.compute import Handle, LaunchSpec, LogChunk, LogFile, Observation, Watch
from lapisml.ports.serving import bound
from lapisml.runner import durable, layout, machine, processes

_PORTS = 16
_LOOK_AGAIN_S = 2.0
_LOOK_SOON_S = 0.05
_SOON_S = 1.0
_LATE_S = 3.0
_LONGEST_NAME = 1 << 12

News = tuple[str, str, int, bool]
"""Workspace, job, part, and whether that part has ended."""


class Station:
    """The jobs of this machine.

    Args:
        root: Lapis's folder on this machine; made if need be.
        name: of the keeper; its socket is ``run/<name>``.
    """

    def __init__(self, root: Path, name: str) -> None:
        self._root = root
        (self._root / "run").mkdir(mode=0o700, parents=True, exist_ok=True)
        self._local = LocalProcesses(self._root)
        self._tidying = Tidying(self._root)
        self._socket_path = self._root / "run" / name
        self._socket = bound(self._socket_path, socket.SOCK_DGRAM)
        self._lock = threading.Lock()
        self._active: dict[Handle, str] = {}
        self._soon_until = 0.0
        self._beat_at = 0.0
        self._moving: set[Handle] = set()

    def facts(self) -> dict[str, Any]:
        """Say which boot of which machine this is, where the folder lies, what it has and how busy it is."""
        return {"boot_id": processes.boot_id(), "root": str(self._root), **machine.look(self._root)}

    def start(self, plain: Mapping[str, Any], front_root: str, server: Mapping[str, str]) -> None:
        """Start a part of a job, or find it started.

        Args:
            plain: `LaunchSpec.to_json` as it is for the front's folder.
            front_root: that folder.
            server: the front's files that say where the server is, name → content.

        Raises:
            LapisError: as `ComputeBackend.submit`.
        """
        moved = rerooted(plain, front_root, str(self._root))
        spec = LaunchSpec.from_json({**moved, "wake_socket": str(self._socket_path)})
        # What this node's interpreter lacks is another matter than what the head's does.
        spec = replace(spec, toolbox=toolboxes.interpreter(self._root, toolboxes.needs(spec)))
        self.set_server(server, front_root)
        with using(self._root):
            if spec.environment is not None:
                mark(Path(spec.environment.root, spec.environment.key))
        handle = self._local.submit(spec)
        with self._lock:
            self._active[handle] = handle.job
        self._tidying.look()

    def adopt(self, handles: Sequence[Handle]) -> None:
        """Tell of these from now on; a keeper that died knew them."""
        with self._lock:
            self._active.update({handle: handle.job for handle in handles})
        self.beat()

    def begin_beats(self, head: str, limit_s: float) -> None:
        """See that jobs stand still when there is no beat for `limit_s` seconds (`fence`)."""
        fence.beat(self._root)
        fence.start(self._root, head, limit_s)

    def beat(self) -> None:
        """Say that this node belongs to the cluster, and let go on what stood still meanwhile and is still wanted."""
        now, last = time.monotonic(), self._beat_at
        fence.beat(self._root)
        self._beat_at = now
        with self._lock:
            new = set(self._active) - self._moving
            self._moving = set(self._active)
        for handle in self._moving if now - last > _LATE_S else new:
            fence.go_on(self._folder(handle))

    def give_up(self, handle: Handle, status: Mapping[str, Any]) -> None:
        """Kill what runs of a job that was called lost, and write down that it was."""
        folder = self._folder(handle)
        if folder.is_dir() and not (folder / layout.EXIT).exists():
            fence.kill(folder)
            durable.write_json(str(folder / layout.EXIT), status, sync=True)

    def observe(self, watches: Sequence[Watch]) -> list[Observation]:
        """Observe jobs."""
        return self._local.observe(watches)

    def cancel(self, handle: Handle, grace_s: float | None, by: str) -> None:
        """End a job."""
        self._local.cancel(handle, grace_s, by)

    def list_logs(self, handle: Handle) -> list[LogFile]:
        """List a job's logs."""
        return self._local.list_logs(handle)

    def read_log(self, handle: Handle, path: str, offset: int, limit: int) -> LogChunk:
        """Read a part of a log."""
        return self._local.read_log(handle, path, offset, limit)

    def discard(self, handle: Handle) -> None:
        """Remove what a job left."""
        self._local.discard(handle)
        with self._lock:
            self._active.pop(handle, None)

    def set_server(self, files: Mapping[str, str], front_root: str) -> None:
        """Write where the jobs reach the server; both arguments as for `start`."""
        for name, content in _moved_files(files, front_root, str(self._root)).items():
            path = self._root / "run" / Path(name).name
            if not path.exists() or path.read_text(encoding="utf-8") != content:
                self.put({f"run/{path.name}": content.encode()})

    def missing(self, paths: Sequence[str]) -> list[str]:
        """Say which of these files, named below the folder, are not here; what is here is used now."""
        with using(self._root):
            missing = [path for path in paths if not mark(self._inside(path))]
            for context in {path.split("/")[1] for path in paths if path.startswith("contexts/")}:
                mark(self._inside(f"contexts/{context}"))
        return missing

    def put(self, files: Mapping[str, bytes]) -> None:
        """Write files below the folder, each whole or not at all."""
        for name, content in files.items():
            path = self._inside(name)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            made = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
            made.write_bytes(content)
            made.chmod(0o600)
            made.replace(path)

    def free_ports(self, count: int) -> list[int]:
        """Find the first of 16 consecutive free ports, `count` times, apart from each other."""
        found: list[int] = []
        while len(found) < count:
            first = 20_000 + secrets.randbelow(12_000)
            if all(abs(first - other) >= _PORTS for other in found) and _are_free(first):
                found.append(first)
        return found

    def news(self, wait_s: float) -> list[News]:
        """Wait for news of the jobs here, at most `wait_s` seconds; what has ended is told of once."""
        deadline = time.monotonic() + wait_s
        while True:
            told = self._spoken(min(self._pause(), max(0.0, deadline - time.monotonic())))
            found = self._ended() + [news for news in told if not news[3]]
            if found or time.monotonic() >= deadline:
                return found

    def _pause(self) -> float:
        return _LOOK_SOON_S if time.monotonic() < self._soon_until else _LOOK_AGAIN_S

    def _spoken(self, wait_s: float) -> list[News]:
        """Return the running jobs whose supervisors have spoken."""
        names = set()
        if select.select([self._socket], [], [], wait_s)[0]:
            self._soon_until = time.monotonic() + _SOON_S
            names = self._received()
        with self._lock:
            return [(h.workspace, h.job, h.part, False) for h, job in self._active.items() if job in names]

    def _received(self) -> set[str]:
        names: set[str] = set()
        while True:
            try:
                names.add(self._socket.recv(_LONGEST_NAME).decode(errors="replace"))
            except BlockingIOError:
                return names

    def _ended(self) -> list[News]:
        """Return, and forget, the jobs that have ended since."""
        with self._lock:
            over = [handle for handle in self._active if (self._folder(handle) / layout.EXIT).exists()]
            for handle in over:
                del self._active[handle]
        return [(handle.workspace, handle.job, handle.part, True) for handle in over]

    def _folder(self, handle: Handle) -> Path:
        name = f"{handle.job}+{handle.part}" if handle.part else handle.job
        return self._root / "runs" / handle.workspace / name

    def _inside(self, name: str) -> Path:
        path = Path(os.path.normpath(self._root / name))
        if not path.is_relative_to(self._root):
            raise ValueError(f"'{name}' is outside Lapis's folder")
        return path


def _moved_files(files: Mapping[str, str], old: str, new: str) -> dict[str, str]:
    """Give the files with the front's folder replaced by this machine's in what they name."""
    return {
        name: content.replace(json.dumps(old)[:-1] + "/", json.dumps(new)[:-1] + "/") for name, content in files.items()
    }


def _are_free(first: int) -> bool:
    for port in range(first, first + _PORTS):
        with socket.socket() as probe:
            try:
                probe.bind(("", port))
            except OSError:
                return False
    return True
