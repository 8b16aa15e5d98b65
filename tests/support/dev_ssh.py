"""Two machines with SSH servers for a developer, and the document that attaches them; see ``scripts/dev-ssh``."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import yaml

from tests.support import sshd
from tests.support.own_network import way_out
from tests.support.processes import REPOSITORY


def main() -> None:
    """Start machines, print how they are attached, and take them away at the end."""
    if sshd.SSHD is None:
        sys.exit(f"scripts/dev-ssh: {sshd.NO_SSHD}")
    why = "--loopback was asked for" if "--loopback" in sys.argv[1:] else sshd.why_no_namespaces()
    folder = Path(tempfile.mkdtemp(prefix="lapis-ssh-"))
    folder.chmod(0o755)
    machines: list[sshd.SshMachine] = []
    try:
        for name in ("gpu0",) if why else ("gpu0", "gpu1"):
            machines += [sshd.machine(folder / name, spaces=not why)]
        _tell(folder, machines, why)
        with _way_out(machines):
            signal.pause()
    except KeyboardInterrupt:
        return
    finally:
        for machine in machines:
            machine.remove()
        shutil.rmtree(folder, ignore_errors=True)


def _way_out(machines: list[sshd.SshMachine]) -> contextlib.ExitStack:
    """Let the machines reach a package index: environments are built on them."""
    addresses = [machine.address for machine in machines if machine.space]
    try:
        return way_out(addresses) if addresses else contextlib.ExitStack()
    except (OSError, RuntimeError) as error:
        print(f"They can't reach a package index, so no environment can be built there: {error}", flush=True)
        return contextlib.ExitStack()


def _tell(folder: Path, machines: list[sshd.SshMachine], why: str) -> None:
    settings = {"ssh_private_key_file": str(folder / "user_key")}
    document = sshd.document(*machines, ssh_settings=settings, environment_variables=_for_packages())
    path = REPOSITORY / ".demo" / "ssh.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    if why:
        print(f"One machine on loopback, as yourself: {why}.")
    for machine in machines:
        print(f"ssh -i {folder / 'user_key'} -p {machine.port} {machine.username}@{machine.address}")
    print(f"\n{path.read_text()}\nAttach them:  lapis compute attach -f {path}\nCtrl-C takes them away.", flush=True)


def _for_packages() -> dict[str, str]:
    """Return what leads to the package index here: a login by SSH does not have it."""
    known = ("PIP_", "UV_", "SSL_CERT", "REQUESTS_CA", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
    return {name: value for name, value in os.environ.items() if name.upper().startswith(known)}


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    main()
