"""Native routes that open the door for clients of Azure and tell what they need."""

from __future__ import annotations

from typing import Any

from lapisml.server.azure.front import AzureFront
from lapisml.server.platform.routing import Routes
from lapisml.server.platform.wire import RESOURCE_GROUP, SUBSCRIPTION_ID
from lapisml.server.settings import Settings


def router(front: AzureFront, settings: Settings) -> Routes:
    """Make the routes below ``/api/v1/azure``."""
    routes = Routes(prefix="/api/v1/azure", tags=["azure"])

    def facts() -> dict[str, Any]:
        address = front.address()
        return {
            "url": address,
            "authority": front.authority() if address else "",
            "subscription_id": settings.azure_subscription or SUBSCRIPTION_ID,
            "resource_group": settings.azure_resource_group or RESOURCE_GROUP,
        }

    @routes.get("")
    def show() -> dict[str, Any]:
        return facts()

    @routes.post("/open")
    def open_door() -> dict[str, Any]:
        front.open()
        return facts()

    return routes
