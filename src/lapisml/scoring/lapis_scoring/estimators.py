"""Whether a scikit-learn model gives the same answers for a bare array, and for several requests at once.

Only what is known by name is taken for safe: a function of the user's inside a pipeline may look at the names of the
columns, or at the other rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_KNOWN = ("sklearn.", "lightgbm.", "xgboost.", "catboost.", "imblearn.")
_DEPTH = 12


class Anatomy:
    """A model, taken apart.

    Args:
        model: the fitted estimator.

    Attributes:
        known: whether it consists of estimators of known packages only, without functions of the user's.
        picks_columns: whether columns are picked, maybe by their names.
        hands_frames: whether parts hand frames to each other, or need what only frames tell.
        parts: every estimator in it, itself first; empty for an object of another kind that can predict.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self.parts = list(_parts(model))
        self.known = bool(self.parts) and all(_is_known(part) for part in self.parts)
        self.picks_columns = any(type(part).__name__ == "ColumnTransformer" for part in self.parts)
        self.hands_frames = any(_hands_frames(part) or _wants_categories(part) for part in self.parts)

    @property
    def by_name(self) -> bool:
        """Whether columns are picked by their names, or parts hand frames to each other."""
        return self.picks_columns or self.hands_frames

    @property
    def names(self) -> list[Any] | None:
        """Names of the columns that the model was fitted with."""
        found = getattr(self._model, "feature_names_in_", None)
        return None if found is None else list(found.tolist() if hasattr(found, "tolist") else found)

    @property
    def width(self) -> int | None:
        """How many columns the model was fitted with."""
        found = getattr(self._model, "n_features_in_", None)
        return int(found) if found is not None else None

    @property
    def texts(self) -> list[str]:
        """Texts that encoders in it were fitted with."""
        found: dict[str, None] = {}
        for part in self.parts:
            for values in getattr(part, "categories_", None) or []:
                found.update((str(value), None) for value in list(values)[:50] if isinstance(value, str))
        return list(found)

    def forget_names(self) -> list[tuple[Any, Any]]:
        """Let the parts forget the columns' names, so that arrays are not compared with them on every call.

        What picks columns by name picks them by place then. Returns what `remember` takes.
        """
        forgotten: list[tuple[Any, Any]] = []
        for part in self.parts:
            names = getattr(part, "__dict__", {}).get("feature_names_in_")
            if names is None:
                continue
            kept = {"feature_names_in_": names}
            if hasattr(part, "transformers_"):
                kept["transformers_"] = part.transformers_
                part.transformers_ = _by_place(part.transformers_, list(names))
            forgotten.append((part, kept))
            del part.feature_names_in_
        return forgotten

    def remember(self, forgotten: list[tuple[Any, Any]]) -> None:
        """Give the parts their names back."""
        for part, kept in forgotten:
            part.__dict__.update(kept)

    def one_thread(self) -> None:
        """Let the parts start no threads of their own: replicas share the cores already."""
        for part in self.parts:
            if getattr(part, "n_jobs", None) not in (None, 1):
                try:
                    part.n_jobs = 1
                except AttributeError:
                    continue


def _by_place(transformers: list[Any], names: list[Any]) -> list[Any]:
    places = {name: place for place, name in enumerate(names)}
    return [(name, transformer, _places(columns, places)) for name, transformer, columns in transformers]


def _places(columns: Any, places: dict[Any, int]) -> Any:
    if isinstance(columns, str):
        return places.get(columns, columns)
    if isinstance(columns, (list, tuple)) or hasattr(columns, "tolist"):
        return [places.get(column, column) if isinstance(column, str) else column for column in columns]
    return columns


def _is_known(part: Any) -> bool:
    module = type(part).__module__ + "."
    if not module.startswith(_KNOWN):
        return False
    if type(part).__name__ == "FunctionTransformer":
        return all(_is_elementwise(function) for function in (part.func, getattr(part, "inverse_func", None)))
    functions = ("tokenizer", "preprocessor", "analyzer", "metric", "kernel", "func")
    return not any(callable(getattr(part, name, None)) for name in functions if name in getattr(part, "__dict__", ()))


def _is_elementwise(function: Any) -> bool:
    return function is None or type(function).__name__ == "ufunc"


def _hands_frames(part: Any) -> bool:
    return bool((getattr(part, "_sklearn_output_config", None) or {}).get("transform") not in (None, "default"))


def _wants_categories(part: Any) -> bool:
    """Say whether a boosted model was fitted with pandas categories, which only a frame brings."""
    if getattr(part, "pandas_categorical", None) or getattr(part, "enable_categorical", False):
        return True
    booster = getattr(part, "_Booster", None)
    return bool(getattr(booster, "pandas_categorical", None))


def _parts(model: Any, depth: int = _DEPTH, seen: set[int] | None = None) -> Iterator[Any]:
    seen = set() if seen is None else seen
    if id(model) in seen or depth == 0:
        return
    seen.add(id(model))
    if hasattr(model, "fit") and not isinstance(model, type):
        yield model
        inner = list(getattr(model, "__dict__", {}).values())
    elif isinstance(model, dict):
        inner = list(model.values())
    elif isinstance(model, (list, tuple)):
        inner = list(model)
    elif type(model).__name__ == "ndarray" and model.dtype == object:
        inner = list(model.flat)
    else:
        return
    for value in inner:
        yield from _parts(value, depth - 1, seen)
