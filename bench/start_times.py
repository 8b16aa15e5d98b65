"""How long one waits for nothing: help, a list command, an import; against metaflow, mlflow and azure.ai.ml.

    .venv/bin/python -m bench.start_times [--rounds N]

The peers live in an environment of their own, byte-compiled like ours. Lists are measured with a few records on
both sides; `mlflow` reads its SQLite file itself, metaflow its local folder, Lapis asks its running server.
"""

from __future__ import annotations

import compileall
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.harness import BIN, Measure, Table, command_seconds, peer_python, rounds_from_arguments

LAPIS = str(BIN / "lapis")
PACKAGES = ("metaflow", "mlflow", "azure-ai-ml", "azure-identity")
FLOW = """
from metaflow import FlowSpec, step
class Hello(FlowSpec):
    @step
    def start(self):
        self.next(self.end)
    @step
    def end(self):
        pass
if __name__ == "__main__":
    Hello()
"""


def _clean(**extra: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LAPIS_", "MLFLOW_", "METAFLOW_"))}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**kept, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "USERNAME": "bench", **extra}


def _command(*words: str, env: dict[str, str], cwd: Path) -> Measure:
    return lambda: command_seconds(*words, env=env, cwd=cwd)


def _compile_ours() -> None:
    packages = json.loads(
        subprocess.run(
            [sys.executable, "-c", "import json, site; print(json.dumps(site.getsitepackages()))"],
            capture_output=True, text=True, check=True,
        ).stdout
    )  # fmt: skip
    source = Path(__file__).resolve().parents[1] / "src" / "lapisml"
    for folder in (str(source), *packages):
        compileall.compile_dir(folder, quiet=2, workers=2)


def _prepare_peers(python: Path, folder: Path, env: dict[str, str]) -> None:
    (folder / "flow.py").write_text(FLOW)
    subprocess.run([str(python), "flow.py", "run"], cwd=folder, env=env, check=True, capture_output=True)
    seed = "import mlflow; [mlflow.create_experiment(f'experiment {i}') for i in range(3)]"
    subprocess.run([str(python), "-c", seed], cwd=folder, env=env, check=True, capture_output=True)


def main() -> int:
    """Measure, print the table, and return the number of rows that missed their bound."""
    rounds = rounds_from_arguments(7)
    python = peer_python("start-times", *PACKAGES)
    _compile_ours()
    table = Table("Start times", "peer", versions=("mlflow", "lapisml"), rounds=rounds)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = _clean(LAPIS_HOME=str(folder / "home"), MLFLOW_TRACKING_URI="sqlite:///m.db")
        _prepare_peers(python, folder, env)
        subprocess.run([LAPIS, "up", "--detach"], env=env, cwd=folder, check=True, capture_output=True)
        try:
            _measure(table, python, folder, env)
        finally:
            subprocess.run([LAPIS, "down"], env=env, cwd=folder, check=True, capture_output=True)
    return table.finish()


def _measure(table: Table, python: Path, folder: Path, env: dict[str, str]) -> None:
    def run(*words: str) -> Measure:
        return _command(*words, env=env, cwd=folder)

    peer = str(python)
    helps = run(LAPIS, "--help")
    lists = run(LAPIS, "job", "list")
    ours = run(sys.executable, "-c", "import lapisml")
    mlflow = str(python.parent / "mlflow")
    table.compare("--help (metaflow)", peer=run(peer, "flow.py", "--help"), ours=helps, limit=0.15)
    table.compare("--help (mlflow)", peer=run(mlflow, "--help"), ours=helps, limit=0.15)
    table.compare("list (metaflow: list of runs)", peer=run(peer, "-c", _LIST_METAFLOW), ours=lists, limit=0.3)
    searched = run(mlflow, "experiments", "search")
    table.compare("list (mlflow: experiments search)", peer=searched, ours=lists, limit=0.3)
    for module in ("metaflow", "mlflow", "azure.ai.ml"):
        table.compare(f"import ({module})", peer=run(peer, "-c", f"import {module}"), ours=ours, limit=0.3)
    client = run(sys.executable, "-c", "from lapisml import MLClient, command, Input")
    azure = run(peer, "-c", "from azure.ai.ml import MLClient, command, Input")
    table.compare("import of the SDK's names (azure.ai.ml)", peer=azure, ours=client)
    table.compare("bare `python -c pass`, the floor", ours=run(sys.executable, "-c", "pass"))


_LIST_METAFLOW = "from metaflow import Flow, namespace; namespace(None); print(list(Flow('Hello')))"


if __name__ == "__main__":
    sys.exit(main())
