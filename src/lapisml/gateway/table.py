"""The routes in the form in which requests are matched against them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping

from lapisml.gateway.auth import KeyCheck, TokenCheck
from lapisml.gateway.calls import Refusal
from lapisml.gateway.metrics import Metrics, Stats
from lapisml.gateway.pools import Pool
from lapisml.ports.serving import DeploymentRoute, EndpointRoute, Routes

Check = Callable[[bytes], None]
"""Takes the header ``Authorization``; raises `Refusal`."""


_TOKENS = ("aml_token", "aad_token")
_COMES, _SLEEPS, _ANSWERS = 1, 2, 3


class Target:
    """A deployment as it is served now.

    Attributes:
        name: of the deployment.
        route: how it is served.
        pool: its replicas.
        stats: its counts.
        lines: header lines of every answer.
    """

    __slots__ = ("lines", "name", "pool", "route", "stats")

    def __init__(self, name: str, route: DeploymentRoute, pool: Pool, stats: Stats) -> None:
        self.name = name
        self.route = route
        self.pool = pool
        self.stats = stats
        self.lines = b"x-content-type-options: nosniff\r\nazureml-model-deployment: %b\r\n" % name.encode(
            "latin-1", "replace"
        )

    @property
    def is_available(self) -> bool:
        """Whether a request would be answered now."""
        return self.route.ready and self.pool.is_available

    @property
    def outlook(self) -> int:
        """How soon a request would be answered: the more the sooner."""
        if self.is_available:
            return _ANSWERS
        if self.pool.sleeps:
            return _SLEEPS
        return 0 if self.pool.has_failed else _COMES


class Endpoint:
    """An endpoint.

    Args:
        route: how it is served.
        targets: its deployments.
        check: lets a request pass by its credential.
        draw: gives random numbers of [0, 1).

    Attributes:
        check: as given.
        max_body: longest body that any deployment takes, bytes.
        mirrors: deployments that get copies, with the share of the requests.
    """

    def __init__(
        self,
        route: EndpointRoute,
        targets: Mapping[str, Target],
        check: Check,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.route = route
        self.workspace, self.name = route.workspace, route.name
        self.targets = {target.name.encode(): target for target in targets.values()}
        self.check = check
        self.max_body = max((target.route.max_body for target in targets.values()), default=1 << 20)
        self.mirrors = [
            (targets[name], share / 100) for name, share in route.mirror.items() if name in targets and share
        ]
        self._draw = draw
        self._shares = [
            (targets[name], share) for name, share in route.traffic.items() if name in targets and share > 0
        ]

    @property
    def shown(self) -> Target | None:
        """The deployment with the largest share of the traffic, else any."""
        shares = sorted(self._shares, key=lambda pair: -pair[1])
        return shares[0][0] if shares else next(iter(self.targets.values()), None)

    def choose(self, forced: bytes) -> Target:
        """Choose a deployment: the one asked for, else one by its share of the traffic.

        One whose replicas are all gone has no share as long as another deployment could answer sooner; one that
        sleeps is woken.

        Args:
            forced: what the client asks for, empty for none.

        Raises:
            Refusal: 404.
        """
        if forced:
            return self._forced(forced)
        if not self._shares:
            raise Refusal(404, "NoTraffic", f"No deployment of endpoint {self.name} gets traffic.")
        chosen = self._shares[0][0] if len(self._shares) == 1 else _drawn(self._shares, self._draw())
        if len(self._shares) == 1 or chosen.outlook >= _SLEEPS:
            return chosen
        best = max(target.outlook for target, _ in self._shares)
        if chosen.outlook == best:
            return chosen
        return _drawn([(target, share) for target, share in self._shares if target.outlook == best], self._draw())

    def copies(self) -> Iterable[Target]:
        """Choose the deployments that get a copy of this request."""
        return [target for target, share in self.mirrors if self._draw() < share]

    def _forced(self, name: bytes) -> Target:
        found = self.targets.get(name)
        if found is None:
            raise Refusal(404, "DeploymentNotFound", f"Endpoint {self.name} has no deployment of that name.")
        return found


class Table:
    """All endpoints.

    Args:
        routes: what the server wants.
        pool_of: gives the replicas of a revision.
        metrics: gives the counts of a deployment.
        may_be_open: whether an endpoint may ask for no key (``auth_mode`` ``none``).
    """

    def __init__(
        self, routes: Routes, pool_of: Callable[[DeploymentRoute], Pool], metrics: Metrics, may_be_open: bool = False
    ) -> None:
        self.version = routes.version
        self.admin = KeyCheck([routes.admin_key])
        self.endpoints: dict[tuple[str, str], Endpoint] = {}
        self.scores: dict[bytes, Endpoint] = {}
        self.descriptions: dict[bytes, Endpoint] = {}
        for route in routes.endpoints:
            targets = {
                name: Target(name, one, pool_of(one), metrics.of((route.workspace, route.name, name)))
                for name, one in route.deployments.items()
            }
            self._add(Endpoint(route, targets, _check(route, may_be_open)))

    def names(self) -> set[tuple[str, str, str]]:
        """Give workspace, endpoint and deployment of every target."""
        return {(*key, target.name) for key, one in self.endpoints.items() for target in one.targets.values()}

    def _add(self, endpoint: Endpoint) -> None:
        base = f"/{endpoint.workspace}/{endpoint.name}".encode()
        self.endpoints[endpoint.workspace, endpoint.name] = endpoint
        self.scores[base + b"/score"] = endpoint
        self.descriptions[base + b"/swagger.json"] = endpoint


def _check(route: EndpointRoute, may_be_open: bool) -> Check:
    if route.auth_mode in _TOKENS:
        return TokenCheck(route.token_secret, f"{route.workspace}/{route.name}", scoring_key=route.scoring_key)
    if route.auth_mode == "none" and may_be_open:
        return _everybody
    return KeyCheck(route.keys if route.auth_mode == "key" else ())


def _everybody(_authorization: bytes) -> None:
    """Let a request pass."""


def _drawn(shares: list[tuple[Target, int]], number: float) -> Target:
    """Choose by share; `number` is of [0, 1)."""
    left = number * sum(share for _, share in shares)
    for target, share in shares:
        left -= share
        if left < 0:
            return target
    return shares[-1][0]
