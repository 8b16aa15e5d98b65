"""The keepers of a cluster's nodes, as the front sees them: made when they are needed, found again by name."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from lapisml.backends.compute.ray import keeper as keeper_module
from lapisml.backends.compute.ray.station import News
from lapisml.core.errors import LapisError
from lapisml.ports.compute import Handle

ANSWERS_WITHIN_S = 20.0
_SUSPECT_ANSWERS_WITHIN_S = 1.0
_IDLE_S = 60.0
_NEWS_WAIT_S = 20.0
_THREADS = 16


class KeeperGoneError(Exception):
    """The keeper of a node ended, or its node did."""


class KeeperSilentError(Exception):
    """The keeper of a node does not answer."""


@dataclass
class _Kept:
    """A keeper: its handle, when it was last needed, for how long it stays, whether its last call had no answer."""

    actor: Any
    last_used: float
    stay_s: float = _IDLE_S
    is_suspect: bool = False
    stop: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Sources:
    """Where the keepers take Lapis's sources from.

    Attributes:
        digest: which they are.
        pack: a gzipped tar of them; None where every node can read `folder`.
        folder: holds ``lapisml``; None where they travel as `pack`.
    """

    digest: str
    pack: bytes | None = None
    folder: str | None = None


class Keepers:
    """One keeper per node, by the node's id.

    Args:
        root: Lapis's folder, as it is written (``~`` is each node's own).
        sources: what they work with; a keeper of other sources is not used.
        tell: called with a node's id and its news, from a thread of that node; no news: its keeper is gone.
        active: gives the parts of jobs on a node that have not ended.
        limit_s: for the nodes' fences: how long their jobs go on without a word of the cluster's.
    """

    def __init__(
        self,
        root: str,
        sources: Sources,
        tell: Callable[[str, list[News]], None],
        active: Callable[[str], list[Handle]],
        limit_s: float,
    ) -> None:
        self._limit_s = limit_s
        self._root = root
        self._sources = sources
        self._tell = tell
        self._active = active
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}
        self._packed: Any = None
        ray.cloudpickle.register_pickle_by_value(keeper_module)
        self._remote = ray.remote(keeper_module.Keeper)

    def ensure(self, node: str) -> None:
        """See that a node has a keeper that tells of its jobs."""
        self._keeper(node)

    def stay(self, node: str, seconds: float | None) -> None:
        """Have a node kept for so long after its last job; None means the usual time."""
        self._keeper(node).stay_s = _IDLE_S if seconds is None else seconds

    def ask(self, node: str, method: str, *given: Any) -> Answer:
        """Begin a call to a node's keeper, which is made if need be."""
        kept = self._keeper(node)
        return Answer(self, node, kept, kept.actor.call.remote(method, *given))

    def call(self, node: str, method: str, *given: Any) -> Any:
        """Call a method of a node and wait for its answer; once more with a new keeper if the old one had died.

        Raises:
            KeeperGoneError, KeeperSilentError: no answer.
            LapisError: the node's own.
        """
        try:
            return self.ask(node, method, *given).value()
        except KeeperGoneError:
            return self.ask(node, method, *given).value()

    def looks(self) -> dict[str, dict[str, Any]]:
        """Return what the nodes that have a keeper say of themselves, as far as they answer; see `runner.machine`."""
        with self._lock:
            nodes = list(self._kept)
        calls = [(node, self.ask(node, "facts")) for node in nodes]
        found: dict[str, dict[str, Any]] = {}
        for node, call in calls:
            try:
                found[node] = dict(call.value())
            except (KeeperGoneError, KeeperSilentError, LapisError):
                continue
        return found

    def dismiss_strangers(self) -> None:
        """End the keepers that an earlier front left and that work with other sources."""
        for name in ray.util.list_named_actors():
            if name.startswith("keeper-") and not name.startswith(f"keeper-{self._sources.digest[:12]}-"):
                _end(name)

    def dismiss_idle(self, busy: Sequence[str]) -> None:
        """End keepers that were not needed for a while, so that an idle node may be taken away."""
        now = time.monotonic()
        with self._lock:
            idle = [n for n, k in self._kept.items() if n not in busy and now - k.last_used > k.stay_s]
            gone = [(node, self._kept.pop(node)) for node in idle]
        for node, kept in gone:
            kept.stop.set()
            _end(self._name(node))

    def forget(self, node: str, kept: _Kept) -> None:
        """Drop a keeper that is gone, unless another has taken its place already."""
        kept.stop.set()
        with self._lock:
            if self._kept.get(node) is kept:
                del self._kept[node]

    def close(self) -> None:
        """Stop listening; the keepers go on."""
        with self._lock:
            kept, self._kept = list(self._kept.values()), {}
        for one in kept:
            one.stop.set()

    def _keeper(self, node: str) -> _Kept:
        with self._lock:
            kept = self._kept.get(node)
            is_new = kept is None
            if kept is None:
                kept = self._kept[node] = _Kept(self._make(node), time.monotonic())
            kept.last_used = time.monotonic()
        if is_new:
            kept.actor.call.remote("adopt", self._active(node))
            threading.Thread(target=self._listen, args=(node, kept), daemon=True, name="keeper-news").start()
        return kept

    def _make(self, node: str) -> Any:
        if self._packed is None and self._sources.pack is not None:
            self._packed = ray.put(self._sources.pack)
        name = self._name(node)
        options = self._remote.options(
            name=name,
            lifetime="detached",
            get_if_exists=True,
            num_cpus=0,
            max_concurrency=_THREADS,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False),
        )
        sources = (self._sources.digest, self._packed, self._sources.folder)
        return options.remote(self._root, f"k{node[:8]}", *sources, self._limit_s)

    def _name(self, node: str) -> str:
        return f"keeper-{self._sources.digest[:12]}-{node}"

    def _listen(self, node: str, kept: _Kept) -> None:
        """Hand a keeper's news on until it is gone or not needed any more."""
        while not kept.stop.is_set():
            try:
                news = ray.get(kept.actor.news.remote(_NEWS_WAIT_S), timeout=_NEWS_WAIT_S * 3)
            except GetTimeoutError:
                continue
            except Exception:  # noqa: BLE001 - whatever it was, the next call to the node finds out more
                was_dismissed = kept.stop.is_set()
                self.forget(node, kept)
                if not was_dismissed:
                    self._tell(node, [])
                return
            if news and not kept.stop.is_set():
                self._tell(node, news)


class Answer:
    """A call that is under way."""

    def __init__(self, keepers: Keepers, node: str, kept: _Kept, reference: Any) -> None:
        self._keepers = keepers
        self._node = node
        self._kept = kept
        self._reference = reference

    def value(self) -> Any:
        """Wait for it.

        Raises:
            KeeperGoneError, KeeperSilentError: no answer.
            LapisError: the node's own.
        """
        limit = _SUSPECT_ANSWERS_WITHIN_S if self._kept.is_suspect else ANSWERS_WITHIN_S
        try:
            word, value = ray.get(self._reference, timeout=limit)
        except GetTimeoutError as error:
            self._kept.is_suspect = True
            raise KeeperSilentError(f"it did not answer within {limit:g} s") from error
        except RayError as error:
            self._keepers.forget(self._node, self._kept)
            raise KeeperGoneError(str(error).splitlines()[0]) from error
        self._kept.is_suspect = False
        if word == "refused":
            raise LapisError.from_json(value)
        return value


def _end(name: str) -> None:
    try:
        ray.kill(ray.get_actor(name))
    except (ValueError, RayError):
        return
