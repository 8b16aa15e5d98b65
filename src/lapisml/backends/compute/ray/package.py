"""What the front is on its way to the cluster: one package for Ray's job API, named by its digest."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lapisml.backends.compute.node.pack import pack

_EPOCH = (1980, 1, 1, 0, 0, 0)
MARK = "LAPIS-FRONT "
"""Begins the one line of the front's log that is for the server; JSON follows."""

BOOT = r'''
"""Starts Lapis's front on the head of a Ray cluster; any Python 3 can read this."""
import json
import os
import sys


def refuse(sentence, key=None):
    hint = " Give another by `%s:` in the compute's document." % key if key else ""
    print("LAPIS-FRONT " + json.dumps({"refused": sentence + hint}), flush=True)
    sys.exit(0)


def python_of_ray():
    """Return the interpreter that Ray starts its workers with, which has Ray; None where that can't be learnt."""
    pid = os.getppid()
    while pid > 1:
        raylet = [word for word in words(pid, "environ") if word.startswith("RAY_RAYLET_PID=")]
        for word in words(raylet[0].partition("=")[2], "cmdline") if raylet else []:
            if word.startswith("--python_worker_command="):
                return word.partition("=")[2].split()[0]
        with open("/proc/%s/stat" % pid) as file:
            pid = int(file.read().rpartition(")")[2].split()[1])
    return None


def words(pid, name):
    try:
        with open("/proc/%s/%s" % (pid, name), "rb") as file:
            return file.read().decode(errors="replace").split("\0")
    except OSError:
        return []


def main():
    with open("settings.json") as file:
        settings = json.load(file)
    wanted = settings.get("interpreter")
    if wanted and "LAPIS_FRONT_PYTHON" not in os.environ:
        os.environ["LAPIS_FRONT_PYTHON"] = "1"
        try:
            os.execv(wanted, [wanted, "lapis_front.py"])
        except OSError as error:
            refuse("%s can't be started on the cluster's head: %s." % (wanted, error.strerror), "interpreter")
    try:
        import ray
    except ImportError:
        other = python_of_ray()
        if other is None or "LAPIS_FRONT_AGAIN" in os.environ:
            refuse("%s on the cluster's head has no Ray; another has." % sys.executable, "interpreter")
        os.environ["LAPIS_FRONT_AGAIN"] = "1"
        os.execv(other, [other, "lapis_front.py"])
    if sys.version_info < (3, 11):
        refuse("The cluster's Python is %s; Lapis needs 3.11 or newer there." % sys.version.split()[0])
    try:
        root = os.path.abspath(os.path.expanduser(settings["root"]))
        for name in ("", "pack", "run"):
            os.makedirs(os.path.join(root, name), mode=0o700, exist_ok=True)
        place = os.path.join(root, "pack", settings["pack"])
        if not os.path.isdir(os.path.join(place, "lapisml")):
            unpack(place)
    except OSError as error:
        refuse("Folder %s on the cluster's head can't be used: %s." % (settings["root"], error.strerror), "root")
    here = os.getcwd()
    config = json.loads(os.environ.get("RAY_JOB_CONFIG_JSON_ENV_VAR") or "{}")
    config.pop("runtime_env", None)
    os.environ["RAY_JOB_CONFIG_JSON_ENV_VAR"] = json.dumps(config)
    start = "import sys; sys.path.insert(0, sys.argv[1]); from lapisml.backends.compute.ray.front import main; main()"
    os.chdir(root)
    os.execv(sys.executable, [sys.executable, "-P", "-c", start, place, root, here])


def unpack(place):
    import shutil
    import tarfile
    made = "%s.%d" % (place, os.getpid())
    with tarfile.open("pack.tar.gz") as archive:
        archive.extractall(made, filter="data")
    try:
        os.rename(made, place)
    except OSError:
        shutil.rmtree(made)
        if not os.path.isdir(place):
            raise


main()
'''


@dataclass(frozen=True)
class Package:
    """A package, and the names that it goes by.

    Attributes:
        digest: of its content; another one means another front.
        data: a zip.
    """

    digest: str
    data: bytes

    @property
    def uri(self) -> str:
        """What Ray calls it; the ending tells Ray that it is an archive."""
        return f"gcs://_ray_pkg_lapis_{self.digest[:32]}.zip"


def package(identity: bytes, settings: Mapping[str, Any]) -> Package:
    """Make the front's package; the same arguments and sources give the same bytes.

    Args:
        identity: key and certificate, PEM.
        settings: for the front: ``root``, ``port``, ``interpreter``, ``namespace``.
    """
    sources = pack()
    plain = json.dumps({**settings, "pack": sources.digest}, sort_keys=True)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, mode, content in (
            ("lapis_front.py", 0o644, BOOT.lstrip().encode()),
            ("settings.json", 0o644, plain.encode()),
            ("identity.pem", 0o600, identity),
            ("pack.tar.gz", 0o644, sources.data),
        ):
            member = zipfile.ZipInfo(name, _EPOCH)
            member.external_attr = mode << 16
            archive.writestr(member, content)
    data = made.getvalue()
    return Package(hashlib.sha256(data).hexdigest(), data)
