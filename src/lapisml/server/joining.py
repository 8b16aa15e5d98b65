"""A server joins its installation: the same key as the others, and the same place for the files of workspaces.

Nothing is guessed. A key that does not fit, and a place that is not the one in which the files lie, are refused with
what to do about it, before the first request is answered.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.snapshots import FOLDER
from lapisml.ports.storage import Storage, StorageLocation
from lapisml.server.features.datastores.default_store import SETTING
from lapisml.server.features.datastores.own_files import OwnFiles
from lapisml.server.features.datastores.service import OWN
from lapisml.server.platform.files import create_private
from lapisml.server.platform.installation import Installation
from lapisml.server.platform.vault import Vault

_log = logging.getLogger("lapis.server")

MARK = ".lapis-installation"
"""Name of the file that tells whose place it is, at its top."""

MOVED = "LAPIS_DEFAULT_DATASTORE_MOVED_FROM"

_KEY, _ID, _FILES = "key_check", "id", "files"
_KEY_TEXT = "lapis"
_MOVED_PARTS = (*OWN, "datastores", FOLDER)
"""What of a workspace's folder is to be moved with it; the rest is on its way, or belongs to one server."""


def check_key(installation: Installation, vault: Vault) -> None:
    """Check that this server's key is the one that the database's secrets were encrypted with.

    Raises:
        LapisError: Integrity.
    """
    kept = installation.put_once(_KEY, vault.encrypt(_KEY_TEXT))
    try:
        vault.decrypt(kept)
    except LapisError as error:
        sentence = "The secret.key of this server is not the one that the secrets in its database were encrypted with."
        hint = (
            "Copy secret.key from the home of a server of this database, or give all of them one LAPIS_SECRET_KEY. "
            "See docs/several-servers.md for a key that is lost."
        )
        raise LapisError(ErrorCode.INTEGRITY, sentence, hint) from error


class FilesPlace:
    """Settles where the files of all workspaces lie.

    Args:
        files: what this server's settings say.
        alone: no other server can use the database (SQLite): a folder needs no mark.
    """

    def __init__(self, installation: Installation, files: OwnFiles, storage: Storage, *, alone: bool) -> None:
        self._installation = installation
        self._files = files
        self._storage = storage
        self._alone = alone

    def settle(self, workspaces: Iterable[str], moved_from: str) -> None:
        """Check that the place is the one that was used so far; note it when it is the first.

        Args:
            workspaces: names of all that there are, registries included.
            moved_from: where a person says that the files were moved away from; empty: they were not.

        Raises:
            LapisError: Conflict for another place; StorageUnreachable for one that can't be used.
        """
        recorded, wanted = self._installation.get(_FILES), json.dumps(self._wanted(), sort_keys=True)
        self._mark(known=recorded == wanted)
        if recorded is None and self._files.base is None:
            recorded = self._installation.put_once(_FILES, wanted)
        if recorded == wanted:
            return
        before = json.loads(recorded) if recorded is not None else {"protocol": "file"}
        self._check_moved(before, list(workspaces), moved_from)
        if not self._installation.replace(_FILES, recorded, wanted) and self._installation.get(_FILES) != wanted:
            raise self._elsewhere(json.loads(self._installation.get(_FILES) or "{}"))
        if recorded is not None:
            _log.warning("server.files.place from %s to %s", _shown(before), _shown(json.loads(wanted)))

    def _wanted(self) -> dict[str, Any]:
        base = self._files.base
        if base is None:
            return {"protocol": "file"} if self._alone else {"protocol": "file", "mark": self._folder_mark()}
        reached = {key: base.options[key] for key in ("endpoint", "account_name") if base.options.get(key)}
        return {"protocol": base.protocol, "path": base.path, **reached}

    def _folder_mark(self) -> str:
        self._files.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = create_private(self._files.folder / MARK, f"{secrets.token_hex(16)}\n".encode())
        return made.decode().strip()

    def _mark(self, *, known: bool) -> None:
        """Say in the shared place whose it is, which also shows that it can be read and written.

        Args:
            known: it was used before: a store that does not answer now is no reason not to start.
        """
        base = self._files.base
        if base is None:
            return
        own = self._installation.put_once(_ID, secrets.token_hex(16))
        place = StorageLocation(base.protocol, f"{base.path}/{MARK}", base.options, base.path)
        try:
            found = self._read(place)
            if found is None:
                with self._storage.open_write(place) as stream:
                    stream.write(own.encode())
                return
        except LapisError as error:
            if known and error.code is ErrorCode.STORAGE_UNREACHABLE:
                _log.warning("server.files.away %s", error.message)
                return
            hint = f"{SETTING} names this place. Check its name and its credentials; it must exist."
            raise LapisError(error.code, error.message, hint) from error
        if found != own:
            sentence = f"{base} holds the files of another installation of Lapis."
            raise LapisError(ErrorCode.CONFLICT, sentence, f"Give {SETTING} a prefix or a bucket of its own.")

    def _read(self, place: StorageLocation) -> str | None:
        try:
            with self._storage.open_read(place) as stream:
                return stream.read().decode(errors="replace").strip()
        except LapisError as error:
            if error.code is ErrorCode.NOT_FOUND:
                return None
            raise

    def _check_moved(self, before: dict[str, Any], workspaces: list[str], moved_from: str) -> None:
        """Refuse another place than the one so far, unless that holds nothing or a person says that all was moved."""
        ours = before["protocol"] == "file" and before.get("mark", "") in ("", self._mark_here())
        files = list(self._of_folder(workspaces)) if ours else []
        if ours and not files:
            return
        if moved_from != _shown(before):
            raise self._elsewhere(before)
        missing = next((name for name in files if not self._is_moved(name)), None)
        if missing is not None:
            sentence = f"'{missing}' of {_shown(before)} is not in {_shown(self._wanted())}: not everything was moved."
            raise LapisError(ErrorCode.CONFLICT, sentence, "Copy the folder storage again, with no server running.")

    def _mark_here(self) -> str:
        path = self._files.folder / MARK
        return path.read_text().strip() if path.exists() else ""

    def _of_folder(self, workspaces: list[str]) -> Iterable[str]:
        """Give the files that workspaces keep in this home's folder, as paths below it."""
        for workspace in workspaces:
            for part in _MOVED_PARTS:
                folder = self._files.folder / workspace / part
                if folder.is_dir():
                    here = StorageLocation("file", str(folder), root=str(folder))
                    yield from (f"{workspace}/{part}/{entry.path}" for entry in self._storage.walk(here))

    def _is_moved(self, name: str) -> bool:
        if self._files.base is None:
            return True
        found = self._storage.info(self._files.base.child(name))
        return found is not None and found.size == (self._files.folder / name).stat().st_size

    def _elsewhere(self, before: dict[str, Any]) -> LapisError:
        now = _shown(self._wanted())
        if before["protocol"] == "file" and self._files.base is None:
            sentence = "The files of this database's workspaces lie in the home of another server."
            hint = (
                f"Servers side by side need one {SETTING}, or one folder as storage of their homes. Is this the home, "
                f"and the files are gone for good? Write '{before.get('mark')}' into {Path('storage') / MARK} of it."
            )
            return LapisError(ErrorCode.CONFLICT, sentence, hint)
        sentence = f"The files of this database's workspaces lie at {_shown(before)}; this server's settings say {now}."
        hint = (
            f"All servers of a database need the same {SETTING}. To move the files: stop every server, copy them, and "
            f"start once with {MOVED}={_shown(before)}; see docs/storage.md."
        )
        return LapisError(ErrorCode.CONFLICT, sentence, hint)


def _shown(place: dict[str, Any]) -> str:
    return "file" if place["protocol"] == "file" else f"{place['protocol']}://{place['path']}"
