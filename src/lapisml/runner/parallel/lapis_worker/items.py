"""Files that are one item each for a model: images as arrays, texts as text."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp")
TEXTS = (".txt", ".text", ".md", ".html", ".htm", ".xml")
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def predicted(
    predict: Callable[[Any], Any], signature: Any, parts: list[dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield each file with what the model says of it.

    Args:
        predict: the model.
        signature: what the model says that it takes, or None.
        parts: the files, each with its ``path``.
    """
    for part in parts:
        path = part["path"]
        data = _text(path, signature) if path.lower().endswith(TEXTS) else _image(path, signature)
        yield part, predict(data)


def _text(path: str, signature: Any) -> Any:
    """Return a file as a frame of one row, whose column is called as the model's only one."""
    import pandas as pd

    with open(path, encoding="utf-8") as file:
        text = file.read()
    columns = signature.columns if signature is not None else []
    if len(columns) > 1:
        raise ValueError(f"the model takes {len(columns)} columns, and {os.path.basename(path)} is one text")
    name = columns[0].name if columns and columns[0].name is not None else "text"
    return pd.DataFrame({name: [text]})


def _image(path: str, signature: Any) -> Any:
    """Return an image as an array (1, height, width, channels), in the type that the model takes."""
    import numpy as np

    try:
        from PIL import Image
    except ImportError as error:
        raise RuntimeError("Images are read with Pillow, and the model's environment lacks it; add pillow.") from error
    tensor = signature.tensors[0] if signature is not None and signature.tensors else None
    shape = (tensor or {}).get("shape") or []
    channels = shape[3] if len(shape) == 4 else 1 if len(shape) == 3 else None
    with Image.open(path) as image:
        mode = _MODES.get(channels or 0)
        array = np.asarray(image.convert(mode) if mode else image)
    if len(shape) == 4 and array.ndim == 2:
        array = array[:, :, None]
    kind = (tensor or {}).get("dtype")
    return array[None].astype(kind) if kind else array[None]
