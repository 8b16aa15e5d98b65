"""From a definition to its canonical specification, whose digest is the environment's key."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace

from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from lapisml.backends.environments.catalogue import Catalogue, ImageContent, normalise_image
from lapisml.backends.environments.uv.conda import parse_conda
from lapisml.backends.environments.uv.dockerfile import read_dockerfile
from lapisml.backends.environments.uv.requirements import (
    Options,
    Requirements,
    by_name,
    overriding,
    parse_requirements,
)
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.environments import EnvironmentDefinition, Resolution

FORMAT = 1
"""Raised when what a build leaves changes its form, so that old folders are not taken for new ones."""


@dataclass(frozen=True)
class Specification:
    """What is to be built, in canonical form: equal requests are equal here.

    Attributes:
        resolution: how strictly.
        python: specifier of the versions that will do; never empty.
        requirements, constraints: PEP 508 texts, sorted, without repetition.
        options: where packages come from.
        notes: sentences on what of the definition is not honoured.
        host: digest of what is installed beside the server's interpreter; only for `Resolution.HOST`.
        machine: operating system and processor.
        form: `FORMAT`.
    """

    resolution: Resolution
    python: str
    requirements: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    options: Options = field(default_factory=Options)
    notes: tuple[str, ...] = ()
    host: str = ""
    machine: str = f"{sys.platform}-{platform.machine()}"
    form: int = FORMAT

    @property
    def key(self) -> str:
        """The SHA-256 of the canonical JSON text, in hexadecimal."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def specify(definition: EnvironmentDefinition, catalogue: Catalogue, default_python: str) -> Specification:
    """Read a definition.

    Args:
        definition: what is asked for.
        catalogue: what stands behind images.
        default_python: minor series (``3.11``) where the definition does not say.

    Raises:
        LapisError: as `EnvironmentBuilder.key`.
    """
    if definition.build is not None:
        content = _from_build(definition, catalogue)
    elif definition.conda is not None:
        content = _from_conda(definition, catalogue)
    else:
        content = _from_image(definition, catalogue)
    if definition.requirements is not None:
        extra = parse_requirements(definition.requirements, "requirements", definition.folder)
        content = content.with_later(extra)
    return content.specification(definition.resolution, default_python)


@dataclass(frozen=True)
class _Content:
    python: SpecifierSet | None
    packages: Requirements
    notes: tuple[str, ...]
    setuptools: bool = False

    def with_later(self, later: Requirements) -> _Content:
        items = overriding(self.packages.items, later.items)
        options = later.options if later.options != Options() else self.packages.options
        merged = Requirements(items, self.packages.constraints + later.constraints, options)
        return replace(self, packages=merged)

    def specification(self, resolution: Resolution, default_python: str) -> Specification:
        python = str(self.python) if self.python else f"=={default_python}.*"
        return Specification(
            resolution=resolution,
            python=python,
            requirements=_canonical([*self.packages.items, *self._implied(python)]),
            constraints=_canonical(self.packages.constraints),
            options=self.packages.options,
            notes=self.notes,
        )

    def _implied(self, python: str) -> list[Requirement]:
        """Return what every such environment has: pip, and where conda or old images gave it, setuptools.

        Setuptools before 81 still carries ``pkg_resources``, which packages of that time import.
        """
        named = by_name(self.packages.items)
        implied = [Requirement("pip")] if "pip" not in named else []
        old = not SpecifierSet(python).contains("3.12.0") and not SpecifierSet(python).contains("3.13.0")
        if self.setuptools and old and "setuptools" not in named:
            implied.append(Requirement("setuptools<81"))
        return implied


def _from_build(definition: EnvironmentDefinition, catalogue: Catalogue) -> _Content:
    assert definition.build is not None
    read = read_dockerfile(definition.build.folder, definition.build.dockerfile, catalogue.image)
    python = read.python if read.python is not None else _series(read.base.python)
    notes = (_image_note(read.image, read.base), *read.notes)
    return _Content(python, read.found, notes, setuptools=True)


def _from_conda(definition: EnvironmentDefinition, catalogue: Catalogue) -> _Content:
    assert definition.conda is not None
    conda = parse_conda(definition.conda, definition.folder)
    image = catalogue.image(definition.image) if definition.image else None
    notes = (_image_note(definition.image, image),) if definition.image else ()
    python = conda.python or (_series(image.python) if image else None)
    packages = Requirements(conda.packages, conda.constraints, conda.options)
    return _Content(python, packages, (*notes, *conda.notes), setuptools=True)


def _from_image(definition: EnvironmentDefinition, catalogue: Catalogue) -> _Content:
    if definition.image is None:
        if definition.requirements is None and definition.resolution != Resolution.HOST:
            raise LapisError(
                ErrorCode.DOCUMENT_INVALID,
                f"The environment {definition.label} says nothing: expected image, conda_file or build.",
            )
        return _Content(None, Requirements(), ())
    image = catalogue.image(definition.image)
    if image is None and definition.resolution == Resolution.EXACT and definition.requirements is None:
        raise _unknown_image(definition.image)
    found = parse_requirements(image.packages if image else (), definition.image)
    python = _series(image.python) if image else None
    return _Content(python, found, (_image_note(definition.image, image),), setuptools=True)


def _series(version: str | None) -> SpecifierSet | None:
    """Turn ``3.8`` into ``==3.8.*``, ``3.11.6`` into ``==3.11.6.*``."""
    if version is None:
        return None
    try:
        return SpecifierSet(f"=={version}.*")
    except InvalidSpecifier as error:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, f"'{version}' is not a version of Python.") from error


def _image_note(name: str | None, image: ImageContent | None) -> str:
    sentence = f"The image '{name}' was not run, for there is no container engine: "
    if image is None:
        return sentence + "what it contains is unknown, and none of it is there."
    absent = ", ".join(image.absent)
    stand_in = "a Python of this machine and packages from PyPI stand in for it"
    return sentence + stand_in + (f"; not there: {absent}." if absent else ".")


def _unknown_image(name: str) -> LapisError:
    repository = re.sub(r":[^:/]*\Z", "", normalise_image(name))
    return LapisError(
        ErrorCode.ENVIRONMENT_UNRESOLVABLE,
        f"Nothing is known of the image '{name}', and there is no container engine to run it.",
        "Add a conda_file that names the packages the job needs, or describe the image in your own catalogue "
        f"(pattern '{re.escape(repository)}:.*'), or set LAPIS_ENVIRONMENT_RESOLUTION=compatible to run in a "
        "bare Python.",
    )


def _canonical(items: Iterable[Requirement]) -> tuple[str, ...]:
    return tuple(sorted({_text(item) for item in items}))


def _text(item: Requirement) -> str:
    extras = f"[{','.join(sorted(item.extras))}]" if item.extras else ""
    marker = f" ; {item.marker}" if item.marker else ""
    version = f" @ {item.url}" if item.url else ",".join(sorted(map(str, item.specifier)))
    return f"{canonicalize_name(item.name)}{extras}{version}{marker}"
