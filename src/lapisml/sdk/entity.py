"""What all entities have in common: a document, and what the server knows around it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

from pydantic import ConfigDict, PrivateAttr, ValidationError

from lapisml.documents.base import Document
from lapisml.documents.faults import faults_of, problems_of, refuse
from lapisml.sdk.records import View, viewed


class Entity(Document):
    """What all entities have in common.

    Args:
        values: keys of the document.

    Raises:
        LapisError: DocumentInvalid, with every fault.
    """

    model_config = ConfigDict(defer_build=True)  # most programs use few of the entities

    _record: dict[str, Any] | None = PrivateAttr(None)
    _base_path: Path | None = PrivateAttr(None)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            faults = faults_of(error)
            raise refuse(self.NOUN, values.get("name"), problems_of(faults), faults) from None

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Make the entity of a record that the server gave."""
        keys = cls.keys()
        made = cls(**{key: value for key, value in record.items() if key in keys and value is not None})
        made._record = record
        if "services" in record:
            made.__dict__["services"] = viewed(record["services"])
        return made

    @property
    def record(self) -> View | None:
        """All that the server gave, None for an entity that was made here."""
        return None if self._record is None else viewed(self._record)

    @property
    def base_path(self) -> Path:
        """The folder that relative paths start from: that of the YAML file, else the working folder."""
        return self._base_path or Path.cwd()

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and self._record is not None and name in self._record:
            return viewed(self._record[name])
        return super().__getattr__(name)  # type: ignore[misc]

    def __str__(self) -> str:
        return json.dumps(self._record if self._record is not None else self.to_dict(), indent=2, default=str)

    __repr__ = __str__
