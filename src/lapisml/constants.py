"""The constants under the place where ``azure.ai.ml`` has them: ``from lapisml.constants import AssetTypes``."""

from lapisml.sdk.constants import AssetTypes, InputOutputModes

__all__ = ["AssetTypes", "InputOutputModes"]
