"""Kind and type → model; validation of plain dictionaries; JSON schemas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from itertools import islice
from typing import Any

from pydantic import ValidationError

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents.base import Document
from lapisml.documents.checks import check_wire
from lapisml.documents.detection import TYPES, UndetectedError, detect
from lapisml.documents.expression_checks import check_expressions
from lapisml.documents.faults import Fault, faults_of, problems_of, refuse
from lapisml.documents.limits import DEEPEST, MOST_COMPOSED
from lapisml.documents.source import SourceMap
from lapisml.documents.words import listed

_KINDS = "lapisml.documents.kinds."
_MODELS: dict[tuple[str, str | None], tuple[str, str]] = {
    ("data", None): ("data", "Data"),
    ("environment", None): ("environment", "Environment"),
    ("model", None): ("model", "Model"),
    ("component", "command"): ("component", "CommandComponent"),
    ("component", "pipeline"): ("pipeline", "PipelineComponent"),
    ("component", "parallel"): ("parallel", "ParallelComponent"),
    ("component", "spark"): ("spark", "SparkComponent"),
    ("job", "command"): ("command_job", "CommandJob"),
    ("job", "pipeline"): ("pipeline", "PipelineJob"),
    ("job", "sweep"): ("sweep", "SweepJob"),
    ("job", "parallel"): ("parallel", "ParallelJob"),
    ("job", "spark"): ("spark", "SparkJob"),
    ("schedule", None): ("schedule", "Schedule"),
    ("compute", "amlcompute"): ("compute", "AmlCompute"),
    ("compute", "computeinstance"): ("compute", "ComputeInstance"),
    ("compute", "virtualmachine"): ("attached", "VirtualMachine"),
    ("compute", "slurm"): ("attached", "Slurm"),
    ("compute", "ray"): ("attached", "Ray"),
    ("datastore", "azure_blob"): ("datastore", "AzureBlob"),
    ("datastore", "azure_file"): ("datastore", "AzureFile"),
    ("datastore", "azure_data_lake_gen1"): ("datastore", "AzureDataLakeGen1"),
    ("datastore", "azure_data_lake_gen2"): ("datastore", "AzureDataLakeGen2"),
    ("datastore", "local"): ("datastore", "Local"),
    ("datastore", "s3"): ("datastore", "S3"),
    ("datastore", "gcs"): ("datastore", "Gcs"),
    ("datastore", "hdfs"): ("datastore", "Hdfs"),
    ("workspace", None): ("workspace", "Workspace"),
    ("online-endpoint", None): ("endpoints", "OnlineEndpoint"),
    ("online-deployment", "managed"): ("online_deployment", "ManagedOnlineDeployment"),
    ("online-deployment", "kubernetes"): ("online_deployment", "KubernetesOnlineDeployment"),
    ("batch-endpoint", None): ("endpoints", "BatchEndpoint"),
    ("batch-deployment", "model"): ("batch_deployment", "ModelBatchDeployment"),
    ("batch-deployment", "pipeline"): ("batch_deployment", "PipelineBatchDeployment"),
    ("registry", None): ("registry", "Registry"),
    ("connection", None): ("connection", "Connection"),
}
"""Kind and type → module and class; one module is imported only when a document of its kind is read."""

_MOST_FAULTS = 50
"""Expressions that are reported; nobody reads further, and each costs a search for the nearest word."""

_SINGLE = (str, int, float, type(None))

KINDS = tuple(TYPES)
"""Every kind of document that is delivered."""


def model_for(kind: str, type: str | None = None) -> type[Document]:  # noqa: A002 - the documents' own word
    """Return the model of a kind, and of one of its types where types differ in their keys.

    Raises:
        LapisError: NotSupported.
    """
    found = _MODELS.get((kind, type)) or _MODELS.get((kind, None))
    if found is None:
        known = listed(TYPES.get(kind, ()) or KINDS)
        raise LapisError(ErrorCode.NOT_SUPPORTED, f"There is no document of kind {kind} and type {type}.", known)
    return _load(*found)


def parse(kind: str, data: Mapping[str, Any]) -> Document:
    """Validate a document that came over the wire or from a program, without a file around it.

    Files that it names by a local path must have been uploaded before: such a path is a problem.

    Args:
        kind: one of `KINDS`.
        data: the plain dictionary.

    Raises:
        LapisError: DocumentInvalid or NotSupported, with a problem for every fault; problems carry paths only.
    """
    return validate(kind, data, None, list(check_wire(kind, data)))


def validate(
    kind: str | None,
    data: Mapping[str, Any],
    source: SourceMap | None = None,
    known: Sequence[Fault] = (),
    located: Sequence[Problem] = (),
    written: Mapping[str, Any] | None = None,
) -> Document:
    """Validate a document, and refuse it with everything that is wrong with it.

    Args:
        kind: one of `KINDS`; None to go by the document.
        source: where its values stand; None when there is no file.
        known: faults that were found before.
        located: problems that were found before and carry their place.
        written: `data` with scalars that remember how they are written; see `SourceMap.with_texts`.

    Raises:
        LapisError: DocumentInvalid or NotSupported.
    """
    try:
        model, type_ = _model_of(kind, data)
    except UndetectedError as error:
        fault = Fault(error.path, error.message, error.expected, error.suggestion, supported=error.supported)
        name = data.get("name") if isinstance(data, Mapping) else None
        raise refuse(kind, name, problems_of([fault], source, located), [fault]) from None
    faults = [*known, *islice(check_expressions(model.KIND, data), _MOST_FAULTS)]
    document = None
    try:
        if written is None:
            written = source.with_texts(data) if source else data
        document = model.model_validate(written if type_ is None else {**written, "type": type_})
    except ValidationError as error:
        faults += faults_of(error)
    if document is None or faults or located:
        raise refuse(model.NOUN, data.get("name"), problems_of(faults, source, located), faults)
    return document


def _model_of(kind: str | None, data: Mapping[str, Any]) -> tuple[type[Document], str | None]:
    """Choose the model; a `type` that is not known is left to the model where the kind has only one."""
    if not isinstance(data, Mapping):
        raise UndetectedError((), "the document is not a mapping", "lines of the form `key: value`")
    if not _is_modest(data):
        limits = f"at most {MOST_COMPOSED} values, and {DEEPEST} levels of lists and mappings"
        raise UndetectedError((), "the document is too large or too deep", limits)
    try:
        detected = detect(data, kind)
    except UndetectedError as error:
        only = _MODELS.get((str(kind), None))
        if error.path == ("type",) and error.supported and only is not None:
            return _load(*only), None
        raise
    model = model_for(detected.kind, detected.type)
    return model, detected.type if "type" in model.model_fields else None


def _is_modest(data: Any) -> bool:
    """Say whether a document keeps the limits of depth and number that hold for text, wherever it came from."""
    level, count = [data], 0
    for _ in range(DEEPEST + 2):
        count += len(level)
        others = [value for value in level if not isinstance(value, _SINGLE)]  # told quicker than mappings are
        holders = [value for value in others if isinstance(value, (dict, list, Mapping))]
        if not holders or count > MOST_COMPOSED:
            return count <= MOST_COMPOSED
        level = [inner for value in holders for inner in (value if isinstance(value, list) else value.values())]
    return False


def _load(module: str, name: str) -> type[Document]:
    made: type[Document] = getattr(import_module(_KINDS + module), name)
    return made


def schema(kind: str, type: str | None = None) -> dict[str, Any]:  # noqa: A002 - the documents' own word
    """Return the JSON schema of a kind of document, for editors and for other programs.

    Args:
        kind: one of `KINDS`.
        type: one of the kind's types; None for all of them together.

    Raises:
        LapisError: NotSupported for a kind or type that there is not.
    """
    from lapisml.documents.json_schemas import schema_of

    models = list(dict.fromkeys(model_for(kind, one) for one in ([type] if type else TYPES.get(kind) or [None])))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema_of(models)}
