"""Datastores under azure.ai.ml's names."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lapisml.documents.fields import Choice
from lapisml.documents.kinds import datastore
from lapisml.sdk.entity import Entity


class AzureBlobDatastore(datastore.AzureBlob, Entity):
    """A container of Azure Blob storage."""

    type: Annotated[str, Choice("azure_blob")] = Field("azure_blob")


class AzureFileDatastore(datastore.AzureFile, Entity):
    """An Azure file share."""

    type: Annotated[str, Choice("azure_file")] = Field("azure_file")


class AzureDataLakeGen1Datastore(datastore.AzureDataLakeGen1, Entity):
    """An Azure Data Lake of the first generation."""

    type: Annotated[str, Choice("azure_data_lake_gen1")] = Field("azure_data_lake_gen1")


class AzureDataLakeGen2Datastore(datastore.AzureDataLakeGen2, Entity):
    """A file system of Azure Data Lake Storage Gen2."""

    type: Annotated[str, Choice("azure_data_lake_gen2")] = Field("azure_data_lake_gen2")


class LocalDatastore(datastore.Local, Entity):
    """A folder on the server's machine."""

    type: Annotated[str, Choice("local")] = Field("local")


class S3Datastore(datastore.S3, Entity):
    """A bucket of S3 or of a store that speaks S3."""

    type: Annotated[str, Choice("s3")] = Field("s3")


class GcsDatastore(datastore.Gcs, Entity):
    """A bucket of Google Cloud Storage."""

    type: Annotated[str, Choice("gcs")] = Field("gcs")


class HdfsDatastore(datastore.Hdfs, Entity):
    """A folder of a Hadoop file system."""

    type: Annotated[str, Choice("hdfs")] = Field("hdfs")
