"""Deployments of local endpoints, as `lapisml.sdk.operations.online_deployments` needs them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.local.gate import LocalGate, shares
from lapisml.sdk.local.material import Materials
from lapisml.sdk.local.processes import Revisions, Standing
from lapisml.sdk.local.store import LocalDeployment, LocalEndpoint, LocalPlaces, LocalStore, Revision
from lapisml.sdk.pending import PendingPoller, Time
from lapisml.sdk.session import Session

if TYPE_CHECKING:
    from lapisml.sdk.submission import Submission

KIND = "online-deployment"
_LOGS = {"inference-server": "user_logs/", "storage-initializer": "system_logs/"}
_SETTLES_WITHIN_S = 60.0
_SCALING = ("instance_count", "scale_settings", "tags", "description", "properties")
"""Keys that change nothing about what runs."""


class LocalDeployments:
    """Deployments of this machine.

    Args:
        lapis_home: LAPIS_HOME.
        session: the workspace that registered models and environments are taken from.
    """

    def __init__(self, lapis_home: Path, session: Session | None = None) -> None:
        self._places = LocalPlaces(lapis_home)
        self._store = LocalStore(self._places)
        self._gate = LocalGate(self._places)
        self._materials = Materials(self._places.root, session)
        self._revisions = Revisions(self._places, self._materials.snapshots)

    def begin_create(self, submission: Submission, give: Callable[[dict[str, Any]], Any]) -> PendingPoller[Any]:
        """Create a deployment, or give one another document.

        The caller's waiting does the work: when what is new answers, it takes the place of what was there.

        Args:
            submission: the document.
            give: turns the record into the result.

        Raises:
            LapisError: NotFound (the endpoint), ReferenceNotFound, DocumentInvalid, NotSupported.
        """
        from lapisml.sdk.dsl.definition import absolute

        document = absolute(KIND, submission.document, submission.folder)
        endpoint, name = str(document["endpoint_name"]), str(document["name"])
        self._store.endpoint(endpoint)
        revision = self._revision(document)
        with self._store.changing():
            known = self._store.endpoint(endpoint).deployments.get(name)
            made = LocalDeployment(endpoint, name, document, known.serving if known else None)
            if made.serving is not None and _runs_alike(made.serving, revision):
                made.serving = replace(made.serving, document=revision.document)
                self._revisions.rescale(made.serving)
            else:
                self._drop_coming(known)
                self._revisions.start(revision)
                made.coming = revision
            self._store.put(made)
        what = f"local deployment '{name}' of endpoint '{endpoint}'"
        return PendingPoller(
            what, lambda: self._advance(endpoint, name), lambda found: give(found or {}), self._advance(endpoint, name)
        )

    def get(self, endpoint: str, name: str) -> dict[str, Any]:
        """Read a deployment.

        Raises:
            LapisError: NotFound.
        """
        return self._record(self._store.deployment(endpoint, name))

    def list(self, endpoint: str) -> Iterator[dict[str, Any]]:
        """Yield the deployments of an endpoint by name.

        Raises:
            LapisError: NotFound.
        """
        for _, one in sorted(self._store.endpoint(endpoint).deployments.items()):
            yield self._record(one)

    def logs(self, endpoint: str, name: str, lines: int, container: str) -> str:
        """Give the end of a deployment's log.

        Raises:
            LapisError: NotFound.
        """
        found = self._store.deployment(endpoint, name)
        revision = found.coming or found.serving
        return "" if revision is None else self._revisions.log(revision, _LOGS[container], lines)

    def delete(self, endpoint: str, name: str) -> None:
        """Delete a deployment.

        Raises:
            LapisError: NotFound; Conflict while it takes traffic that another could take.
        """
        found = self._store.deployment(endpoint, name)
        with self._store.changing():
            whole = self._store.endpoint(endpoint)
            if (whole.document.get("traffic") or {}).get(name):
                hint = f'Give it to another first: lapis online-endpoint update --local -n {endpoint} --traffic "…"'
                raise LapisError(ErrorCode.CONFLICT, f"Deployment '{name}' takes traffic.", hint)
            whole.deployments.pop(name, None)
            self._store.write(whole)
            self._gate.route(self._store.all())
        self._end(found)

    def end(self, endpoint: LocalEndpoint) -> None:
        """End everything that runs for an endpoint."""
        for one in endpoint.deployments.values():
            self._end(one)

    def revive(self, endpoint: str) -> None:
        """Start what answered for an endpoint and is gone (the machine was restarted) again, and wait for it.

        Raises:
            LapisError: DeploymentFailed.
        """
        for name in [*self._store.endpoint(endpoint).deployments]:
            with self._store.changing():
                one = self._store.deployment(endpoint, name)
                if one.serving is None or self._settled(one.serving).state != "ended":
                    continue
                again = replace(one.serving, attempt=one.serving.attempt + 1)
                one.serving, one.coming = None, again
                self._revisions.start(again)
                self._store.put(one)
            what = f"local deployment '{name}' of endpoint '{endpoint}'"
            PendingPoller(what, lambda n=name: self._advance(endpoint, n), lambda _: None, {  # type: ignore[misc]
                "provisioning_state": "Creating"}).wait()  # fmt: skip

    def _settled(self, revision: Revision) -> Standing:
        """Wait until a revision answers or has ended; what was killed is found to have ended after a moment."""
        clock = Time()
        until = clock.now() + _SETTLES_WITHIN_S
        while True:
            standing = self._revisions.standing(revision)
            if standing.state != "starting" or clock.now() >= until:
                return standing
            clock.sleep(0.05)

    def _revision(self, document: dict[str, Any]) -> Revision:
        """Find everything that a document refers to."""
        model, code = self._materials.model(document.get("model")), document.get("code_configuration")
        if not code and (model is None or not model.is_mlflow):
            hint = "Only MLflow models are served without code: give it `code_configuration`."
            raise LapisError(ErrorCode.DOCUMENT_INVALID, "Nothing says how the model answers requests.", hint)
        environment = self._materials.environment(document.get("environment"), model)
        made = {**document, "environment": environment, "model": str(model.path) if model else None}
        if code:
            script = str(code.get("scoring_script") or "").removeprefix("./")
            if not (Path(str(code.get("code"))) / script).is_file():
                sentence = f"There is no scoring script '{script}' in '{code.get('code')}'."
                raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, sentence)
            made["code_configuration"] = {"digest": self._materials.code(code), "scoring_script": script}
        return Revision(secrets.token_hex(6), 1, made, model.name if model else None)

    def _advance(self, endpoint: str, name: str) -> dict[str, Any]:
        """Take what is coming a step on: into its place when it answers, away when it failed."""
        with self._store.changing():
            found = self._store.deployment(endpoint, name)
            if found.coming is not None:
                standing = self._revisions.standing(found.coming)
                if standing.answers:
                    self._take_over(found)
                elif standing.state in ("failed", "ended"):
                    self._revisions.end(found.coming)
                    found.error, found.coming = standing.sentence, None
                    self._store.put(found)
                else:
                    return self._record(found, standing)
        return self._record(found)

    def _take_over(self, found: LocalDeployment) -> None:
        old, found.serving, found.coming, found.error = found.serving, found.coming, None, None
        self._store.put(found)
        self._gate.url()
        self._gate.route(self._store.all())
        if old is not None:
            self._revisions.end(old)

    def _drop_coming(self, known: LocalDeployment | None) -> None:
        if known is not None and known.coming is not None:
            self._revisions.end(known.coming)

    def _end(self, one: LocalDeployment) -> None:
        for revision in (one.serving, one.coming):
            if revision is not None:
                self._revisions.end(revision)

    def _record(self, one: LocalDeployment, coming: Standing | None = None) -> dict[str, Any]:
        standing = self._revisions.standing(one.serving) if one.serving else coming
        if one.coming is not None:
            state, error = "Updating" if one.serving else "Creating", None
        elif one.error is not None or one.serving is None:
            state, error = "Failed", one.error
        else:
            state = "Failed" if standing and standing.state in ("failed", "ended") else "Succeeded"
            error = standing.sentence if standing and state == "Failed" else None
        return {
            **one.document,
            "name": one.name,
            "endpoint_name": one.endpoint,
            "provisioning_state": state,
            "provisioning_error": error,
            "provisioning_reason": coming.sentence if coming else None,
            "traffic_share": shares(self._store.endpoint(one.endpoint)).get(one.name, 0),
            "replicas": _replicas(standing),
            "properties": {**(one.document.get("properties") or {}), **_facts(one.serving, standing)},
        }


def _runs_alike(one: Revision, other: Revision) -> bool:
    """Say whether nothing that runs differs."""
    kept = [{k: v for k, v in revision.document.items() if k not in _SCALING} for revision in (one, other)]
    tags = [(revision.document.get("tags") or {}).get("lapis.accelerate") for revision in (one, other)]
    return kept[0] == kept[1] and tags[0] == tags[1]


def _replicas(standing: Standing | None) -> dict[str, int]:
    record = standing.record if standing else None
    if record is None:
        return {"ready": 0, "wanted": 0}
    return {"ready": sum(one.ready for one in record.replicas), "wanted": record.wanted}


def _facts(revision: Revision | None, standing: Standing | None) -> dict[str, str]:
    found = {} if revision is None else {"lapis.revision": revision.id}
    record = standing.record if standing else None
    if record is not None and record.acceleration:
        found["lapis.acceleration"] = str(record.acceleration.get("state"))
        if record.acceleration.get("reason"):
            found["lapis.acceleration.reason"] = str(record.acceleration["reason"])
    return found
