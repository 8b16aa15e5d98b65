"""Multiplies the numbers of each file by the number in the model's file."""

import os
from pathlib import Path

factor = 0.0


def init() -> None:
    global factor  # noqa: PLW0603
    folder = Path(os.environ["AZUREML_MODEL_DIR"])
    factor = float(next(path for path in folder.rglob("*.txt")).read_text())


def run(mini_batch: list[str]) -> list[str]:
    return [f"{Path(path).name}:{factor * float(Path(path).read_text())}" for path in mini_batch]
