"""The processes behind local endpoints: revisions as jobs of the runner."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lapisml.core.serving import accelerates, limits_of, probe_of, scale_of
from lapisml.ports import serving
from lapisml.ports.compute import ArtifactsSpec, CodeSpec, EnvironmentSpec, Handle, InputSpec, JobPhase, Watch
from lapisml.ports.environments import BuildContext, EnvironmentDefinition, Resolution
from lapisml.ports.launch import LaunchSpec, ServingSpec
from lapisml.ports.serving import RevisionRecord
from lapisml.ports.storage import StorageLocation
from lapisml.runner.processes import is_alive
from lapisml.sdk.local.store import WORKSPACE, LocalPlaces, Revision

_GRACE_S = 10.0
_MODEL = "model"


@dataclass(frozen=True)
class Standing:
    """How a revision gets on.

    Attributes:
        state: ``starting``, ``ready``, ``zero``, ``failed``, ``ended``.
        sentence: why, or what it is at.
        record: what its keeper says; None before it speaks.
    """

    state: str
    sentence: str = ""
    record: RevisionRecord | None = None

    @property
    def answers(self) -> bool:
        """Whether requests are answered, the first after a pause too."""
        return self.state in ("ready", "zero")


class Revisions:
    """Starts, observes and ends revisions.

    Args:
        places: where everything lies.
        snapshots: the snapshot store that code is in.
    """

    def __init__(self, places: LocalPlaces, snapshots: Path) -> None:
        self._places = places
        self._snapshots = snapshots

    @cached_property
    def _backend(self) -> Any:
        from lapisml.backends.registry import load_backend

        return load_backend("compute", "local")(self._places.root)

    def start(self, revision: Revision) -> None:
        """Hand a revision over to the runner; it goes on when this process ends.

        Raises:
            LapisError: the environment can't be honoured; StorageFull.
        """
        self._places.serving.make()
        self._backend.submit(self._specification(revision))

    def standing(self, revision: Revision) -> Standing:
        """Say how a revision gets on."""
        [seen] = self._backend.observe([Watch(_handle(revision))])
        record = serving.read(RevisionRecord, self._places.serving.record(revision.id))
        if seen.phase in (JobPhase.ENDED, JobPhase.ABSENT):
            reason = seen.exit.reason if seen.exit is not None else "Its processes are gone."
            tail = (seen.exit.log_tail if seen.exit is not None else "") or (record.log_tail if record else "")
            return Standing("ended", _with_tail(reason, tail), record)
        if record is None or record.state == "stopped" or not is_alive(record.keeper):
            return Standing("starting", seen.sentence, None)
        if record.state == "failed":
            return Standing("failed", _with_tail(record.reason, record.log_tail), record)
        return Standing(record.state, record.reason or seen.sentence, record)

    def end(self, revision: Revision) -> None:
        """Let a revision finish what it works on, and end it."""
        serving.tell(self._places.serving.control(revision.id), {"do": "drain"})
        self._backend.cancel(_handle(revision), grace_s=_GRACE_S, by="lapis")

    def rescale(self, revision: Revision) -> None:
        """Tell a running revision how many replicas there shall be."""
        message = {"do": "scale", "scale": scale_of(revision.document)}
        serving.tell(self._places.serving.control(revision.id), message)

    def log(self, revision: Revision, folder: str, lines: int) -> str:
        """Give the last lines of a revision's logs; with several files each has its name before it.

        Args:
            folder: ``user_logs/`` or ``system_logs/``.
        """
        handle, most = _handle(revision), 1 << 20
        found = [log for log in self._backend.list_logs(handle) if log.path.startswith(folder) and log.size]
        texts = []
        for log in found:
            data = self._backend.read_log(handle, log.path, max(0, log.size - most), most).data
            texts.append((log.path, "".join(data.decode("utf-8", "replace").splitlines(keepends=True)[-lines:])))
        return texts[0][1] if len(texts) == 1 else "\n".join(f"==> {path} <==\n{text}" for path, text in texts)

    def _specification(self, revision: Revision) -> LaunchSpec:
        document, root = revision.document, self._places.root
        code = document.get("code_configuration") or {}
        model = document.get("model")
        artifacts = StorageLocation("file", str(root / "artifacts" / revision.job))
        variables = {key: str(value) for key, value in (document.get("environment_variables") or {}).items()}
        return LaunchSpec(
            workspace=WORKSPACE,
            job=revision.job,
            submit_key=_handle(revision).submit_key,
            command="",
            artifacts=ArtifactsSpec(artifacts.path, artifacts.to_json()),
            home=str(root),
            inputs={_MODEL: _input(model)} if model else {},
            code=CodeSpec(code["digest"], str(self._snapshots)) if code.get("digest") else None,
            environment=self._environment(document["environment"]),
            environment_variables=variables,
            serving=self._serving(revision),
            python=sys.executable,
        )

    def _serving(self, revision: Revision) -> ServingSpec:
        document = revision.document
        script, model = (document.get("code_configuration") or {}).get("scoring_script"), document.get("model")
        return ServingSpec(
            endpoint=document["endpoint_name"],
            deployment=document["name"],
            revision=revision.id,
            kind="script" if script else "mlflow",
            model_input=_MODEL if model else None,
            model_name=Path(model).name if model else "",
            scoring_script=str(script).removeprefix("./") if script else None,
            serving_home=str(self._places.serving.home),
            scale=scale_of(document),
            liveness=probe_of(document, "liveness"),
            readiness=probe_of(document, "readiness"),
            accelerate=_is_on("LAPIS_ACCELERATE", "1") and accelerates(document),
            collect=self._collect(document.get("data_collector")),
            **limits_of(document),
        )

    def _collect(self, settings: dict[str, Any] | None) -> dict[str, Any]:
        if not settings:
            return {}
        keys = ("collections", "sampling_rate", "rolling_rate", "request_logging")
        kept = {key: settings[key] for key in keys if settings.get(key) is not None}
        return {"folder": str(self._places.root / "storage"), **kept}

    def _environment(self, document: dict[str, Any]) -> EnvironmentSpec:
        from lapisml.backends.registry import BACKENDS, load_backend

        build, requirements = document.get("build"), document.get("requirements")
        definition = EnvironmentDefinition(
            name=document.get("name"),
            version=document.get("version"),
            image=document.get("image"),
            conda=document.get("conda_file"),
            requirements=tuple(requirements) if requirements is not None else None,
            build=BuildContext(Path(build["path"]), build.get("dockerfile_path") or "Dockerfile") if build else None,
            resolution=Resolution(os.environ.get("LAPIS_ENVIRONMENT_RESOLUTION") or "exact"),
        )
        root = self._places.environments
        options = {
            "root": str(root),
            "offline": _is_on("LAPIS_OFFLINE"),
            "python_downloads": _is_on("LAPIS_PYTHON_DOWNLOADS"),
            "catalogue_file": os.environ.get("LAPIS_CATALOGUE_FILE") or None,
        }
        key = load_backend("environments", "uv")(**options).key(definition)
        return EnvironmentSpec(definition.to_json(), BACKENDS["environments"]["uv"].target, str(root), key, options)


def _handle(revision: Revision) -> Handle:
    return Handle(WORKSPACE, revision.job, f"{revision.id}-{revision.attempt}")


def _input(model: str) -> InputSpec:
    kind = "mlflow_model" if (Path(model) / "MLmodel").is_file() else "custom_model"
    return InputSpec(kind, model, StorageLocation("file", model).to_json())


def _with_tail(reason: str, tail: str) -> str:
    last = tail.strip()
    return reason if not last or last in reason else f"{reason}\n{last}"


def _is_on(name: str, default: str = "0") -> bool:
    return (os.environ.get(name) or default).strip().lower() not in ("0", "false", "no", "off")
