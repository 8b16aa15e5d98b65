"""The endpoints of a server without its processes: a compute and a gateway that do what a test tells them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lapisml.backends.environments.uv import UvEnvironmentBuilder
from lapisml.backends.registry import BACKENDS
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports import serving
from lapisml.ports.compute import ExitStatus, Handle, JobPhase, LogChunk, LogFile, Observation, Watch
from lapisml.ports.endings import OUTCOMES, EndReason
from lapisml.ports.environments import Resolution
from lapisml.ports.launch import LaunchSpec
from lapisml.ports.serving import AppliedRecord, GatewayRecord, Places, ReplicaRecord, RevisionRecord, Routes
from lapisml.runner import processes
from lapisml.server.features.compute.service import ComputeService
from lapisml.server.features.endpoints.assembly import EndpointsPart, ServingSettings, assemble
from lapisml.server.features.endpoints.deployments import DeploymentView
from lapisml.server.features.endpoints.gateway import GatewayWatch
from lapisml.server.features.endpoints.hosts import Attached
from lapisml.server.features.identity.service import IdentityService
from lapisml.server.features.jobs.assembly import Ground
from lapisml.server.features.jobs.launch import Launcher, LaunchSettings
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.platform.events import EventBus
from lapisml.server.platform.leases import Leases
from lapisml.server.platform.vault import Vault
from tests.support.assets import World, open_world
from tests.support.polling import eventually


class ToldCompute:
    """Takes jobs and says of each what the test says."""

    def __init__(self) -> None:
        self.specs: dict[str, LaunchSpec] = {}
        self.ends: dict[str, ExitStatus] = {}
        self.sentence = ""
        self.canceled: list[str] = []
        self.refusal: LapisError | None = None

    def submit(self, spec: LaunchSpec) -> Handle:
        if self.refusal is not None:
            raise self.refusal
        self.specs[spec.job] = spec
        return Handle(spec.workspace, spec.job, spec.submit_key)

    def observe(self, watches: Sequence[Watch]) -> list[Observation]:
        return [self._observe(watch.handle) for watch in watches]

    def cancel(self, handle: Handle, grace_s: float | None = None, by: str = "") -> None:
        del grace_s, by
        if handle.job in self.specs and handle.job not in self.ends:
            self.canceled.append(handle.job)
            self.end(handle.job, EndReason.CANCELED)

    def list_logs(self, handle: Handle) -> list[LogFile]:
        return [LogFile("user_logs/std_log.txt", 6, 0)] if handle.job in self.specs else []

    def read_log(self, handle: Handle, path: str, offset: int = 0, limit: int = 1 << 20) -> LogChunk:
        del handle, path
        return LogChunk(b"a\nb\nc\n"[offset : offset + limit], 6)

    def discard(self, handle: Handle) -> None:
        self.specs.pop(handle.job, None)
        self.ends.pop(handle.job, None)

    def end(self, job: str, reason: EndReason) -> None:
        """Let a job end."""
        self.ends[job] = ExitStatus(OUTCOMES[reason], reason, f"It ended: {reason}.", log_tail="its last line")

    def _observe(self, handle: Handle) -> Observation:
        if handle.job not in self.specs:
            return Observation(handle, JobPhase.ABSENT)
        ended = self.ends.get(handle.job)
        phase = JobPhase.ENDED if ended else JobPhase.RUNNING
        return Observation(handle, phase, sentence=self.sentence, exit=ended)


class ToldGateway:
    """A gateway that goes by the routes when the test says so."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self.why = ""
        self.ended = 0
        self.is_prompt = True

    def keep(self) -> None:
        self._places.make()

    def record(self) -> GatewayRecord | None:
        if self.why:
            return None
        if self.is_prompt:
            self.apply()
        return GatewayRecord(1, "boot", 1, "127.0.0.1", 8797, "http://gateway/")

    def trouble(self) -> str:
        return self.why

    def close(self) -> None:
        """Nothing to let go of."""

    def end(self) -> None:
        self.ended += 1

    def apply(self) -> None:
        """Go by the routes that there are."""
        routes = serving.read(Routes, self._places.routes)
        if routes is not None:
            serving.write(self._places.applied, AppliedRecord(routes.version))


@dataclass
class Serving:
    """The feature over a told compute and a told gateway."""

    world: World
    part: EndpointsPart
    compute: ToldCompute
    gateway: ToldGateway
    places: Places
    leases: Leases
    extra: dict[str, Any] = field(default_factory=dict)

    def round(self, count: int = 1) -> None:
        """Look at everything, and wait for the steps that this starts."""
        tasks = self.part.worker.tasks
        for _ in range(count):
            self.part.settler.round()
            eventually(lambda: not tasks.is_busy, 10, what="the steps to end")

    def put_endpoint(self, name: str = "e", **document: Any) -> str:
        """Keep an endpoint, look, and give its state."""
        self.part.endpoints.create_or_update(self.world.ws, name, document, "ann")
        self.round(2)
        return self.endpoint_state(name)

    def endpoint_state(self, name: str = "e") -> str:
        """Give the state of an endpoint."""
        return self.part.endpoints.get(self.world.ws, name).state.value

    def put(self, name: str = "blue", colour: str = "blue", **more: Any) -> str:
        """Keep a deployment, look, and give its revision."""
        document = {
            "model": "azureml:m:1",
            "environment": {"image": "python"},
            "code_configuration": {"code": self.extra["code"], "scoring_script": "score.py"},
            "environment_variables": {"COLOUR": colour},
            **more,
        }
        made = self.part.deployments.create_or_update(self.world.ws, "e", name, document, "ann")
        self.round(2)
        return made.record.revision

    def view(self, name: str = "blue") -> DeploymentView:
        """Read a deployment."""
        return self.part.deployments.get(self.world.ws, "e", name)

    def state(self, name: str = "blue") -> str:
        """Give the state of a deployment."""
        view = self.view(name)
        return view.record.state(view.revision).value

    def say(self, revision: str, state: str = "ready", wanted: int = 1, **more: Any) -> None:
        """Say what a keeper says."""
        replicas = [ReplicaRecord(n, f"{revision}.{n}.sock", True, 1) for n in range(wanted)]
        word = RevisionRecord(revision, state, wanted=wanted, replicas=replicas, keeper=processes.identity(1), **more)
        self.places.make()
        serving.write(self.places.record(revision), word)
        self.round(2)

    def routed(self, endpoint: str = "e") -> dict[str, tuple[str, bool]]:
        """Give the deployments in the routes: revision, and whether it is said to be ready."""
        routes = serving.read(Routes, self.places.routes) or Routes()
        found = [one for one in routes.endpoints if one.name == endpoint]
        return {name: (one.revision, one.ready) for e in found for name, one in e.deployments.items()}


@contextmanager
def serving_world(
    home: Path,
    url: str,
    owner: str = "one",
    attached: Attached | None = None,
    real: Any = None,
    again: bool = False,
) -> Iterator[Serving]:
    """Make one over a database.

    Args:
        home: its home folder.
        url: the database's.
        owner: who holds its leases.
        attached: computes of other machines.
        again: whether it is made over a database that one made before has left.
        real: a gateway that is a process, in place of the told one; what is handed over can be run then.
    """
    with open_world(home, url) as world:
        compute, events = ToldCompute(), EventBus()
        places = Places(home / "serving")
        gateway = real or ToldGateway(places)
        builder = UvEnvironmentBuilder(root=str(home / "environments"))
        tracking, identity = TrackingService(world.database, world.clock), IdentityService(world.database, world.clock)
        told = ("b:b", "s:s") if real is None else (_target("environments", "uv"), _target("storage", "fsspec"))
        options = {} if real is None else {"root": str(home / "environments")}
        settings = LaunchSettings(home, Resolution.HOST, told[0], options, told[1], home / "wake.sock")
        computes = ComputeService(world.database, world.clock, 2)
        launcher = Launcher(settings, world.assets, tracking, identity, builder, world.storage, computes)
        leases = Leases(world.database, world.clock, owner)
        ground = Ground(
            world.database, world.clock, events, leases, "site", identity, world.workspaces, world.assets,
            computes, tracking, compute, builder, world.storage,  # type: ignore[arg-type]
        )  # fmt: skip
        vault = Vault.open(home / "secret.key")
        wanted = ServingSettings(places.home, True, 60, 1 << 20)
        watch = GatewayWatch(world.clock, places, lambda: gateway)
        part = assemble(ground, launcher, vault, watch, wanted, attached)
        made = Serving(world, part, compute, gateway, places, leases)
        if again:
            part.worker.leased.hold()
            yield made
            part.worker.tasks.close()
            tracking.close()
            return
        made.extra["code"] = world.upload({"score.py": b"def run(data): ...\n"}, "code", "code").uri
        model = world.upload({"model.bin": b"weights"}).uri
        world.assets.create(world.ws, _models(), {"name": "m", "path": model}, "ann")
        part.worker.leased.hold()
        yield made
        part.worker.tasks.close()
        tracking.close()


def _target(port: str, name: str) -> str:
    return BACKENDS[port][name].target


def _models() -> Any:
    from lapisml.server.features.assets.records import AssetKind

    return AssetKind.MODELS


FULL = LapisError(ErrorCode.STORAGE_FULL, "No space is left.")
