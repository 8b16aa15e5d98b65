"""The file system: addresses become paths of this machine."""

from __future__ import annotations

import os
import shutil
from typing import Any, List, Optional

from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from .._lapis.places import is_address, local_path


class AzureMachineLearningFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """Reads and writes the data of the job.

    Args:
        uri: an address that an input or output of the job has; paths are then relative to it.
    """

    protocol = ("azureml",)
    cachable = False
    root_marker = ""

    def __init__(self, uri: Optional[str] = None, **_: Any) -> None:
        super().__init__()
        self.uri = uri
        self._root = None if uri is None else local_path(uri)
        self._local = LocalFileSystem(auto_mkdir=True)

    @classmethod
    def _strip_protocol(cls, path: Any) -> str:
        text = str(os.fspath(path))
        if is_address(text):
            return local_path(text)
        return text[2:] if text.startswith("./") else text.rstrip("/")

    def ls(self, path: str = "", detail: bool = False, **kwargs: Any) -> List[Any]:
        """List a folder: paths relative to the address, or what is known of each."""
        found = self._local.ls(self._whole(path), detail=True, **kwargs)
        shown = [{**one, "name": self._shown(one["name"])} for one in found]
        return shown if detail else sorted(str(one["name"]) for one in shown)

    def info(self, path: str = "", **kwargs: Any) -> Any:
        """Say what is known of a path."""
        found = self._local.info(self._whole(path), **kwargs)
        return {**found, "name": self._shown(found["name"])}

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """Make a folder and those above it."""
        self._local.makedirs(self._whole(path), exist_ok=exist_ok)

    mkdir = makedirs

    def cp_file(self, path1: str, path2: str, **_: Any) -> None:
        """Copy a file."""
        _copy(self._whole(path1), self._whole(path2), False)

    def _rm(self, path: str) -> None:
        self._local.rm(self._whole(path))

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
        return self._local._open(self._whole(path), mode, block_size, **kwargs)  # noqa: SLF001 - as fsspec does

    def _whole(self, path: str) -> str:
        """Give the path of this machine for an address, or for a path relative to the file system's address."""
        if is_address(path):
            return local_path(path)
        if self._root is None or path == self._root or path.startswith(self._root.rstrip("/") + "/"):
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
