"""Which kind of document this is: from ``$schema``, from ``type:``, from the command that takes it.

Light: the standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lapisml.documents.paths import DocumentPath
from lapisml.documents.words import listed, nearest

_CONNECTIONS = tuple(
    """
    python_feed container_registry git feature_store s3 snowflake azure_key_vault azure_sql_db
    azure_synapse_analytics azure_my_sql_db azure_postgres_db azure_data_lake_gen2 adls_gen2 azure_blob
    azure_one_lake azure_open_ai azure_ai_services ai_services azure_ai_search cognitive_search
    azure_content_safety azure_speech_services cognitive_service api_key open_ai serp serverless custom
    custom_keys azure_storage_account azure_container_app_environment redis cosmos_db
    cosmos_db_mongo_db_api azure_data_explorer azure_maria_db azure_databricks_delta_lake azure_sql_mi
    azure_table_storage amazon_rds_for_oracle amazon_rds_for_sql_server amazon_redshift db2 drill
    google_big_query greenplum hbase hive impala informix maria_db microsoft_access my_sql netezza
    oracle phoenix postgre_sql presto sap_open_hub sap_bw sap_hana sap_table spark sql_server sybase
    teradata vertica pinecone databricks
    """.split()
)

TYPES: dict[str, tuple[str, ...]] = {
    "data": ("uri_folder", "uri_file", "mltable"),
    "datastore": (
        "azure_blob", "azure_file", "azure_data_lake_gen1", "azure_data_lake_gen2", "local", "s3", "gcs", "hdfs",
    ),
    "environment": (),
    "model": ("custom_model", "mlflow_model", "triton_model"),
    "component": ("command", "pipeline", "parallel", "spark"),
    "compute": ("amlcompute", "computeinstance", "virtualmachine", "slurm", "ray"),
    "job": ("command", "pipeline", "sweep", "parallel", "spark"),
    "schedule": (),
    "workspace": (),
    "online-endpoint": (),
    "online-deployment": ("managed", "kubernetes"),
    "batch-endpoint": (),
    "batch-deployment": ("model", "pipeline"),
    "registry": (),
    "connection": _CONNECTIONS,
}  # fmt: skip
"""Kind → the values of its ``type:``."""

_DEFAULT_TYPE = {
    "job": "command", "component": "command", "online-deployment": "managed", "batch-deployment": "model",
}  # fmt: skip

_WORK = {"jobs": "pipeline", "trial": "sweep", "task": "parallel", "entry": "spark"}
_MARKS = {
    "job": _WORK,
    "component": _WORK,
    "online-deployment": {"resources": "kubernetes"},
    "batch-deployment": {"component": "pipeline", "job_definition": "pipeline"},
}
"""Kind → key that only one of its types has → the type."""

_NOT_YET: dict[str, dict[str, str]] = {
    "job": {
        "automl": "AutoML jobs", "finetuning": "fine-tuning jobs", "distillation": "distillation jobs",
        "data_transfer": "data transfer jobs", "import": "import jobs",
    },
    "component": {
        "sweep": "sweep components", "automl": "AutoML components", "data_transfer": "data transfer components",
        "import": "import components", "flow_parallel": "prompt flow components",
    },
    "compute": {
        "kubernetes": "attached Kubernetes clusters",
        "synapsespark": "attached Synapse Spark pools", "attached": "attached computes",
    },
    "datastore": {"one_lake": "OneLake datastores", "azure_sql_db": "SQL datastores"},
}  # fmt: skip
"""Kind → type that is known and not delivered → what to call it."""

_SCHEMAS: dict[str, tuple[str, str | None]] = {
    "data": ("data", None),
    "asset": ("data", None),
    "environment": ("environment", None),
    "model": ("model", None),
    "commandcomponent": ("component", "command"),
    "pipelinecomponent": ("component", "pipeline"),
    "parallelcomponent": ("component", "parallel"),
    "sparkcomponent": ("component", "spark"),
    "commandjob": ("job", "command"),
    "pipelinejob": ("job", "pipeline"),
    "sweepjob": ("job", "sweep"),
    "paralleljob": ("job", "parallel"),
    "sparkjob": ("job", "spark"),
    "automljob": ("job", "automl"),
    "finetuningjob": ("job", "finetuning"),
    "amlcompute": ("compute", "amlcompute"),
    "computeinstance": ("compute", "computeinstance"),
    "vmcompute": ("compute", "virtualmachine"),
    "kubernetescompute": ("compute", "kubernetes"),
    "synapsesparkcompute": ("compute", "synapsespark"),
    "azureblob": ("datastore", "azure_blob"),
    "azurefile": ("datastore", "azure_file"),
    "azuredatalakegen1": ("datastore", "azure_data_lake_gen1"),
    "azuredatalakegen2": ("datastore", "azure_data_lake_gen2"),
    "workspace": ("workspace", None),
    "schedule": ("schedule", None),
    "onlineendpoint": ("online-endpoint", None),
    "managedonlineendpoint": ("online-endpoint", None),
    "kubernetesonlineendpoint": ("online-endpoint", None),
    "managedonlinedeployment": ("online-deployment", "managed"),
    "kubernetesonlinedeployment": ("online-deployment", "kubernetes"),
    "batchendpoint": ("batch-endpoint", None),
    "batchdeployment": ("batch-deployment", None),
    "modelbatchdeployment": ("batch-deployment", "model"),
    "pipelinecomponentbatchdeployment": ("batch-deployment", "pipeline"),
    "registry": ("registry", None),
    "connection": ("connection", None),
    "workspaceconnection": ("connection", None),
}
"""Name of a schema file, in lower case → kind and type."""

_OTHER_SCHEMAS = {
    "serverlessendpoint": "serverless endpoints",
    "marketplacesubscription": "marketplace subscriptions",
    "monitorschedule": "monitors",
    "modelversionpackage": "model packages",
    "modelpackage": "model packages",
    "dataimport": "data imports",
    "featurestore": "feature stores",
    "featurestoreentity": "feature store entities",
    "featureset": "feature sets",
    "flow": "prompt flows",
    "run": "prompt flow runs",
    "mltable": "MLTable files as documents; name their folder as `path` of a data asset",
    "hub": "hubs",
    "project": "projects",
}
"""Name of a schema file of a kind that has no part in this version → what to call it."""

_NOUNS = {
    "data": "a data asset",
    "datastore": "a datastore",
    "environment": "an environment",
    "model": "a model",
    "component": "a component",
    "compute": "a compute",
    "job": "a job",
    "workspace": "a workspace",
    "schedule": "a schedule",
    "online-endpoint": "an online endpoint",
    "online-deployment": "an online deployment",
    "batch-endpoint": "a batch endpoint",
    "batch-deployment": "a batch deployment",
    "registry": "a registry",
    "connection": "a connection",
}

_SCHEMA_NAME = re.compile(r"([A-Za-z0-9_-]+?)(?:\.schema)?\.json/?(?:[?#].*)?\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Detected:
    """What a document is.

    Attributes:
        kind: ``data``, ``job`` …
        type: value of ``type:`` as documents keep it; None for kinds without types.
    """

    kind: str
    type: str | None


class UndetectedError(Exception):
    """A document that can't be read as anything.

    Attributes:
        path: where the reason stands.
        message, expected, suggestion: as in a problem.
        supported: False when the kind is known and not delivered.
    """

    def __init__(
        self,
        path: DocumentPath,
        message: str,
        expected: str | None = None,
        suggestion: str | None = None,
        *,
        supported: bool = True,
    ) -> None:
        super().__init__(message)
        self.path, self.message, self.expected, self.suggestion = path, message, expected, suggestion
        self.supported = supported


def detect(data: Mapping[str, Any], kind: str | None) -> Detected:
    """Decide what a document is.

    Args:
        data: its top level.
        kind: what the command takes; None to go by the document alone.

    Raises:
        UndetectedError: it is of another kind, of one that is not delivered, or can't be told.
    """
    schema = _from_schema(data.get("$schema"))
    if kind is None:
        kind = schema.kind if schema else _kind_of_type(data.get("type"))
    elif schema is not None and schema.kind != kind:
        raise UndetectedError(("$schema",), f"this is {_noun(schema)}", f"{_NOUNS[kind]}, for this command")
    return Detected(kind, _type(kind, data, schema))


def _from_schema(address: Any) -> Detected | None:
    """Read the schema's address; one that is not known here says nothing."""
    match = _SCHEMA_NAME.search(address) if isinstance(address, str) else None
    if match is None:
        return None
    name = re.sub(r"[_-]", "", match[1]).lower()
    if name in _OTHER_SCHEMAS:
        sentence = f"{_OTHER_SCHEMAS[name]} are not supported by this version"
        raise UndetectedError(("$schema",), sentence, supported=False)
    return Detected(*_SCHEMAS[name]) if name in _SCHEMAS else None


def _kind_of_type(given: Any) -> str:
    order = ["job", *(kind for kind in TYPES if kind != "job")]
    for kind in order:
        if isinstance(given, str) and _known_type(kind, given) is not None:
            return kind
    if isinstance(given, str):
        every = [word for kind in order for word in _words(kind)]
        raise UndetectedError(("type",), f"`{given[:80]}` is no known type", None, nearest(given, every))
    expected = "a `$schema` such as https://azuremlschemas.azureedge.net/latest/commandJob.schema.json, or a `type`"
    raise UndetectedError((), "nothing says what kind of document this is", expected)


def _type(kind: str, data: Mapping[str, Any], schema: Detected | None) -> str | None:
    given = data.get("type")
    if given is None:
        found = (schema.type if schema else None) or _by_keys(kind, data) or _DEFAULT_TYPE.get(kind)
        if found is None and kind in ("compute", "datastore", "connection"):
            raise UndetectedError((), "missing key `type`", listed(TYPES[kind]))
        return _delivered(kind, found, ("$schema",))
    if not TYPES[kind]:
        return None
    found = _known_type(kind, given) if isinstance(given, str) else None
    if found is None:
        near = nearest(given, TYPES[kind]) if isinstance(given, str) else None
        message = f"`{given[:80]}` is not known here" if isinstance(given, str) else "it is not text"
        raise UndetectedError(("type",), message, listed(TYPES[kind]), near)
    return _delivered(kind, found, ("type",))


def _by_keys(kind: str, data: Mapping[str, Any]) -> str | None:
    """Tell the type of a document that says none by a key that only one type has."""
    if "command" in data:
        return None
    return next((type_ for key, type_ in _MARKS.get(kind, {}).items() if key in data and type_ in TYPES[kind]), None)


def _delivered(kind: str, found: str | None, where: DocumentPath) -> str | None:
    name = _NOT_YET.get(kind, {}).get(found or "")
    if name is not None:
        delivered = listed(TYPES[kind])
        raise UndetectedError(where, f"{name} are not supported by this version", delivered, supported=False)
    return found


def _known_type(kind: str, given: str) -> str | None:
    fold = {_fold(word): word for word in _words(kind)}
    return fold.get(_fold(given))


def _words(kind: str) -> Iterator[str]:
    yield from TYPES[kind]
    yield from _NOT_YET.get(kind, {})


def _fold(word: str) -> str:
    return word.replace("_", "").casefold()


def _noun(found: Detected) -> str:
    later = _NOT_YET.get(found.kind, {}).get(found.type or "")
    if later is not None:
        return f"the document of another kind: {later}"
    return f"the document of {_NOUNS[found.kind]}"
