"""Which implementations of the ports there are: name → where it is imported from, and how to install it.

The one list of backends. Nothing is imported before it is asked for; only the server's composition root asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError


@dataclass(frozen=True)
class Backend:
    """One implementation of a port.

    Attributes:
        target: ``module:attribute``.
        install: the command that brings what it needs, shown when the import fails.
    """

    target: str
    install: str = "pip install lapisml"


BACKENDS: dict[str, dict[str, Backend]] = {
    "storage": {"fsspec": Backend("lapisml.backends.storage.fsspec_storage:FsspecStorage")},
    "environments": {"uv": Backend("lapisml.backends.environments.uv:UvEnvironmentBuilder")},
    "catalogue": {"files": Backend("lapisml.backends.environments.catalogue:Catalogue")},
    "compute": {
        "local": Backend("lapisml.backends.compute.local:LocalProcesses"),
        "ssh": Backend("lapisml.backends.compute.ssh:SshPool", "pip install 'lapisml[ssh]'"),
        "slurm": Backend("lapisml.backends.compute.slurm.cluster:SlurmCluster", "pip install 'lapisml[ssh]'"),
        "ray": Backend("lapisml.backends.compute.ray.attach:RayCompute"),
    },
    "serving": {"local": Backend("lapisml.backends.serving:LocalGateway")},
    "notifier": {"web": Backend("lapisml.backends.notifier:WebNotifier")},
}


def load_backend(port: str, name: str) -> Any:
    """Import an implementation and return its class.

    Args:
        port: ``storage``, ``environments``, ``catalogue`` (curated environments), ``compute``,
            ``serving`` (the gateway), ``notifier`` (messages to others).

    Raises:
        LapisError: NotSupported for an unknown name, MissingPackage when what it needs is not installed.
    """
    known = BACKENDS[port]
    if name not in known:
        raise LapisError(
            ErrorCode.NOT_SUPPORTED, f"There is no {port} backend named '{name}'; there are {', '.join(sorted(known))}."
        )
    module, _, attribute = known[name].target.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "lapisml":
            raise
        raise LapisError(
            ErrorCode.MISSING_PACKAGE,
            f"The {port} backend '{name}' needs the package {error.name}.",
            f"Install it: {known[name].install}",
        ) from error
