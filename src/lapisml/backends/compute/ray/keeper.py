"""The actor that starts and watches the jobs of one node.

Its class travels to the node by value, so nothing of Lapis has to be installed there: it unpacks the sources that
it is given, once per node and version, and works with those (`lapisml.backends.compute.ray.station`).
"""

from __future__ import annotations

from typing import Any


class Keeper:
    """What Ray runs on a node; every method of the node is reached through `call`.

    Args:
        root: Lapis's folder on every node; ``~`` is the node's.
        name: what this keeper is called, unique on a machine.
        digest: which sources they are.
        pack: the sources as a gzipped tar; None where `source` is readable on every node.
        source: folder that holds ``lapisml``; None means that it is unpacked below `root`.
    """

    def __init__(self, root: str, name: str, digest: str, pack: bytes | None, source: str | None) -> None:
        import os
        import sys

        folder = os.path.abspath(os.path.expanduser(root))
        os.makedirs(folder, mode=0o700, exist_ok=True)
        place = source or _unpacked(folder, digest, pack or b"")
        sys.path.insert(0, place)
        # Ray's own choice for this process, which has no processor of its own; the jobs make theirs.
        os.environ.pop("OMP_NUM_THREADS", None)
        os.environ.pop("CUDA_VISIBLE_DEVICES", None)
        os.environ["PWD"] = folder
        os.chdir(folder)
        from lapisml.backends.compute.ray.station import Station

        self._station = Station(folder, name)

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
        except Exception as error:
            code = ErrorCode.STORAGE_FULL if is_full(error) else ErrorCode.INTERNAL
            return "refused", LapisError(code, f"{type(error).__name__}: {error}.").to_json()

    def news(self, wait_s: float) -> list[tuple[str, str, int, bool]]:
        """Wait for news, see `Station.news`; a method of its own because it takes its time."""
        return self._station.news(wait_s)


def _unpacked(root: str, digest: str, pack: bytes) -> str:
    """Return the folder that holds ``lapisml``, unpacked if it was not there; whole or not at all."""
    import io
    import os
    import secrets
    import shutil
    import tarfile

    place = os.path.join(root, "pack", digest)
    if os.path.isdir(os.path.join(place, "lapisml")):
        return place
    made = os.path.join(root, "pack", f".new-{secrets.token_hex(8)}")
    os.makedirs(made, mode=0o700)
    with tarfile.open(fileobj=io.BytesIO(pack), mode="r:gz") as archive:
        archive.extractall(made, filter="data")
    try:
        os.rename(made, place)
    except OSError:
        shutil.rmtree(made, ignore_errors=True)
        if not os.path.isdir(os.path.join(place, "lapisml")):
            raise
    return place
