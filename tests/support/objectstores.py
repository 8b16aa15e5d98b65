"""Object stores that speak the real protocols: S3 by moto, Azure Blob by Azurite, each its own process."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.polling import eventually
from tests.support.processes import REPOSITORY, clean_environment, end, free_port, tail

AZURITE = REPOSITORY / "tests" / "support" / "azurite" / "node_modules" / ".bin" / "azurite-blob"
_EMULATOR_KEY = (  # the emulator's well-known development key, the same everywhere
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)


@dataclass
class S3Endpoint:
    """An S3 service at `url`; every key is accepted."""

    url: str
    key: str = "test-key"
    secret: str = "test-secret"  # any value will do for this service
    region: str = "us-east-1"

    @property
    def options(self) -> dict[str, object]:
        """Return fsspec options for ``s3://``."""
        return {"key": self.key, "secret": self.secret, "client_kwargs": {"endpoint_url": self.url}}


@dataclass
class BlobEndpoint:
    """An Azure Blob service at `url` for one account."""

    url: str
    account: str = "devstoreaccount1"
    key: str = field(
        default=_EMULATOR_KEY,
        repr=False,
    )

    @property
    def connection_string(self) -> str:
        """Return the connection string that the Azure SDK and adlfs take."""
        return (
            f"DefaultEndpointsProtocol=http;AccountName={self.account};AccountKey={self.key};"
            f"BlobEndpoint={self.url}/{self.account};"
        )


class ServiceProcess:
    """A helper service that listens on a loopback port.

    Args:
        command: argument list in which ``{port}`` stands for the port.
        folder: working folder; its output goes to a file there.
    """

    def __init__(self, command: list[str], folder: Path) -> None:
        self.port = free_port()
        self._log = folder / "service.log"
        folder.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [word.format(port=self.port) for word in command],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=folder, env=clean_environment(),
            )  # fmt: skip
        eventually(self._listens, 60, what=f"{command[0]} to listen")

    def _listens(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"the service ended:\n{tail(self._log)}")
        with socket.socket() as probe:
            probe.settimeout(2)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        """End the process."""
        end(self._process)


def start_s3(folder: Path) -> tuple[ServiceProcess, S3Endpoint]:
    """Start moto's S3 server."""
    code = "from moto.server import main; main(['-H','127.0.0.1','-p','{port}'])"
    service = ServiceProcess([sys.executable, "-c", code], folder)
    return service, S3Endpoint(f"http://127.0.0.1:{service.port}")


def start_azurite(folder: Path) -> tuple[ServiceProcess, BlobEndpoint]:
    """Start Azurite's blob service; `missing_azurite` says whether that is possible."""
    node = shutil.which("node")
    assert node is not None
    command = [
        node,
        str(AZURITE),
        "--inMemoryPersistence",
        "--skipApiVersionCheck",
        "--silent",
        "--blobPort",
        "{port}",
    ]
    service = ServiceProcess(command, folder)
    return service, BlobEndpoint(f"http://127.0.0.1:{service.port}")


def missing_azurite() -> str | None:
    """Return why Azurite cannot run here, or None."""
    if shutil.which("node") is None:
        return "node is not installed"
    if not AZURITE.exists():
        return "azurite is not installed: run scripts/setup where npm is available"
    return None
