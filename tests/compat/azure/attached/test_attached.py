"""Machines attached with the official SDK, unmodified: the newest release and an older one."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("asyncssh", reason="asyncssh is not installed: pip install 'lapisml[ssh]'")

from lapisml.server.platform.vault import Vault
from tests.integration.jobs.client import Api
from tests.support import sshd
from tests.support.clients import AzureCloud, python_of, run_client, start_cloud
from tests.support.processes import free_port
from tests.support.server import end_everything
from tests.support.sshd import SshMachine
from tests.support.whole import only_in_a_whole_run

ATTACHING = Path(__file__).parent / "attaching.py"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshMachine]:
    """An SSH server of this machine."""
    if sshd.SSHD is None:
        pytest.skip(sshd.NO_SSHD)
    made = sshd.machine(tmp_path_factory.mktemp("machines") / "m", spaces=False)
    yield made
    made.remove()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureCloud]:
    """A server whose jobs run with what the machine has, so that no environment is built."""
    made = start_cloud(tmp_path_factory.mktemp("attached") / "home", {"LAPIS_ENVIRONMENT_RESOLUTION": "host"})
    label = Vault.open(made.home / "secret.key").subkey("nodes").hex()[:12]
    yield made
    made.server.stop()
    end_everything(made.home)
    shutil.rmtree(Path.home() / ".lapis-node" / label, ignore_errors=True)  # Azure's client can name no other folder


@only_in_a_whole_run
@pytest.mark.parametrize("client", ["azure-new", "azure-old"])
def test_attaching(cloud: AzureCloud, machine: SshMachine, client: str, tmp_path: Path) -> None:
    given = {
        **cloud.variables(),
        "KEY_FILE": str(machine.folder.parent / "user_key"),
        "MACHINE_USER": machine.username,
        "MACHINE_ADDRESS": machine.address,
        "MACHINE_PORT": str(machine.port),
        "MACHINE_KEY": machine.host_key,
        "MACHINE_PYTHON": sys.executable,
        "MACHINE_ROOT": str(tmp_path / "node"),
        "SERVER_URL": cloud.server.url,
        "SERVER_TOKEN": cloud.server.token,
    }
    login = {"address": "127.0.0.1", "ssh_port": free_port(), "ssh_private_key": machine.key}
    for document in (
        {"name": "cluster", "type": "slurm", "root": str(tmp_path / "shared"), "login": login},
        {"name": "rays", "type": "ray", "address": f"http://127.0.0.1:{free_port()}"},
    ):
        status, body = Api(cloud.server).call("PUT", f"/computes/{document['name']}", document)
        assert status == 200, body
    run_client(ATTACHING, given, python_of(client), cwd=tmp_path)
