"""Datastores, and the signatures that open them."""

from __future__ import annotations

from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents import registry
from lapisml.server.features.datastores.service import DatastoreRecord
from lapisml.server.surfaces.azure.arm import (
    ArmAnswer,
    ArmCall,
    Routes,
    created,
    no_content,
    ok,
    paged,
    system_data,
)
from lapisml.server.surfaces.azure.errors import not_supported
from lapisml.server.surfaces.azure.nouns.datastore_form import SERVED, Place, datastore_document, datastore_properties
from lapisml.server.surfaces.azure.nouns.tables import invalid
from lapisml.server.surfaces.azure.services import AzureServices
from lapisml.server.surfaces.blob.addresses import account_name
from lapisml.server.surfaces.blob.signing import PERMISSIONS

_HOUR_S = 3_600
_LONGEST_HOURS = 24 * 7
_ORDERS = ("", "name", "createdtime")


class Datastores:
    """The handlers."""

    def __init__(self, services: AzureServices) -> None:
        self._datastores = services.datastores
        self._signer = services.signer

    def list(self, call: ArmCall) -> ArmAnswer:
        """Answer one page of a workspace's datastores: all, the default one, or those with some names or a text."""
        found = self._datastores.list(call.workspace)
        if call.query.flag("isDefault"):
            found = [self._datastores.default(call.workspace)]
        names = {name.strip().lower() for name in call.query.get("names", "").split(",")} - {""}
        text = call.query.get("searchText", "").lower()
        chosen = [r for r in found if (not names or r.name in names) and text in r.name]
        return paged(call, _ordered(call, chosen), lambda record: self._body(call, record))

    def get(self, call: ArmCall) -> ArmAnswer:
        """Answer one datastore."""
        return ok(self._body(call, self._datastores.get(call.workspace, call.names[0])))

    def put(self, call: ArmCall) -> ArmAnswer:
        """Create or change one. The store itself is not asked: that is done when it is used."""
        name = call.names[0]
        before = self._known(call, name)
        kept = before.document if before is not None else None
        document = datastore_document(name, call.properties(), _place(call), kept)
        parsed = registry.parse("datastore", document).to_dict()
        record = self._datastores.create_or_update(call.workspace, {**parsed, "name": name}, call.by)
        return created(self._body(call, record), before is None)

    def delete(self, call: ArmCall) -> ArmAnswer:
        """Forget one; its files stay."""
        if self._known(call, call.names[0]) is None:
            return no_content()
        self._datastores.delete(call.workspace, call.names[0])
        return ArmAnswer(200)

    def secrets(self, call: ArmCall) -> ArmAnswer:
        """Answer a signature for a datastore's container; what the store behind it asks for stays here."""
        record = self._datastores.get(call.workspace, call.names[0])
        kind = record.document["type"]
        if kind not in SERVED:
            raise not_supported(
                f"Datastore '{record.name}' is of type {kind}: its credentials are given to nobody but the store.",
                "Read it in a job.",
            )
        lifetime = _lifetime_s(call.body)
        token = self._signer.sas(call.workspace.name, record.name, PERMISSIONS, lifetime)
        return ok({"secretsType": "Sas", "sasToken": token})

    def _known(self, call: ArmCall, name: str) -> DatastoreRecord | None:
        try:
            return self._datastores.get(call.workspace, name)
        except LapisError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            return None

    def _body(self, call: ArmCall, record: DatastoreRecord) -> dict[str, Any]:
        properties = datastore_properties(record.document, record.name, record.is_default, _place(call))
        data = system_data(record.created_by, record.created_at, record.updated_at)
        name = str(record.document.get("name", record.name))
        return call.resource("workspaces/datastores", ("datastores", name), properties, systemData=data)


def _place(call: ArmCall) -> Place:
    return Place(account_name(call.url, call.workspace.name), call.workspace.name)


def _ordered(call: ArmCall, records: list[DatastoreRecord]) -> list[DatastoreRecord]:
    order = call.query.get("orderBy", "").lower()
    if order not in _ORDERS:
        raise invalid(Problem("datastores are not ordered by this", "orderBy", expected="name or createdTime"))
    newest_first = not call.query.flag("orderByAsc")
    if order == "name":
        return sorted(records, key=lambda record: record.name, reverse=newest_first)
    return sorted(records, key=lambda record: (record.created_at, record.name), reverse=newest_first)


def _lifetime_s(body: Any) -> int:
    given = body if isinstance(body, dict) else {}
    hours = given.get("expireAfterHours")
    if hours is None:
        return 24 * _HOUR_S
    if isinstance(hours, bool) or not isinstance(hours, int) or not 0 < hours <= _LONGEST_HOURS:
        raise invalid(Problem("it is not a number of hours", "expireAfterHours", expected=f"1 to {_LONGEST_HOURS}"))
    return hours * _HOUR_S


def routes(services: AzureServices) -> Routes:
    """Make the routes."""
    found = Datastores(services)
    return {
        ("GET", "datastores"): found.list,
        ("GET", "datastores/*"): found.get,
        ("PUT", "datastores/*"): found.put,
        ("DELETE", "datastores/*"): found.delete,
        ("POST", "datastores/*/listSecrets"): found.secrets,
    }
