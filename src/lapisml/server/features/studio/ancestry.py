"""What lies one step up or down from jobs, data, models and deployments; each question is one statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import orjson

from lapisml.core.lifecycle import COMPOSITE
from lapisml.server.features.assets.origins import Origin, Origins
from lapisml.server.features.assets.records import AssetKind
from lapisml.server.features.batch_endpoints import origins as batch_origins
from lapisml.server.features.endpoints import origins as online_origins
from lapisml.server.features.jobs.references import word_of
from lapisml.server.features.jobs.uses import JobGlimpse, JobUses
from lapisml.server.features.tracking.records import RunData
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database

_MOST_USERS = 200
"""Jobs that use something, of one level."""


@dataclass
class Node:
    """One thing of a lineage.

    Attributes:
        id: ``<kind>:<name>`` with the version or the deployment.
        kind: ``job``, ``run``, ``data``, ``model``, ``online``, ``batch``, ``dataset`` or ``uri``.
        label: what people know it by.
        type: of a job or asset.
        status: of a job or run.
        at: when it was made, milliseconds since the epoch, UTC.
        parent: the job that started a job.
        holder: id of that job's node, where it is shown.
        made_by: the job or run that made an asset; the key of a deployment's model.
        words: what jobs that use it refer to it by (`references`).
    """

    id: str
    kind: str
    name: str
    version: str = ""
    label: str = ""
    type: str = ""
    status: str = ""
    at: int | None = None
    parent: str | None = None
    holder: str | None = None
    made_by: str | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Link:
    """An arrow between a known node and another one."""

    source: str
    target: str
    other: Node


class Ancestry:
    """Looks one step up (`used_by`) and down (`made_from`)."""

    def __init__(self, database: Database, tracking: TrackingService) -> None:
        self._database = database
        self._tracking = tracking
        self._jobs = JobUses(database)
        self._assets = Origins(database)

    def roots(self, workspace: Workspace, kind: str, name: str, version: str) -> list[Node]:
        """Give the node to begin at, first, and what belongs to it: the jobs that a pipeline started."""
        if kind in ("data", "model"):
            found = self._assets.versions(workspace, [f"{name}:{version}"])
            return [_asset(one) for one in found if one.kind.singular == kind]
        if kind in ("online", "batch"):
            model = (online_origins if kind == "online" else batch_origins).model_of(
                self._database, workspace, name, version
            )
            return [_deployment(kind, name, version, model)] if model is not None else []
        root = self._job_nodes(workspace, [name])
        if root and root[0].type in COMPOSITE:
            root += [_job(child) for child in self._jobs.children(workspace, name, _MOST_USERS)]
        return root

    def used_by(self, workspace: Workspace, level: list[Node]) -> list[Link]:
        """Give what nodes came from: makers of assets, inputs of jobs, models of deployments."""
        jobs = {node.name: node for node in level if node.kind in ("job", "run")}
        for child in list(jobs.values()):
            jobs.pop(child.parent or "", None)  # what a pipeline used, its steps used
        links = self._inputs(workspace, jobs) if jobs else []
        assets = [node for node in level if node.kind in ("data", "model") and node.made_by]
        makers = {one.name: one for one in self._job_nodes(workspace, {str(node.made_by) for node in assets})}
        links += [Link(makers[m].id, node.id, makers[m]) for node in assets if (m := str(node.made_by)) in makers]
        served = {node.made_by: node for node in level if node.kind in ("online", "batch") and node.made_by}
        models = {one.key: _asset(one) for one in self._models(workspace, served)}
        return links + [Link(models[key].id, node.id, models[key]) for key, node in served.items() if key in models]

    def made_from(self, workspace: Workspace, level: list[Node]) -> list[Link]:
        """Give what came of nodes: users of assets and of outputs, assets that jobs made, deployments of models."""
        jobs = {node.name: node for node in level if node.kind in ("job", "run")}
        links = [
            Link(jobs[str(one.job_name)].id, (node := _asset(one)).id, node)
            for one in self._assets.made_by(workspace, jobs)
        ]
        links += self._users(workspace, level)
        models = {f"{node.name}:{node.version}": node for node in level if node.kind == "model"}
        return links + (list(self._deployments(workspace, models)) if models else [])

    def _inputs(self, workspace: Workspace, jobs: dict[str, Node]) -> list[Link]:
        words = self._jobs.words(workspace, jobs)
        ends = self._ends(workspace, {word for _, word in words if not word.startswith("environment:")})
        links = [Link(ends[word].id, jobs[name].id, ends[word]) for name, word in words if word in ends]
        for name, run in self._tracking.logged_by(workspace, jobs).items():
            links += [Link(node.id, jobs[name].id, node) for node in _datasets(run)]
        return links

    def _ends(self, workspace: Workspace, words: set[str]) -> dict[str, Node]:
        """Give the node that each word means; a word of something that is gone means nothing."""
        of_kind: dict[str, set[str]] = {"data": set(), "model": set(), "job": set(), "uri": set()}
        for word in words:
            kind, _, rest = word.partition(":")
            of_kind.setdefault(kind, set()).add(rest)
        assets = [_asset(one) for one in self._assets.versions(workspace, of_kind["data"] | of_kind["model"])]
        ends = {node.id: node for node in assets}
        made = {output.uri.rstrip("/"): output.job for output in self._assets.outputs_at(workspace, of_kind["uri"])}
        named = {one.name: one for one in self._job_nodes(workspace, of_kind["job"] | set(made.values()))}
        ends |= {f"job:{name}": named[name] for name in of_kind["job"] if name in named}
        for uri in of_kind["uri"]:
            maker = named.get(made.get(uri, ""))
            ends[f"uri:{uri}"] = maker or Node(f"uri:{uri}", "uri", uri, label=uri.rpartition("/")[2] or uri)
        return ends

    def _users(self, workspace: Workspace, level: list[Node]) -> list[Link]:
        """Give the jobs that use nodes."""
        meant: dict[str, Node] = {word: node for node in level for word in node.words}
        outputs = self._assets.outputs(workspace, {node.name for node in level if node.kind == "job"})
        for output in outputs:
            word = word_of(output.uri)
            if word is not None and word not in meant:
                meant[word] = next(node for node in level if node.name == output.job)
        if not meant:
            return []
        users = {one.name: _job(one) for one in self._jobs.users(workspace, meant, _MOST_USERS)}
        for child in list(users.values()):
            users.pop(child.parent or "", None)  # what a pipeline uses, its steps use
        return [
            Link(meant[word].id, users[name].id, users[name])
            for name, word in self._jobs.words(workspace, users)
            if word in meant and meant[word].name != name
        ]

    def _deployments(self, workspace: Workspace, models: dict[str, Node]) -> Iterator[Link]:
        for kind, place in (("online", online_origins), ("batch", batch_origins)):
            for model, endpoint, deployment in place.deployments_of(self._database, workspace, models):
                node = _deployment(kind, endpoint, deployment, model)
                yield Link(models[model].id, node.id, node)

    def _models(self, workspace: Workspace, keys: Iterable[str]) -> list[Origin]:
        return [one for one in self._assets.versions(workspace, list(keys)) if one.kind is AssetKind.MODELS]

    def _job_nodes(self, workspace: Workspace, names: Iterable[str]) -> list[Node]:
        """Give jobs by name, and runs of those names that belong to no job."""
        wanted = set(names)
        found = [_job(one) for one in self._jobs.named(workspace, wanted)] if wanted else []
        rest = wanted - {node.name for node in found}
        return found + ([_run(one) for one in self._tracking.logged_by(workspace, rest).values()] if rest else [])


def _job(job: JobGlimpse) -> Node:
    return Node(
        f"job:{job.name}", "job", job.name, label=job.display_name or job.name, type=job.type,
        status=job.status.value, at=job.created_at, parent=job.parent_name, words=(f"job:{job.name}",),
    )  # fmt: skip


def _run(run: RunData) -> Node:
    info = run.info
    return Node(
        f"job:{info.run_id}", "run", info.run_id, label=info.name or info.run_id, status=info.status,
        at=info.start_time, words=(f"job:{info.run_id}",),
    )  # fmt: skip


def _asset(asset: Origin) -> Node:
    kind = asset.kind.singular
    place = word_of(asset.path) if kind == "data" and asset.path else None
    words = (f"{kind}:{asset.key}", *((place,) if place is not None and place.startswith("uri:") else ()))
    return Node(
        f"{kind}:{asset.key}", kind, asset.name, asset.version, label=asset.name, type=asset.type,
        at=asset.created_at, made_by=asset.job_name, words=words,
    )  # fmt: skip


def _deployment(kind: str, endpoint: str, deployment: str, model: str | None) -> Node:
    return Node(
        f"{kind}:{endpoint}/{deployment}", kind, endpoint, deployment, label=f"{endpoint} / {deployment}",
        made_by=model,
    )  # fmt: skip


def _datasets(run: RunData) -> Iterator[Node]:
    """Give the datasets that a run logged; what they were read from says where they lie."""
    for one in run.datasets:
        yield Node(f"dataset:{one.name}@{one.digest}", "dataset", one.name, one.digest, one.name, _source(one.source))


def _source(text: str) -> str:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return ""
    return str(found.get("uri") or found.get("url") or "") if isinstance(found, dict) else ""
