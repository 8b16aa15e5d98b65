"""An MLflow model that scores files by itself, on two machines: the lines are those of one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lapisml.ports.compute import Outcome
from lapisml.ports.launch import ParallelSpec
from lapisml.testing.compute_bench import Bench
from tests.support.parted_machines import Machines
from tests.support.server import end_everything
from tests.support.whole import only_in_a_whole_run

pytestmark = only_in_a_whole_run


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A pool of two machines, a model, and files for it: a long one and many short ones."""
    import mlflow
    from mlflow.models import infer_signature
    from sklearn.tree import DecisionTreeClassifier

    made = Bench(lambda: Machines(tmp_path), tmp_path)
    rows = pd.DataFrame(np.random.default_rng(0).normal(size=(60_000, 2)), columns=["a", "b"])
    model = DecisionTreeClassifier(random_state=0).fit(rows, rows["a"] > rows["b"])
    made.stored("").mkdir()
    signature = infer_signature(rows, model.predict(rows))
    place = str(made.stored("model"))
    mlflow.sklearn.save_model(model, place, signature=signature, serialization_format="cloudpickle")
    files = made.stored("data")
    (files / "short").mkdir(parents=True)
    rows.to_csv(files / "long.csv", index=False)
    for number in range(10):
        rows.iloc[number * 10 : number * 10 + 10].to_csv(files / "short" / f"{number}.csv", index=False)
    (files / "bad.csv").write_text("x\n1\n")
    yield made
    for home in tmp_path.glob("node*"):
        end_everything(home)


@pytest.mark.parametrize("mode", [None, "download"])
def test_two_machines_give_the_lines_of_one(bench: Bench, mode: str | None) -> None:
    found = []
    for nodes in (1, 2):
        asked = ParallelSpec(
            "", "data", append_row_to="scored", by_model=True, model="model", model_name="model", mini_batch_size=3,
            concurrency=1, secret="s",
        )  # fmt: skip
        course = bench.run(
            "",
            parallel=asked,
            inputs={
                "data": bench.input("data", "uri_folder", mode),
                "model": bench.input("model", "mlflow_model", mode),
            },
            outputs={"scored": bench.output(f"scored{nodes}", "uri_file")},
            node_count=nodes,
            timeout=120,
        )
        assert course.exit.outcome is Outcome.COMPLETED, course.exit
        warnings = " ".join(str(entry.detail.get("warning")) for entry in course.journal)
        assert "bad.csv" in warnings
        found.append(bench.stored(f"scored{nodes}").read_text())
    assert len(found[0].splitlines()) >= 60_100
    assert found[0] == found[1]
