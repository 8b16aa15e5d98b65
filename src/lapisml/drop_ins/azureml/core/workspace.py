"""The workspace of the job."""

from __future__ import annotations

import os
from typing import Any, Dict, Optional

from .._lapis import rest
from .._lapis.missing import not_offered


class Workspace:
    """The workspace that the job runs in; a job knows no other.

    Args:
        subscription_id, resource_group, workspace_name: shown again; the job's own when left out.
    """

    def __init__(
        self,
        subscription_id: Optional[str] = None,
        resource_group: Optional[str] = None,
        workspace_name: Optional[str] = None,
        **_: Any,
    ) -> None:
        self.subscription_id = subscription_id or os.environ.get("AZUREML_ARM_SUBSCRIPTION", "")
        self.resource_group = resource_group or os.environ.get("AZUREML_ARM_RESOURCEGROUP", "")
        self.name = workspace_name or os.environ.get("AZUREML_ARM_WORKSPACE_NAME", "default")
        self.location = "local"

    @classmethod
    def from_config(cls, path: Optional[str] = None, **_: Any) -> Workspace:
        """Give the job's workspace; `path` is not looked at."""
        del path
        return cls()

    @classmethod
    def get(
        cls,
        name: str,
        auth: Any = None,
        subscription_id: Optional[str] = None,
        resource_group: Optional[str] = None,
        **_: Any,
    ) -> Workspace:
        """Give the workspace under its name."""
        del auth
        return cls(subscription_id, resource_group, name)

    def get_mlflow_tracking_uri(self, with_auth: bool = False) -> str:
        """Give the address for ``mlflow.set_tracking_uri``.

        Raises:
            TrackingError: outside a job.
        """
        del with_auth
        found = rest.server()
        if found is None:
            raise rest.TrackingError("INVALID_STATE", "this is no job of Lapis: MLFLOW_TRACKING_URI is not set")
        return found

    def get_details(self) -> Dict[str, Any]:
        """Give name and place."""
        return {"name": self.name, "location": self.location, "resourceGroup": self.resource_group}

    @property
    def models(self) -> Dict[str, Any]:
        """The newest version of each registered model, by name."""
        from .model import Model

        return {found.name: found for found in Model.list(self, latest=True)}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise AttributeError(
            str(not_offered(f"Workspace.{name}", "lapisml.MLClient has the operations of a workspace"))
        )

    def __repr__(self) -> str:
        return f"Workspace(name='{self.name}')"
