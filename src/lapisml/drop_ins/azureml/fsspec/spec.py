"""The file system: addresses become paths of this machine."""

from __future__ import annotations

import os
import shutil
from typing import Any, List, Optional

from fsspec.implementations.local import LocalFileSystem

from .._lapis.places import is_address, local_path


class AzureMachineLearningFileSystem(LocalFileSystem):  # type: ignore[misc]
    """Reads and writes the data of the job.

    Args:
        uri: an address that an input or output of the job has; paths are then relative to it.
    """

    protocol = ("azureml",)
    cachable = False

    def __init__(self, uri: Optional[str] = None, **options: Any) -> None:
        super().__init__(**{key: value for key, value in options.items() if key == "auto_mkdir"})
        self.uri = uri
        self._root = None if uri is None else local_path(uri)

    @classmethod
    def _strip_protocol(cls, path: Any) -> str:
        text = str(os.fspath(path))
        if is_address(text):
            return local_path(text) if "://" in text or text.startswith("azureml:/") else text
        return text

    @staticmethod
    def _get_kwargs_from_urls(path: str) -> Any:
        del path
        return {}

    def ls(self, path: str = "", detail: bool = False, **kwargs: Any) -> List[Any]:
        """List a folder: paths relative to the address, or what is known of each."""
        found = super().ls(self._whole(path), detail=True, **kwargs)
        shown = [{**one, "name": self._shown(one["name"])} for one in found]
        return shown if detail else sorted(str(one["name"]) for one in shown)

    def info(self, path: str = "", **kwargs: Any) -> Any:
        """Say what is known of a path."""
        found = super().info(self._whole(path), **kwargs)
        return {**found, "name": self._shown(found["name"])}

    def glob(self, path: str, maxdepth: Optional[int] = None, **kwargs: Any) -> Any:
        """List the paths that fit a pattern."""
        local = LocalFileSystem()
        return [self._shown(one) for one in local.glob(self._whole(path), maxdepth=maxdepth, **kwargs)]

    def find(self, path: str = "", maxdepth: Optional[int] = None, withdirs: bool = False, **kwargs: Any) -> Any:
        """List all files below a folder."""
        local = LocalFileSystem()
        kwargs.pop("detail", None)
        found = local.find(self._whole(path), maxdepth=maxdepth, withdirs=withdirs, **kwargs)
        return [self._shown(one) for one in found]

    def upload(self, lpath: str, rpath: str, recursive: bool = False, overwrite: Any = None, **_: Any) -> None:
        """Copy a local file, or with `recursive` a folder, to a path; what is there is replaced."""
        del overwrite
        _copy(lpath, self._whole(rpath), recursive)

    def download(self, rpath: str, lpath: str, recursive: bool = False, overwrite: Any = None, **_: Any) -> None:
        """Copy a file, or with `recursive` a folder, to a local path; what is there is replaced."""
        del overwrite
        _copy(self._whole(rpath), lpath, recursive)

    put = upload
    get = download

    def _open(self, path: str, mode: str = "rb", block_size: Any = None, **kwargs: Any) -> Any:
        return super()._open(self._whole(path), mode, block_size, **kwargs)

    def _whole(self, path: str) -> str:
        """Give the path of this machine for an address, or for a path relative to the file system's address."""
        if is_address(path):
            return local_path(path)
        if self._root is None or (os.path.isabs(path) and path.startswith(self._root)):
            return path
        return os.path.join(self._root, *[part for part in path.split("/") if part not in ("", ".", "..")])

    def _shown(self, path: str) -> str:
        if self._root is None or path == self._root:
            return path
        return os.path.relpath(path, self._root)


def _copy(source: str, target: str, recursive: bool) -> None:
    if os.path.isdir(source):
        if not recursive:
            raise IsADirectoryError(f"{source} is a folder: give recursive=True")
        for folder, _folders, files in os.walk(source):
            below = os.path.normpath(os.path.join(target, os.path.relpath(folder, source)))
            os.makedirs(below, exist_ok=True)
            for name in files:
                shutil.copyfile(os.path.join(folder, name), os.path.join(below, name))
        return
    into = os.path.join(target, os.path.basename(source)) if os.path.isdir(target) else target
    os.makedirs(os.path.dirname(os.path.abspath(into)), exist_ok=True)
    shutil.copyfile(source, into)
