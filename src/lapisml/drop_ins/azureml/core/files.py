"""The files that a run keeps, and what the server says of it."""

from __future__ import annotations

import os
import tempfile
import time
from typing import Any, Dict, List, Optional

from .._lapis import rest


class RunFiles:
    """The part of a run that keeps files.

    Args:
        run_id: MLflow's id.
    """

    def __init__(self, run_id: str) -> None:
        self.id = run_id

    def upload_file(self, name: str, path_or_stream: Any, **_: Any) -> None:
        """Keep a file, given by its path or open for reading, as the artifact `name`."""
        if isinstance(path_or_stream, (str, os.PathLike)):
            rest.upload(self._artifacts(), name, os.fspath(path_or_stream))
            return
        with tempfile.NamedTemporaryFile() as file:
            data = path_or_stream.read()
            file.write(data.encode() if isinstance(data, str) else data)
            file.flush()
            rest.upload(self._artifacts(), name, file.name)

    def upload_folder(self, name: str, path: str, **_: Any) -> None:
        """Keep the files of a folder as artifacts below `name`."""
        for folder, _folders, files in os.walk(path):
            for file in sorted(files):
                whole = os.path.join(folder, file)
                below = os.path.relpath(whole, path).replace(os.sep, "/")
                rest.upload(self._artifacts(), f"{name.rstrip('/')}/{below}", whole)

    def download_file(self, name: str, output_file_path: Optional[str] = None, **_: Any) -> None:
        """Fetch an artifact to a file, by default one of its name here, or into a folder that is there."""
        target = output_file_path or name.rpartition("/")[2]
        if os.path.isdir(target):
            target = os.path.join(target, name.rpartition("/")[2])
        rest.download(self._artifacts(), name, target)

    def download_files(self, prefix: str = "", output_directory: Optional[str] = None, **_: Any) -> None:
        """Fetch the artifacts whose names begin with `prefix` into a folder, by default this one."""
        for name in self.get_file_names():
            if name.startswith(prefix or ""):
                rest.download(self._artifacts(), name, os.path.join(output_directory or ".", name))

    def get_file_names(self) -> List[str]:
        """List the artifacts."""
        return list(rest.listed(self._artifacts()))

    def _run(self) -> Dict[str, Any]:
        return dict(rest.call("GET", "runs/get", run_id=self.id)["run"])

    def _info(self) -> Dict[str, Any]:
        return dict(self._run()["info"])

    def _artifacts(self) -> str:
        return str(self._info()["artifact_uri"])


def now() -> int:
    """Give milliseconds since the epoch."""
    return int(time.time() * 1000)
