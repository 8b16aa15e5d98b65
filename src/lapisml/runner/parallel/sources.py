"""Chooses how the input of a mini-batch job is cut up."""

from __future__ import annotations

import os
from collections.abc import Iterator

from lapisml.runner.parallel.batches import MiniBatch, files_at, of_files
from lapisml.runner.parallel.pace import Pace
from lapisml.runner.parallel.plan import Plan

_READ_AHEAD = {
    "POLARS_CSV_CHUNK_SIZE": str(1 << 20),
    "POLARS_CSV_CHUNK_PREFETCH_LIMIT": "2",
    "POLARS_NDJSON_CHUNK_SIZE": str(1 << 20),
    "POLARS_NDJSON_CHUNK_PREFETCH_LIMIT": "2",
    "POLARS_ROW_GROUP_PREFETCH_SIZE": "2",
}
"""How far Polars reads ahead, bytes and pieces: memory is the same however long the input is."""


def source(plan: Plan, pace: Pace) -> Iterator[MiniBatch]:
    """Give the mini-batches; runs in the feed's thread, where what it raises is taken."""
    if not plan.tabular and not plan.listed and not plan.by_model:
        yield from of_files(files_at(plan.input_path), plan.size)
        return
    os.environ.setdefault("POLARS_MAX_THREADS", str(max(1, len(os.sched_getaffinity(0)) // 2)))
    for name, value in _READ_AHEAD.items():
        os.environ.setdefault(name, value)
    if plan.by_model:
        # Only a model that is used by itself needs what reads files for it.
        from lapisml.runner.parallel.scored import of_scored

        yield from of_scored(plan.input_path, plan.model or "", plan.size, plan.scratch, pace)
        return
    # Only a table needs what reads tables.
    from lapisml.runner.parallel.tables import listed_files, of_table

    if plan.listed:
        yield from of_files(listed_files(plan.input_path), plan.size)
        return
    yield from of_table(plan.input_path, plan.size, plan.partition_keys, plan.scratch)
