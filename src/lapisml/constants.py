"""The constants under the place where ``azure.ai.ml`` has them: ``from lapisml.constants import AssetTypes``."""

from lapisml.sdk.constants import AssetTypes, BatchDeploymentOutputAction, InputOutputModes
from lapisml.sdk.time_zones import TimeZone

__all__ = ["AssetTypes", "BatchDeploymentOutputAction", "InputOutputModes", "TimeZone"]
