"""Endpoints and deployments under azure.ai.ml's names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

from pydantic import Field
from pydantic_core import PydanticCustomError

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.kinds import batch_deployment, endpoints, online_deployment
from lapisml.documents.kinds.deployments import ServedName
from lapisml.documents.kinds.parts import Resources
from lapisml.documents.paths import DocumentPath
from lapisml.sdk.deployment_parts import BatchEndpointDefaults, CodeConfiguration, in_document
from lapisml.sdk.entity import Entity


class ServedEntity(Entity):
    """What endpoints and deployments have in common: what is missing may be set later, and assets may be given.

    Args:
        values: keys of the document; a `Model`, an `Environment` or a component may stand where it names one.
    """

    def __init__(self, **values: Any) -> None:
        super().__init__(**{key: in_document(value) for key, value in values.items()})

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Make the entity of a record that the server gave, with the properties that the server added."""
        made = super().from_record(record)
        made.__dict__["properties"] = dict(record.get("properties") or {})
        return made

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value if name.startswith("_") else in_document(value))

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Leave out what is missing: it is told when the entity is sent."""
        for path, found in super().faults():
            if (found.context or {}).get("at") != "missing":
                yield path, found


class ManagedOnlineEndpoint(ServedEntity, endpoints.OnlineEndpoint):
    """An online endpoint."""

    name: ServedName | None = Field(None, description="a name")  # type: ignore[assignment]


class KubernetesOnlineEndpoint(ManagedOnlineEndpoint):
    """An online endpoint whose deployments run on a compute."""


class BatchEndpoint(ServedEntity, endpoints.BatchEndpoint):
    """A batch endpoint; ``endpoint.defaults.deployment_name`` may be read and set.

    Args:
        default_deployment_name: in place of `defaults`.
        values: keys of the document.
    """

    name: ServedName | None = Field(None, description="a name")  # type: ignore[assignment]

    def __init__(self, default_deployment_name: str | None = None, **values: Any) -> None:
        given = values.pop("defaults", None) or {"deployment_name": default_deployment_name}
        super().__init__(defaults=given, **values)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "defaults" and isinstance(value, Mapping):
            value = BatchEndpointDefaults(**value)
        super().__setattr__(name, value)

    def to_dict(self) -> dict[str, Any]:
        """Give the plain dictionary, without defaults when there are none."""
        made = super().to_dict()
        return made if made.get("defaults") else {key: value for key, value in made.items() if key != "defaults"}


class DeploymentEntity(ServedEntity):
    """What deployments of models and scripts have in common.

    Args:
        code_path, scoring_script: in place of `code_configuration`.
        values: keys of the document.

    Raises:
        LapisError: Usage, when the code is given twice or a model is to be packaged.
    """

    def __init__(self, code_path: Any = None, scoring_script: Any = None, **values: Any) -> None:
        packaged = [values.pop(key, False) for key in ("package_model", "with_package")]
        if any(packaged):
            sentence = "A model can't be packaged with its deployment."
            raise LapisError(
                ErrorCode.NOT_SUPPORTED, sentence, "Leave package_model and with_package out: environments are kept."
            )
        if code_path is not None or scoring_script is not None:
            if values.get("code_configuration") is not None:
                sentence = "code_path and scoring_script stand in place of code_configuration, not beside it."
                raise LapisError(ErrorCode.USAGE, sentence)
            values["code_configuration"] = CodeConfiguration(code_path, scoring_script)
        super().__init__(**values)


class ManagedOnlineDeployment(DeploymentEntity, online_deployment.ManagedOnlineDeployment):
    """A deployment under an online endpoint."""

    name: ServedName | None = Field(None, description="a name")  # type: ignore[assignment]
    endpoint_name: ServedName | None = Field(None, description="the endpoint")  # type: ignore[assignment]


class KubernetesOnlineDeployment(DeploymentEntity, online_deployment.KubernetesOnlineDeployment):
    """A deployment under an online endpoint, with Kubernetes' settings."""

    name: ServedName | None = Field(None, description="a name")  # type: ignore[assignment]
    endpoint_name: ServedName | None = Field(None, description="the endpoint")  # type: ignore[assignment]


class ModelBatchDeployment(DeploymentEntity, batch_deployment.ModelBatchDeployment):
    """A model under a batch endpoint, with its `settings`."""

    name: ServedName | None = Field(None, description="a name")  # type: ignore[assignment]
    endpoint_name: ServedName | None = Field(None, description="the endpoint")  # type: ignore[assignment]


class BatchDeployment(ModelBatchDeployment):
    """A model under a batch endpoint, with its settings as keys of its own.

    Args:
        instance_count: number of nodes, in place of `resources`.
        values: keys of the document.

    Raises:
        LapisError: Usage, when the number of nodes is given twice.
    """

    def __init__(self, instance_count: int | None = None, **values: Any) -> None:
        if instance_count is not None and values.get("resources") is not None:
            raise LapisError(ErrorCode.USAGE, "instance_count stands in place of resources, not beside it.")
        if instance_count is not None:
            values["resources"] = Resources(instance_count=instance_count)
        super().__init__(**values)


class PipelineComponentBatchDeployment(ServedEntity, batch_deployment.PipelineBatchDeployment):
    """A pipeline component under a batch endpoint."""

    name: ServedName | None = Field(None, description="a name")  # type: ignore[assignment]
    endpoint_name: ServedName | None = Field(None, description="the endpoint")  # type: ignore[assignment]


OnlineEndpoint = ManagedOnlineEndpoint | KubernetesOnlineEndpoint
OnlineDeployment = ManagedOnlineDeployment | KubernetesOnlineDeployment
BatchDeploymentOfAnyType = ModelBatchDeployment | PipelineComponentBatchDeployment
