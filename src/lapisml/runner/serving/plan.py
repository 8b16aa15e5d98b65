"""What the keeper is told, and what it tells its replicas, as files in the job's folder. Standard library only."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lapisml.ports.serving import Places
from lapisml.runner import durable


@dataclass(frozen=True)
class Plan:
    """How a revision is served.

    Attributes:
        endpoint, deployment, revision, kind: as in `lapisml.ports.launch.ServingSpec`.
        serving_home: the folder that keepers, gateway and server share.
        job: name of the runner's job.
        wake_socket: datagram socket of the server, told the job's name at every change; None for nobody.
        python: interpreter of the model's environment.
        work: folder with the code; the replicas' working folder.
        model_dir: what scripts know as ``AZUREML_MODEL_DIR``; None without a model.
        model_path: the model's file or folder below it; None without a model.
        script: absolute path of the scoring script; None for a model without code.
        scale, liveness, readiness, max_concurrent, timeout_s, max_queue_wait_s, accelerate, collect: as there.
        folder: the keeper's folder within the job's: the replicas' plans, swagger.json.
        logs: folder for a log per replica.
        environment: the launch specification's, from which the environment of a faster form is derived; None when
            the model runs on Lapis's own Python.
        home: the Lapis home folder.
        verdict: file for the sentence about the end.
        door: certificate and key (PEM) of the door to other machines; None where gateway and server are on this one.
        state_log: with a door: the file among the job's logs with what the keeper says.
    """

    endpoint: str
    deployment: str
    revision: str
    kind: str
    serving_home: str
    job: str
    wake_socket: str | None
    python: str
    work: str
    model_dir: str | None
    model_path: str | None
    script: str | None
    max_concurrent: int
    timeout_s: float
    max_queue_wait_s: float
    accelerate: bool
    folder: str
    logs: str
    home: str
    verdict: str
    scale: Mapping[str, Any] = field(default_factory=dict)
    liveness: Mapping[str, Any] = field(default_factory=dict)
    readiness: Mapping[str, Any] = field(default_factory=dict)
    collect: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] | None = None
    door: str | None = field(default=None, repr=False)
    state_log: str | None = None

    @property
    def places(self) -> Places:
        """The files that the keeper shares with gateway and server, or with its door."""
        mark = f".{zlib.crc32(self.job.encode()):08x}" if self.door is not None else ""
        return Places(Path(self.serving_home), mark)

    def write(self, path: str) -> None:
        """Write the plan to a file."""
        durable.write_json(path, asdict(self))

    @classmethod
    def read(cls, path: str) -> Plan:
        """Read a plan back.

        Raises:
            OSError, ValueError: it is not there, or not whole.
        """
        with open(path, encoding="utf-8") as file:
            return cls(**json.load(file))

    def of_replica(self, threads: int, accelerated: Mapping[str, Any] | None) -> dict[str, Any]:
        """Give the plan of a replica, which `lapis_scoring.plan` reads.

        Args:
            threads: how many a replica's libraries may use.
            accelerated: the faster form of the model, None for the model itself.
        """
        return {
            "kind": self.kind,
            "model_path": self.model_path,
            "model_dir": self.model_dir,
            "script": self.script,
            "code": self.work,
            "max_concurrent": self.max_concurrent,
            "timeout_s": self.timeout_s,
            "revision": self.revision,
            "endpoint": self.endpoint,
            "deployment": self.deployment,
            "accelerated": None if accelerated is None else dict(accelerated),
            "collect": dict(self.collect),
            "swagger": f"{self.folder}/swagger.json",
            "threads": threads,
        }
