"""Steps of pipelines over the real services: submitted, written, completed as the runner and the driver do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lapisml.backends.registry import load_backend
from lapisml.core.ids import child_name
from lapisml.core.lifecycle import JobState, Move
from lapisml.ports.environments import Resolution
from lapisml.server.features.compute.service import ComputeService
from lapisml.server.features.identity.service import IdentityService
from lapisml.server.features.jobs import store
from lapisml.server.features.jobs.assembly import Ground, JobsPart, assemble
from lapisml.server.features.jobs.launch import LaunchSettings
from lapisml.server.features.jobs.records import JobRecord
from lapisml.server.features.jobs.submission import Submission
from lapisml.server.features.reuse.explaining import Explainer
from lapisml.server.features.reuse.hashing import FileHashes
from lapisml.server.features.reuse.service import ReuseService
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.events import EventBus
from lapisml.server.platform.leases import Leases
from tests.support.assets import World

STORE = "azureml://datastores/workspaceblobstore/paths"
S = JobState


def command(**keys: Any) -> dict[str, Any]:
    """Make a command job's document."""
    return {"type": "command", "command": "echo ${{outputs.model}}", "environment": {"image": "python"}, **keys}


class Pipelines:
    """Takes pipeline documents as they are: what a step is made of is not the matter here."""

    def check(self, workspace: Workspace, document: dict[str, Any], *, uploaded: bool) -> Submission:
        return Submission(
            document, str(document.get("experiment_name") or "Default"), document.get("display_name"), None, 0, 0
        )


@dataclass
class Steps:
    """The reuse feature and the jobs below it."""

    world: World
    jobs: JobsPart
    reuse: ReuseService
    explainer: Explainer

    @property
    def ws(self) -> Workspace:
        return self.world.ws

    def pipeline(self, name: str, **keys: Any) -> JobRecord:
        """Submit a pipeline."""
        document = {"type": "pipeline", "experiment_name": "diabetes", "display_name": "nightly", **keys}
        return self.jobs.service.submit(self.ws, name, document, None, "ann")

    def start(self, parent: JobRecord, step: str, document: dict[str, Any], attempt: int = 1) -> str:
        """Start a step as the driver does; give its name."""
        name = child_name(parent.name, step, attempt)
        self.reuse.remember(self.ws, self.reuse.key(self.ws, document), name)
        self.jobs.composites.submit_child(self.ws, parent, name, document, step=step)
        return name

    def write(self, uri: str, files: Mapping[str, bytes]) -> None:
        self.world.put(uri, dict(files))

    def finish(self, name: str, files: Mapping[str, bytes] | None = None, state: JobState = S.COMPLETED) -> None:
        """Bring a job to its end; `files` (``output/path``) become its outputs."""
        job = self.jobs.service.get(self.ws, name)
        for path, content in (files or {}).items():
            output, _, inner = path.partition("/")
            found = next(o for o in self.jobs.outputs.all_of(self.ws, job) if o.name == output)
            self.world.put(found.uri, {inner: content})
        self.jobs.outputs.record(self.ws, job)
        for to in (S.PREPARING, S.STARTING, S.RUNNING, S.FINALIZING, state):
            with self.world.database.write() as connection:
                now = self.world.clock.now_ms()
                current = store.get(connection, self.ws.id, name)
                assert current is not None
                assert store.move(connection, current, Move(to, to.value, f"{to.value}.", now))

    def run(self, parent: JobRecord, step: str, document: dict[str, Any], files: Mapping[str, bytes]) -> str:
        """Start a step, bring it to its end and make it reusable."""
        name = self.start(parent, step, document)
        self.finish(name, files)
        self.reuse.completed(self.ws, name)
        return name

    def found(self, document: dict[str, Any]) -> str | None:
        """Give the job whose result a step with this document would take."""
        reusable = self.reuse.find(self.ws, self.reuse.key(self.ws, document))
        return reusable.job_name if reusable is not None else None

    def take(self, parent: JobRecord, step: str, document: dict[str, Any]) -> str:
        """Add a reused step as the driver does; give its name."""
        key = self.reuse.key(self.ws, document)
        found = self.reuse.find(self.ws, key)
        assert found is not None
        name = child_name(parent.name, step)
        self.reuse.remember(self.ws, key, name, reused_from=found.job_name)
        self.jobs.composites.add_finished_child(
            self.ws, parent, name, document, step=step, outputs=found.outputs, reason="Reused."
        )
        return name

    def path(self, name: str, output: str = "model") -> Path:
        """Give where an output lies on this machine."""
        uri = f"azureml://jobs/{name}/outputs/{output}"
        found = self.world.storage.local_path(self.world.assets.location(self.ws, uri))
        assert found is not None
        return found


def make_steps(world: World, hashes: FileHashes | None = None) -> Steps:
    """Make the reuse feature over the services of a world."""
    events, clock, database = EventBus(), world.clock, world.database
    ground = Ground(
        database=database,
        clock=clock,
        events=events,
        leases=Leases(database, clock, "test"),
        site="here",
        identity=IdentityService(database, clock),
        workspaces=world.workspaces,
        assets=world.assets,
        computes=ComputeService(database, clock, 2),
        tracking=TrackingService(database, clock),
        backend=load_backend("compute", "local")(world.home),
        builder=load_backend("environments", "uv")(root=str(world.home / "environments")),
        storage=world.storage,
    )
    settings = LaunchSettings(world.home, Resolution.EXACT, "", {}, "", world.home / "wake.sock")
    jobs = assemble(ground, settings)
    jobs.kinds.add("pipeline", Pipelines())
    reuse = ReuseService(database, clock, world.assets, world.storage, jobs.service, "exact", hashes)
    return Steps(world, jobs, reuse, Explainer(jobs.service, jobs.composites.children, world.assets, reuse))
