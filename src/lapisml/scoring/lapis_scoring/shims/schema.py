"""``inference_schema``'s decorators: they say what ``run()`` takes and returns, by example.

The arguments of a decorated function come by name from the request's JSON object, converted to the example's type;
the examples become the endpoint's swagger.json.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from .parameter_types import AbstractParameterType

_MARK = "_lapis_schema"


class _Known:
    """What the decorators of one function said."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.arguments = [name for name in inspect.signature(function).parameters if name != "request_headers"]
        self.inputs: dict[str, AbstractParameterType] = {}
        self.output: AbstractParameterType | None = None


def input_schema(
    param_name: str, param_type: Any, convert_to_provided_type: bool = True, optional: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Describe an argument by an example.

    Args:
        param_name: the argument.
        param_type: the example, as one of the parameter types.
        convert_to_provided_type: whether the function gets the example's type, or what JSON holds.
        optional: whether it may be absent.

    Raises:
        TypeError: `param_type` is no parameter type.
        ValueError: the function has no such argument.
    """
    _check(param_type)

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        known = _known(function)
        if param_name not in known.arguments:
            raise ValueError(f"'{param_name}' is no argument of {function.__name__}()")
        known.inputs[param_name] = param_type
        place = known.arguments.index(param_name)

        @functools.wraps(function)
        def run(*given: Any, **named: Any) -> Any:
            if not convert_to_provided_type:
                return function(*given, **named)
            if param_name in named:
                if not (optional and not named[param_name]):
                    named[param_name] = param_type.converted(named[param_name], param_name)
            elif place < len(given):
                converted = param_type.converted(given[place], param_name)
                given = (*given[:place], converted, *given[place + 1 :])
            return function(*given, **named)

        setattr(run, _MARK, known)
        return run

    return decorate


def output_schema(output_type: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Describe what the function returns by an example.

    Raises:
        TypeError: `output_type` is no parameter type.
    """
    _check(output_type)

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        known = _known(function)
        known.output = output_type
        setattr(function, _MARK, known)
        return function

    return decorate


def is_schema_decorated(function: Any) -> bool:
    """Say whether a function has one of the decorators."""
    return hasattr(function, _MARK)


def get_input_schema(function: Any) -> dict[str, Any]:
    """Return the Swagger schema of the arguments."""
    known: _Known | None = getattr(function, _MARK, None)
    if known is None or not known.inputs:
        return {"type": "object"}
    properties: dict[str, Any] = {name: {} for name in known.arguments}
    example: dict[str, Any] = dict.fromkeys(known.arguments, "")
    for name, kind in known.inputs.items():
        described = dict(kind.input_to_swagger())
        example[name] = described.pop("example", None)
        properties[name] = described
    return {"type": "object", "properties": properties, "example": example}


def get_output_schema(function: Any) -> dict[str, Any]:
    """Return the Swagger schema of what is returned."""
    known: _Known | None = getattr(function, _MARK, None)
    if known is None or known.output is None:
        return {"type": "object"}
    return known.output.input_to_swagger()


def get_supported_versions(function: Any) -> list[str]:  # noqa: ARG001 - the package's signature
    """Return the versions of Swagger that can describe the function."""
    return ["2.0", "3.0", "3.1"]


def _known(function: Callable[..., Any]) -> _Known:
    found = getattr(function, _MARK, None)
    return found if isinstance(found, _Known) else _Known(function)


def _check(kind: Any) -> None:
    if not isinstance(kind, AbstractParameterType):
        raise TypeError(f"{kind!r} is no parameter type of inference-schema")
