"""What all documents and their parts have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    ValidatorFunctionWrapHandler,
    model_validator,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from lapisml.documents.fields import Checked, Name, Tags, Text, Version
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import FAULT, NOT_SUPPORTED, describe, fault
from lapisml.documents.words import nearest

_OURS = (FAULT, NOT_SUPPORTED)


class Part(BaseModel):
    """A mapping with known keys. Unknown keys are refused with the nearest known one, all faults at once."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=(), defer_build=True)

    READ_ONLY: ClassVar[frozenset[str]] = frozenset()
    """Keys that a record has around its document: passed over, so that what ``show`` prints can be used again."""

    KEY_HINTS: ClassVar[Mapping[str, str]] = {}
    """Unknown key that people write → what to say instead of looking for a near word."""

    @classmethod
    def keys(cls) -> list[str]:
        """List the keys that a document may have here."""
        return [info.alias or name for name, info in cls.model_fields.items()]

    @model_validator(mode="wrap")
    @classmethod
    def _in_our_words(cls, data: Any, handler: ValidatorFunctionWrapHandler) -> Self:
        if isinstance(data, cls):
            return data
        if not isinstance(data, (dict, Mapping)):
            raise fault(describe(data), f"a mapping with keys such as {', '.join(cls.keys()[:4])}")
        known, errors = cls._known(data)
        try:
            made: Self = handler(known)
        except ValidationError as error:
            errors += cls._others(error, {detail["type"].context["suggestion"] for detail in errors})  # type: ignore[index,union-attr]
        if not errors:
            errors = [InitErrorDetails(type=found, loc=loc, input=None) for loc, found in made.faults()]
        if errors:
            raise ValidationError.from_exception_data(cls.__name__, errors)
        return made

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Yield what is wrong between keys that are each right, with the path below this part."""
        yield from ()

    @classmethod
    def _others(cls, error: ValidationError, mistyped: set[str | None]) -> list[InitErrorDetails]:
        """Put pydantic's faults in our words; a key that is there under a mistyped name is not missing too."""
        details = error.errors(include_url=False)
        return [
            cls._translated(dict(detail))
            for detail in details
            if not (detail["type"] == "missing" and len(detail["loc"]) == 1 and detail["loc"][0] in mistyped)
        ]

    @classmethod
    def _known(cls, data: Mapping[Any, Any]) -> tuple[dict[str, Any], list[InitErrorDetails]]:
        """Part the keys into those that are known and faults for the rest; keys without a value count as absent."""
        keys = cls.keys()
        known: dict[str, Any] = {}
        errors: list[InitErrorDetails] = []
        for key, value in data.items():
            if key in keys:
                if value is not None:
                    known[key] = value
            elif key not in cls.READ_ONLY:
                errors.append(InitErrorDetails(type=cls._unknown(str(key)), loc=(str(key),), input=None))
        return known, errors

    @classmethod
    def _unknown(cls, key: str) -> PydanticCustomError:
        near = nearest(key, cls.keys())
        hint = cls.KEY_HINTS.get(key)
        if hint is None and near is None:
            hint = f"one of {', '.join(sorted(cls.keys()))}"
        return fault(f"unknown key `{key}`", hint, None if hint else near, at="key")

    @classmethod
    def _translated(cls, detail: dict[str, Any]) -> InitErrorDetails:
        kind, loc = detail["type"], detail["loc"]
        if kind in _OURS:
            context = detail["ctx"]
            ours = fault(context["message"], context["expected"], context["suggestion"], kind=kind, at=context["at"])
        elif kind == "missing":
            ours = fault(f"missing key `{loc[-1]}`", cls._meaning(str(loc[-1])), at="missing")
        else:
            ours = fault(f"this can't be read: {detail['msg']}")
        return InitErrorDetails(type=ours, loc=loc, input=None)

    @classmethod
    def _meaning(cls, key: str) -> str | None:
        infos = [info for name, info in cls.model_fields.items() if key in (name, info.alias)]
        return infos[0].description if infos else None

    def to_dict(self) -> dict[str, Any]:
        """Give the plain dictionary: YAML keys, in the order of the model, without those that have no value."""
        made = {}
        for name, info in type(self).model_fields.items():
            value = getattr(self, name)
            if value is not None and not info.exclude:
                made[info.alias or name] = _plain(value)
        return made


def _plain(value: Any) -> Any:
    if isinstance(value, Part):
        return value.to_dict()
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value


@dataclass(frozen=True)
class TextOr:
    """Reads a value that is either text or a mapping: ``Annotated[str | SomePart, TextOr(SomePart, read, "…")]``.

    Attributes:
        part: the mapping's model.
        read: reads the text.
        expected: what is expected when it is neither.
    """

    part: type[Part]
    read: Checked
    expected: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        inner = handler.generate_schema(self.part)
        return core_schema.no_info_wrap_validator_function(self._choose, inner)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"type": ["string", "number", "boolean"]}, handler(schema["schema"])]}

    def _choose(self, value: Any, handler: Any) -> Any:
        if isinstance(value, (dict, Mapping, self.part)):
            return handler(value)
        if isinstance(value, (str, bool, int, float)):
            return self.read(value)
        raise fault(describe(value), self.expected)


RECORD_KEYS = frozenset(
    "id creation_context archived status status_code status_reason provisioning_state created_on".split()
)
"""Keys that records of every kind have around their document."""


class Document(Part):
    """The top of a document of one kind.

    Attributes:
        KIND: ``data``, ``job`` …: the noun of the command that takes it.
        NOUN: what to call it in messages.
    """

    KIND: ClassVar[str]
    NOUN: ClassVar[str]
    READ_ONLY: ClassVar[frozenset[str]] = RECORD_KEYS

    schema_: Text | None = Field(None, alias="$schema", exclude=True, description="address of the JSON schema")
    name: Name = Field(description="a name, here or with --name")
    description: Text | None = Field(None, description="what it is, for people")
    tags: Tags | None = Field(None, description="key and text, for searching")


class AutoDelete(Part):
    """When an asset may be deleted."""

    condition: Text | None = Field(None, description="created_greater_than or last_accessed_greater_than")
    value: Text | None = Field(None, description="for example 30d")


class Asset(Document):
    """What data, models, environments and components share."""

    READ_ONLY: ClassVar[frozenset[str]] = RECORD_KEYS | {"latest_version", "intellectual_property", "job_name"}

    version: Version | None = Field(None, description="text; the next whole number when left out")
    auto_delete_setting: AutoDelete | None = Field(None, description="when it may be deleted")
