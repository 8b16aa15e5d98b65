"""What a deployment's change or end is refused for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.ids import is_valid_name
from lapisml.documents import registry
from lapisml.server.features.endpoints.records import EndpointRecord

KIND = "online-deployment"


def without(shares: Mapping[str, int], name: str) -> dict[str, int]:
    """Give shares without those of one deployment."""
    return {key: share for key, share in shares.items() if key != name}


def refuse_deleting(endpoint: EndpointRecord) -> None:
    """Refuse what is asked of an endpoint that is about to go.

    Raises:
        LapisError: Conflict.
    """
    if endpoint.deleting:
        raise LapisError(ErrorCode.CONFLICT, f"Endpoint '{endpoint.name}' is being deleted.", "Wait, and try again.")


def refuse_traffic(endpoint: EndpointRecord, name: str) -> None:
    """Refuse to delete a deployment that has a share of the requests.

    Raises:
        LapisError: Conflict.
    """
    for shares, what, flag in (
        (endpoint.traffic, "traffic", "traffic"),
        (endpoint.mirror, "mirrored traffic", "mirror-traffic"),
    ):
        if shares.get(name):
            sentence = f"Deployment '{name}' has {shares[name]} % of the {what}; it can't be deleted."
            hint = f'Give it none first: lapis online-endpoint update -n {endpoint.name} --{flag} "{name}=0"'
            raise LapisError(ErrorCode.CONFLICT, sentence, hint)


def read_document(endpoint: str, name: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """Check the document of a deployment by its kind's rules, and that it is the one of this address.

    Raises:
        LapisError: DocumentInvalid, NotSupported, with a problem for every fault; Usage for another name.
    """
    if not is_valid_name(name):
        raise LapisError(ErrorCode.DOCUMENT_INVALID, f"'{name}' can't be a deployment's name.")
    for key, here in (("endpoint_name", endpoint), ("name", name)):
        if document.get(key, here) != here:
            raise LapisError(ErrorCode.USAGE, f"The document's {key} differs from the address.")
    parsed = registry.parse(KIND, {**document, "name": name, "endpoint_name": endpoint})
    return {**parsed.to_dict(), "name": name, "endpoint_name": endpoint}
