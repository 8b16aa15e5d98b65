"""The entities under the place where ``azure.ai.ml`` has them: ``from lapisml.entities import Data``."""

from lapisml.sdk.entities import *  # noqa: F403 - exactly the names of __all__ there
from lapisml.sdk.entities import __all__  # noqa: F401
