"""Data assets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field
from pydantic_core import PydanticCustomError

from lapisml.documents.base import Asset
from lapisml.documents.fields import Choice, FilledText, Tags, Text
from lapisml.documents.kinds.io import DATA_TYPES, readable
from lapisml.documents.paths import DocumentPath


class Data(Asset):
    """A file, a folder or a table definition, by a name and a version."""

    KIND: ClassVar[str] = "data"
    NOUN: ClassVar[str] = "data asset"

    type: Annotated[str, Choice(*DATA_TYPES)] = Field("uri_folder", description="uri_file, uri_folder or mltable")
    path: FilledText = Field(description="a local path, an azureml://datastores/… address or another URI")
    datastore: Text | None = Field(None, description="where local files are copied to")
    properties: Tags | None = Field(None, description="key and text, kept with the asset")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse a path that can't be a place."""
        yield from readable(self.path)
