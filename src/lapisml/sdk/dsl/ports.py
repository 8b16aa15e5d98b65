"""Inputs and outputs of steps and pipelines, by attribute or by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

from lapisml.sdk.attributes import Attributes
from lapisml.sdk.dsl.values import Bound, StepOutput, literal_type, plain, unknown

INPUT_KEYS = ("type", "mode", "path")


class StepInput:
    """An input of a step: what it was given, and how the step reaches it.

    Attributes:
        value: a literal, an `Input`, a binding; None when nothing was given.
    """

    def __init__(self, value: Any) -> None:
        self.__dict__["value"] = value
        self.__dict__["settings"] = Attributes()

    @property
    def type(self) -> str | None:
        """Its type, as far as the value tells it."""
        return self.settings.get("type") or literal_type(self.value)

    def document(self) -> Any:
        """Give what the step's document says of it."""
        value = plain(self.value)
        if not self.settings:
            return value
        return {**(value if isinstance(value, Mapping) else {"path": value}), **plain(self.settings)}

    def to_dict(self) -> Any:
        """Give what a document says when it is handed on to another step."""
        return self.document()

    def __getattr__(self, name: str) -> Any:
        if name not in INPUT_KEYS:
            raise AttributeError(name)
        if name in self.settings:
            return self.settings[name]
        return None if isinstance(self.value, Bound) else getattr(self.value, name, None)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in INPUT_KEYS:
            raise unknown(name, INPUT_KEYS, "An input", "key")
        setattr(self.settings, name, value)

    def __str__(self) -> str:
        return str(plain(self.value))

    def __repr__(self) -> str:
        return f"<input {self.document()!r}>"


class Ports(MutableMapping[str, Any]):
    """Names and what stands for them; a name that is not declared is refused with the nearest one.

    Args:
        whose: what has them, for messages.
        noun: ``input`` or ``output``.
        known: the declared names; None when they are not known here.
        make: makes what stands for a name of what was given for it (None: nothing).
    """

    def __init__(self, whose: str, noun: str, known: list[str] | None, make: Callable[[str, Any], Any]) -> None:
        self.__dict__["_whose"] = whose
        self.__dict__["_noun"] = noun
        self.__dict__["_known"] = known
        self.__dict__["_make"] = make
        self.__dict__["_ports"] = {}

    def check(self, name: str) -> None:
        """Refuse a name that is not declared.

        Raises:
            LapisError: Usage, with the nearest name.
        """
        if self._known is not None and name not in self._known and name not in self._ports:
            raise unknown(name, self._known, self._whose, self._noun)

    def __getitem__(self, name: str) -> Any:
        if name not in self._ports:
            self.check(name)
            self._ports[name] = self._make(name, None)
        return self._ports[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.check(name)
        self._ports[name] = self._make(name, value)

    def __delitem__(self, name: str) -> None:
        del self._ports[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*(self._known or ()), *self._ports]))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, name: object) -> bool:
        return name in self._ports or name in (self._known or ())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def given(self) -> Iterator[tuple[str, Any]]:
        """Yield the names that something stands for, with it."""
        yield from self._ports.items()

    def __repr__(self) -> str:
        return f"<{self._noun}s of {self._whose}: {', '.join(self) or 'none'}>"


def output_documents(ports: Ports) -> dict[str, Any]:
    """Give what a step's document says of its outputs."""
    made = {name: port.document() for name, port in ports.given() if isinstance(port, StepOutput)}
    return {name: said for name, said in made.items() if said is not None}


def input_documents(ports: Ports) -> dict[str, Any]:
    """Give what a step's document says of its inputs."""
    made = {name: port.document() for name, port in ports.given() if port.value is not None}
    return {name: said for name, said in made.items() if said is not None}
