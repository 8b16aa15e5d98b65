"""The gateway as a process of this machine."""

from lapisml.backends.serving.local_gateway import LocalGateway

__all__ = ["LocalGateway"]
