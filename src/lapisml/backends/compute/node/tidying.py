"""What nothing needs any more below a node's folder, and its removal.

A thing goes when no job that has not ended names it (`living`) and nobody has used it for a while (`using`): contents
and manifests of snapshots, build contexts, environments, toolboxes; packs of our sources later. Two agents over one
folder take turns. A thing is moved aside whole before it is removed: nobody ever meets half of one.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import lapisml
from lapisml.backends.compute.node.living import Living, living
from lapisml.backends.compute.node.using import using
from lapisml.core.snapshots import FOLDER
from lapisml.runner import copying, durable

DAY_S = 24 * 3600.0
KEPT_DAYS = 30
"""How long what no job needs is kept after its last use, days, unless the compute's document says otherwise."""
PACKS_KEPT_S = 90 * DAY_S
"""How long after its last use by an agent a pack is kept, seconds; jobs that have not ended keep theirs."""
SCARCE = 0.1
"""The part of the disk that is free below which a day without use is enough."""
KEEP_FILE = "keep.json"
_EVERY_S, _EVERY_SCARCE_S, _LOOK_EVERY_S = 6 * 3600.0, 600.0, 60.0
_LOCK, _STAMP, _GONE = "tidying.lock", "tidied.json", ".gone-"
_OWN_PACK = Path(lapisml.__file__).parent.parent


def set_days(root: Path, days: int | None) -> None:
    """Write down for how many days things are kept; whoever says it last decides."""
    path = root / "run" / KEEP_FILE
    if days != days_kept(root):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        durable.write_json(str(path), {"days": days})


def days_kept(root: Path) -> int | None:
    """Return the number of days that was written down; None means `KEPT_DAYS`."""
    known = durable.read_json(str(root / "run" / KEEP_FILE))
    days = known.get("days") if isinstance(known, dict) else None
    return days if isinstance(days, int) and days > 0 else None


class Tidying:
    """Looks now and then whether there is something to remove, and removes it on a thread of its own.

    Args:
        root: the agent's folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._next_look = 0.0

    def look(self) -> None:
        """Begin to tidy when it is time for it; returns at once."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + _LOOK_EVERY_S
        if is_due(self._root):
            self._next_look = now + _EVERY_SCARCE_S  # whatever becomes of it
            threading.Thread(target=self._run, name="lapis-tidying", daemon=True).start()

    def _run(self) -> None:
        try:
            tidy(self._root)
        except OSError as error:
            sys.stderr.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S')} not tidied: {error}\n")


def is_due(root: Path) -> bool:
    """Say whether it is time to look again what can go."""
    try:
        ago = time.time() - (root / "run" / _STAMP).stat().st_mtime
    except OSError:
        return True
    return not 0 <= ago < (_EVERY_SCARCE_S if is_scarce(root) else _EVERY_S)


def is_scarce(root: Path) -> bool:
    """Say whether the disk is nearly full; one that can't be asked is not."""
    try:
        total, _used, free = shutil.disk_usage(root)
    except OSError:
        return False
    return free < SCARCE * total


def tidy(root: Path) -> list[str] | None:
    """Remove what is not needed; return what, as paths below the folder, or None when somebody else is at it.

    Args:
        root: the agent's folder.

    Raises:
        OSError: something can't be read: nothing is taken for unused then.
    """
    if _OWN_PACK.parent == root / "pack":
        os.utime(_OWN_PACK)
    with _alone(root / "run" / _LOCK) as now:
        if now is None:
            return None
        kept_s = DAY_S * (1 if is_scarce(root) else days_kept(root) or KEPT_DAYS)
        found = _Round(root, now, kept_s, living(root))
        found.run()
        for path in found.gone:
            copying.remove_tree(str(path))
        durable.write_json(str(root / "run" / _STAMP), {"removed": len(found.moved)})
        return found.moved


@dataclass
class _Round:
    """One look at everything."""

    root: Path
    now: float
    kept_s: float
    living: Living
    moved: list[str] = field(default_factory=list)
    gone: list[Path] = field(default_factory=list)

    def run(self) -> None:
        for name in self.living.names:
            self._renew(name)
        with using(self.root, alone=True):
            self._each(self.root / FOLDER / "manifests", self._is_unused)
            self._contents()
            self._each(self.root / "contexts", self._is_unused)
            self._each(self.root / "environments", self._is_unused, lambda name: Path("environments", ".locks", name))
            self._each(self.root / "toolbox", self._is_unused, lambda name: Path("toolbox", name, "lock"))
            self._each(self.root / "runs", self._is_left)
            self._each(self.root / "pack", self._is_past)

    def _renew(self, name: str) -> None:
        """What a job needs now counts as used now, so that it stays for a while after the job's end."""
        places = (f"{FOLDER}/manifests/{name}.json", f"contexts/{name}", f"environments/{name}", f"toolbox/{name}")
        for place in places:
            with contextlib.suppress(OSError):
                os.utime(self.root / place)

    def _each(self, folder: Path, may_go: Callable[[Path], bool], lock_of: Callable[[str], Path] | None = None) -> None:
        for path in _entries(folder):
            if path.name.startswith(_GONE) and folder.name != "runs":  # of one who was killed
                self.gone.append(path)
            elif may_go(path):
                with _free(self.root / lock_of(path.name)) if lock_of else contextlib.nullcontext(True) as is_free:
                    if is_free:
                        self._move(path)

    def _contents(self) -> None:
        """Move the contents that no manifest names, which are not those of a shipment under way."""
        kept: set[str] = set()
        try:
            for manifest in (self.root / FOLDER / "manifests").glob("*.json"):
                kept.update(str(file["sha256"]) for file in json.loads(manifest.read_bytes())["files"])
        except (ValueError, KeyError, TypeError):
            return  # one can't be read: what it names is not known
        for shelf in _entries(self.root / FOLDER / "blobs"):
            self._each(shelf, lambda blob: blob.name not in kept and self._age(blob) > DAY_S)

    def _is_unused(self, path: Path) -> bool:
        is_hidden = path.name.startswith(".") and not path.name.startswith(".new-")
        return not is_hidden and path.name.partition(".")[0] not in self.living.names and self._age(path) > self.kept_s

    def _is_left(self, path: Path) -> bool:
        """What a discard or a submission left that was cut off."""
        return path.name.startswith((_GONE, ".new-")) and self._age(path) > DAY_S

    def _is_past(self, pack: Path) -> bool:
        age, oldest = self._age(pack), self.living.oldest
        later = oldest is None or self.now - oldest < age - DAY_S
        return pack != _OWN_PACK and age > PACKS_KEPT_S and later and not _is_run_from(str(pack))

    def _age(self, path: Path) -> float:
        try:
            return self.now - path.lstat().st_mtime
        except FileNotFoundError:
            return 0.0

    def _move(self, path: Path) -> None:
        gone = path.with_name(f"{_GONE}{secrets.token_hex(8)}")
        try:
            path.rename(gone)
        except FileNotFoundError:  # a part of something that has just become whole
            return
        self.gone.append(gone)
        self.moved.append(path.relative_to(self.root).as_posix())


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[float | None]:
    """Be the only one who tidies; gives the time by the folder's clock, or None when somebody else is at it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _free(path) as is_free:
        if is_free:
            os.utime(path)
        yield path.stat().st_mtime if is_free else None


@contextlib.contextmanager
def _free(path: Path) -> Iterator[bool]:
    """Hold a lock file if nobody else does; one that can't be made is held by nobody."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except (FileNotFoundError, NotADirectoryError):
        yield True
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_run_from(place: str) -> bool:
    """Say whether a process of this machine names the place on its command line, as all of ours do."""
    wanted = place.encode()
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if wanted in process.read_bytes():
                return True
        except OSError:
            continue
    return False
