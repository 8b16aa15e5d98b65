"""Uploads by azure-storage-blob, as the official SDK makes them: Azurite (npm) and Lapis.

    .venv/bin/python -m bench.blob [--rounds N]

Both servers run at the same time and are measured in turns, over plain HTTP, each over an empty folder on the same
disk; Azurite keeps its blobs in files, as it does by default. The client is a process of its own for each
measurement. Memory is the most that Lapis's process held, by the kernel's count, while 1 GiB went up and down.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from datetime import UTC, datetime
from pathlib import Path

from bench.harness import REPOSITORY, Measure, Table, rounds_from_arguments

sys.path.insert(0, str(REPOSITORY))
from tests.support.blobs import signature
from tests.support.objectstores import AZURITE, BlobEndpoint, ServiceProcess, missing_azurite
from tests.support.server import LapisServer, end_everything

SMALL, SMALL_BYTES, THREADS = 2_000, 4_096, 16
LARGE = 1 << 30

_CLIENT = """
import os, sys, time
from concurrent.futures import ThreadPoolExecutor
from azure.storage.blob import ContainerClient

what, url, folder = sys.argv[1:4]
client = ContainerClient.from_container_url(url)
client.get_blob_client("warm").exists()
if what == "small":
    files = [entry.path for entry in os.scandir(folder)]
    def upload(path):
        with open(path, "rb") as stream:
            client.upload_blob(sys.argv[4] + "/" + os.path.basename(path), stream, overwrite=True)
    begin = time.perf_counter()
    with ThreadPoolExecutor(int(sys.argv[5])) as threads:
        list(threads.map(upload, files))
elif what == "large":
    begin = time.perf_counter()
    with open(folder, "rb") as stream:
        client.upload_blob(sys.argv[4], stream, overwrite=True, max_concurrency=int(sys.argv[5]))
else:
    begin = time.perf_counter()
    with open(os.devnull, "wb") as sink:
        client.download_blob(sys.argv[4], max_concurrency=int(sys.argv[5])).readinto(sink)
print(time.perf_counter() - begin)
"""


def _client(what: str, url: str, path: Path, name: str, threads: int) -> float:
    words = [sys.executable, "-c", _CLIENT, what, url, str(path), name, str(threads)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return float(done.stdout)


def _azurite(folder: Path) -> tuple[ServiceProcess, str]:
    """Start Azurite over files and return the address of a container with a signature."""
    from azure.storage.blob import ContainerClient, ContainerSasPermissions, generate_container_sas

    node = shutil.which("node")
    assert node is not None
    words = ["--skipApiVersionCheck", "--silent", "--location", str(folder / "data"), "--blobPort", "{port}"]
    service = ServiceProcess([node, str(AZURITE), *words], folder)
    endpoint = BlobEndpoint(f"http://127.0.0.1:{service.port}")
    with ContainerClient.from_connection_string(endpoint.connection_string, "bench") as client:
        client.create_container()
    allowed = ContainerSasPermissions(read=True, write=True, delete=True, list=True, create=True)
    end = datetime(2099, 1, 1, tzinfo=UTC)
    sas = generate_container_sas(endpoint.account, "bench", account_key=endpoint.key, permission=allowed, expiry=end)
    return service, f"{endpoint.url}/{endpoint.account}/bench?{sas}"


def _work(what: str, url: str, path: Path, threads: int, fixed: str = "") -> Measure:
    return lambda: _client(what, url, path, fixed or uuid.uuid4().hex, threads)


def main() -> int:
    """Measure, print the table, and return the number of rows that missed their bound."""
    reason = missing_azurite()
    if reason is not None:
        raise SystemExit(reason)
    rounds = rounds_from_arguments(5)
    table = Table("Blobs", "Azurite", versions=("azure-storage-blob", "lapisml"), rounds=rounds)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _make_files(folder)
        server = LapisServer(folder / "home").start()
        service, theirs = _azurite(folder / "azurite")
        try:
            query = signature(server, "workspaceblobstore", lifetime_s=86_400)
            ours = f"{server.url}/default.blob.lapis/workspaceblobstore?{query}"
            _measure(table, folder, theirs, ours, server)
        finally:
            service.stop()
            server.stop()
            end_everything(server.home)
    return table.finish()


def _make_files(folder: Path) -> None:
    (folder / "small").mkdir()
    for number in range(SMALL):
        (folder / "small" / f"{number}.bin").write_bytes(os.urandom(SMALL_BYTES))
    block = os.urandom(1 << 20)
    with (folder / "large").open("wb") as stream:
        for _ in range(LARGE >> 20):
            stream.write(block)


def _measure(table: Table, folder: Path, theirs: str, ours: str, server: LapisServer) -> None:
    small, large = folder / "small", folder / "large"
    table.compare(
        f"{SMALL:,} files of {SMALL_BYTES} bytes, {THREADS} threads",
        peer=_work("small", theirs, small, THREADS),
        ours=_work("small", ours, small, THREADS),
        target=1.5,
    )
    before = _most_memory_mb(server)
    table.compare(
        "1 GiB up, in blocks",
        peer=_work("large", theirs, large, 4, "large"),
        ours=_work("large", ours, large, 4, "large"),
        target=1.5,
    )
    table.compare(
        "1 GiB down",
        peer=_work("down", theirs, large, 4, "large"),
        ours=_work("down", ours, large, 4, "large"),
    )
    table.add("memory that 1 GiB took", "MB", "lower", [], [_most_memory_mb(server) - before], limit=64)


def _most_memory_mb(server: LapisServer) -> float:
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    sys.exit(main())
