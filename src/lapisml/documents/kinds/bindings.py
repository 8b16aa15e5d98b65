"""Values that may also be given by an expression of the pipeline around them: ``${{parent.inputs.nodes}}``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from lapisml.documents.fields import Whole

_BINDING = re.compile(r"\s*\$\{\{.*\}\}\s*\Z", re.DOTALL)
_ANY_EXPRESSION = re.compile(r"\$\{\{")


def is_binding(value: Any) -> bool:
    """Say whether a value is one expression and nothing else."""
    return isinstance(value, str) and _BINDING.match(value) is not None


def has_expression(value: Any) -> bool:
    """Say whether a text holds an expression anywhere."""
    return isinstance(value, str) and _ANY_EXPRESSION.search(value) is not None


@dataclass(frozen=True)
class OrBinding:
    """Lets an expression stand for a value: ``Annotated[int | str, Whole(low=1), OrBinding()]``.

    What the expression names, and that its value is one, is checked with the whole pipeline.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(self._choose, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [handler(schema["schema"]), {"type": "string", "pattern": r"^\s*\$\{\{"}]}

    def _choose(self, value: Any, handler: Any) -> Any:
        return str.__str__(value) if is_binding(value) else handler(value)


BoundCount = Annotated[int | str, Whole(low=1), OrBinding()]
"""1, 2, 3 …, or an expression."""

BoundAmount = Annotated[int | str, Whole(low=0), OrBinding()]
"""0, 1, 2 …, or an expression."""
