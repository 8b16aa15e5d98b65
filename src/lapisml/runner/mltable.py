"""Which files of its folder an ``MLTable`` file names, for inputs that are laid out by them (``eval_mount``)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.mltable.document import MLTableError, read
from lapisml.mltable.files import files_of


def listed_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Give (path below the evaluated folder, file) for every file that ``<folder>/MLTable`` names, sorted.

    Raises:
        LapisError: DocumentInvalid when the file is not there or can't be read, or names what is not there;
            NotSupported for paths that lie outside the folder.
    """
    try:
        plan = read(str(folder))
        for entry in plan.paths:
            _check_inside(next(iter(entry.values())))
        files = files_of(plan)
    except MLTableError as error:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, str(error)) from error
    base = Path(plan.base)
    yield from sorted((Path(file).relative_to(base).as_posix(), Path(file)) for file in files)


def _check_inside(value: str) -> None:
    path = PurePosixPath(value)
    if "://" in value or path.is_absolute() or ".." in path.parts:
        raise LapisError(
            ErrorCode.NOT_SUPPORTED,
            f"Its MLTable file names '{value}', which lies outside its folder.",
            "Use mode ro_mount and let the script read the table, or list files of the folder itself.",
        )
