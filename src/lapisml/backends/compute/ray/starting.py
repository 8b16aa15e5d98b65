"""Handing a job that has its nodes over to them."""

from __future__ import annotations

import platform
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import ray

from lapisml.backends.compute.ray.endings import ending
from lapisml.backends.compute.ray.keepers import KeeperGoneError, KeeperSilentError
from lapisml.backends.compute.ray.nodes import Nodes
from lapisml.backends.compute.ray.placing import Groups
from lapisml.backends.compute.ray.records import Place, Record, Records
from lapisml.backends.compute.ray.tending import Tending
from lapisml.backends.compute.ray.travel import needed_files, server_files
from lapisml.core.errors import LapisError
from lapisml.ports.endings import EndReason

_SIDE_BY_SIDE = 8
_AT_ONCE = 32 << 20
_PAUSE_S = 1.0


class Starter:
    """Starts jobs on their nodes, several at a time.

    Args:
        root: the front's folder.
        records, groups, nodes, tending: the front's others.
    """

    def __init__(self, root: Path, records: Records, groups: Groups, nodes: Nodes, tending: Tending) -> None:
        self._root = root
        self._records = records
        self._groups = groups
        self._nodes = nodes
        self._tending = tending
        self._closing = threading.Event()
        self._pool = ThreadPoolExecutor(_SIDE_BY_SIDE, "start")

    def begin(self, record: Record, nodes: Sequence[str]) -> None:
        """Start a job on these nodes, in a thread of its own."""
        known = self._nodes.cluster.nodes()
        if any(node not in known for node in nodes):
            known = self._nodes.cluster.nodes(now=True)
        record.places = [
            Place(node, known[node].name, known[node].address) if node in known else Place(node, node[:8], "")
            for node in nodes
        ]
        self._pool.submit(self._run, record)

    def resume(self, record: Record) -> None:
        """Go on with a job that an earlier front gave nodes to."""
        self._pool.submit(self._run, record)

    def close(self) -> None:
        """Start nothing more."""
        self._closing.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, record: Record) -> None:
        try:
            self._records.write(record)
            while not self._closing.is_set() and record.exit is None and not self._try(record):
                self._closing.wait(_PAUSE_S)
        except LapisError as error:
            self._tending.end(record, ending(EndReason.REFUSED, error=f"{error.message} {error.hint or ''}".strip()))
        except Exception as error:  # noqa: BLE001 - a job is never left without an ending
            last = (str(error).strip().splitlines() or [""])[-1]
            self._tending.end(record, ending(EndReason.INTERNAL, error=f"{type(error).__name__}: {last}"))

    def _try(self, record: Record) -> bool:
        """Hand every part over; False when a node did not answer, and it is to be tried again.

        A part that was handed over already is found there under its key.
        """
        if any(self._nodes.standing(place).state != "here" for place in record.places):
            return False
        try:
            if not record.started:
                self._hand_over(record)
        except (KeeperGoneError, KeeperSilentError):
            return False
        record.started = True
        self._records.write(record, sync=False)
        if record.cancel is not None:
            self._tending.pass_cancel(record)
        return True

    def _hand_over(self, record: Record) -> None:
        server = server_files(self._root)
        for place in record.places:
            self._nodes.keepers.stay(place.node, (record.spec.get("resources") or {}).get("idle_s"))
        self._send_files(record)
        specs = [
            self._spec(record, part, shared) for shared in [self._shared(record)] for part in range(len(record.places))
        ]
        calls = [
            self._nodes.keepers.ask(place.node, "start", spec, str(self._root), server)
            for spec, place in zip(specs, record.places, strict=True)
        ]
        for call in calls:
            call.value()

    def _send_files(self, record: Record) -> None:
        """Bring code and build contexts to the nodes that lack them; through Ray's object store, once for all."""
        files = needed_files(record.spec, self._root)
        if not files:
            return
        for place in {place.node: place for place in record.places}.values():
            missing = self._nodes.keepers.call(place.node, "missing", files)
            for some in self._lots(missing):
                contents = ray.put({name: (self._root / name).read_bytes() for name in some})
                self._nodes.keepers.call(place.node, "put", contents)

    def _lots(self, names: Sequence[str]) -> list[list[str]]:
        lots: list[list[str]] = [[]]
        size = 0
        for name in names:
            size += (self._root / name).stat().st_size
            if size > _AT_ONCE and lots[-1]:
                lots.append([])
                size = 0
            lots[-1].append(name)
        return [lot for lot in lots if lot]

    def _shared(self, record: Record) -> dict[str, Any]:
        """Say where the parts of a job of several nodes find each other."""
        if len(record.places) < 2:
            return {}
        ports = [0] * len(record.places)
        for node in {place.node for place in record.places}:
            own = [part for part, place in enumerate(record.places) if place.node == node]
            for part, port in zip(own, self._nodes.keepers.call(node, "free_ports", len(own)), strict=True):
                ports[part] = port
        return {"hosts": [place.address for place in record.places], "ports": ports}

    def _spec(self, record: Record, part: int, shared: dict[str, Any]) -> dict[str, Any]:
        spec = dict(record.spec)
        if shared:
            spec["part"] = {"number": part, **shared}
        own = {"CUDA_VISIBLE_DEVICES": self._gpus(record, part)}
        if (spec.get("distribution") or {}).get("type") == "ray":
            own["LAPIS_RAY_ADDRESS"] = ray.get_runtime_context().gcs_address
            own["LAPIS_RAY_VERSIONS"] = f"{ray.__version__} {platform.python_version()}"
        spec["environment_variables"] = {**own, **spec["environment_variables"]}
        return spec

    def _gpus(self, record: Record, part: int) -> str:
        """Return the GPUs that a part may see: those of its bundle, none if it asked for none."""
        count = int(record.bundles[part].get("GPU", 0))
        return self._groups.gpus(record.group, part, count) if count else ""
