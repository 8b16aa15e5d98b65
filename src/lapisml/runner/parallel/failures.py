"""Which files a model that is used by itself could not score, and why; each counts once, in however many pieces."""

from __future__ import annotations

from lapisml.runner.parallel.batches import MiniBatch

_SHOWN = 3


class Files:
    """Counts files by their pieces. For mini-batches without pieces it counts their items."""

    def __init__(self) -> None:
        self._failed: dict[str, str] = {}

    def done(self, batch: MiniBatch) -> int:
        """Give how many items ended well with a mini-batch: files whose last piece it held."""
        if batch.parts is None:
            return batch.items
        return sum(1 for part in batch.parts if part["last"] and part["file"] not in self._failed)

    def failed(self, batch: MiniBatch, why: str) -> int:
        """Give how many items failed with a mini-batch, and remember why."""
        if batch.parts is None:
            return batch.items
        fresh = {part["file"] for part in batch.parts} - self._failed.keys()
        self._failed.update(dict.fromkeys(sorted(fresh), why))
        return len(fresh)

    def named(self, batch: MiniBatch) -> str:
        """Name the files of a mini-batch, for a line in the log."""
        names = list(dict.fromkeys(part["file"] for part in batch.parts or ()))
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        return f" ({', '.join(names[:_SHOWN])}{more})" if names else ""

    def sentence(self) -> str:
        """Say of the first files why they failed; empty when none did."""
        found = [f"{name}: {why.rstrip('.')}." for name, why in list(self._failed.items())[:_SHOWN]]
        more = len(self._failed) - _SHOWN
        return " ".join([*found, *([f"And {more} more."] if more > 0 else [])])
