"""Datastores: places that hold data, and how to get in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field
from pydantic_core import PydanticCustomError

from lapisml.documents.base import Document, Part
from lapisml.documents.fields import Choice, FilledText, Port, Secret, Text
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import fault


class Credentials(Part):
    """One of several ways in; a datastore that needs none has none.

    Attributes:
        WAYS: the keys that belong together, one set for each way.
    """

    WAYS: ClassVar[tuple[frozenset[str], ...]]
    OPTIONAL: ClassVar[frozenset[str]] = frozenset()

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse keys of two ways, and a way with a key missing."""
        given = set(self.to_dict()) - self.OPTIONAL
        ways = [way for way in self.WAYS if given & way]
        if len(ways) > 1 and not any(given == way for way in ways):
            shown = "; or ".join(", ".join(sorted(way)) for way in self.WAYS)
            yield (), fault("these keys belong to different ways to log in", shown)
        elif ways and given < ways[0]:
            for key in sorted(ways[0] - given):
                yield (key,), fault(f"missing key `{key}`", "all of " + ", ".join(sorted(ways[0])), at="missing")


class _Principal(Credentials):
    """A service principal, by secret or by certificate."""

    OPTIONAL: ClassVar[frozenset[str]] = frozenset({"authority_url", "resource_url", "certificate"})

    tenant_id: Text | None = Field(None, description="tenant of the service principal")
    client_id: Text | None = Field(None, description="id of the service principal")
    client_secret: Secret | None = Field(None, repr=False, description="secret of the service principal")
    thumbprint: Text | None = Field(None, description="thumbprint of the certificate")
    certificate: Secret | None = Field(None, repr=False, description="the certificate")
    authority_url: Text | None = Field(None, description="where to log in")
    resource_url: Text | None = Field(None, description="what to log in to")


_BY_SECRET = frozenset({"tenant_id", "client_id", "client_secret"})
_BY_CERTIFICATE = frozenset({"tenant_id", "client_id", "thumbprint"})


class LakeCredentials(_Principal):
    """How to get into a data lake."""

    WAYS: ClassVar[tuple[frozenset[str], ...]] = (_BY_SECRET, _BY_CERTIFICATE, frozenset({"account_key"}))

    account_key: Secret | None = Field(None, repr=False, description="key of the storage account")


class StorageCredentials(_Principal):
    """How to get into blobs and file shares."""

    WAYS: ClassVar[tuple[frozenset[str], ...]] = (
        frozenset({"account_key"}), frozenset({"sas_token"}), _BY_SECRET, _BY_CERTIFICATE,
    )  # fmt: skip

    account_key: Secret | None = Field(None, repr=False, description="key of the storage account")
    sas_token: Secret | None = Field(None, repr=False, description="shared access signature")


class S3Credentials(Credentials):
    """How to get into an S3 bucket."""

    WAYS: ClassVar[tuple[frozenset[str], ...]] = (frozenset({"access_key_id", "secret_access_key"}),)
    OPTIONAL: ClassVar[frozenset[str]] = frozenset({"session_token"})

    access_key_id: Secret | None = Field(None, repr=False, description="id of the access key")
    secret_access_key: Secret | None = Field(None, repr=False, description="the access key")
    session_token: Secret | None = Field(None, repr=False, description="token of a session that ends")


class GcsCredentials(Credentials):
    """How to get into a Google Cloud Storage bucket."""

    WAYS: ClassVar[tuple[frozenset[str], ...]] = (frozenset({"service_account_key"}),)

    service_account_key: Secret | None = Field(None, repr=False, description="the JSON key of a service account")


class Datastore(Document):
    """What all datastores have."""

    KIND: ClassVar[str] = "datastore"
    NOUN: ClassVar[str] = "datastore"


class _AzureStorage(Datastore):
    account_name: FilledText = Field(description="name of the storage account")
    endpoint: Text | None = Field(None, description="suffix of the account's address, core.windows.net by default")
    protocol: Annotated[str, Choice("https", "http", "wasbs", "wasb", "abfss", "abfs", "smb")] | None = Field(
        None, description="how it is reached"
    )


class AzureBlob(_AzureStorage):
    """A container of Azure Blob storage."""

    type: Annotated[str, Choice("azure_blob")] = Field(description="azure_blob")
    container_name: FilledText = Field(description="name of the container")
    credentials: StorageCredentials | None = Field(None, description="account_key, sas_token or a service principal")


class AzureFile(_AzureStorage):
    """An Azure file share."""

    type: Annotated[str, Choice("azure_file")] = Field(description="azure_file")
    file_share_name: FilledText = Field(description="name of the file share")
    credentials: StorageCredentials | None = Field(None, description="account_key or sas_token")


class AzureDataLakeGen1(Datastore):
    """An Azure Data Lake of the first generation."""

    type: Annotated[str, Choice("azure_data_lake_gen1")] = Field(description="azure_data_lake_gen1")
    store_name: FilledText = Field(description="name of the store")
    credentials: LakeCredentials | None = Field(None, description="a service principal")


class AzureDataLakeGen2(_AzureStorage):
    """A file system of Azure Data Lake Storage Gen2."""

    type: Annotated[str, Choice("azure_data_lake_gen2")] = Field(description="azure_data_lake_gen2")
    filesystem: FilledText = Field(description="name of the file system")
    credentials: LakeCredentials | None = Field(None, description="a service principal")


class Local(Datastore):
    """A folder on the server's machine."""

    type: Annotated[str, Choice("local")] = Field(description="local")
    path: FilledText | None = Field(None, description="an absolute folder; a folder of the workspace when left out")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse a folder whose place depends on where somebody stands."""
        if self.path is not None and (not self.path.startswith("/") or ".." in self.path.split("/")):
            yield ("path",), fault("it is not an absolute path", "a path such as /srv/data, without `..`")


class S3(Datastore):
    """A bucket of S3 or of a store that speaks S3."""

    type: Annotated[str, Choice("s3")] = Field(description="s3")
    bucket: FilledText = Field(description="name of the bucket")
    prefix: Text | None = Field(None, description="folder in the bucket")
    endpoint: Text | None = Field(None, description="address of the store, when it is not Amazon's")
    region: Text | None = Field(None, description="region of the bucket")
    credentials: S3Credentials | None = Field(None, description="access_key_id and secret_access_key")


class Gcs(Datastore):
    """A bucket of Google Cloud Storage."""

    type: Annotated[str, Choice("gcs")] = Field(description="gcs")
    bucket: FilledText = Field(description="name of the bucket")
    prefix: Text | None = Field(None, description="folder in the bucket")
    credentials: GcsCredentials | None = Field(None, description="service_account_key")


class Hdfs(Datastore):
    """A folder of a Hadoop file system."""

    type: Annotated[str, Choice("hdfs")] = Field(description="hdfs")
    host: FilledText = Field(description="name node")
    port: Port | None = Field(None, description="port of the name node")
    prefix: Text | None = Field(None, description="folder in the file system")
