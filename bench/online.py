"""One row a request, through gateway, key check and traffic rule, against the peers' servers and a bare application.

Each round starts every server, asks it with 1, 8 and 32 connections, and ends it before the next; the load generator
is a process of its own (`bench/online_load.py`). The peer of a row is the one that was best in it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.harness import REPOSITORY, Table
from bench.online_lapis import Lapis, installed
from bench.online_peers import Model, Peer, Target, ask, peers
from tests.support.data import real_diabetes_csv, write_stand_in

CONNECTIONS = (1, 8, 32)
OFF, ON = "Lapis", "Lapis, accelerated"
FASTER = {"regression": 6.0, "forest": 25.0}
"""How many times faster than the best peer the accelerated form is to be."""

Figures = dict[tuple[str, str, int], list[dict[str, float]]]
"""Server, model, connections → one measurement a round."""


def fitted(folder: Path) -> list[Model]:
    """Fit the two models to the diabetes data and save them both ways."""
    import joblib
    import mlflow.sklearn
    import pandas as pd
    from mlflow.models import infer_signature
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = pd.read_csv(real_diabetes_csv() or write_stand_in(folder / "diabetes.csv"))
    features = data.drop(columns=["PatientID", "Diabetic"]).astype("float64").iloc[:, :8]
    found = []
    for name, estimator in (
        ("regression", make_pipeline(StandardScaler(), LogisticRegression())),
        ("forest", RandomForestClassifier(100, random_state=0, n_jobs=1)),
    ):
        estimator.fit(features.to_numpy(), data["Diabetic"])
        model = Model(name, folder / f"{name}.joblib", folder / name)
        joblib.dump(estimator, model.pickle)
        signature = infer_signature(features.to_numpy(), estimator.predict(features.to_numpy()[:5]))
        mlflow.sklearn.save_model(estimator, str(model.folder), signature=signature, serialization_format="cloudpickle")
        found.append(model)
    return found


def loaded(target: Target, connections: int, seconds: float, rate: float | None = None) -> dict[str, Any]:
    """Run the load generator; return what it found.

    Raises:
        RuntimeError: a request failed.
    """
    asked = {"url": target.url, "headers": target.headers, "body": target.body}
    asked |= {"connections": connections, "seconds": seconds, "rate": rate}
    command = [sys.executable, "-m", "bench.online_load", json.dumps(asked)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    if found["failed"]:
        raise RuntimeError(f"{found['failed']} requests failed, the first with {found['first_failure']}")
    return found


class Online:
    """The measurements.

    Args:
        table: takes the rows.
        models: what is served.
        seconds: how long each measurement takes.
        chosen: the peers.
    """

    def __init__(self, table: Table, models: list[Model], seconds: float, chosen: list[Peer]) -> None:
        self._table, self._models, self._seconds, self._chosen = table, models, seconds, chosen
        self._figures: Figures = defaultdict(list)
        self._absent: dict[str, str] = {}

    def throughput(self, rounds: int) -> None:
        """Measure every server in turns."""
        for _round in range(rounds):
            for model in self._models:
                for peer in self._chosen:
                    self._of_peer(peer, model)
                for name, accelerate in ((OFF, False), (ON, True)):
                    with lapis_serving(model, accelerate) as (_lapis, target):
                        self._ask(name, model, target)
        for model in self._models:
            for connections in CONNECTIONS:
                self._rows(model.name, connections)

    def _of_peer(self, peer: Peer, model: Model) -> None:
        if peer.name in self._absent:
            return
        with tempfile.TemporaryDirectory(prefix="lapis-bench-") as name:
            try:
                with peer.serve(model, Path(name)) as target:
                    self._ask(peer.name, model, target)
            except (RuntimeError, subprocess.CalledProcessError) as error:
                self._absent[peer.name] = str(error)
                print(f"{peer.name} is left out: {error}", file=sys.stderr)

    def _ask(self, server: str, model: Model, target: Target) -> None:
        for connections in CONNECTIONS:
            found = loaded(target, connections, self._seconds)
            self._figures[server, model.name, connections].append(found)
            line = f"{server}, {model.name}, {connections}: {found['rps']:,.0f}/s, p99 {found['p99_ms']:.2f} ms"
            print(line, file=sys.stderr, flush=True)

    def _of(self, server: str, model: str, connections: int, what: str = "rps") -> list[float]:
        return [one[what] for one in self._figures.get((server, model, connections), ())]

    def _rows(self, model: str, connections: int) -> None:
        rival = max(
            (peer.name for peer in self._chosen if peer.is_peer and self._of(peer.name, model, connections)),
            key=lambda name: statistics.median(self._of(name, model, connections)),
            default=None,
        )
        best = self._of(rival, model, connections) if rival else []
        for server, target in ((OFF, 1.5), (ON, FASTER[model])):
            ours = self._of(server, model, connections)
            p99 = statistics.median(self._of(server, model, connections, "p99_ms"))
            note = f"best peer: {rival}; p99 {p99:.2f} ms" + (
                f", of the peer {statistics.median(self._of(rival, model, connections, 'p99_ms')):.2f} ms"
                if rival
                else ""
            )
            what = f"{model}, {connections} connections, {server}"
            self._table.add(what, "/s", "higher", best, ours, target=target if best else None, note=note)
        for peer in self._chosen:
            if not peer.is_peer and self._of(peer.name, model, connections):
                bare, ours = self._of(peer.name, model, connections), self._of(OFF, model, connections)
                what = f"{model}, {connections} connections, {OFF} against {peer.name}"
                self._table.add(
                    what, "/s", "higher", bare, ours, target=0.5, note="the bare application checks nothing"
                )

    def list_peers(self) -> str:
        """Return a table of every server's figures, in Markdown."""
        lines = ["", "| server | model | " + " | ".join(f"{c} conn." for c in CONNECTIONS) + " |", "|" + "---|" * 5]
        for server in [*(peer.name for peer in self._chosen), OFF, ON]:
            for model in self._models:
                cells = []
                for connections in CONNECTIONS:
                    rates = self._of(server, model.name, connections)
                    slow = self._of(server, model.name, connections, "p99_ms")
                    cells.append(
                        f"{statistics.median(rates):,.0f}/s ({statistics.median(slow):.1f} ms)" if rates else ""
                    )
                lines.append(f"| {server} | {model.name} | " + " | ".join(cells) + " |")
        lines += [f"- {name} is left out: {why.splitlines()[0]}" for name, why in self._absent.items()]
        return "\n".join([*lines, "", "requests a second (99th percentile of the answer's time), medians"])

    def gateway(self, rounds: int) -> None:
        """Measure what the gateway adds at half load: the same requests go to the replicas themselves."""
        model = self._models[0]
        with lapis_serving(model, accelerate=False) as (lapis, target):
            rate = loaded(target, 8, self._seconds)["rps"] / 2
            added: dict[str, list[float]] = {"p50_ms": [], "p99_ms": []}
            for _round in range(rounds):
                through = loaded(target, 32, self._seconds, rate)
                itself = sorted(lapis.replicas_ms(model.name, target, rate, self._seconds))
                added["p50_ms"].append(through["p50_ms"] - itself[len(itself) // 2])
                added["p99_ms"].append(through["p99_ms"] - itself[int(len(itself) * 0.99)])
        for what, limit in (("p50_ms", 1.0), ("p99_ms", 3.0)):
            name = f"what the gateway adds at half load ({rate:,.0f}/s), {what[:3]}"
            self._table.add(name, "ms", "lower", [], added[what], limit=limit)

    def first_answers(self, rounds: int) -> None:
        """Measure the way from ``deployment create`` to the first answer, beside what loading the model takes."""
        model = self._models[0]
        times = []
        with installed() as lapis:
            for number in range(rounds + 1):
                target = lapis.endpoint(f"first-{number}")
                times.append(lapis.first_answer(f"first-{number}", model, target))
        load = self._load_s(model)
        note = f"the command's own start included; loading the model itself takes {load:.2f} s, which is added to 3 s"
        what = "from `deployment create` to the first answer"
        self._table.add(what, "s", "lower", [], times[1:], limit=round(3.0 + load, 2), note=note)

    def from_zero(self, rounds: int) -> None:
        """Measure the first answer of deployments that had no replicas left; all of them idle at the same time."""
        model, times = self._models[0], []
        none = "scale_settings: {type: target_utilization, min_instances: 0, max_instances: 1}"
        with installed() as lapis:
            targets = {f"idle-{number}": lapis.endpoint(f"idle-{number}") for number in range(rounds)}
            for name in targets:
                lapis.deploy(name, model, accelerate=False, scale=none)
            for name in targets:
                lapis.until_zero(name)
            for target in targets.values():
                begin = time.monotonic()
                status, body = ask(target)
                times.append(time.monotonic() - begin)
                if status != 200:
                    raise RuntimeError(f"{status}: {body!r}")
        load = self._load_s(model)
        note = f"loading the model itself takes {load:.2f} s, which is added to 3 s"
        self._table.add(
            "from zero replicas to the first answer", "s", "lower", [], times, limit=round(3.0 + load, 2), note=note
        )

    def _load_s(self, model: Model) -> float:
        code = f"import time; b=time.time(); import joblib; joblib.load({str(model.pickle)!r}); print(time.time()-b)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        return float(done.stdout)


@contextlib.contextmanager
def lapis_serving(model: Model, accelerate: bool) -> Iterator[tuple[Lapis, Target]]:
    """Serve a model with two replicas until the block ends."""
    with installed() as lapis:
        target = lapis.endpoint(model.name)
        lapis.deploy(model.name, model, accelerate)
        yield lapis, target


def main() -> int:
    """Measure what was asked for; return how many rows missed their target."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3, help="rounds that count, each server once a round")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each measurement")
    parser.add_argument("--peer", action="append", help="only peers whose name holds this; may be repeated")
    parser.add_argument("--only", choices=["throughput", "gateway", "first", "zero"], help="only this part")
    given = parser.parse_args()
    wanted = [word.lower() for word in given.peer or [""]]
    chosen = [peer for peer in peers() if any(word in peer.name.lower() for word in wanted)]
    table = Table("Online scoring", "best peer", ("scikit-learn", "mlflow", "onnxruntime", "uvicorn"), given.rounds)
    with tempfile.TemporaryDirectory(prefix="lapis-bench-") as name:
        online = Online(table, fitted(Path(name)), given.seconds, chosen)
        parts: dict[str, Callable[[int], None]] = {
            "throughput": online.throughput,
            "gateway": online.gateway,
            "first": online.first_answers,
            "zero": online.from_zero,
        }
        for part, measure in parts.items():
            if given.only in (None, part):
                measure(given.rounds)
        missed = table.finish()
        if given.only in (None, "throughput"):
            print(online.list_peers())
    return missed


if __name__ == "__main__":
    sys.exit(main())
