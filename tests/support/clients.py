"""The official clients, unmodified, each set of versions in an environment of its own.

An environment is made once, at first use, from a pinned list in ``tests/support/clients/``, and made anew when the
list changes. Tests run scripts in it, as a user would: a process with many checks, since the SDK takes seconds to load.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.cli import run_lapis
from tests.support.processes import REPOSITORY, clean_environment, free_port
from tests.support.server import LapisServer

if TYPE_CHECKING:
    from collections.abc import Iterator

LISTS = Path(__file__).parent / "clients"
ENVIRONMENTS = REPOSITORY / ".venv-clients"
NAMES = ("azure-new", "azure-old", "mlflow-old")

_UV = Path(sys.executable).parent / "uv"
_CLOUD_PREFIXES = ("AZURE_", "ARM_", "MSI_", "IDENTITY_", "REGISTRY_", "REQUESTS_", "SSL_CERT")


def python_of(name: str) -> str:
    """Return the interpreter of a client's environment, which is made when it is missing or out of date.

    Args:
        name: ``azure-new``, ``azure-old`` or ``mlflow-old``.
    """
    wanted = LISTS / f"{name}.txt"
    folder = ENVIRONMENTS / name
    python = folder / "bin" / "python"
    stamp = hashlib.sha256(wanted.read_bytes()).hexdigest()
    with _locked(ENVIRONMENTS / f"{name}.lock"):
        mark = folder / ".made-from"
        if not mark.exists() or mark.read_text() != stamp:
            _uv("venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
            _uv(
                "pip",
                "install",
                "--quiet",
                "--python",
                str(python),
                "--requirements",
                str(wanted),
            )
            mark.write_text(stamp)
    return str(python)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    file.parent.mkdir(exist_ok=True)
    with file.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _uv(*words: str) -> None:
    environment = clean_environment()
    if not environment.get("UV_DEFAULT_INDEX") and not environment.get("UV_INDEX_URL"):
        asked = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
        index = (
            environment.get("PIP_INDEX_URL")
            or subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
        )
        environment |= {"UV_DEFAULT_INDEX": index} if index else {}
    done = subprocess.run([str(_UV), *words], env=environment, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, f"uv {' '.join(words)} → {done.returncode}\n{done.stdout}\n{done.stderr}"


@dataclass
class AzureCloud:
    """A real server whose door for clients of Azure is open.

    Attributes:
        server: the server.
        workspace: the workspace that the variables name.
        subscription, group: what a client passes to `MLClient`; any would do.
        environment: what ``lapis azure env`` printed.
    """

    server: LapisServer
    workspace: str = "default"
    subscription: str = "8f1d3a52-6f0e-4b55-9a83-0c5d0f3f2b11"
    group: str = "team-a"
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The address with TLS, without a slash at its end."""
        return self.environment["REGISTRY_DISCOVERY_ENDPOINT_URL"].rstrip("/")

    @property
    def home(self) -> Path:
        """LAPIS_HOME of the server."""
        return self.server.home

    def open(self) -> AzureCloud:
        """Ask for the variables, which opens the door."""
        printed = run_lapis("azure", "env", "--shell", "plain", "-w", self.workspace, home=self.home, check=True).stdout
        self.environment = dict(line.split("=", 1) for line in printed.splitlines())
        return self

    def variables(self) -> dict[str, str]:
        """Return what a script needs: what `environment` holds, and what to pass to `MLClient`."""
        return {
            **self.environment,
            "SUBSCRIPTION_ID": self.subscription,
            "RESOURCE_GROUP": self.group,
            "WORKSPACE_NAME": self.workspace,
        }


def start_cloud(home: Path, env: Mapping[str, str] | None = None) -> AzureCloud:
    """Start a server over `home` and open its door; the caller stops it (``cloud.server.stop()``).

    Args:
        env: further environment variables of the server.
    """
    server = LapisServer(home, {"LAPIS_AZURE_PORT": str(free_port()), **(env or {})}).start()
    return AzureCloud(server).open()


def run_client(
    script: str | Path,
    env: Mapping[str, str],
    interpreter: str,
    *,
    arguments: Sequence[str] = (),
    cwd: Path | None = None,
    timeout: float = 300.0,
) -> str:
    """Run one script as a user would, and return what it printed.

    Args:
        script: a file, or the text of a script.
        env: its environment, besides the machine's own.
        interpreter: as `python_of` gave it.
        arguments: of the script.
        cwd: working folder.
        timeout: seconds.

    Raises:
        AssertionError: it ended with another code than 0; shows what it printed.
    """
    words = [str(script)] if isinstance(script, Path) else ["-c", script]
    own = {name: value for name, value in clean_environment().items() if not name.startswith(_CLOUD_PREFIXES)}
    kept = {name: value for name, value in own.items() if name.upper() not in _PROXIES}
    more = {"PYTHONUNBUFFERED": "1", "PATH": f"{Path(interpreter).parent}{os.pathsep}{own['PATH']}"}
    done = subprocess.run(
        [interpreter, *words, *arguments],
        env=kept | more | dict(env), cwd=cwd, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"the script ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


_PROXIES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"})
