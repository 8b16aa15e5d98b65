"""Where the files lie that every workspace has of its own: its datastores, its snapshots of code, its uploads.

Without a setting that is a folder of the server's home. With ``LAPIS_DEFAULT_DATASTORE`` it is a place in an object
store, the same for every server of the installation; the folder then only holds copies and what is on its way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from lapisml.ports.storage import StorageLocation


@dataclass(frozen=True)
class OwnFiles:
    """The place of everything that workspaces keep.

    Attributes:
        folder: of this machine, with one folder for each workspace.
        base: the place that all servers share, with one folder for each workspace; None: there is only `folder`.
    """

    folder: Path
    base: StorageLocation | None = None

    def at(self, workspace: str, *names: str) -> StorageLocation:
        """Return the place of a workspace's folder, or of one in it; its root is the place itself."""
        if self.base is None:
            path = str(self.folder.joinpath(workspace, *names))
            return StorageLocation("file", path, root=path)
        path = "/".join((self.base.path.rstrip("/"), workspace, *names))
        return replace(self.base, path=path, root=path)

    def shared(self, workspace: str, *names: str) -> StorageLocation | None:
        """Return the place that all servers share; None where there is only the folder."""
        return self.at(workspace, *names) if self.base is not None else None
