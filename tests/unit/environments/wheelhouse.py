"""Packages made by hand, so that resolution and installation need no network and are the same every day."""

from __future__ import annotations

import base64
import ensurepip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path


class Wheelhouse:
    """A folder of wheels that uv is pointed to by ``--find-links``; pip lies in it already."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for wheel in (Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"):
            (folder / wheel.name).write_bytes(wheel.read_bytes())

    def lines(self, *requirements: str) -> tuple[str, ...]:
        """Return lines of a requirements file that takes packages from here only."""
        return (f"--find-links {self.folder}", "--no-index", *requirements)

    def add(
        self, name: str, version: str, tag: str = "py3-none-any", requires: Sequence[str] = (), code: str = "",
        scripts: dict[str, str] | None = None, requires_python: str = "",
    ) -> Path:  # fmt: skip
        """Write a wheel with one module that knows its version.

        Args:
            tag: for which interpreters (``cp38-cp38-any`` fits Python 3.8 alone).
            requires: its dependencies.
            code: more text of the module.
            scripts: command → ``function`` of the module.
        """
        module, info = name.replace("-", "_"), f"{name.replace('-', '_')}-{version}.dist-info"
        metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
        metadata += [f"Requires-Dist: {r}" for r in requires]
        metadata += [f"Requires-Python: {requires_python}"] if requires_python else []
        files = {
            f"{module}.py": f"__version__ = {version!r}\n{code}\n",
            f"{info}/METADATA": "\n".join(metadata) + "\n",
            f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
        }
        if scripts:
            lines = "".join(f"{command} = {module}:{function}\n" for command, function in scripts.items())
            files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{lines}"
        files[f"{info}/RECORD"] = _record(files, info)
        path = self.folder / f"{module}-{version}-{tag}.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for file, text in files.items():
                archive.writestr(file, text)
        return path


def _record(files: dict[str, str], info: str) -> str:
    lines = []
    for file, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{file},sha256={digest},{len(text.encode())}")
    return "\n".join([*lines, f"{info}/RECORD,,"]) + "\n"


SLOW_BACKEND = """
import os, pathlib, time, zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    pathlib.Path(r"{started}.env").write_text("\\n".join(map("=".join, os.environ.items())))
    pathlib.Path(r"{started}").write_text(str(os.getpid()))
    deadline = time.monotonic() + 60
    while not os.path.exists(r"{release}") and time.monotonic() < deadline:
        time.sleep(0.02)
    name = "{name}-{version}-py3-none-any.whl"
    info = "{name}-{version}.dist-info/"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("{name}.py", "")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return name
"""


def add_slow_source(house: Wheelhouse, name: str, version: str, started: Path, release: Path) -> None:
    """Write a source distribution whose build says that it has begun, and ends when `release` appears."""
    root = f"{name}-{version}"
    files = {
        "PKG-INFO": f"Metadata-Version: 2.2\nName: {name}\nVersion: {version}\n",
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "slow"\nbackend-path = ["."]\n'
        f'[project]\nname = "{name}"\nversion = "{version}"\n',
        "slow.py": SLOW_BACKEND.format(name=name, version=version, started=started, release=release),
    }
    with tarfile.open(house.folder / f"{root}.tar.gz", "w:gz") as archive:
        for file, text in files.items():
            entry = tarfile.TarInfo(f"{root}/{file}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
