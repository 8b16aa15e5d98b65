"""Connections: where another system is, and how to get in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field
from pydantic_core import PydanticCustomError

from lapisml.documents.base import RECORD_KEYS, Document, Part
from lapisml.documents.detection import TYPES
from lapisml.documents.fields import AnyMapping, Choice, Flag, MappingOf, Secret, Text
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import fault

TARGETS = ("target", "endpoint", "azure_endpoint", "api_base", "url")
"""The keys under which documents say where the other system is; each type has one that it likes best."""

WITHOUT_TARGET = frozenset({"open_ai", "serp"})
"""Types whose system has one address in the world."""

WAYS: dict[str, tuple[str, ...]] = {
    "pat": ("pat",),
    "sas": ("sas_token",),
    "username_password": ("username", "password"),
    "managed_identity": ("client_id", "resource_id"),
    "service_principal": ("client_id", "client_secret", "tenant_id"),
    "access_key": ("access_key_id", "secret_access_key"),
    "api_key": ("key",),
    "account_key": ("account_key",),
    "custom_keys": ("keys",),
    "aad": (),
    "none": (),
}
"""Type of credentials → the keys that belong to it."""

_OPTIONAL = frozenset({"client_id", "resource_id"})
_TAKEN: dict[str, tuple[str, ...]] = {
    "azure_blob": ("access_key", "account_key", "sas", "aad", "none"),
    "azure_data_lake_gen2": ("service_principal", "aad", "managed_identity", "none"),
    "adls_gen2": ("service_principal", "aad", "managed_identity", "none"),
    "git": ("pat", "none", "username_password"),
    "python_feed": ("username_password", "pat", "none"),
    "container_registry": ("managed_identity", "username_password"),
}
"""Types of connection that take only some types of credentials."""


class ConnectionCredentials(Part):
    """One way in."""

    type: Annotated[str, Choice(*WAYS)] | None = Field(None, description=", ".join(WAYS))
    pat: Secret | None = Field(None, repr=False, description="personal access token")
    sas_token: Secret | None = Field(None, repr=False, description="shared access signature")
    username: Text | None = Field(None, description="name of the user")
    password: Secret | None = Field(None, repr=False, description="password of the user")
    client_id: Text | None = Field(None, description="id of the identity or service principal")
    resource_id: Text | None = Field(None, description="id of the managed identity")
    client_secret: Secret | None = Field(None, repr=False, description="secret of the service principal")
    tenant_id: Text | None = Field(None, description="tenant of the service principal")
    access_key_id: Secret | None = Field(None, repr=False, description="id of the access key")
    secret_access_key: Secret | None = Field(None, repr=False, description="the access key")
    key: Secret | None = Field(None, repr=False, description="API key")
    account_key: Secret | None = Field(None, repr=False, description="key of the storage account")
    keys_: Annotated[dict[str, Secret], MappingOf] | None = Field(
        None, alias="keys", repr=False, description="name and key, for type custom_keys"
    )

    @property
    def way(self) -> str:
        """The type of these credentials: as written, else the one whose keys are there."""
        if self.type is not None:
            return self.type
        given = set(self.to_dict())
        return next((way for way, keys in WAYS.items() if keys and given & set(keys) and given <= set(keys)), "none")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse keys that do not belong to this type of credentials, and the lack of one that does."""
        given, keys = set(self.to_dict()) - {"type"}, WAYS[self.way]
        for key in sorted(given - set(keys)):
            expected = f"for type {self.way}: " + (", ".join(keys) or "no further key")
            yield (key,), fault(f"`{key}` does not belong to credentials of type {self.way}", expected, at="key")
        needed = [key for key in keys if key not in _OPTIONAL or self.way == "service_principal"]
        for key in [key for key in needed if key not in given]:
            yield (key,), fault(f"missing key `{key}`", f"credentials of type {self.way} have it", at="missing")


class Artifact(Part):
    """What a connection to OneLake leads to."""

    type: Text | None = Field(None, description="lake_house")
    name: Text | None = Field(None, description="name or id of the artifact")


class Connection(Document):
    """Another system that jobs, imports and flows may use, with the credentials for it."""

    KIND: ClassVar[str] = "connection"
    NOUN: ClassVar[str] = "connection"
    READ_ONLY: ClassVar[frozenset[str]] = RECORD_KEYS | frozenset({"resource_group", "group"})

    type: Annotated[str, Choice(*TYPES["connection"])] = Field(description="kind of the other system")
    target: Text | None = Field(None, description="address of the other system")
    endpoint: Text | None = Field(None, description="as target")
    azure_endpoint: Text | None = Field(None, description="as target")
    api_base: Text | None = Field(None, description="as target")
    url: Text | None = Field(None, description="as target")
    credentials: ConnectionCredentials | None = Field(None, description="how to get in; none when left out")
    api_key: Secret | None = Field(None, repr=False, description="as credentials of type api_key")
    api_version: Text | None = Field(None, description="version of the other system's protocol")
    api_type: Text | None = Field(None, description="kind of the other system's protocol")
    open_ai_resource_id: Text | None = Field(None, description="id of the Azure OpenAI resource")
    ai_services_resource_id: Text | None = Field(None, description="id of the AI services resource")
    account_name: Text | None = Field(None, description="name of the storage account")
    container_name: Text | None = Field(None, description="name of the container")
    artifact: Artifact | None = Field(None, description="what in OneLake is meant")
    one_lake_workspace_name: Text | None = Field(None, description="workspace in OneLake")
    metadata: AnyMapping | None = Field(None, description="further facts")
    is_shared: Flag | None = Field(None, description="whether other projects of a hub may use it")

    @property
    def way(self) -> str:
        """The type of its credentials."""
        return "api_key" if self.api_key is not None else self.credentials.way if self.credentials else "none"

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse a connection that leads nowhere, in two ways at once, or with credentials of a wrong type."""
        given = {value for key in TARGETS if (value := getattr(self, key)) is not None}
        if not given and self.type not in WITHOUT_TARGET and self.artifact is None:
            yield ("target",), fault("missing key `target`", "the address of the other system", at="missing")
        if len(given) > 1:
            yield (), fault("it says in several ways where the other system is", f"one of {', '.join(TARGETS)}")
        if self.api_key is not None and self.credentials is not None and self.credentials.way != "api_key":
            yield ("api_key",), fault("there are other credentials too", "either `api_key` or `credentials`", at="key")
        taken = _TAKEN.get(self.type)
        if taken is not None and self.way not in taken:
            sentence = f"a connection of type {self.type} has no credentials of type {self.way}"
            yield ("credentials",), fault(sentence, f"credentials of type {', '.join(taken)}")
        if self.type == "azure_blob":
            for key in ("account_name", "container_name"):
                if getattr(self, key) is None:
                    yield (key,), fault(f"missing key `{key}`", "where in the storage account", at="missing")
