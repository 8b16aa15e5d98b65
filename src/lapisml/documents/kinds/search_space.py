"""The search space of a sweep: from which values a parameter of its trials is taken."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from lapisml.documents.base import Part
from lapisml.documents.fields import Choice, Count, MappingOf
from lapisml.documents.kinds.io import check_names
from lapisml.documents.literals import LiteralError, coerce
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import NOT_SUPPORTED, describe, fault, read_any_mapping, read_literal, resolved

KEYS: dict[str, tuple[str, ...]] = {
    "choice": ("values",),
    "uniform": ("min_value", "max_value"),
    "loguniform": ("min_value", "max_value"),
    "quniform": ("min_value", "max_value", "q"),
    "qloguniform": ("min_value", "max_value", "q"),
    "normal": ("mu", "sigma"),
    "lognormal": ("mu", "sigma"),
    "qnormal": ("mu", "sigma", "q"),
    "qlognormal": ("mu", "sigma", "q"),
    "randint": ("upper",),
}
"""Distribution → the keys that it needs, and may have."""

_LARGEST_EXPONENT = 700


def read_number(value: Any) -> float | int:
    """Return a finite number; text such as ``1e-3``, which YAML takes for text, counts."""
    value = resolved(value)
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        try:
            found = coerce(value, "number")
        except LiteralError as error:
            raise fault(str(error), error.expected) from None
        assert isinstance(found, (int, float))
        return found
    raise fault(describe(value), "a number")


Number = Annotated[float | int, PlainValidator(read_number), WithJsonSchema({"type": ["number", "string"]})]


def _read_values(value: Any) -> list[Any]:
    if isinstance(value, str) and value.strip().startswith("range("):
        raise fault("a range is not delivered here", "a list of values", kind=NOT_SUPPORTED)
    if not isinstance(value, (list, tuple)):
        raise fault(describe(value), "a list of values")
    if not value:
        raise fault("the list is empty", "at least one value")
    return [_read_value(one) for one in value]


def _read_value(value: Any) -> Any:
    """Return a value, or a mapping of values and inner search spaces; those are checked with the whole sweep."""
    return read_any_mapping(value) if isinstance(value, Mapping) else read_literal(value)


Values = Annotated[list[Any], PlainValidator(_read_values), WithJsonSchema({"type": "array", "minItems": 1})]


class Parameter(Part):
    """One parameter: a distribution and what belongs to it."""

    type: Annotated[str, Choice(*KEYS)] = Field(description="choice, uniform, loguniform … randint")
    values: Values | None = Field(None, description="choice: the values")
    min_value: Number | None = Field(None, description="uniform forms: the smallest value; its logarithm for log forms")
    max_value: Number | None = Field(None, description="uniform forms: the largest value; its logarithm for log forms")
    mu: Number | None = Field(None, description="normal forms: the mean; of the logarithm for log forms")
    sigma: Number | None = Field(None, description="normal forms: the standard deviation, above 0")
    q: Number | None = Field(None, description="q forms: values are rounded to multiples of this, above 0")
    upper: Count | None = Field(None, description="randint: whole numbers from 0 up to, and without, this one")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse keys of another distribution, missing ones, and empty ranges."""
        wanted = KEYS[self.type]
        given = set(self.to_dict()) - {"type"}
        for key in wanted:
            if key not in given:
                yield (key,), fault(f"missing key `{key}`", self._meaning(key), at="missing")
        for key in sorted(given - set(wanted)):
            message = f"`{key}` has no meaning for {self.type}"
            yield (key,), fault(message, " and ".join(wanted), at="key")
        yield from self._range_faults()

    def _range_faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        low, high = self.min_value, self.max_value
        if low is not None and high is not None and low >= high:
            yield ("max_value",), fault(f"{high} is not above min_value, {low}", f"a number above {low}")
        for key in ("sigma", "q"):
            value = getattr(self, key)
            if value is not None and value <= 0:
                yield (key,), fault(f"{value} is out of range", "a number above 0")
        if self.type in ("loguniform", "qloguniform") and high is not None and high > _LARGEST_EXPONENT:
            top = f"the logarithm of the largest value, at most {_LARGEST_EXPONENT}"
            yield ("max_value",), fault(f"e to the power of {high} is too large", f"{top}, such as {math.log(10):.3f}")


def _read_space(value: Any) -> Any:
    """Take a list of values for a choice; refuse the list of search spaces that AutoML knows."""
    if isinstance(value, list):
        raise fault("several search spaces belong to AutoML", "a mapping of names and distributions")
    if not isinstance(value, Mapping):
        return value
    if not value:
        raise fault("it is empty", "at least one parameter")
    return {
        key: {"type": "choice", "values": one} if isinstance(one, (list, tuple)) else one for key, one in value.items()
    }


SearchSpace = Annotated[dict[str, Parameter], MappingOf, BeforeValidator(check_names), BeforeValidator(_read_space)]
"""Parameter → distribution."""
