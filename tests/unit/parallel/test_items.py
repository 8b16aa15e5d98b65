"""Files that are one item each for a model."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lapisml.runner.parallel.batches import InputError
from lapisml.runner.parallel.lapis_worker import items
from lapisml.runner.parallel.pace import Pace
from lapisml.runner.parallel.scored import of_scored
from lapisml.scoring.lapis_scoring.signature import Signature


def seen(path: Path, signature: Signature | None) -> Any:
    """Give what the model gets for a file."""
    found = list(items.predicted(lambda data: data, signature, [{"file": path.name, "path": str(path)}]))
    assert [part["file"] for part, _ in found] == [path.name]
    return found[0][1]


def tensor(*shape: int, kind: str = "float32") -> Signature:
    return Signature([{"type": "tensor", "tensor-spec": {"dtype": kind, "shape": list(shape)}}], None, None)


def test_a_text_is_a_row_of_the_models_only_column(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one\ntwo")
    assert seen(path, None).to_dict("list") == {"text": ["one\ntwo"]}
    named = Signature([{"type": "string", "name": "body"}], None, None)
    assert seen(path, named).to_dict("list") == {"body": ["one\ntwo"]}
    several = Signature([{"type": "string", "name": "a"}, {"type": "string", "name": "b"}], None, None)
    with pytest.raises(ValueError, match="takes 2 columns"):
        seen(path, several)


def test_an_image_has_the_channels_and_the_type_of_the_models_tensor(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    path = tmp_path / "a.png"
    image.fromarray(np.full((4, 6, 3), 7, "uint8")).save(path)
    assert seen(path, None).shape == (1, 4, 6, 3)
    found = seen(path, tensor(-1, -1, -1, 1))
    assert found.shape == (1, 4, 6, 1)
    assert found.dtype == "float32"
    assert seen(path, tensor(-1, 4, 6)).shape == (1, 4, 6)
    assert seen(path, tensor(-1, -1, -1, 3, kind="uint8")).max() == 7


def test_without_pillow_the_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load = builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name.startswith("PIL"):
            raise ImportError(name)
        return load(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(RuntimeError, match="add pillow"):
        seen(tmp_path / "a.png", None)


def test_items_are_put_together_up_to_the_size_of_a_mini_batch(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "MLmodel").write_text("flavors: {}\n")
    for number in range(5):
        (tmp_path / "data" / "deep").mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / "deep" / f"{number}.txt").write_text("x")
    found = list(of_scored(str(tmp_path / "data"), str(tmp_path / "model"), 2, str(tmp_path), Pace()))
    assert [batch.items for batch in found] == [2, 2, 1]
    assert [part["file"] for part in found[0].parts or ()] == ["deep/0.txt", "deep/1.txt"]


def test_a_folder_without_a_model_is_said(tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_text("x")
    with pytest.raises(InputError, match="the model can't be read"):
        list(of_scored(str(tmp_path / "data.txt"), str(tmp_path), 2, str(tmp_path), Pace()))
