"""What an agent does for the server: the compute port over an engine, and the files that jobs need."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from lapisml.backends.compute.node import codec, engine, toolboxes
from lapisml.backends.compute.node.stirring import Stirring
from lapisml.backends.compute.node.store import NodeStore
from lapisml.backends.compute.node.using import mark, using
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import ComputeBackend, Handle, JobPhase, LaunchSpec, Observation, Watch

_SIDE_BY_SIDE = 8
_SLICE = 100
_ENOUGH = 8 << 20
"""Bytes after which an answer about many jobs stops; the rest is asked for again."""
DISK = "Disk"
"""Name of the fact (`Standing.engine`) that says how much room there is for jobs."""
LARGEST_READ = 4 << 20
"""Bytes of a log that one answer carries at most."""

Verb = Callable[[Any, bytes], tuple[Any, bytes]]


class Service:
    """Answers the server's verbs.

    Args:
        backend: the engine.
        root: the agent's folder.

    Attributes:
        stirring: the jobs that the server asks about.
    """

    def __init__(self, backend: ComputeBackend, root: Path) -> None:
        self._backend = backend
        self._root = root
        self._store = NodeStore(root)
        self.stirring = Stirring(root)
        self._pool = ThreadPoolExecutor(_SIDE_BY_SIDE, "lapis-verb")
        self._verbs: dict[str, Verb] = {
            "submit": self._submit,
            "observe": self._observe,
            "cancel": self._cancel,
            "list_logs": self._list_logs,
            "read_log": self._read_log,
            "discard": self._discard,
            "describe": self._describe,
            "free_ports": self._free_ports,
            "own": self._own,
            "missing": self._missing,
            "put": self._put,
            "lay_out": self._lay_out,
        }

    async def handle(self, verb: str, body: Any, tail: bytes) -> tuple[Any, bytes]:
        """Answer one verb; a `wire.Handler`."""
        work = self._verbs.get(verb)
        if work is None:
            raise LapisError(ErrorCode.NOT_SUPPORTED, f"The agent does not know the verb {verb!r}.")
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, body, tail)

    def close(self) -> None:
        """Let go of engine and threads; jobs go on."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._backend.close()

    def _submit(self, body: Any, _tail: bytes) -> tuple[Any, bytes]:
        try:
            spec = LaunchSpec.from_json(body)
        except (TypeError, ValueError) as error:
            raise LapisError(
                ErrorCode.NOT_SUPPORTED, f"The node can't read the job's specification: {error}."
            ) from error
        toolbox = toolboxes.interpreter(self._root, toolboxes.needs(spec))
        if toolbox is not None and spec.environment and spec.environment.definition.get("resolution") == "host":
            raise LapisError(
                ErrorCode.NOT_SUPPORTED,
                "Environments are taken from the interpreter that is there (resolution `host`), and the node's has not "
                "what offers itself as one: uv, packaging and pyyaml.",
                "Install them there, or name an interpreter that has them by `interpreter:` in the compute's document.",
            )
        with using(self._root):
            if spec.environment is not None:
                mark(Path(spec.environment.root, spec.environment.key))
        return self._backend.submit(replace(spec, toolbox=toolbox)).to_json(), b""

    def _observe(self, body: Any, _tail: bytes) -> tuple[Any, bytes]:
        """Answer for the first jobs asked about, as many as fit; each answer is a line of the tail."""
        asked = [codec.watch_from_json(each) for each in body]
        lines: list[bytes] = []
        size = 0
        for start in range(0, len(asked), _SLICE):
            some = asked[start : start + _SLICE]
            self.stirring.note([watch.handle for watch, _known in some])
            found = self._backend.observe([watch for watch, _known in some])
            for (watch, known), observation in zip(some, found, strict=True):
                if observation.phase in (JobPhase.ENDED, JobPhase.ABSENT):
                    self.stirring.forget(observation.handle)
                lines.append(_line(observation, watch, known))
                size += len(lines[-1])
            if size > _ENOUGH:
                break
        return len(lines), b"\n".join(lines)

    def _cancel(self, body: Any, _tail: bytes) -> tuple[Any, bytes]:
        self._backend.cancel(Handle.from_json(body["handle"]), body.get("grace_s"), str(body.get("by") or ""))
        return None, b""

    def _list_logs(self, body: Any, _tail: bytes) -> tuple[Any, bytes]:
        return codec.logs_to_json(self._backend.list_logs(Handle.from_json(body))), b""

    def _read_log(self, body: Any, _tail: bytes) -> tuple[Any, bytes]:
        limit = min(int(body["limit"]), LARGEST_READ)
        chunk = self._backend.read_log(Handle.from_json(body["handle"]), str(body["path"]), int(body["offset"]), limit)
        return chunk.size, chunk.data

    def _discard(self, body: Any, _tail: bytes) -> tuple[Any, bytes]:
        self._backend.discard(Handle.from_json(body))
        return None, b""

    def _describe(self, _body: Any, _tail: bytes) -> tuple[Any, bytes]:
        found = self._backend.describe()
        room = engine.room(self._root)
        facts = {**found.engine, **({DISK: room} if room else {})}
        return codec.standing_to_json(replace(found, engine=facts)), b""

    def _free_ports(self, body: Any, _tail: bytes) -> tuple[Any, bytes]:
        return list(engine.free_ports(self._backend, int(body))), b""

    def _own(self, body: Any, _tail: bytes) -> tuple[Any, bytes]:
        verbs = getattr(self._backend, "verbs", {})
        work = verbs.get(body["verb"])
        if work is None:
            raise LapisError(ErrorCode.NOT_SUPPORTED, f"This engine does not know the verb {body['verb']!r}.")
        return work(body.get("body")), b""

    def _missing(self, body: Any, _tail: bytes) -> tuple[Any, bytes]:
        return self._store.missing(body), b""

    def _put(self, body: Any, tail: bytes) -> tuple[Any, bytes]:
        self._store.put(body, tail)
        return None, b""

    def _lay_out(self, body: Any, _tail: bytes) -> tuple[Any, bytes]:
        return self._store.lay_out(str(body)), b""


def _line(found: Observation, watch: Watch, known: tuple[str, str] | None) -> bytes:
    plain = codec.observation_to_json(found, watch, known)
    return b"null" if plain is None else json.dumps(plain, separators=(",", ":")).encode()
