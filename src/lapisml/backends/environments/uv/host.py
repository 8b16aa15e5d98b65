"""The server's own interpreter offered as an environment: nothing is installed."""

from __future__ import annotations

import ensurepip
import hashlib
import site
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from lapisml.backends.environments.uv.installing import lend_scripts
from lapisml.backends.environments.uv.interpreters import own_interpreter
from lapisml.backends.environments.uv.specification import Specification
from lapisml.ports.environments import BuiltEnvironment


def host_digest() -> str:
    """Return a digest of the interpreter and of the names and versions of what is installed beside it."""
    names = [sys.executable, sys.version]
    for folder in _site_packages():
        names += sorted(p.name for p in folder.iterdir() if p.suffix in (".dist-info", ".egg-info", ".pth"))
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def describe_host(specification: Specification, folder: Path) -> BuiltEnvironment:
    """Write the lock and the commands into `folder`, and say what the host lacks of what was asked."""
    scripts = folder / "bin"
    scripts.mkdir(exist_ok=True)
    own = [p for p in sorted(Path(sys.executable).parent.iterdir()) if not p.name.startswith(("python", "pip"))]
    lend_scripts(scripts, Path(sys.executable), own)
    lock = folder / "requirements.lock"
    installed = sorted(f"{name}=={version}\n" for name, version in _installed().items())
    lock.write_text(f"# Python {_version()}\n{''.join(installed)}", encoding="utf-8")
    return BuiltEnvironment(
        key=specification.key,
        prefix=Path(sys.prefix),
        bin=scripts,
        python=Path(sys.executable),
        base_python=own_interpreter().path,
        python_version=_version(),
        site_packages=(*_site_packages(), *_pip()),
        lock=lock,
        warnings=(*specification.notes, *_departures(specification)),
    )


def _version() -> str:
    return own_interpreter().version


def _site_packages() -> list[Path]:
    """Return where packages lie; the same in every process, however it was started (``-I`` hides the user's own)."""
    folders = site.getsitepackages()
    if sys.prefix == sys.base_prefix:
        folders.append(site.getusersitepackages())
    return [Path(f) for f in dict.fromkeys(folders) if Path(f).is_dir()]


def _installed() -> dict[str, str]:
    """Return normalised name → version of what is installed; the first found counts, as it does for imports."""
    found: dict[str, str] = {}
    for distribution in distributions(path=[str(folder) for folder in _site_packages()]):
        if distribution.metadata["Name"]:  # a half-removed package has a folder without a name
            found.setdefault(canonicalize_name(distribution.name), distribution.version)
    return found


def _pip() -> list[Path]:
    """Return the wheel of pip that comes with Python, where pip is not installed; a wheel can be imported."""
    if "pip" in _installed():
        return []
    return sorted((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"))[-1:]


def _departures(specification: Specification) -> Iterator[str]:
    if not SpecifierSet(specification.python).contains(_version()):
        asked = specification.python.removeprefix("==").removesuffix(".*")
        yield f"Python {asked} was asked for; the server's own {_version()} is used (resolution: host)."
    installed = _installed()
    lacking = [found for text in specification.requirements if (found := _departure(Requirement(text), installed))]
    if lacking:
        yield f"The server's own interpreter was used as it is (resolution: host), which differs: {', '.join(lacking)}."


def _departure(asked: Requirement, installed: Mapping[str, str]) -> str | None:
    version = installed.get(canonicalize_name(asked.name))
    if asked.name == "pip" or (asked.marker is not None and not asked.marker.evaluate()):
        return None
    if version is None:
        return f"{asked} is not there"
    return None if asked.specifier.contains(version, prereleases=True) else f"{asked} is {version}"
