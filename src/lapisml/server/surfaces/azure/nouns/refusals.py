"""What Azure ML has and this server has not: lists are empty, nothing is found, and making one is refused."""

from __future__ import annotations

from lapisml.core.errors import not_found
from lapisml.server.surfaces.azure.arm import ArmAnswer, ArmCall, Handler, Routes, ok
from lapisml.server.surfaces.azure.errors import not_supported
from lapisml.server.surfaces.azure.services import AzureServices

_NETWORK = "Workspaces have no managed network: the server listens on one address."
_SERVERLESS = "There are no serverless endpoints: models of a catalogue are hosted by Azure alone."

_NOUNS = {
    "outboundRules": ("outbound rule", _NETWORK, None),
    "serverlessEndpoints": ("serverless endpoint", _SERVERLESS, "Deploy the model to an online endpoint."),
    "marketplaceSubscriptions": ("marketplace subscription", _SERVERLESS, None),
    "privateEndpointConnections": ("private endpoint connection", _NETWORK, None),
    "inferencePools": ("inference pool", "There are no inference pools.", "Use an online endpoint."),
    "capabilityHosts": ("capability host", "There are no capability hosts: agents are not hosted here.", None),
}
"""Word of the address → what one is called, why there are none, what to do instead."""


def _empty(_call: ArmCall) -> ArmAnswer:
    return ok({"value": []})


def _missing(kind: str) -> Handler:
    def handle(call: ArmCall) -> ArmAnswer:
        raise not_found(kind, call.names[0])

    return handle


def _refused(sentence: str, instead: str | None) -> Handler:
    def handle(_call: ArmCall) -> ArmAnswer:
        raise not_supported(sentence, instead)

    return handle


def routes(_services: AzureServices) -> Routes:
    """Make the routes."""
    found: Routes = {}
    for word, (kind, sentence, instead) in _NOUNS.items():
        found |= {
            ("GET", word): _empty,
            ("GET", f"{word}/*"): _missing(kind),
            ("PUT", f"{word}/*"): _refused(sentence, instead),
            ("DELETE", f"{word}/*"): _missing(kind),
        }
    for verb in ("listKeys", "regenerateKeys"):
        found[("POST", f"serverlessEndpoints/*/{verb}")] = _missing("serverless endpoint")
    found[("POST", "provisionManagedNetwork")] = _refused(_NETWORK, None)
    found[("POST", "listNotebookAccessToken")] = _refused("There are no hosted notebooks.", None)
    found[("POST", "prepareNotebook")] = _refused("There are no hosted notebooks.", None)
    return found
