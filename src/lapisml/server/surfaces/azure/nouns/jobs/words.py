"""Words and keys of job bodies and of our documents: the same things under other names. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.server.surfaces.azure.casing import camel_key, snake_key


class Words:
    """One word for another, both ways. Reading passes over letter case; a word that is not known stays as it is.

    Args:
        theirs_to_ours: word of a body → word of a document. Of several of theirs for one of ours the first is written.
        written: words of documents that have no word of their own → word of a body.
    """

    def __init__(self, theirs_to_ours: Mapping[str, str], written: Mapping[str, str] | None = None) -> None:
        self._ours = {theirs.casefold(): ours for theirs, ours in theirs_to_ours.items()}
        self._theirs = {ours: theirs for theirs, ours in reversed(list(theirs_to_ours.items()))} | dict(written or {})

    def read(self, word: Any) -> Any:
        """Give the document's word for a body's."""
        return self._ours.get(str(word).casefold(), word)

    def write(self, word: Any) -> Any:
        """Give the body's word for a document's."""
        return self._theirs.get(str(word), word)


INPUT_MODES = Words(
    {
        "ReadOnlyMount": "ro_mount",
        "ReadWriteMount": "rw_mount",
        "Download": "download",
        "Direct": "direct",
        "EvalMount": "eval_mount",
        "EvalDownload": "eval_download",
        "RoMount": "ro_mount",
        "RwMount": "rw_mount",
    },
    {"mount": "ReadOnlyMount"},
)
OUTPUT_MODES = Words(
    {"ReadWriteMount": "rw_mount", "Upload": "upload", "Direct": "direct", "RwMount": "rw_mount"},
    {"mount": "ReadWriteMount"},
)
LAUNCHERS = Words({"PyTorch": "pytorch", "Mpi": "mpi", "TensorFlow": "tensorflow", "Ray": "ray"})
IDENTITIES = Words(
    {"UserIdentity": "user_identity", "Managed": "managed", "AMLToken": "aml_token"}, {"managed_identity": "Managed"}
)
TIERS = Words({"Null": "null", "Spot": "spot", "Basic": "basic", "Standard": "standard", "Premium": "premium"})
PRIORITIES = Words({"1": "low", "2": "medium", "3": "high"})
SERVICES = Words(
    {
        "JupyterLab": "jupyter_lab",
        "SSH": "ssh",
        "TensorBoard": "tensor_board",
        "VSCode": "vs_code",
        "Custom": "custom",
    }
)
SAMPLINGS = Words({"Random": "random", "Grid": "grid", "Bayesian": "bayesian"})
POLICIES = Words(
    {"Bandit": "bandit", "MedianStopping": "median_stopping", "TruncationSelection": "truncation_selection"}
)
GOALS = Words({"Maximize": "maximize", "Minimize": "minimize"})
JOB_TYPES = Words({"Command": "command", "Sweep": "sweep", "Pipeline": "pipeline", "Spark": "spark"})


def snaked(part: Mapping[str, Any]) -> dict[str, Any]:
    """Give a mapping with its own keys in ``snake_case``, without those that have no value."""
    return {snake_key(key): value for key, value in part.items() if value is not None}


def cameled(part: Mapping[str, Any]) -> dict[str, Any]:
    """Give a mapping with its own keys in ``camelCase``, without those that have no value."""
    return {camel_key(key): value for key, value in part.items() if value is not None}


def mapping(value: Any, path: str) -> dict[str, Any]:
    """Give a mapping of a body; None is an empty one.

    Raises:
        LapisError: DocumentInvalid when it is anything else.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        problem = Problem(f"this is {type(value).__name__}, not an object", path, expected="an object")
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The request is not valid.", None, [problem])
    return dict(value)


def filled(part: Mapping[str, Any], empty: Iterable[Any] = ({}, [], "")) -> dict[str, Any]:
    """Leave out what has no value, and what is empty."""
    nothing = list(empty)
    return {key: value for key, value in part.items() if value is not None and value not in nothing}
