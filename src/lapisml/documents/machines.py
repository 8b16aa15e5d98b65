"""Which machine a document of Azure's means, which has no place for an address and none for a host key.

Azure names a virtual machine by its resource id alone. Its last part is taken for the host name. Two tags, which
Azure's client, its commands and its documents all let through, say more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HOST = re.compile(r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})|[0-9A-Fa-f:.]{2,45}(?:%[A-Za-z0-9_.-]{1,32})?)\Z")
"""The form of a host name or an IP address."""

ADDRESS_TAG = "lapis.address"
"""Tag: host name or IP address of the machine."""

HOST_KEY_TAG = "lapis.host_key"
"""Tag: the machine's public host key, ``ssh-ed25519 AAAA…``; several with commas between."""

_KINDS = ("virtualmachines", "machines")


def address_of(document: Mapping[str, Any]) -> str | None:
    """Give the address that tags or the resource id of a ``virtualmachine`` document name; None for none.

    >>> address_of({"resource_id": "/subscriptions/s/providers/Microsoft.Compute/virtualMachines/gpu1"})
    'gpu1'
    """
    tagged = (document.get("tags") or {}).get(ADDRESS_TAG)
    if tagged is not None:
        return str(tagged).strip()
    parts = str(document.get("resource_id") or "").strip("/").split("/")
    named = parts[-1] if len(parts) == 1 or parts[-2].lower() in _KINDS else ""
    return named if HOST.match(named) else None


def with_machine(document: Mapping[str, Any]) -> dict[str, Any]:
    """Give a document whose `address` and `host_keys` say what its tags and its resource id do; others as they are."""
    found = dict(document)
    if found.get("type") != "virtualmachine":
        return found
    if not found.get("hosts") and found.get("address") is None:
        found["address"] = address_of(found)
    tagged = str((found.get("tags") or {}).get(HOST_KEY_TAG) or "")
    keys = [key.strip() for key in tagged.split(",") if key.strip()]
    if keys:
        found["host_keys"] = [*(found.get("host_keys") or []), *keys]
    return found
