"""Search over everything of a workspace by name, id, label and tag."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from lapisml.server.features.assets.finding import AssetFinder
from lapisml.server.features.batch_endpoints.service import BatchEndpointService
from lapisml.server.features.compute.service import BUILT_IN, ComputeService
from lapisml.server.features.connections.service import ConnectionService
from lapisml.server.features.datastores.service import DatastoreService
from lapisml.server.features.endpoints.service import EndpointService
from lapisml.server.features.jobs.uses import JobUses
from lapisml.server.features.schedules.service import ScheduleService
from lapisml.server.features.studio.wire import HitGroup, SearchBody, hit
from lapisml.server.features.tracking.finding import RunFinder
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.finding import MOST_WORDS, Fit, Found, best, fit_of, tag_fits

Thing = tuple[str, int, Mapping[str, Any]]
"""Name, time of the last change, document."""

Lister = Callable[[Workspace], Iterable[Thing]]

_MOST_LISTED = 1000


class Search:
    """Searches what every feature has. Runs and assets are searched by the database, the few others here."""

    def __init__(self, runs: RunFinder, jobs: JobUses, assets: AssetFinder, few: Mapping[str, Lister]) -> None:
        self._runs = runs
        self._jobs = jobs
        self._assets = assets
        self._few = few

    def find(self, workspace: Workspace, words: str, limit: int) -> SearchBody:
        """Find things; nothing at all for no words.

        Args:
            limit: at most this many of a noun.
        """
        words = words.strip()[:MOST_WORDS]
        found = list(self._all(workspace, words, limit)) if words else []
        nouns = {one.noun for one in found}
        groups = [best((one for one in found if one.noun == noun), limit) for noun in nouns]
        groups.sort(key=lambda group: (group[0].fit, group[0].noun))
        value: list[HitGroup] = [{"noun": group[0].noun, "value": [hit(one) for one in group]} for group in groups]
        return {"value": value, "next": None}

    def _all(self, workspace: Workspace, words: str, limit: int) -> Iterator[Found]:
        yield from self._with_states(workspace, self._runs.find(workspace.id, words, limit))
        yield from self._assets.find(workspace.id, words, limit)
        for noun, lister in self._few.items():
            for name, at, document in lister(workspace):
                found = _match(noun, words, name, at, document)
                if found is not None:
                    yield found

    def _with_states(self, workspace: Workspace, found: list[Found]) -> list[Found]:
        """Give the state of the job where there is one: that of its run comes later."""
        names = {one.name for one in found if one.noun == "jobs"}
        states = {job.name: job.status.value for job in self._jobs.named(workspace, names)} if names else {}
        return [replace(one, status=states.get(one.name, one.status)) if one.noun == "jobs" else one for one in found]


def few(
    computes: ComputeService,
    datastores: DatastoreService,
    connections: ConnectionService,
    schedules: ScheduleService,
    endpoints: EndpointService,
    batch_endpoints: BatchEndpointService,
) -> dict[str, Lister]:
    """Give what lists the nouns of which a workspace has few."""
    return {
        "computes": lambda ws: [
            *((name, 0, {}) for name in BUILT_IN),
            *((r.name, r.updated_at, r.document) for r in computes.all_of(ws)),
        ],
        "datastores": lambda ws: [(r.name, r.updated_at, r.document) for r in datastores.list(ws)],
        "connections": lambda ws: [(r.name, r.updated_at, r.document) for r in connections.list(ws)],
        "schedules": lambda ws: [(r.name, r.updated_at, r.document) for r in schedules.find(ws, limit=_MOST_LISTED)],
        "online-endpoints": lambda ws: [(r.name, r.updated_at, r.document) for r in endpoints.all_of(ws)],
        "batch-endpoints": lambda ws: [
            (r.name, r.updated_at, r.document) for r in batch_endpoints.find(ws, _MOST_LISTED)
        ],
    }


def _match(noun: str, words: str, name: str, at: int, document: Mapping[str, Any]) -> Found | None:
    fit = fit_of(words, name)
    if fit is not None:
        return Found(noun, name, fit, "name", name, at)
    tag = tag_fits(words, document.get("tags") or {})
    if tag is not None:
        return Found(noun, name, Fit.TAG, "tag", tag, at)
    description = str(document.get("description") or "")
    if fit_of(words, description) is not None:
        return Found(noun, name, Fit.WITHIN, "description", description, at)
    return None
