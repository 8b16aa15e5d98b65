"""The catalogue of public environment names and container images: data, read from ``builtin/environments``.

The server serves its names as environment assets (`Catalogue.lookup`); a builder without a container engine asks
what stands behind an image's name (`Catalogue.image`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from lapisml.backends.environments.tables import read_table
from lapisml.core.errors import ErrorCode, LapisError

_VERSION = re.compile(r"[0-9]{1,9}\Z")
_SUFFIX_OF_DIGEST = re.compile(r"@sha256:[0-9a-f]+\Z")


@dataclass(frozen=True)
class ImageContent:
    """What stands in for a container image.

    Attributes:
        python: version such as ``3.8`` or ``3.11.6``; None for the interpreter that Lapis runs on.
        packages: requirement lines.
        absent: what the image has and the stand-in does not, as parts of a sentence.
    """

    python: str | None
    packages: tuple[str, ...]
    absent: tuple[str, ...]


class Catalogue:
    """Names → content. Reading is put off until the first question.

    Args:
        extra: a file of the same form as the built-in one, whose entries come first; for an organisation's own
            images and names. It must exist.
    """

    def __init__(self, extra: Path | None = None) -> None:
        self._extra = extra

    def names(self) -> list[str]:
        """Return every name that `lookup` knows, aliases too, sorted."""
        return sorted(self._names)

    def listed(self) -> list[str]:
        """Return one name of each environment, sorted."""
        return sorted(self._environments)

    def lookup(self, name: str, version: str | None = None) -> dict[str, Any] | None:
        """Return the environment document for a curated name, None when there is none.

        Args:
            name: as a registry (``sklearn-1.5``) or a workspace (``AzureML-sklearn-1.5``) calls it; case counts.
            version: any number, for every version has the same content; None for the latest.
        """
        key = self._names.get(name)
        if key is None or (version is not None and not _VERSION.match(version)):
            return None
        entry = self._environments[key]
        return {
            "$schema": "https://azuremlschemas.azureedge.net/latest/environment.schema.json",
            "name": name,
            "version": version or "1",
            "description": entry["description"],
            "image": f"{entry['image']}:{version or 'latest'}",
            "conda_file": {
                "name": key,
                "channels": ["conda-forge"],
                "dependencies": [f"python={entry['python']}", {"pip": list(entry["packages"])}],
            },
            "os_type": "linux",
            "tags": {"Python": entry["python"], "curated": "true"},
        }

    def image(self, name: str) -> ImageContent | None:
        """Return what stands in for the container image `name`, None when nothing is known of it."""
        normalised = normalise_image(name)
        for pattern, entry in self._images:
            match = pattern.fullmatch(normalised)
            content = match and self._content(entry, match.groupdict())
            if content:
                return content
        return None

    def _content(self, entry: Mapping[str, Any], groups: Mapping[str, str]) -> ImageContent | None:
        if "environment" in entry:
            named = self._named_by_image(entry["environment"].format(**groups))
            if named is None:
                return None
            return ImageContent(named["python"], tuple(named["packages"]), tuple(named["absent"]))
        python = entry["python"] and entry["python"].format(**groups)
        packages = tuple(line.format(**groups) for line in entry.get("packages", ()))
        return ImageContent(python, packages, tuple(entry.get("absent", ())))

    def _named_by_image(self, name: str) -> Mapping[str, Any] | None:
        """Return the entry of that name or alias, or whose image ends in it."""
        by_image = {e["image"].rpartition("/")[2]: e for e in self._environments.values()}
        return self._environments.get(self._names.get(name, "")) or by_image.get(name)

    @cached_property
    def _data(self) -> list[dict[str, Any]]:
        builtin = files("lapisml.builtin.environments").joinpath("catalogue.yaml").read_text(encoding="utf-8")
        texts = [(builtin, "the built-in catalogue")]
        if self._extra is not None:
            texts.insert(0, (self._extra.read_text(encoding="utf-8"), str(self._extra)))
        return [_read(text, where) for text, where in texts]

    @cached_property
    def _environments(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for data in self._data:
            found = {**data.get("environments", {}), **found}
        return found

    @cached_property
    def _names(self) -> dict[str, str]:
        aliases = {alias: key for key, e in self._environments.items() for alias in e.get("aliases", ())}
        return aliases | {key: key for key in self._environments}

    @cached_property
    def _images(self) -> list[tuple[re.Pattern[str], dict[str, Any]]]:
        return [(re.compile(e["pattern"]), e) for data in self._data for e in data.get("images", ())]


def normalise_image(name: str) -> str:
    """Bring an image's name to one form: no default registry, always a tag, no digest."""
    short = _SUFFIX_OF_DIGEST.sub("", name.strip())
    for prefix in ("index.docker.io/", "registry-1.docker.io/", "docker.io/"):
        short = short.removeprefix(prefix)
    short = short.removeprefix("library/")
    return short if ":" in short.rpartition("/")[2] else f"{short}:latest"


def _read(text: str, where: str) -> dict[str, Any]:
    data = read_table(text)
    if not isinstance(data, dict) or set(data) - {"environments", "images"}:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, f"{where}: expected a mapping with `environments` and `images`.")
    for entry in (data.get("environments") or {}).values():
        entry.setdefault("absent", [])
        entry.setdefault("description", "")
    return data
