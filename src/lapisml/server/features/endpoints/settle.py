"""Brings endpoints and deployments to where their documents want them, one round after the other."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from lapisml.core.clock import Clock
from lapisml.ports import serving
from lapisml.ports.serving import Places, RevisionRecord, Routes
from lapisml.server.features.endpoints import store
from lapisml.server.features.endpoints.decisions import RUNNING_STATES
from lapisml.server.features.endpoints.follow import RevisionFollower
from lapisml.server.features.endpoints.gateway import GatewayWatch
from lapisml.server.features.endpoints.hosts import compute_of
from lapisml.server.features.endpoints.parts import scale_of
from lapisml.server.features.endpoints.records import DeploymentRecord, EndpointRecord, Revision, RevisionState
from lapisml.server.features.endpoints.routing import RouteBook
from lapisml.server.features.endpoints.world import World
from lapisml.server.features.jobs.site import SiteLease
from lapisml.server.platform.database import Database

_log = logging.getLogger("lapis.endpoints")

_SCALED_WITHIN_MS = 60_000
"""A change of the number of replicas counts as done after this time, though some are not ready, milliseconds."""


@dataclass(frozen=True)
class Round:
    """What a round found.

    Attributes:
        changed: whether it changed anything.
        pending: whether something is on its way.
        is_idle: whether there is nothing to look after.
    """

    changed: bool = False
    pending: bool = False
    is_idle: bool = False


class Settler:
    """One look at all endpoints of an installation. A round may be cut off anywhere and done again."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        leased: SiteLease,
        follower: RevisionFollower,
        routes: RouteBook,
        gateway: GatewayWatch,
        places: Places,
    ) -> None:
        self._database = database
        self._clock = clock
        self._leased = leased
        self._follower = follower
        self._routes = routes
        self._gateway = gateway
        self._places = places

    def round(self) -> Round:
        """Look at everything once."""
        world = World.read(self._database, self._leased.site)
        if world.is_empty and not self._routes.has_endpoints:
            self._gateway.rest()
            return Round(is_idle=True)
        changed = self._follower.follow(world.revisions)
        changed |= self._promote(world)
        url, trouble = self._gateway.look() if world.endpoints else (None, None)
        if changed:
            world = World.read(self._database, self._leased.site)
        routes = self._routes.write(world)
        is_applied = url is not None and self._routes.is_applied(routes)
        if url is not None and not is_applied:
            self._routes.wake()
        is_past = is_applied or url is None
        changed |= self._end_revisions(world, routes, is_past)
        changed |= self._note(world, url, trouble, is_applied)
        changed |= self._clear_away(world, is_past)
        return Round(changed, not is_applied or _is_pending(world))

    def _promote(self, world: World) -> bool:
        """Let revisions that have become ready serve, each in the place of the one before it."""
        due = [one for one in world.deployments if one.serving != one.revision and not one.deleting]
        changed = False
        for deployment in due:
            with self._database.read() as connection:
                revision = store.revision(connection, deployment.revision)
            if revision is None or revision.state is not RevisionState.READY:
                continue
            with self._leased.write() as connection:
                store.change_deployment(connection, deployment.id, serving=revision.id)
                newest = store.deployment(connection, deployment.endpoint_id, deployment.name)
                keep = (revision.id, newest.revision if newest is not None else None)
                store.retire(connection, deployment.id, keep=keep)
            _log.info("endpoint.revision.serves deployment=%s revision=%s", deployment.name, revision.id)
            changed = True
        return changed

    def _end_revisions(self, world: World, routes: Routes, is_past: bool) -> bool:
        """Let retired revisions end that the gateway certainly no longer asks."""
        if not is_past:
            return False
        routed = {one.revision for endpoint in routes.endpoints for one in endpoint.deployments.values()}
        retired = [one for one in world.revisions if one.state is RevisionState.RETIRED and one.id not in routed]
        return self._follower.end(retired)

    def _note(self, world: World, url: str | None, trouble: str | None, is_applied: bool) -> bool:
        """Write down what is done by now."""
        changed = False
        for endpoint in world.endpoints:
            if endpoint.deleting:
                continue
            values = _standing(endpoint, url, trouble, is_applied)
            if values:
                with self._leased.write() as connection:
                    store.change_endpoint(connection, endpoint.id, **values)
                changed = True
        for deployment in world.deployments:
            changed |= is_applied and not deployment.deleting and self._settle(deployment, world)
        return changed

    def _settle(self, deployment: DeploymentRecord, world: World) -> bool:
        revision = world.known.get(deployment.revision)
        serving_now = world.known.get(deployment.serving or "")
        if serving_now is not None and not self._is_scaled(deployment, serving_now):
            return False
        if revision is None or not revision.is_ready or deployment.serving != revision.id:
            return False
        if deployment.applied == deployment.wanted:
            return False
        with self._leased.write() as connection:
            store.change_deployment(connection, deployment.id, applied=deployment.wanted)
        return True

    def _is_scaled(self, deployment: DeploymentRecord, revision: Revision) -> bool:
        """See that the keeper knows how many replicas there shall be; say whether there are as many."""
        scale = scale_of(deployment.document)
        if revision.scale != scale:
            told = {"do": "scale", "scale": scale}
            if compute_of(revision) is None and not serving.tell(self._places.control(revision.id), told):
                return False
            with self._leased.write() as connection:
                store.change_revision(connection, revision.id, revision.attempt, scale=scale)
        if deployment.applied == deployment.wanted or scale["type"] != "default":
            return True
        word = serving.read(RevisionRecord, self._places.record(revision.id))
        if word is None or word.state not in RUNNING_STATES:
            return False
        ready = sum(replica.ready for replica in word.replicas)
        patient = self._clock.now_ms() - deployment.updated_at < _SCALED_WITHIN_MS
        return (word.wanted == scale["instances"] and ready >= word.wanted) or not patient

    def _clear_away(self, world: World, is_past: bool) -> bool:
        """Remove deployments and endpoints that nothing is left of."""
        changed = False
        for deployment in world.deployments:
            if not deployment.deleting:
                continue
            alive = list(world.live(deployment.id))
            known = [world.known.get(name or "") for name in (deployment.revision, deployment.serving)]
            if any(one is not None and one.state is not RevisionState.RETIRED for one in [*alive, *known]):
                with self._leased.write() as connection:
                    store.retire(connection, deployment.id)
                changed = True
            elif not alive and is_past:
                with self._leased.write() as connection:
                    store.remove_deployment(connection, deployment.id)
                changed = True
        for endpoint in world.endpoints:
            if endpoint.deleting and is_past and not world.of(endpoint):
                with self._leased.write() as connection:
                    store.remove_endpoint(connection, endpoint.id)
                changed = True
        return changed


def _standing(endpoint: EndpointRecord, url: str | None, trouble: str | None, is_applied: bool) -> dict[str, object]:
    """Give the columns of an endpoint that are to change."""
    values: dict[str, object] = {}
    if trouble is not None:
        return {"error": trouble} if endpoint.error != trouble else {}
    if url is None:
        return {}
    if endpoint.error is not None:
        values["error"] = None
    if endpoint.url != url:
        values["url"] = url
    if is_applied and endpoint.applied != endpoint.wanted:
        values["applied"] = endpoint.wanted
    return values


def _is_pending(world: World) -> bool:
    """Say whether something is on its way."""
    return (
        any(one.deleting or one.applied != one.wanted for one in world.endpoints)
        or any(one.state is not RevisionState.READY or not one.handed_over for one in world.revisions)
        or any(one.deleting or _awaits(one, world) for one in world.deployments)
    )


def _awaits(deployment: DeploymentRecord, world: World) -> bool:
    revision = world.known.get(deployment.revision)
    failed = revision is not None and revision.state is RevisionState.FAILED
    return deployment.applied != deployment.wanted and not failed
