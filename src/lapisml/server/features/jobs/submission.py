"""Checks a job document as a whole before anything is created: what it refers to, where it runs, what it asks.

Faults of form were found by the document's own model; here come the facts that only the server knows. Every
problem carries its path within the document, so that the command line can point at the line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents import registry
from lapisml.documents.references import AssetRef, CodeRef, LocalPath, parse
from lapisml.ports.compute import Capabilities
from lapisml.server.features.assets.records import AssetKind
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.compute.service import ComputeService, Pool, compute_name
from lapisml.server.features.jobs import distribution
from lapisml.server.features.jobs.lookups import once
from lapisml.server.features.jobs.resources import faults as resource_faults
from lapisml.server.features.workspaces.service import Workspace

T = TypeVar("T")

_WARNED = {
    "identity": "`identity` has no effect here: the command runs as the user that runs the server.",
    "services": "`services` are kept with the job but not started.",
}
_WARNED_RESOURCES = ("instance_type", "shm_size", "docker_args", "locations", "max_instance_count", "runtime_version")
_PRIORITIES = {"low": -1, "medium": 0, "high": 1}


@dataclass
class Submission:
    """A job that may be created.

    Attributes:
        document: with labels such as ``@latest`` replaced by the version they mean now.
        pool: where it runs; None for a job that runs no process.
        wanted_nodes: number of nodes.
        priority: higher is served first.
        warnings: what is accepted but not honoured, a sentence each.
    """

    document: dict[str, Any]
    experiment_name: str
    display_name: str | None
    pool: Pool | None
    wanted_nodes: int
    priority: int
    warnings: list[str] = field(default_factory=list)


class SubmissionChecker:
    """Checks submissions; creates nothing."""

    def __init__(self, assets: AssetService, computes: ComputeService) -> None:
        self._assets = assets
        self._computes = computes

    def check(self, workspace: Workspace, document: dict[str, Any], *, uploaded: bool) -> Submission:
        """Check a document against the workspace.

        Args:
            uploaded: whether local paths have been replaced by references; before that they are passed over.

        Raises:
            LapisError: DocumentInvalid, NotSupported or ReferenceNotFound, with a problem for every fault.
        """
        checked = valid_document(document, uploaded=uploaded)
        refuse_unsupported(checked)
        problems: list[Problem] = []
        pool = self._pool(workspace, checked, problems)
        self._environment(workspace, checked, uploaded, problems)
        self._code(workspace, checked, uploaded, problems)
        self._inputs(workspace, checked, uploaded, problems)
        if problems or pool is None:
            raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, "The job refers to what does not exist.", None, problems)
        self._refuse_elsewhere(workspace, checked, pool)
        return Submission(
            document=checked,
            experiment_name=str(checked.get("experiment_name") or "Default"),
            display_name=checked.get("display_name"),
            pool=pool,
            wanted_nodes=wanted_nodes(checked),
            priority=_priority(checked),
            warnings=unhonoured(checked, is_attached=pool.engine is not None),
        )

    def check_task(self, workspace: Workspace, task: dict[str, Any], *, uploaded: bool) -> None:
        """Check code and environment where they stand below ``task``, as in mini-batch jobs.

        Raises:
            LapisError: ReferenceNotFound, with a problem for every fault.
        """
        problems: list[Problem] = []
        self._environment(workspace, task, uploaded, problems)
        self._code(workspace, task, uploaded, problems)
        if problems:
            placed = [replace(problem, path=f"task.{problem.path}") for problem in problems]
            raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, "The job refers to what does not exist.", None, placed)

    def _pool(self, workspace: Workspace, document: dict[str, Any], problems: list[Problem]) -> Pool | None:
        reference = document.get("compute")
        pool = once(("pool", workspace.id, reference), lambda: self._computes.pool(workspace, reference))
        if pool is None:
            name = compute_name(reference)
            hint = f"a compute of this workspace (lapis compute create -n {name} --type amlcompute)"
            problems.append(Problem(f"there is no compute '{name}'", "compute", expected=hint))
        elif pool.largest is not None and wanted_nodes(document) > pool.largest:
            sentence = f"{pool.name} has {pool.largest} node(s)"
            problems.append(Problem(sentence, "resources.instance_count", expected=f"at most {pool.largest}"))
        return pool

    def _refuse_elsewhere(self, workspace: Workspace, document: dict[str, Any], pool: Pool) -> None:
        """Refuse what the machines of an attached compute can't do.

        Raises:
            LapisError: NotSupported.
        """
        if pool.engine is None:
            return
        backend = self._computes.attached(workspace, pool.name)
        problems = [] if backend is None else list(_beyond(document, pool, backend.capabilities))
        if problems:
            raise LapisError(ErrorCode.NOT_SUPPORTED, "The job asks for what its compute can't do.", None, problems)

    def _environment(
        self, workspace: Workspace, document: dict[str, Any], uploaded: bool, problems: list[Problem]
    ) -> None:
        environment = document.get("environment") or {}
        if not isinstance(environment, str):
            build = environment.get("build") or {}
            if uploaded and build.get("path"):
                _try(problems, "environment.build.path", lambda: self._assets.location(workspace, str(build["path"])))
            return
        record = _try(
            problems,
            "environment",
            lambda: once(
                ("environment", workspace.id, environment),
                lambda: self._assets.resolve(workspace, AssetKind.ENVIRONMENTS, environment),
            ),
        )
        reference = parse(environment)
        if record is not None and isinstance(reference, AssetRef) and (reference.registry is None or record.id):
            document["environment"] = record.reference

    def _code(self, workspace: Workspace, document: dict[str, Any], uploaded: bool, problems: list[Problem]) -> None:
        code = document.get("code")
        if code is None:
            return
        reference = parse(str(code))
        if isinstance(reference, CodeRef):
            if not self._assets.has_snapshot(workspace, reference.digest):
                problems.append(Problem(f"there is no code snapshot {reference.digest}", "code"))
        elif uploaded:
            expected = "a reference to an uploaded snapshot (azureml://codes/…)"
            problems.append(Problem(f"'{code}' is not on this server", "code", expected=expected))

    def _inputs(self, workspace: Workspace, document: dict[str, Any], uploaded: bool, problems: list[Problem]) -> None:
        for name, given in (document.get("inputs") or {}).items():
            if not isinstance(given, dict) or not given.get("path"):
                continue
            place, path = f"inputs.{name}.path", str(given["path"])
            kind = AssetKind.MODELS if str(given.get("type", "")).endswith("_model") else AssetKind.DATA
            if isinstance(parse(path), LocalPath):
                if uploaded:
                    problems.append(Problem(f"'{path}' is a path of another machine", place, expected="a URI"))
                continue
            given["path"] = _try(problems, place, partial(self._assets.settled, workspace, path, kind)) or path


def valid_document(document: dict[str, Any], *, uploaded: bool) -> dict[str, Any]:
    """Check a job document by its own model and give its plain form.

    Args:
        uploaded: whether local paths have been replaced by references; before that they are passed over.

    Raises:
        LapisError: DocumentInvalid or NotSupported, with a problem for every fault.
    """
    model = registry.parse("job", document) if uploaded else registry.validate("job", document, None, [])
    return dict(model.to_dict())


def refuse_unsupported(document: dict[str, Any]) -> None:
    """Refuse what a document asks for and this version can't do.

    Raises:
        LapisError: NotSupported, naming every such key.
    """
    problems = [*distribution.refusals(document), *resource_faults(document)]
    if problems:
        raise LapisError(ErrorCode.NOT_SUPPORTED, "The job asks for what is not supported.", None, problems)


def unhonoured(document: dict[str, Any], is_attached: bool = False) -> list[str]:
    """Give a sentence for each key that is accepted but has no effect here.

    Args:
        is_attached: whether the job runs on machines of others, which have sizes.
    """
    sentences = [sentence for key, sentence in _WARNED.items() if document.get(key)]
    resources = document.get("resources") or {}
    idle = [key for key in _WARNED_RESOURCES if resources.get(key) is not None]
    where = "an attached compute" if is_attached else "a compute of this machine"
    if is_attached and "instance_type" in idle:
        idle.remove("instance_type")
    sentences += [f"`resources.{key}` has no effect on {where}." for key in idle]
    if (document.get("queue_settings") or {}).get("job_tier"):
        sentences.append("`queue_settings.job_tier` has no effect here; `priority` has.")
    return sentences


def wanted_nodes(document: dict[str, Any]) -> int:
    """Give `resources.instance_count`, 1 when it is not there."""
    return int((document.get("resources") or {}).get("instance_count") or 1)


def _beyond(document: dict[str, Any], pool: Pool, capabilities: Capabilities) -> Iterator[Problem]:
    """Give a problem for what a compute of others can't do."""
    if wanted_nodes(document) > 1 and not capabilities.multi_node:
        yield Problem(f"{pool.name} runs each job on one machine", "resources.instance_count", expected="1")
    if document.get("type") == "spark":
        sentence = f"Spark programs run on the server's machine, not on {pool.name}"
        yield Problem(sentence, "compute", expected="serverless, or a cluster of this machine")


def _priority(document: dict[str, Any]) -> int:
    asked = (document.get("queue_settings") or {}).get("priority")
    if isinstance(asked, str):
        return _PRIORITIES.get(asked.lower(), 0)
    return int(asked or 0)


def _try(problems: list[Problem], place: str, look: Callable[[], T]) -> T | None:
    try:
        return look()
    except LapisError as error:
        problems.append(Problem(" ".join(part for part in (error.message, error.hint) if part), place))
        return None
