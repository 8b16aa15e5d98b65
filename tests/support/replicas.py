"""Replicas for tests: started as the keeper starts them, spoken to as the gateway speaks to them."""

import json
import os
import pickle
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from lapisml.scoring.lapis_scoring import frames
from lapisml.scoring.lapis_scoring.frames import Frame

LIBRARY = Path(frames.__file__).parent.parent
_STARTER = (
    "import sys; sys.path.insert(0, sys.argv[1]); from lapis_scoring.main import main; del sys.path[0]; "
    "main(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))"
)


def save_model(
    folder: Path,
    model: Any,
    inputs: list[dict[str, Any]] | None,
    outputs: list[dict[str, Any]] | None = None,
    example: dict[str, Any] | None = None,
) -> Path:
    """Write a scikit-learn model as MLflow writes it, without loading MLflow."""
    folder.mkdir(parents=True)
    (folder / "model.pkl").write_bytes(pickle.dumps(model))
    document: dict[str, Any] = {
        "flavors": {
            "python_function": {"loader_module": "mlflow.sklearn", "model_path": "model.pkl", "predict_fn": "predict"},
            "sklearn": {"pickled_model": "model.pkl", "serialization_format": "pickle"},
        }
    }
    if inputs is not None:
        document["signature"] = {"inputs": json.dumps(inputs), "outputs": json.dumps(outputs or [])}
    if example is not None:
        (folder / "input_example.json").write_text(json.dumps(example))
        document["saved_input_example_info"] = {"artifact_path": "input_example.json", "type": "dataframe"}
    (folder / "MLmodel").write_text(json.dumps(document))
    return folder


class Replica:
    """A replica process, and one connection to it."""

    def __init__(self, folder: Path, env: dict[str, str] | None = None, **plan: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.swagger = folder / "swagger.json"
        self.log = folder / "log.txt"
        document = {"revision": "0123456789ab", "endpoint": "e", "deployment": "d", "timeout_s": 30, **plan}
        (folder / "plan.json").write_text(json.dumps({"swagger": str(self.swagger), **document}))
        self._listener = socket.socket(socket.AF_UNIX)
        self.path = f"/tmp/lapis-{os.getpid()}-{id(self):x}.sock"
        self._listener.bind(self.path)
        self._listener.listen(16)
        descriptor = self._listener.fileno()
        argv = [sys.executable, "-c", _STARTER, str(LIBRARY), str(folder / "plan.json"), "1", str(descriptor)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                argv, pass_fds=(descriptor,), stdout=log, stderr=log, env={**os.environ, **(env or {})}
            )
        self._number = 0
        self.connect()

    def connect(self) -> None:
        """Open a new connection."""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(60)
        self._socket.connect(self.path)
        self._parser = frames.Parser()
        self._frames: list[Frame] = []

    def hello(self) -> dict[str, Any]:
        """Wait until it is ready; return what it says of itself."""
        frame = self.frame()
        assert frame.kind == frames.HELLO
        return frames.read_head(frame.head)

    @property
    def next_number(self) -> int:
        """Id of the next request."""
        return self._number + 1

    def send(self, body: Any, head: dict[str, Any] | None = None, kind: int = frames.SCORE) -> int:
        """Send a frame, the body as JSON unless it is bytes; return its id."""
        self._number += 1
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._socket.sendall(frames.pack(kind, self._number, data, frames.pack_head(head)))
        return self._number

    def send_together(self, bodies: list[Any]) -> None:
        """Send several requests in one piece."""
        packed = []
        for body in bodies:
            self._number += 1
            packed.append(frames.pack(frames.SCORE, self._number, json.dumps(body).encode()))
        self._socket.sendall(b"".join(packed))

    def cancel(self, number: int) -> None:
        """Say that nobody waits for a request."""
        self._socket.sendall(frames.pack(frames.CANCEL, number))

    def frame(self) -> Frame:
        """Return the next frame.

        Raises:
            ConnectionError: the replica has gone.
        """
        while not self._frames:
            data = self._socket.recv(1 << 16)
            if not data:
                raise ConnectionError("the replica has gone: " + self.log.read_text())
            self._frames += self._parser.feed(data)
        return self._frames.pop(0)

    def ask(self, body: Any, head: dict[str, Any] | None = None) -> tuple[int, Any]:
        """Send a request; return status and the answer's JSON."""
        number = self.send(body, head)
        frame = self.frame()
        assert frame.id == number
        return frames.read_head(frame.head).get("status", 200), json.loads(frame.body)

    def end(self) -> None:
        """Kill it."""
        self._socket.close()
        self._listener.close()
        Path(self.path).unlink()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
