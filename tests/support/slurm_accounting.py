"""A Slurm cluster with accounting: slurmdbd over a MariaDB of its own, accounts, limits and two classes of jobs."""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
from collections.abc import Mapping

from tests.support.polling import eventually
from tests.support.processes import free_port
from tests.support.slurm import PATH, SlurmRig
from tests.support.slurm import why_not as why_no_cluster

_PROGRAMS = ("slurmdbd", "sacctmgr", "sacct", "mariadbd", "mariadb", "mariadb-install-db")
_DATABASE = (
    "--bind-address=127.0.0.1 --user=root --skip-log-bin --skip-name-resolve --innodb-buffer-pool-size=32M "
    "--innodb-flush-log-at-trx-commit=0"
).split()
ACCOUNT, NARROW = "proj", "narrow"
"""An account without limits, and one with room for two jobs at a time, in the queue and beyond."""


def why_not() -> str:
    """Say why this machine can't run the cluster; empty when it can."""
    missing = [name for name in _PROGRAMS if shutil.which(name, path=PATH) is None]
    said = "slurmdbd and mariadb-server are not installed here" if missing else ""
    return why_no_cluster() or (f"{said} ({', '.join(missing)} are missing)" if said else "")


class AccountedRig(SlurmRig):
    """A cluster that enforces accounts and their limits, and forgets jobs that ended soon: ``sacct`` knows them.

    There are the QOS ``urgent``, which takes nodes from ``normal`` (whose jobs go back into the queue) and from
    ``weak`` (whose jobs end).

    Args:
        settings: as for `SlurmRig`.
    """

    def __init__(self, settings: Mapping[str, str] | None = None, **facts: object) -> None:
        self._dbd_port = free_port()
        super().__init__(settings=settings, **facts)  # type: ignore[arg-type]
        ours = {
            "AccountingStorageType": "accounting_storage/slurmdbd",
            "AccountingStorageHost": "127.0.0.1",
            "AccountingStoragePort": str(self._dbd_port),
            "AccountingStoragePass": f"{self.root}/munge/socket",
            "AccountingStorageEnforce": "associations,limits,qos",
            "PreemptType": "preempt/qos",
            "PreemptMode": "REQUEUE",
            "MinJobAge": "2",
        }
        self._settings = {**ours, **self._settings}

    def before_controller(self) -> None:
        """Start the database and what speaks to it, and make the accounts."""
        port, word = free_port(), secrets.token_hex(8)
        self._start_database(port, word)
        self._start_dbd(port, word)
        self.account("add", "cluster", "rig")
        for name in ("urgent", "weak"):
            self.account("add", "qos", name)
        self.account("modify", "qos", "weak", "set", "PreemptMode=cancel")
        self.account("modify", "qos", "urgent", "set", "Priority=1000", "Preempt=normal,weak")
        for name in (ACCOUNT, NARROW):
            self.account("add", "account", name)
            self.account("add", "user", "root", f"account={name}")
        self.account("modify", "account", NARROW, "set", "GrpSubmitJobs=2")
        self.account("modify", "user", "root", "set", "qos=normal,urgent,weak", f"DefaultAccount={ACCOUNT}")

    def account(self, *words: str) -> None:
        """Change something of accounts with ``sacctmgr``."""
        self.run("sacctmgr", "-i", "-Q", *words)

    def kill_accounting(self) -> None:
        """End slurmdbd."""
        self._kill("slurmdbd")

    def start_accounting(self) -> None:
        """Start slurmdbd; return when it answers."""
        self._start("slurmdbd", "slurmdbd", "-D")
        eventually(lambda: "normal" in self.run("sacctmgr", "-n", "list", "qos", check=False), 60, what="slurmdbd")

    def _start_database(self, port: int, word: str) -> None:
        folder, own = self.root / "db", self.root / "db.sock"
        made = ["mariadb-install-db", "--no-defaults", f"--datadir={folder}", "--user=root", "--skip-test-db"]
        subprocess.run([*made, "--auth-root-authentication-method=normal"], check=True, capture_output=True)
        where = [f"--datadir={folder}", f"--socket={own}", f"--port={port}", f"--pid-file={self.root}/db.pid"]
        self._start("mariadbd", "mariadbd", "--no-defaults", *where, *_DATABASE)
        ask = ["mariadb", "--no-defaults", f"--socket={own}", "--user=root"]
        sql = f"create user slurm@127.0.0.1 identified by '{word}'; create database acct; "
        sql += "grant all on acct.* to slurm@127.0.0.1"
        eventually(lambda: subprocess.run([*ask, "-e", "select 1"], capture_output=True, check=False).returncode == 0)
        subprocess.run([*ask, "-e", sql], check=True, capture_output=True)

    def _start_dbd(self, port: int, word: str) -> None:
        settings = {
            "AuthType": "auth/munge",
            "AuthInfo": f"socket={self.root}/munge/socket",
            "DbdHost": socket.gethostname(),
            "DbdAddr": "127.0.0.1",
            "DbdPort": self._dbd_port,
            "SlurmUser": "root",
            "PidFile": f"{self.root}/slurmdbd.pid",
            "StorageType": "accounting_storage/mysql",
            "StorageHost": "127.0.0.1",
            "StoragePort": port,
            "StorageUser": "slurm",
            "StoragePass": word,
            "StorageLoc": "acct",
        }
        path = self.root / "slurmdbd.conf"
        path.touch(0o600)
        path.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        self.start_accounting()
