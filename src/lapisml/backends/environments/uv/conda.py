"""Reading conda files and turning their packages into PyPI's.

Match specifications follow
https://docs.conda.io/projects/conda/en/stable/user-guide/concepts/pkg-specs.html : ``name=1.2`` means any 1.2.x.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from lapisml.backends.environments.tables import read_table
from lapisml.backends.environments.uv.requirements import Options, Requirements, overriding, parse_requirements
from lapisml.core.errors import ErrorCode, LapisError

_SPEC = re.compile(
    r"(?:(?P<channel>[\w./:-]+)::)?(?P<name>[A-Za-z0-9_][\w.-]*)\s*(?P<rest>[^\[]*)(?:\[(?P<keys>.*)\])?\s*\Z"
)
_KEYED_VERSION = re.compile(r"version\s*=\s*['\"]?([^'\"\]]+)['\"]?")


@dataclass
class CondaContent:
    """What a conda file asks for.

    Attributes:
        python: versions of Python that will do; None when the file does not say.
        packages: requirements; those of its ``pip`` list decide over conda's of the same name.
        constraints: of ``-c`` files in its ``pip`` list.
        options: sources named in its ``pip`` list.
        notes: sentences on what was left out.
    """

    python: SpecifierSet | None = None
    packages: list[Requirement] = field(default_factory=list)
    constraints: list[Requirement] = field(default_factory=list)
    options: Options = field(default_factory=Options)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class CondaNames:
    """The table of names in ``builtin/environments/conda_names.yaml``; see the comments there."""

    renamed: Mapping[str, str]
    harmless: frozenset[str]
    accelerator: frozenset[str]
    absent: frozenset[str]
    known_channels: frozenset[str]
    first_with_numpy_2: Mapping[str, str]


@cache
def conda_names() -> CondaNames:
    """Read the table of names, once."""
    text = files("lapisml.builtin.environments").joinpath("conda_names.yaml").read_text(encoding="utf-8")
    table = read_table(text)
    lists = {k: frozenset(table[k]) for k in ("harmless", "accelerator", "absent", "known_channels")}
    return CondaNames(renamed=table["renamed"], first_with_numpy_2=table["first_with_numpy_2"], **lists)


def parse_conda(document: Mapping[str, Any], folder: Path | None = None) -> CondaContent:
    """Read a conda file's content.

    Args:
        document: keys ``name, channels, dependencies``; ``prefix`` is ignored, as conda does on other machines.
        folder: where ``-r`` lines of the ``pip`` list are looked up.

    Raises:
        LapisError: ``DocumentInvalid`` for what is no conda file, ``NotSupported`` for what PyPI cannot give.
    """
    _refuse_unknown_keys(document)
    dependencies = document.get("dependencies") or []
    if not isinstance(dependencies, list):
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "conda_file.dependencies must be a list.")
    found, from_pip = CondaContent(), Requirements()
    for item in dependencies:
        if isinstance(item, Mapping):
            _read_pip_list(item, folder, from_pip)
        else:
            _read_package(str(item), found)
    numpy = _numpy_of(found.packages)
    found.packages = overriding(found.packages, from_pip.items)
    found.constraints, found.options = [*from_pip.constraints, *numpy], from_pip.options
    foreign = [str(c) for c in document.get("channels") or [] if str(c).lower() not in conda_names().known_channels]
    if foreign:
        found.notes.append(f"Packages come from PyPI, not from the conda channels {', '.join(foreign)}.")
    return found


def _numpy_of(packages: list[Requirement]) -> list[Requirement]:
    """Give what conda's own packages say of NumPy: versions that were built for NumPy 1 need it.

    A version of NumPy that the file names stands as it is.
    """
    if any(one.name == "numpy" and one.specifier for one in packages):
        return []
    firsts = conda_names().first_with_numpy_2
    old = [one for one in packages if one.name in firsts and _is_before(one.specifier, Version(firsts[one.name]))]
    return [Requirement("numpy<2")] if old else []


def _is_before(asked: SpecifierSet, first: Version) -> bool:
    """Say whether only versions before `first` will do."""
    return any(
        one.operator in ("==", "~=", "<=", "<")
        and not one.contains(first)
        and Version(one.version.removesuffix(".*")) <= first
        for one in asked
    )


def _refuse_unknown_keys(document: Mapping[str, Any]) -> None:
    if document.get("variables"):
        raise LapisError(
            ErrorCode.NOT_SUPPORTED,
            "conda_file.variables is not supported.",
            "Put the variables under `environment_variables` of the job.",
        )
    unknown = set(document) - {"name", "channels", "dependencies", "prefix", "variables"}
    if unknown:
        raise LapisError(
            ErrorCode.DOCUMENT_INVALID,
            f"conda_file has unknown keys: {', '.join(sorted(map(str, unknown)))}; "
            "expected name, channels, dependencies.",
        )


def _read_pip_list(item: Mapping[str, Any], folder: Path | None, into: Requirements) -> None:
    others = sorted(str(key) for key in item if key != "pip")
    if others:
        raise LapisError(
            ErrorCode.DOCUMENT_INVALID, f"conda_file.dependencies: '{others[0]}:' is unknown; expected `pip:`."
        )
    lines = item["pip"] or []
    if not isinstance(lines, list):
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "conda_file.dependencies: `pip:` must hold a list.")
    parse_requirements([str(line) for line in lines], "conda_file.dependencies.pip", folder, into)


def _read_package(text: str, found: CondaContent) -> None:
    match = _SPEC.match(text.strip())
    if match is None:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, f"conda_file.dependencies: '{text}' is not a package.")
    name, names = match["name"].lower(), conda_names()
    keyed = _KEYED_VERSION.search(match["keys"] or "")
    version = keyed.group(1) if keyed else match["rest"]
    specifier = _specifier(version.strip(), text)
    if name == "python":
        found.python = specifier
    elif name in names.absent or name.startswith(("r-", "bioconductor-", "perl-")):
        raise _absent(match["name"])
    elif name in names.accelerator:
        found.notes.append(f"'{text.strip()}' was left out: accelerator libraries come with the PyPI packages.")
    elif name not in names.harmless:
        found.packages.append(Requirement(f"{names.renamed.get(name, name)}{specifier}"))
    elif specifier:
        found.notes.append(f"'{text.strip()}' was left out: it is part of conda, not of PyPI.")


def _specifier(version: str, text: str) -> SpecifierSet:
    """Turn conda's version text into PEP 440's: ``=1.2`` and ``1.2`` → ``==1.2.*``, ``==1.2`` stays."""
    parts = [_clause(part.strip()) for part in version.split(",") if part.strip(" *")]
    try:
        return SpecifierSet(",".join(part for part in parts if part))
    except InvalidSpecifier as error:
        raise LapisError(
            ErrorCode.NOT_SUPPORTED,
            f"conda_file.dependencies: the version in '{text}' cannot be expressed for PyPI.",
            "Write it as name=1.2, name==1.2.3 or name>=1.2,<2.",
        ) from error


def _clause(part: str) -> str:
    if part.startswith(("==", ">", "<", "!=", "~=")):
        operator = re.match(r"[=<>!~]+", part)
        assert operator is not None
        value = part[operator.end() :].strip()
        if operator.group() == "==":
            value = _without_build(value)
        elif operator.group() in (">=", "<", ">", "<="):
            value = value.removesuffix(".*")
        return operator.group() + value
    value = _without_build(part.lstrip("= ").strip())
    if value in ("", "*"):
        return ""
    return f"=={value.rstrip('*').rstrip('.')}.*"


def _without_build(value: str) -> str:
    """Drop conda's build string: ``1.2=py38_0`` and ``1.2 py38_0`` → ``1.2``."""
    return re.split(r"[=\s]", value, maxsplit=1)[0]


def _absent(name: str) -> LapisError:
    return LapisError(
        ErrorCode.NOT_SUPPORTED,
        f"conda_file.dependencies: '{name}' exists only as a conda package, and this builder installs from PyPI.",
        "Install it on the machine and remove it from the conda file.",
    )
