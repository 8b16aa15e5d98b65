"""Real OpenSSH servers: machines of their own in network namespaces, or, without the rights for that, on loopback.

A machine in a namespace has its own network, processes, users, home folders and file system for ``/home`` (a tmpfs).
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.support.own_network import OwnNetwork, run
from tests.support.polling import eventually
from tests.support.processes import end, free_port

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin:" + os.environ.get("PATH", ""))
NO_SSHD = "sshd is not installed (apt install openssh-server)"
USER, UID, PASSWORD = "ada", 20001, "correct horse"
_NUMBERS = count()

_CONFIG = """
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {keys}
StrictModes no
UsePAM no
PasswordAuthentication {password}
KbdInteractiveAuthentication no
PermitRootLogin yes
PrintMotd no
LogLevel VERBOSE
{address}
{further}
"""


def why_no_namespaces() -> str:
    """Say why machines can't have namespaces here; empty when they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for program in ("ip", "unshare", "openssl"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    name = f"lpz{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False)
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    return "" if made.returncode == 0 else "network namespaces can't be made here"


def has(program: str) -> bool:
    """Say whether a program for a bad network is there."""
    return shutil.which(program) is not None


def make_key(path: Path, kind: str = "ed25519", passphrase: str = "") -> str:
    """Make a key pair and return the private key's text."""
    run("ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "", "-f", str(path))
    return path.read_text()


@dataclass
class SshMachine(OwnNetwork):
    """A machine with an SSH server.

    Attributes:
        folder: of this rig, for its keys and its log.
        address, port: where it listens.
        username: whom one logs in as.
        key: text of the private key that it takes.
        space: its network namespace; empty for one on loopback.
        home_size: of ``/home``, a tmpfs that is new at each start; empty for homes that outlive a restart.
        password_works: whether it takes passwords.
        further: lines of its server's settings.
    """

    folder: Path
    address: str
    port: int
    username: str
    key: str
    space: str = ""
    home_size: str = "400m"
    password_works: bool = True
    further: str = "MaxStartups 100"
    program: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def host_key(self) -> str:
        """The line that pins it."""
        return " ".join((self.folder / "host_key.pub").read_text().split()[:2])

    @property
    def home(self) -> Path:
        """The home folder of its user, as this machine sees it."""
        inside = self.inside
        return Path(f"/proc/{inside}/root/home/{USER}") if inside else Path.home()

    @property
    def inside(self) -> int:
        """The pid here of the machine's first process; 0 without a namespace or while it is down."""
        if not self.space or self.program is None or self.program.poll() is not None:
            return 0
        children = Path(f"/proc/{self.program.pid}/task/{self.program.pid}/children").read_text().split()
        return int(children[0]) if children else 0

    def start(self) -> None:
        """Switch it on; return when its server answers."""
        settings = self.folder / "sshd_config"
        address = "" if self.space else f"ListenAddress {self.address}\nPort {self.port}"
        allowed = "yes" if self.password_works else "no"
        settings.write_text(
            _CONFIG.format(
                folder=self.folder,
                keys=self.folder / "authorized",
                password=allowed,
                address=address,
                further=self.further,
            )
        )
        assert SSHD is not None
        command = [SSHD, "-D", "-E", str(self.folder / "log"), "-f", str(settings)]
        if self.space:
            (self.folder / "begin").write_text(
                _BEGIN.format(folder=self.folder, size=self.home_size, user=USER, uid=UID)
            )
            shared = ["--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc"]
            command = ["ip", "netns", "exec", self.space, "unshare", *shared, "/bin/sh", str(self.folder / "begin")]
            command += [self.space, SSHD, *["-D", "-E", str(self.folder / "log"), "-f", str(settings)]]
        with (self.folder / "said").open("ab") as said:
            self.program = subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True)
        eventually(self._answers, 20, what=f"an SSH server at {self.address}")

    def kill(self) -> None:
        """End all its processes at once, as a power cut does; its file system is gone with them."""
        if self.program is None:
            return
        inside = self.inside
        if inside:
            with contextlib.suppress(ProcessLookupError):
                os.kill(inside, signal.SIGKILL)
        else:
            for pid in self._children():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.program.kill()
        self.program.wait()

    def do(self, script: str) -> str:
        """Run a shell script on it as root."""
        if not self.space:
            return run("sh", "-c", script)
        return run("nsenter", "-t", str(self.inside), "-m", "-p", "-n", "-u", "sh", "-c", script)

    def new_host_key(self) -> None:
        """Have it be set up anew: another host key from its next start on."""
        for name in ("host_key", "host_key.pub"):
            (self.folder / name).unlink(missing_ok=True)
        make_key(self.folder / "host_key")

    def processes(self) -> list[str]:
        """List the command lines that run on it."""
        return self.do("ps -eo args=").splitlines()

    def remove(self) -> None:
        """Switch it off and take its network away."""
        if self.space:
            self.mend()
        self.kill()
        if self.program is not None:
            end(self.program)
        if self.space:
            run("ip", "link", "del", f"v{self.space}", check=False)
            run("ip", "netns", "del", self.space, check=False)

    def _answers(self) -> bool:
        assert self.program is not None
        if self.program.poll() is not None:
            said = (self.folder / "said").read_text() + (self.folder / "log").read_text()
            raise RuntimeError(f"sshd ended: {said}")
        try:
            with socket.create_connection((self.address, self.port), 1) as probe:
                return probe.recv(4) == b"SSH-"
        except OSError:
            return False

    def _children(self) -> list[int]:
        """Return the pids of what its server started; without a namespace jobs are not among them."""
        assert self.program is not None
        found, left = [], [self.program.pid]
        while left:
            pid = left.pop()
            with contextlib.suppress(OSError):
                below = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
                found += below
                left += below
        return found


_BEGIN = """
set -e
mount --make-rprivate /
hostname "$1"
if [ -n "{size}" ]; then
  mount -t tmpfs -o size={size},mode=755 tmpfs /home
else
  mkdir -p {folder}/homes
  mount --bind {folder}/homes /home
fi
[ -d /home/{user} ] || mkdir -m 700 /home/{user}
chown {uid}:{uid} /home/{user}
cat /proc/sys/kernel/random/uuid >{folder}/boot_id
mount --bind {folder}/boot_id /proc/sys/kernel/random/boot_id
mkdir -p {folder}/etc
for name in passwd group shadow; do
  [ -e {folder}/etc/$name ] || cp {folder}/$name {folder}/etc/$name
  mount --bind {folder}/etc/$name /etc/$name
done
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/sshd
shift
exec "$@"
"""


def machine(folder: Path, *, spaces: bool, **facts: object) -> SshMachine:
    """Make a machine and switch it on.

    Args:
        folder: for its keys and its log; made. With namespaces every user must be able to pass those above it.
        spaces: whether it has namespaces of its own.
        facts: of `SshMachine`, in place of the usual.
    """
    folder.mkdir(parents=True)
    make_key(folder / "host_key")
    pair = folder.parent / "user_key"  # one for all machines of a test, as a company has it
    key = pair.read_text() if pair.exists() else make_key(pair)
    (folder / "authorized").write_text(pair.with_suffix(".pub").read_text())
    if not spaces:
        made = SshMachine(folder, "127.0.0.1", free_port(), getpass.getuser(), key)
    else:
        made = _in_spaces(folder, key)
    for name, value in facts.items():
        setattr(made, name, value)
    try:
        made.start()
    except BaseException:
        made.remove()
        raise
    return made


def _in_spaces(folder: Path, key: str) -> SshMachine:
    number = next(_NUMBERS)
    space = f"lp{os.getpid()}x{number}"
    pid, last = os.getpid(), number % 31 * 8  # sessions that run at a time have addresses of their own
    net = f"10.{64 + (pid >> 8) % 64}.{pid % 256}"
    ours, theirs = f"{net}.{last + 1}", f"{net}.{last + 2}"
    run("ip", "netns", "add", space)
    run("ip", "link", "add", f"v{space}", "type", "veth", "peer", "name", "eth0", "netns", space)
    run("ip", "addr", "add", f"{ours}/30", "dev", f"v{space}")
    run("ip", "link", "set", f"v{space}", "up")
    Path(f"/proc/sys/net/ipv4/conf/v{space}/forwarding").write_text("1")  # machines reach each other through this one
    for words in (
        ("addr", "add", f"{theirs}/30", "dev", "eth0"),
        ("link", "set", "eth0", "up"),
        ("link", "set", "lo", "up"),
    ):
        run("ip", "netns", "exec", space, "ip", *words)
    run("ip", "netns", "exec", space, "ip", "route", "add", "default", "via", ours)
    secret = run("openssl", "passwd", "-6", PASSWORD).strip()
    passwd, group = Path("/etc/passwd").read_text(), Path("/etc/group").read_text()
    (folder / "passwd").write_text(f"{passwd}{USER}:x:{UID}:{UID}::/home/{USER}:/bin/sh\n")
    (folder / "group").write_text(f"{group}{USER}:x:{UID}:\n")
    (folder / "shadow").write_text(Path("/etc/shadow").read_text() + f"{USER}:{secret}:19000:0:99999:7:::\n")
    return SshMachine(folder, theirs, 22, USER, key, space)


def document(*machines: SshMachine, **changes: object) -> dict[str, object]:
    """Return the document that attaches machines."""
    first = machines[0]
    hosts = [{"address": m.address, "port": m.port, "username": m.username} for m in machines]
    return {
        "name": "lab",
        "type": "virtualmachine",
        "hosts": hosts,
        "ssh_settings": {"ssh_private_key": first.key},
        "host_keys": [m.host_key for m in machines],
        **changes,
    }
