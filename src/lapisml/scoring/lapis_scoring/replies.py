"""Predictions as clients expect them: records for frames, lists for arrays, as MLflow writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .jsons import Dumps


def listed(predictions: Any) -> Any:
    """Return predictions as lists and plain values."""
    if hasattr(predictions, "to_dict"):
        frame = predictions if hasattr(predictions, "columns") else predictions.to_frame()
        return frame.to_dict(orient="records")
    if hasattr(predictions, "toarray"):
        return predictions.toarray().tolist()
    if hasattr(predictions, "tolist"):
        return predictions.tolist()
    return predictions


def height(predictions: Any) -> int:
    """Return how many rows there are; -1 when that can't be said."""
    shape = getattr(predictions, "shape", None)
    if shape:
        return int(shape[0])
    return len(predictions) if isinstance(predictions, list) else -1


def part(predictions: Any, start: int, end: int) -> Any:
    """Return the predictions of some of the rows."""
    return predictions.iloc[start:end] if hasattr(predictions, "iloc") else predictions[start:end]


def body(predictions: Any, wrapped: bool, dumps: Dumps) -> bytes:
    """Return predictions as the body of an answer."""
    found = listed(predictions)
    return dumps({"predictions": found} if wrapped else found)
