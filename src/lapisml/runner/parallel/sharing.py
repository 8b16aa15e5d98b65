"""A mini-batch on its way to another machine: files as paths below the input, rows as files that travel.

Every machine of a job has the input itself, so files need not be sent, and a script finds beside a file what lies
beside it in the input. Rows exist only where the driver cuts the table, and go along.
"""

from __future__ import annotations

import os
from typing import Any

from lapisml.runner.parallel.batches import MiniBatch


def root_of(input_path: str) -> str:
    """Return the folder that the paths of an input's files count from."""
    return input_path if os.path.isdir(input_path) else os.path.dirname(input_path)


def is_shared(batch: MiniBatch, root: str) -> bool:
    """Say whether the files of a mini-batch lie below the input, so that other machines have them."""
    paths = [*(batch.files or ()), *(part["path"] for part in batch.parts or () if "path" in part)]
    below = root.rstrip(os.sep) + os.sep
    return all(path.startswith(below) for path in paths)


def packed(batch: MiniBatch, root: str) -> tuple[dict[str, Any], list[str]]:
    """Return the request for another machine's worker, and the files with rows that go along."""
    request = batch.message(None)
    if batch.files is not None:
        request["files"] = [os.path.relpath(path, root) for path in batch.files]
    blocks = [] if batch.block is None else [batch.block]
    parts = []
    for part in batch.parts or ():
        if "block" in part:
            blocks.append(part["block"])
        parts.append({**part, "path": os.path.relpath(part["path"], root)} if "path" in part else part)
    return {**request, "parts": parts if batch.parts is not None else None}, blocks


def unpacked(request: dict[str, Any], root: str, blocks: list[str]) -> MiniBatch:
    """Make the mini-batch of a request that came.

    Args:
        request: as `packed` made it.
        root: folder of the input on this machine.
        blocks: where the files lie that came with it, in their order.
    """
    places = iter(blocks)
    files = request["files"]
    block = next(places) if request["block"] is not None else None
    parts = None
    if request["parts"] is not None:
        parts = [_part(part, root, next(places) if "block" in part else None) for part in request["parts"]]
    return MiniBatch(
        int(request["index"]),
        int(request["items"]),
        files=None if files is None else [os.path.join(root, name) for name in files],
        block=block,
        first_row=request["first_row"],
        keys=request["keys"],
        parts=parts,
    )


def _part(part: dict[str, Any], root: str, block: str | None) -> dict[str, Any]:
    if block is not None:
        return {**part, "block": block}
    return {**part, "path": os.path.join(root, part["path"])} if "path" in part else part
