"""A job's own Python environment: a tiny virtual environment stacked above the shared one.

The shared environment is never written to by a job. A job gets a folder of its own with links to the
interpreter, ``pip`` and an empty ``site-packages`` that comes first on the import path; the shared packages
come after it. What the job's command installs lands in its folder: pip counts the shared packages as
installed, and to upgrade one it puts the new version in front and leaves the shared files alone ("outside
environment"). Commands of the shared environment (``mlflow``, ``jupyter`` …) run under ``LAPIS_PYTHON``, which
is the job's interpreter, so that they see the same packages as the job's scripts.

Made in about a millisecond, with the standard library's lightest modules: the job's supervisor imports this.
"""

from __future__ import annotations

import os

SORTED_ROOTS = "LAPIS_SORTED_ROOTS"
"""Folders, separated by ``:``, below which Python lists names in sorted order (see `sorted_listing`)."""

_DROPPED = frozenset(
    "PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONUSERBASE PYTHONEXECUTABLE PYTHONPLATLIBDIR PYTHONPYCACHEPREFIX "
    "PYTHONDONTWRITEBYTECODE PYTHONNOUSERSITE __PYVENV_LAUNCHER__ VIRTUAL_ENV VIRTUAL_ENV_PROMPT _CE_CONDA _CE_M "
    "PYENV_VERSION PYENV_VIRTUAL_ENV PYENV_DIR PIP_TARGET PIP_PREFIX PIP_ROOT PIP_USER PIP_PYTHON "
    "PIP_REQUIRE_VIRTUALENV UV_PYTHON UV_SYSTEM_PYTHON UV_PROJECT UV_PROJECT_ENVIRONMENT".split()
)
"""Variables of the host that would lead the job's Python, pip or uv elsewhere, or slow every import."""

DROP_INS = "LAPIS_DROP_INS"
"""Off (``0``, ``false``, ``no``, ``off``) for a job that wants no stand-ins for packages that its environment lacks."""

_DROP_INS = "drop_ins"
_NAMES = {
    "mltable": ("mltable",),
    "azureml": ("drop_ins", "azureml"),
    "lapis_drop_ins-1.0.dist-info": ("drop_ins", "entry_points"),
}
"""Name among the stand-ins → its place in this package. The last says which schemes of addresses they answer."""

_PIP_SCRIPT = """#!/bin/sh
'''exec' "${0%/*}/python" "$0" "$@"
' '''
import sys

from pip._internal.cli.main import main

sys.exit(main())
"""


class OverlayEnvironment:
    """How a job's processes find the overlay.

    Attributes:
        folder: the overlay's root (``VIRTUAL_ENV``).
        python: its interpreter.
        bin_dirs: folders that stand first in ``PATH``.
        variables: what must be set, ``PATH`` apart.
    """

    __slots__ = ("bin_dirs", "folder", "python", "variables")

    def __init__(self, folder: str, python: str, bin_dirs: tuple[str, ...], variables: dict[str, str]) -> None:
        self.folder = folder
        self.python = python
        self.bin_dirs = bin_dirs
        self.variables = variables

    def apply(self, host: dict[str, str]) -> dict[str, str]:
        """Return the variables for a job's process, made from the host's; `host` stays as it is.

        Drops what belongs to another Python installation: the variables in `_DROPPED`, all of conda's, and
        the folders of virtual and conda environments from ``PATH``.
        """
        kept = {k: v for k, v in host.items() if k not in _DROPPED and not k.startswith("CONDA_")}
        kept.update(self.variables)
        path = [*self.bin_dirs, *_host_path(host)]
        kept["PATH"] = os.pathsep.join(dict.fromkeys(path))
        return kept


def overlay(
    ready: dict[str, object], folder: str | os.PathLike[str], sorted_roots: tuple[str, ...] = ()
) -> OverlayEnvironment:
    """Make the overlay of a built environment in `folder` (which is created; parents too).

    Safe to repeat: a second call with the same arguments restores what is missing and keeps what was installed.

    Args:
        ready: content of the environment's ``ready.json`` (`BuiltEnvironment.to_json`).
        folder: where the overlay lies; must be absolute and is not to be moved afterwards.
        sorted_roots: folders below which listings are sorted for the job's Python.

    Raises:
        OSError: the folder cannot be written.
        KeyError: `ready` lacks a field.
    """
    root, shared_bin = os.fspath(folder), str(ready["bin"])
    major, minor = str(ready["python_version"]).split(".")[:2]
    packages = os.path.join(root, "lib", f"python{major}.{minor}", "site-packages")
    os.makedirs(packages, exist_ok=True)
    _write_interpreter(root, str(ready["base_python"]), str(ready["python_version"]), (major, minor))
    _link_drop_ins(os.path.join(root, _DROP_INS))
    _write_packages(packages, ready["site_packages"], os.path.join(root, _DROP_INS))
    python, own_bin = os.path.join(root, "bin", "python"), os.path.join(root, "bin")
    variables = {"VIRTUAL_ENV": root, "LAPIS_PYTHON": python}
    if sorted_roots:
        variables[SORTED_ROOTS] = os.pathsep.join(sorted_roots)
    return OverlayEnvironment(root, python, (own_bin, shared_bin), variables)


def _write_interpreter(root: str, base: str, version: str, series: tuple[str, str]) -> None:
    """Write what makes `root` a virtual environment (PEP 405): ``pyvenv.cfg`` beside ``bin/python``."""
    own_bin = os.path.join(root, "bin")
    os.makedirs(own_bin, exist_ok=True)
    _link("lib", os.path.join(root, "lib64"))
    for name in ("python", f"python{series[0]}", f"python{series[0]}.{series[1]}"):
        _link(base if name == "python" else "python", os.path.join(own_bin, name))
    for name in ("pip", f"pip{series[0]}", f"pip{series[0]}.{series[1]}"):
        _write(os.path.join(own_bin, name), _PIP_SCRIPT, 0o755)
    config = f"home = {os.path.dirname(base)}\ninclude-system-site-packages = false\nversion = {version}\n"
    _write(os.path.join(root, "pyvenv.cfg"), config)


def _link_drop_ins(folder: str) -> None:
    """Make `folder` hold the packages that a job's script finds when its environment lacks them."""
    os.makedirs(folder, exist_ok=True)
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for name, place in _NAMES.items():
        _link(os.path.join(ours, *place), os.path.join(folder, name))


def _write_packages(packages: str, shared: object, last: str) -> None:
    """Put the shared folders on the import path, behind `packages`, then `last`, and the hook for sorted listings."""
    folders = map(str, shared) if isinstance(shared, (list, tuple)) else ()
    lines = [f"import site; site.addsitedir({path!r})" if os.path.isdir(path) else path for path in folders]
    off = f"os.environ.get({DROP_INS!r}, '').lower() in ('0', 'false', 'no', 'off')"
    lines.append(f"import os, sys; {off} or sys.path.append({last!r})")
    lines.append(f"import os; {SORTED_ROOTS!r} in os.environ and __import__('_lapis_sorted_listing')")
    _write(os.path.join(packages, "_lapis_shared.pth"), "\n".join(lines) + "\n")
    hook = os.path.join(os.path.dirname(__file__), "sorted_listing.py")
    with open(hook, encoding="utf-8") as source:
        _write(os.path.join(packages, "_lapis_sorted_listing.py"), source.read())


def _host_path(host: dict[str, str]) -> list[str]:
    conda = host.get("CONDA_PREFIX")
    foreign = {os.path.join(conda, "bin"), os.path.join(conda, "condabin")} if conda else set()
    folders = [d for d in host.get("PATH", os.defpath).split(os.pathsep) if d and d not in foreign]
    return [d for d in folders if not os.path.exists(os.path.join(os.path.dirname(d), "pyvenv.cfg"))]


def _link(target: str, path: str) -> None:
    try:
        os.symlink(target, path)
    except FileExistsError:
        if os.readlink(path) != target:
            os.unlink(path)
            os.symlink(target, path)


def _write(path: str, text: str, mode: int = 0o644) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
