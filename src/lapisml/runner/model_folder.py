"""The folder that scripts know as ``AZUREML_MODEL_DIR``: it holds the model under the name that it was stored with."""

from __future__ import annotations

import os
import shutil


def lay_out(model: str, folder: str, name: str | None) -> str:
    """Put a model into a folder, without copying it where that can be; return the folder's path.

    Its files become hard links, and copies where they lie on another device: MLflow refuses a model whose files or
    folder are symbolic links that lead out of the folder above it.

    Args:
        model: path of the model, a file or folder.
        folder: made when it is not there.
        name: what the model is called in it; None for its own name.

    Raises:
        OSError: it can't be made.
    """
    source = os.path.abspath(model)
    place = os.path.join(folder, os.path.basename((name or source).rstrip("/")))
    os.makedirs(folder, exist_ok=True)
    if os.path.lexists(place):
        return folder
    if os.path.isdir(source):
        shutil.copytree(source, place, copy_function=_link)
    else:
        _link(source, place)
    return folder


def _link(source: str, target: str) -> str:
    real = os.path.realpath(source)
    try:
        os.link(real, target)
    except OSError:
        shutil.copy2(real, target)
    return target
