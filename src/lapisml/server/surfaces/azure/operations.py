"""Addresses at which the client asks how far a long-running operation is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import not_found
from lapisml.server.surfaces.azure.arm import (
    AGAIN,
    SETTLED,
    ArmAnswer,
    ArmCall,
    Handler,
    Operation,
    OperationReader,
    ok,
    read_operation_name,
)
from lapisml.server.surfaces.azure.errors import error_object
from lapisml.server.surfaces.azure.routing import PROVIDER


def operation_routes(readers: Mapping[str, OperationReader]) -> dict[tuple[str, str], Handler]:
    """Make the routes; both are below a subscription and below a group.

    Args:
        readers: kind of operation → what tells how far one is.
    """

    def read(call: ArmCall) -> Operation:
        kind, words = read_operation_name(call.names[1])
        if kind == SETTLED:
            return Operation("Succeeded")
        if kind not in readers:
            raise not_found("operation", call.names[1])
        return readers[kind](call, words)

    def status(call: ArmCall) -> ArmAnswer:
        operation = read(call)
        body: dict[str, Any] = {"id": call.path, "name": call.names[1], "status": operation.status}
        if operation.error is not None:
            body["error"] = error_object(operation.error)
        return ArmAnswer(200, body, (AGAIN,) if operation.status == "InProgress" else ())

    def result(call: ArmCall) -> ArmAnswer:
        operation = read(call)
        if operation.error is not None:
            raise operation.error
        if operation.status == "InProgress":
            return ArmAnswer(202, None, [("Location", f"{call.url}{call.path}"), AGAIN])
        return ArmAnswer(204) if operation.result is None else ok(operation.result)

    below = f"providers/{PROVIDER}/locations/*"
    return {
        ("GET", f"SUB:{below}/mfeOperationsStatus/*"): status,
        ("GET", f"SUB:{below}/mfeOperationResults/*"): result,
    }
