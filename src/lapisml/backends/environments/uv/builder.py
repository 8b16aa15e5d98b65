"""The builder: keys, the ready marker, and the steps of one build under its lock."""

from __future__ import annotations

import errno
import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from lapisml.backends.environments.catalogue import Catalogue
from lapisml.backends.environments.uv.host import describe_host, host_digest
from lapisml.backends.environments.uv.installing import install, lend_scripts, make_venv
from lapisml.backends.environments.uv.interpreters import Interpreter, Interpreters, own_interpreter
from lapisml.backends.environments.uv.locking import Held, hold_key
from lapisml.backends.environments.uv.process import Uv, disk_full, redact
from lapisml.backends.environments.uv.pythons import choose_python
from lapisml.backends.environments.uv.resolving import Resolver
from lapisml.backends.environments.uv.specification import Specification, specify
from lapisml.core.errors import LapisError
from lapisml.ports.environments import (
    BUILD_LOG_FILE,
    READY_FILE,
    BuiltEnvironment,
    EnvironmentDefinition,
    Log,
    Resolution,
)

_FAILED_FILE = "failed.json"


class UvEnvironmentBuilder:
    """Builds virtual environments with uv; an `EnvironmentBuilder`.

    Layout: ``<root>/<key>/`` holds ``venv/``, ``requirements.lock`` (every package with its version and hashes),
    ``build.log`` and ``ready.json``; ``<root>/.locks/<key>`` is locked by whoever builds it.

    Args:
        root: folder of all environments, absolute; made if missing, for its owner only.
        offline: use only what uv's cache has.
        python_downloads: let uv fetch a Python that this machine lacks.
        cache_dir: uv's cache; None for uv's own default. On another file system than `root`, files are copied
            instead of linked.
        catalogue_file: a catalogue that comes before the built-in one (see `Catalogue`).
        python_folders: where executables called ``python3.N`` are looked for; None for the usual places.

    All arguments may be plain JSON values, so that a launch specification can carry them.
    """

    def __init__(
        self, root: Path | str, *, offline: bool = False, python_downloads: bool = False,
        cache_dir: Path | str | None = None, catalogue_file: Path | str | None = None,
        python_folders: Sequence[Path | str] | None = None,
    ) -> None:  # fmt: skip
        self._root = Path(root)
        self._uv = Uv(offline, Path(cache_dir) if cache_dir else None, python_downloads)
        self._catalogue = Catalogue(Path(catalogue_file) if catalogue_file else None)
        self._interpreters = Interpreters([Path(f) for f in python_folders] if python_folders is not None else None)

    def key(self, definition: EnvironmentDefinition) -> str:
        """Return the key; see `EnvironmentBuilder.key`."""
        return self._specify(definition).key

    def lookup(self, key: str) -> BuiltEnvironment | None:
        """Return the environment if its marker and its interpreter are there; see `EnvironmentBuilder.lookup`."""
        try:
            found = BuiltEnvironment.from_json(json.loads((self._root / key / READY_FILE).read_bytes()))
        except (OSError, ValueError, KeyError):
            return None
        return found if found.python.exists() else None

    def build(self, definition: EnvironmentDefinition, log: Log) -> BuiltEnvironment:
        """Return the environment, building it if need be; see `EnvironmentBuilder.build`."""
        specification = self._specify(definition)
        ready = self.lookup(specification.key)
        if ready is not None:
            return ready
        folder = self._root / specification.key
        try:
            self._make_folders(folder)
            lock_file = self._root / ".locks" / specification.key
            with hold_key(lock_file, folder / BUILD_LOG_FILE, log) as held:
                return self._build_held(definition.label, specification, folder, held, log)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise disk_full() from error

    def _specify(self, definition: EnvironmentDefinition) -> Specification:
        specification = specify(definition, self._catalogue, own_interpreter().series)
        if definition.resolution == Resolution.HOST:
            return replace(specification, host=host_digest())
        return specification

    def _make_folders(self, folder: Path) -> None:
        for path in (self._root, self._root / ".locks", folder):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _build_held(
        self, label: str, specification: Specification, folder: Path, held: Held, log: Log
    ) -> BuiltEnvironment:
        ready = self.lookup(specification.key)
        if ready is not None:
            return ready
        _raise_what_we_waited_for(folder / _FAILED_FILE, held)
        _clear(folder)
        with (folder / BUILD_LOG_FILE).open("w", encoding="utf-8", buffering=1) as file:
            build = _Build(specification, folder, self._uv, self._interpreters, held.descriptor, _tee(file.write, log))
            try:
                return build.run(label)
            except LapisError as error:
                file.write(f"Failed: {redact(str(error))}\n")
                _clear(folder, keep_log=True)
                with suppress(OSError):
                    _write_json(folder / _FAILED_FILE, {"at": time.time(), "error": error.to_json()})
                raise


@dataclass
class _Build:
    """One build, its lock held."""

    specification: Specification
    folder: Path
    uv: Uv
    interpreters: Interpreters
    lock_descriptor: int
    log: Log
    started: float = field(default_factory=time.monotonic)

    def run(self, label: str) -> BuiltEnvironment:
        self.log(f"Building the environment {label} ({self.specification.key[:12]})")
        if self.specification.resolution == Resolution.HOST:
            built = describe_host(self.specification, self.folder)
        else:
            built = self._install()
        for warning in built.warnings:
            self.log(f"Warning: {warning}")
        self.log(f"Ready after {time.monotonic() - self.started:.1f} s")
        _write_json(self.folder / READY_FILE, built.to_json())
        return built

    def _install(self) -> BuiltEnvironment:
        spec, keep, prefix = self.specification, (self.lock_descriptor,), self.folder / "venv"
        python, of_python = choose_python(spec.python, spec.resolution, self.interpreters, self.uv, self.log)
        self.log(f"Python {python.version} ({python.path})")
        work = self.folder / "work"
        work.mkdir(mode=0o700)
        resolver = Resolver(self.uv, spec, python, work, self.log, keep)
        resolved = resolver.resolve()
        lock = self.folder / "requirements.lock"
        lock.write_text(f"# Python {python.version}\n{redact(resolved.lock)}", encoding="utf-8")
        self.log(f"Resolved; installing {resolved.count} packages")
        make_venv(self.uv, prefix, python, self.log, keep)
        exact = work / "install.txt"
        exact.write_text("\n".join([*spec.options.lines(), resolved.lock]), encoding="utf-8")
        try:
            install(self.uv, prefix, exact, spec.options, self.log, keep)
        except LapisError as error:
            raise resolver.explain(error) from error
        lend_scripts(prefix / "bin", prefix / "bin" / "python")
        shutil.rmtree(work)
        return self._built(prefix, python, lock, (*spec.notes, *of_python, *resolved.warnings))

    def _built(self, prefix: Path, python: Interpreter, lock: Path, warnings: tuple[str, ...]) -> BuiltEnvironment:
        return BuiltEnvironment(
            key=self.specification.key,
            prefix=prefix,
            bin=prefix / "bin",
            python=prefix / "bin" / "python",
            base_python=python.path,
            python_version=python.version,
            site_packages=(prefix / "lib" / f"python{python.series}" / "site-packages",),
            lock=lock,
            warnings=warnings,
        )


def _raise_what_we_waited_for(path: Path, held: Held) -> None:
    """Raise the failure of the build that we waited for: trying the same again at once would only repeat it."""
    if held.waited_since is None:
        return
    with suppress(OSError, ValueError, KeyError):
        failed = json.loads(path.read_bytes())
        if failed["at"] >= held.waited_since:
            raise LapisError.from_json(failed["error"])


def _clear(folder: Path, keep_log: bool = False) -> None:
    """Remove what an earlier build left, the marker first."""
    (folder / READY_FILE).unlink(missing_ok=True)
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=False)
        elif not (keep_log and path.name == BUILD_LOG_FILE):
            path.unlink()


def _tee(write: Callable[[str], object], log: Log) -> Log:
    def both(line: str) -> None:
        write(line + "\n")
        log(line)

    return both


def _write_json(path: Path, content: object) -> None:
    """Write durably and all at once: a reader sees the old file or the new one."""
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
