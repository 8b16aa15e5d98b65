"""The actor that starts and watches the jobs of one node.

Its class travels to the node by value, so nothing of Lapis has to be installed there: it unpacks the sources that
it is given, once per node and version, and works with those (`lapisml.backends.compute.ray.station`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from lapisml.backends.compute.ray.station import Station


class Keeper:
    """What Ray runs on a node; every method of the node is reached through `call`.

    Args:
        root: Lapis's folder on every node; ``~`` is the node's.
        name: what this keeper is called, unique on a machine.
        digest: which sources they are.
        pack: the sources as a gzipped tar; None where `source` is readable on every node.
        source: folder that holds ``lapisml``; None means that it is unpacked below `root`.
        limit_s: after so many seconds without a word of the cluster's the node's jobs stand still (`fence`).
    """

    def __init__(
        self, root: str, name: str, digest: str, pack: bytes | None, source: str | None, limit_s: float
    ) -> None:
        import os
        import sys
        from pathlib import Path

        folder = Path(root).expanduser().absolute()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sys.path.insert(0, source or str(_unpacked(folder / "pack", digest, pack or b"")))
        # Ray's own choice for this process, which has no processor of its own; the jobs make theirs.
        os.environ.pop("OMP_NUM_THREADS", None)
        os.environ.pop("CUDA_VISIBLE_DEVICES", None)
        os.environ["PWD"] = str(folder)
        os.chdir(folder)
        from lapisml.backends.compute.ray.station import Station

        self._station = Station(folder, name)
        _show_the_pulse(self._station, limit_s)

    def call(self, method: str, *given: Any) -> tuple[str, Any]:
        """Call a method of the node.

        Returns:
            ``("ok", what it gave)``, or ``("refused", LapisError.to_json())``.
        """
        from lapisml.core.errors import ErrorCode, LapisError
        from lapisml.runner.durable import is_full

        try:
            return "ok", getattr(self._station, method)(*given)
        except LapisError as error:
            return "refused", error.to_json()
        except Exception as error:  # noqa: BLE001 - the caller's process has no use for the traceback's objects
            code = ErrorCode.STORAGE_FULL if is_full(error) else ErrorCode.INTERNAL
            return "refused", LapisError(code, f"{type(error).__name__}: {error}.").to_json()

    def news(self, wait_s: float) -> list[tuple[str, str, int, bool]]:
        """Wait for news, see `Station.news`; a method of its own because it takes its time."""
        return self._station.news(wait_s)


def _show_the_pulse(station: Station, limit_s: float) -> None:
    """Ask Ray, as long as this keeper lives, whether the node belongs to the cluster."""
    import contextlib
    import threading
    import time

    import ray

    def ask() -> None:
        node = ray.get_runtime_context().get_node_id()
        while True:
            with contextlib.suppress(Exception):  # the head is away, whatever it is called: no beat
                if any(plain["NodeID"] == node and plain["Alive"] for plain in ray.nodes()):
                    station.beat()
            time.sleep(limit_s / 10)

    station.begin_beats(ray.get_runtime_context().gcs_address, limit_s)
    threading.Thread(target=ask, daemon=True, name="pulse").start()


def gpu_ids() -> str:
    """Return the GPUs that the task which runs this was given, as ``CUDA_VISIBLE_DEVICES`` takes them."""
    import ray

    return ",".join(str(number) for number in ray.get_gpu_ids())


def _unpacked(folder: Path, digest: str, pack: bytes) -> Path:
    """Return the folder that holds ``lapisml``, unpacked if it was not there; whole or not at all."""
    import io
    import secrets
    import shutil
    import tarfile

    place = folder / digest
    if (place / "lapisml").is_dir():
        return place
    made = folder / f".new-{secrets.token_hex(8)}"
    made.mkdir(mode=0o700, parents=True)
    with tarfile.open(fileobj=io.BytesIO(pack), mode="r:gz") as archive:
        archive.extractall(made, filter="data")
    try:
        made.rename(place)
    except OSError:
        shutil.rmtree(made, ignore_errors=True)
        if not (place / "lapisml").is_dir():
            raise
    return place
