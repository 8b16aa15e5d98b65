"""Keys and tokens of online endpoints, under azure.ai.ml's names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class EndpointAuthKeys:
    """The keys of an endpoint; either lets a request in, so that one can be changed while the other is in use."""

    primary_key: str | None = field(default=None, repr=False)
    secondary_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class EndpointAuthToken:
    """A token for an endpoint.

    Attributes:
        access_token: what goes after ``Bearer``.
        expiry_time_utc, refresh_after_time_utc: seconds since the epoch.
        token_type: ``Bearer``.
    """

    access_token: str | None = field(default=None, repr=False)
    expiry_time_utc: int = 0
    refresh_after_time_utc: int = 0
    token_type: str | None = None


def credentials_of(record: Mapping[str, Any]) -> EndpointAuthKeys | EndpointAuthToken:
    """Make the keys or the token of what the server gave."""
    if record.get("accessToken") is None:
        return EndpointAuthKeys(record.get("primaryKey"), record.get("secondaryKey"))
    return EndpointAuthToken(
        record["accessToken"],
        record.get("expiryTimeUtc") or 0,
        record.get("refreshAfterTimeUtc") or 0,
        record.get("tokenType"),
    )
