"""Connections of a workspace."""

from __future__ import annotations

from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.connections.service import ConnectionRecord
from lapisml.server.surfaces.azure.arm import ArmAnswer, ArmCall, Routes, no_content, ok, paged, system_data
from lapisml.server.surfaces.azure.errors import not_supported
from lapisml.server.surfaces.azure.nouns.connection_form import document_of, properties_of, type_named
from lapisml.server.surfaces.azure.services import AzureServices

_OF_DATA = frozenset({"azure_blob", "azure_data_lake_gen2", "adls_gen2", "azure_one_lake"})
"""Types that a list leaves out unless the client asks for all."""


class Connections:
    """The handlers."""

    def __init__(self, services: AzureServices) -> None:
        self._connections = services.connections

    def list(self, call: ArmCall) -> ArmAnswer:
        """Answer one page of the connections; of one category, or with a target, where the client says so."""
        category, target = call.query.get("category"), call.query.get("target")
        wanted = type_named(category) if category else None
        if category and wanted is None:
            return ok({"value": []})
        found = self._connections.list(call.workspace, wanted)
        if not call.query.flag("includeAll") and wanted not in _OF_DATA:
            found = [record for record in found if record.type not in _OF_DATA]
        if target:
            found = [record for record in found if properties_of(record.document).get("target") == target]
        return paged(call, found, lambda record: self._body(call, record))

    def get(self, call: ArmCall) -> ArmAnswer:
        """Answer one connection without its secrets."""
        return ok(self._body(call, self._connections.get(call.workspace, call.names[0])))

    def put(self, call: ArmCall) -> ArmAnswer:
        """Create or replace one."""
        document = document_of(call.properties())
        return ok(self._body(call, self._kept(call, document)))

    def patch(self, call: ArmCall) -> ArmAnswer:
        """Change what a body says."""
        found = self._connections.with_secrets(call.workspace, call.names[0])
        whole = {**properties_of(found.document, secrets=True), **call.properties()}
        return ok(self._body(call, self._kept(call, document_of(whole))))

    def secrets(self, call: ArmCall) -> ArmAnswer:
        """Answer one connection with its secrets."""
        found = self._connections.with_secrets(call.workspace, call.names[0])
        return ok(self._body(call, found, secrets=True))

    def delete(self, call: ArmCall) -> ArmAnswer:
        """Forget one; one that is not there is gone already."""
        try:
            self._connections.delete(call.workspace, call.names[0])
        except LapisError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            return no_content()
        return ArmAnswer(200)

    def _kept(self, call: ArmCall, document: dict[str, Any]) -> ConnectionRecord:
        return self._connections.create_or_update(call.workspace, call.names[0], document, call.by)[0]

    def _body(self, call: ArmCall, record: ConnectionRecord, *, secrets: bool = False) -> dict[str, Any]:
        system = system_data(record.created_by, record.created_at, record.updated_at)
        properties = properties_of(record.document, secrets=secrets)
        return call.resource("workspaces/connections", ("connections", record.name), properties, systemData=system)


def _untested(_call: ArmCall) -> ArmAnswer:
    raise not_supported("A connection is not tried out here.", "Use it in a job, and read the job's log.")


def routes(services: AzureServices) -> Routes:
    """Make the routes."""
    found = Connections(services)
    return {
        ("GET", "connections"): found.list,
        ("GET", "connections/*"): found.get,
        ("PUT", "connections/*"): found.put,
        ("PATCH", "connections/*"): found.patch,
        ("DELETE", "connections/*"): found.delete,
        ("POST", "connections/*/listsecrets"): found.secrets,
        ("POST", "connections/*/testconnection"): _untested,
    }
