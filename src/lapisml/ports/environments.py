"""The environment port: from what a user asks for to a folder with a Python that has it.

An *environment definition* is what a document says (a conda file, a list of requirements, an image's name,
a build context) together with how strictly it is to be honoured. A *builder* turns it into a
`BuiltEnvironment`, a folder addressed by the definition's content. What every builder promises:

* **The key decides.** Two definitions that ask for the same thing have the same key, in every process and
  after every restart; `key` does no I/O beyond reading the files of a build context, and takes milliseconds.
* **`build` is idempotent.** For a key that is built already it answers from the ready marker alone
  (under 50 ms, no network). It never changes an environment that was ready.
* **One build per key at a time, across processes.** Whoever comes second waits, is told so through `log`
  together with the running build's lines, and gets the same result. A builder that is killed at any moment
  leaves nothing that `lookup` would take for ready; the next one cleans up and builds anew.
* **What `build` raises** is a `LapisError`: ``NotSupported`` when the definition holds something that this
  builder cannot do at all, ``EnvironmentUnresolvable`` when no such set of packages (or no such Python) is
  to be had, with the ways out in ``hint``, ``EnvironmentBuildFailed`` when the installation broke, with the
  last lines of its log in the message. A failure is not remembered: the next call tries again.
* **Nothing is ignored in silence.** Whatever was not honoured (a container image's system packages, a pin
  that had to be relaxed) is one sentence in `BuiltEnvironment.warnings`.

Every implementation passes `lapisml.testing.environments.EnvironmentBuilderSuite`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

Log = Callable[[str], None]
"""Takes one line of a build's log, without its line end; may be called from the building thread only."""

READY_FILE = "ready.json"
"""Name of the marker within an environment's folder; written last and atomically, so that it proves a build."""

BUILD_LOG_FILE = "build.log"
"""Name of the log within an environment's folder; grows while the build runs."""


class Resolution(StrEnum):
    """How strictly the asked Python and versions are honoured."""

    EXACT = "exact"
    """The asked Python and versions, or a refusal that names the way out."""
    COMPATIBLE = "compatible"
    """The nearest that this machine can have; each departure is a warning."""
    HOST = "host"
    """The interpreter that Lapis itself runs on; nothing is built."""


@dataclass(frozen=True)
class BuildContext:
    """A Docker build context that lies on this machine.

    Attributes:
        folder: the context's root.
        dockerfile: path of the Dockerfile, relative to `folder`, POSIX.
    """

    folder: Path
    dockerfile: str = "Dockerfile"


@dataclass(frozen=True)
class EnvironmentDefinition:
    """What is asked for.

    Attributes:
        name, version: the asset's, for messages only; they do not enter the key.
        image: a container image's name.
        conda: the content of a conda file (``name, channels, dependencies``).
        requirements: lines of a pip requirements file.
        build: a Docker build context.
        folder: where ``-r other.txt`` of `conda` and `requirements` is looked up; what such a file says
            enters the key. None: such lines are refused.
        resolution: how strictly to honour all this.
    """

    name: str | None = None
    version: str | None = None
    image: str | None = None
    conda: Mapping[str, Any] | None = None
    requirements: tuple[str, ...] | None = None
    build: BuildContext | None = None
    folder: Path | None = None
    resolution: Resolution = Resolution.EXACT

    @property
    def label(self) -> str:
        """The name for messages: ``train-env:3``, or the image, or ``(unnamed)``."""
        if self.name:
            return f"{self.name}:{self.version}" if self.version else self.name
        return self.image or "(unnamed)"

    def to_json(self) -> dict[str, Any]:
        """Give the plain form that a launch specification carries."""
        build = self.build and {"folder": str(self.build.folder), "dockerfile": self.build.dockerfile}
        return {
            "name": self.name,
            "version": self.version,
            "image": self.image,
            "conda": dict(self.conda) if self.conda is not None else None,
            "requirements": list(self.requirements) if self.requirements is not None else None,
            "build": build,
            "folder": str(self.folder) if self.folder else None,
            "resolution": self.resolution.value,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> EnvironmentDefinition:
        """Read `to_json`'s form back."""
        build, requirements = body.get("build"), body.get("requirements")
        return cls(
            name=body.get("name"),
            version=body.get("version"),
            image=body.get("image"),
            conda=body.get("conda"),
            requirements=tuple(requirements) if requirements is not None else None,
            build=BuildContext(Path(build["folder"]), build["dockerfile"]) if build else None,
            folder=Path(body["folder"]) if body.get("folder") else None,
            resolution=Resolution(body.get("resolution") or Resolution.EXACT),
        )


@dataclass(frozen=True)
class BuiltEnvironment:
    """An environment that is ready.

    Attributes:
        key: the definition's key; also the name of the folder that holds the marker and the log.
        prefix: the installation's root; never written to by a job (see `lapisml.runner.overlay`).
        bin: folder of its commands, which run under the Python that ``LAPIS_PYTHON`` names, if that is set.
        python: the interpreter within it.
        base_python: the interpreter that it was made from.
        python_version: as ``3.11.7``.
        site_packages: folders where packages lie, in import order.
        lock: the file that says exactly what was installed.
        warnings: what was not honoured, one sentence each.
    """

    key: str
    prefix: Path
    bin: Path
    python: Path
    base_python: Path
    python_version: str
    site_packages: tuple[Path, ...]
    lock: Path
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give the ready marker's content; `lapisml.runner.overlay.overlay` takes it as it is."""
        return {
            "key": self.key,
            "prefix": str(self.prefix),
            "bin": str(self.bin),
            "python": str(self.python),
            "base_python": str(self.base_python),
            "python_version": self.python_version,
            "site_packages": [str(p) for p in self.site_packages],
            "lock": str(self.lock),
            "warnings": list(self.warnings),
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> BuiltEnvironment:
        """Read `to_json`'s form back.

        Raises:
            KeyError: a field is missing.
        """
        return cls(
            key=body["key"],
            prefix=Path(body["prefix"]),
            bin=Path(body["bin"]),
            python=Path(body["python"]),
            base_python=Path(body["base_python"]),
            python_version=body["python_version"],
            site_packages=tuple(Path(p) for p in body["site_packages"]),
            lock=Path(body["lock"]),
            warnings=tuple(body["warnings"]),
        )


class EnvironmentBuilder(Protocol):
    """Builds environments on this machine; see the module's text for what it promises."""

    def key(self, definition: EnvironmentDefinition) -> str:
        """Return the definition's address: lower-case hexadecimal, fit for a folder's name.

        Raises:
            LapisError: ``NotSupported``, ``DocumentInvalid`` or ``EnvironmentUnresolvable`` for a definition
                that cannot be read or that this builder cannot serve whatever the machine has.
        """
        ...

    def lookup(self, key: str) -> BuiltEnvironment | None:
        """Return the environment if it is ready and still there; None otherwise. Never blocks."""
        ...

    def build(self, definition: EnvironmentDefinition, log: Log) -> BuiltEnvironment:
        """Return the environment, building it first if need be; blocks until then.

        Raises:
            LapisError: see the module's text.
        """
        ...
