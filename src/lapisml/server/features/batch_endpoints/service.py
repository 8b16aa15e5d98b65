"""Batch endpoints and deployments as people and programs see them: create, look, change, delete, invoke."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy.exc import IntegrityError

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError, Problem, not_found
from lapisml.core.ids import is_valid_name
from lapisml.documents import registry
from lapisml.documents.words import listed
from lapisml.server.features.assets.records import AssetKind, AssetRecord
from lapisml.server.features.batch_endpoints import store
from lapisml.server.features.batch_endpoints.asked import Asked
from lapisml.server.features.batch_endpoints.invocation import DEPLOYMENT_PROPERTY, ENDPOINT_PROPERTY, job_document
from lapisml.server.features.batch_endpoints.places import as_asked
from lapisml.server.features.batch_endpoints.preparing import Preparer
from lapisml.server.features.batch_endpoints.records import BatchDeployment, BatchEndpoint
from lapisml.server.features.jobs.records import JobRecord
from lapisml.server.features.jobs.service import JobService
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database

_MOST = 1000


class BatchEndpointService:
    """Keeps batch endpoints and their deployments, and starts their jobs."""

    def __init__(self, database: Database, clock: Clock, jobs: JobService, preparer: Preparer) -> None:
        self._database = database
        self._clock = clock
        self._jobs = jobs
        self._preparer = preparer

    def put(self, workspace: Workspace, name: str, document: dict[str, Any], by: str) -> BatchEndpoint:
        """Create an endpoint, or give one another document.

        Raises:
            LapisError: DocumentInvalid; ReferenceNotFound for a default deployment that there is not.
        """
        document = _parsed("batch-endpoint", name, document)
        with self._database.read() as connection:
            present = store.endpoint(connection, workspace.id, name)
        if present is not None and present.document == document:
            return present
        self._check_default(present, document)
        now = self._clock.now_ms()
        try:
            with self._database.write() as connection:
                if present is None:
                    values = {"workspace_id": workspace.id, "name": name, "document": document, "created_by": by}
                    store.add_endpoint(connection, {**values, "created_at": now, "updated_at": now})
                else:
                    store.change_endpoint(connection, present.id, document=document, updated_at=now)
        except IntegrityError:
            self.get(workspace, name)  # there when it was created twice at one moment; else the workspace is gone
            return self.put(workspace, name, document, by)
        return self.get(workspace, name)

    def get(self, workspace: Workspace, name: str) -> BatchEndpoint:
        """Read an endpoint.

        Raises:
            LapisError: NotFound.
        """
        with self._database.read() as connection:
            found = store.endpoint(connection, workspace.id, name)
        if found is None:
            raise not_found("batch endpoint", name, "List them: lapis batch-endpoint list")
        return found

    def find(self, workspace: Workspace, limit: int = 100, after: str | None = None) -> list[BatchEndpoint]:
        """Read endpoints by name, those after the name `after`."""
        with self._database.read() as connection:
            return store.find_endpoints(connection, workspace.id, limit, after)

    def delete(self, workspace: Workspace, name: str) -> None:
        """Delete an endpoint with its deployments; its jobs stay.

        Raises:
            LapisError: NotFound.
        """
        endpoint = self.get(workspace, name)
        with self._database.write() as connection:
            store.remove_endpoint(connection, endpoint.id)

    def put_deployment(
        self, workspace: Workspace, endpoint_name: str, name: str, document: dict[str, Any], by: str
    ) -> tuple[BatchDeployment, list[str]]:
        """Create a deployment, or give one another document; give it with warnings.

        Raises:
            LapisError: NotFound (the endpoint); DocumentInvalid, ReferenceNotFound, NotSupported, Conflict, with a
                problem for every fault.
        """
        endpoint = self.get(workspace, endpoint_name)
        given = {**_parsed("batch-deployment", name, document), "endpoint_name": endpoint_name}
        with self._database.read() as connection:
            present = store.deployment(connection, endpoint.id, name)
        if present is not None and given in (present.given, present.document):
            return present, list(present.runs.get("warnings") or ())
        made = self._preparer.prepare(workspace, endpoint_name, given, by)
        now = self._clock.now_ms()
        runs = {**made.runs, "warnings": made.warnings}
        values = {"given": given, "document": made.document, "runs": runs, "model": made.model, "updated_at": now}
        try:
            with self._database.write() as connection:
                if present is None:
                    more = {"endpoint_id": endpoint.id, "name": name, "created_by": by, "created_at": now}
                    store.add_deployment(connection, {**values, **more})
                else:
                    store.change_deployment(connection, present.id, **values)
        except IntegrityError:
            self.deployment(workspace, endpoint_name, name)
            return self.put_deployment(workspace, endpoint_name, name, document, by)
        return self.deployment(workspace, endpoint_name, name), made.warnings

    def deployment(self, workspace: Workspace, endpoint_name: str, name: str) -> BatchDeployment:
        """Read a deployment.

        Raises:
            LapisError: NotFound.
        """
        endpoint = self.get(workspace, endpoint_name)
        with self._database.read() as connection:
            found = store.deployment(connection, endpoint.id, name)
        if found is None:
            hint = f"List them: lapis batch-deployment list -e {endpoint_name}"
            raise not_found(f"deployment of batch endpoint '{endpoint_name}'", name, hint)
        return found

    def deployments(
        self, workspace: Workspace, endpoint_name: str, limit: int = 100, after: str | None = None
    ) -> list[BatchDeployment]:
        """Read an endpoint's deployments by name, those after the name `after`.

        Raises:
            LapisError: NotFound.
        """
        endpoint = self.get(workspace, endpoint_name)
        with self._database.read() as connection:
            return store.find_deployments(connection, endpoint.id, limit, after)

    def delete_deployment(self, workspace: Workspace, endpoint_name: str, name: str) -> None:
        """Delete a deployment; its jobs stay.

        Raises:
            LapisError: NotFound; Conflict while it is the endpoint's default.
        """
        endpoint, found = self.get(workspace, endpoint_name), self.deployment(workspace, endpoint_name, name)
        if endpoint.default_deployment == name:
            sentence = f"Deployment '{name}' is the default of batch endpoint '{endpoint_name}'."
            command = f"lapis batch-endpoint update -n {endpoint_name} --set defaults.deployment_name=<other>"
            raise LapisError(ErrorCode.CONFLICT, sentence, f"Choose another first: {command}")
        with self._database.write() as connection:
            store.remove_deployment(connection, found.id)

    def invoke(self, workspace: Workspace, endpoint_name: str, asked: Asked, by: str) -> JobRecord:
        """Start the job of a deployment.

        Raises:
            LapisError: NotFound; Conflict when no deployment is named and there is no default; whatever refuses the
                job.
        """
        endpoint = self.get(workspace, endpoint_name)
        name = asked.deployment_name or self._chosen(endpoint)
        deployment = self.deployment(workspace, endpoint_name, name)
        document = job_document(endpoint_name, deployment.document, deployment.runs, asked)
        job_name = asked.job_name or f"batchjob-{secrets.token_hex(8)}"
        properties = {ENDPOINT_PROPERTY: endpoint_name, DEPLOYMENT_PROPERTY: name}
        try:
            job = self._jobs.submit(workspace, job_name, document, properties, by)
        except LapisError as error:
            raise as_asked(error, next(iter(asked.inputs), "")) from None
        with self._database.write() as connection:
            store.add_invocation(connection, endpoint.id, name, job.name, self._clock.now_ms())
        return job

    def jobs(
        self,
        workspace: Workspace,
        endpoint_name: str,
        deployment: str | None = None,
        limit: int = 100,
        before: int | None = None,
    ) -> tuple[list[JobRecord], int | None]:
        """Read the jobs of an endpoint or of one of its deployments, the last first; give where to go on, or None.

        Raises:
            LapisError: NotFound.
        """
        endpoint = self.get(workspace, endpoint_name)
        if deployment is not None:
            self.deployment(workspace, endpoint_name, deployment)
        with self._database.read() as connection:
            found = store.find_invocations(connection, endpoint.id, deployment, limit, before)
        following = found[-1].id if len(found) == limit else None
        return [self._jobs.get(workspace, one.job_name) for one in found], following

    def job(self, workspace: Workspace, endpoint_name: str, name: str) -> JobRecord:
        """Read a job that an invocation of an endpoint started.

        Raises:
            LapisError: NotFound.
        """
        endpoint = self.get(workspace, endpoint_name)
        with self._database.read() as connection:
            known = store.has_invocation(connection, endpoint.id, name)
        if not known:
            raise not_found(f"job of batch endpoint '{endpoint_name}'", name)
        return self._jobs.get(workspace, name)

    def objection(self, workspace: Workspace, record: AssetRecord) -> str | None:
        """Say why a version can't be deleted: a deployment uses it; None when none does."""
        if record.kind is not AssetKind.MODELS:
            return None
        with self._database.read() as connection:
            place = workspace.id if record.registry is None else None
            users = store.users_of_model(connection, place, record.key)
        if not users:
            return None
        named = listed(f"'{deployment}' of batch endpoint '{endpoint}'" for endpoint, deployment in users[:5])
        return f"Model '{record.name}:{record.version}' is in use by deployment {named}."

    def _chosen(self, endpoint: BatchEndpoint) -> str:
        """Give the deployment that an invocation without a name means: the default, else the only one."""
        if endpoint.default_deployment is not None:
            return endpoint.default_deployment
        with self._database.read() as connection:
            names = [found.name for found in store.find_deployments(connection, endpoint.id, _MOST)]
        if len(names) == 1:
            return names[0]
        sentence = f"Batch endpoint '{endpoint.name}' has no default deployment."
        if not names:
            raise LapisError(ErrorCode.CONFLICT, f"Batch endpoint '{endpoint.name}' has no deployment yet.")
        raise LapisError(ErrorCode.CONFLICT, sentence, f"Name one with --deployment-name: {listed(names)}.")

    def _check_default(self, present: BatchEndpoint | None, document: dict[str, Any]) -> None:
        name = (document.get("defaults") or {}).get("deployment_name")
        if not name:
            return
        known: list[str] = []
        if present is not None:
            with self._database.read() as connection:
                known = [found.name for found in store.find_deployments(connection, present.id, _MOST)]
        if name not in known:
            expected = listed(known) or "a deployment; the endpoint has none yet"
            problem = Problem(f"there is no deployment '{name}'", "defaults.deployment_name", expected=expected)
            sentence = "The endpoint refers to what does not exist."
            raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, sentence, None, [problem])


def _parsed(kind: str, name: str, document: dict[str, Any]) -> dict[str, Any]:
    if not is_valid_name(name):
        noun = kind.replace("-", " ")
        raise LapisError(ErrorCode.DOCUMENT_INVALID, f"'{name}' can't be the name of a {noun}.")
    made = {**registry.parse(kind, {**document, "name": name}).to_dict(), "name": name}
    return {key: value for key, value in made.items() if value not in ({}, [])}  # a record sent back has empty ones
