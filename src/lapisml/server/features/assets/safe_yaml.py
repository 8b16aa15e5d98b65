"""YAML of untrusted files: plain values only, no aliases (which could grow without end), a limit on size."""

from __future__ import annotations

from typing import Any

import yaml

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import Storage, StorageLocation

MOST_BYTES = 1 << 20


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuse aliases: one short text of them stands for billions of values."""
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed here")
        return super().compose_node(parent, index)


def read_mapping(storage: Storage, location: StorageLocation) -> dict[str, Any] | None:
    """Read a YAML file that holds a mapping; None when there is no such file.

    Raises:
        LapisError: DocumentInvalid when it can't be read as one; what the storage raises.
    """
    found = storage.info(location)
    if found is None or found.is_dir:
        return None
    if found.size > MOST_BYTES:
        raise _invalid(location, f"it is longer than {MOST_BYTES} bytes")
    try:
        return mapping_of(storage.read_range(location, 0, MOST_BYTES))
    except ValueError as error:
        raise _invalid(location, str(error)) from error


def mapping_of(text: str | bytes) -> dict[str, Any]:
    """Read YAML that holds a mapping.

    Raises:
        ValueError: it can't be read as one; the message says why, without a full stop.
    """
    if len(text) > MOST_BYTES:
        raise ValueError(f"it is longer than {MOST_BYTES} bytes")
    try:
        content = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise ValueError(str(error).splitlines()[0]) from error
    if not isinstance(content, dict):
        raise ValueError("it does not hold `key: value` lines")  # noqa: TRY004 - the text is at fault
    return content


def _invalid(location: StorageLocation, why: str) -> LapisError:
    return LapisError(ErrorCode.DOCUMENT_INVALID, f"The file {location.name} is not valid: {why}.")
