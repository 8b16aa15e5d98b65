"""An attached Ray cluster as the server has it."""

from __future__ import annotations

import hashlib

from lapisml.backends.compute.node.link import Pace
from lapisml.backends.compute.node.remote import RemoteBackend, default_root
from lapisml.backends.compute.ray.dashboard import Dashboard
from lapisml.backends.compute.ray.identity import client_context, identity
from lapisml.backends.compute.ray.package import package
from lapisml.backends.compute.ray.transport import RayTransport
from lapisml.ports.attach import Attachment
from lapisml.ports.compute import Capabilities

CAPABILITIES = Capabilities(multi_node=True, gpus=True, local_paths=False, queues=True, serving=True)

LEAVES_AFTER_S = 3600.0
"""How long the front stays on the cluster when no server is there and no job, seconds."""


class RayCompute(RemoteBackend):
    """Jobs on a Ray cluster, through Lapis's front there.

    Args:
        attachment: the compute; its document is of type ``ray``.
        patience_s: how long a node that Ray calls dead may take to come back before its jobs are lost.
        pace: how patient the link is.
        leaves_after_s: how long the front stays when no server is there and no job.
    """

    def __init__(
        self,
        attachment: Attachment,
        *,
        patience_s: float = 30.0,
        pace: Pace | None = None,
        leaves_after_s: float = LEAVES_AFTER_S,
    ) -> None:
        document = attachment.document
        compute = f"{attachment.workspace}/{attachment.name}"
        root = str(document.get("root") or f"{default_root(attachment)}/{_short(compute)}")
        pem = identity(attachment.home, attachment.label, compute)
        name = f"lapis-front-{attachment.label}-{attachment.name}-{_short(compute)}"
        settings = {
            "root": root,
            "port": document.get("front_port") or 0,
            "interpreter": document.get("interpreter"),
            "leaves_after_s": leaves_after_s,
            "namespace": f"lapis-{attachment.label}-{_short(compute)}",
        }
        dashboard = Dashboard(
            str(document["address"]), document.get("headers"), document.get("token"), document.get("certificate")
        )
        super().__init__(
            attachment,
            RayTransport(dashboard, name, package(pem, settings), client_context(pem)),
            engine="ray",
            options={
                "written": root,
                "prefix": f"lapis/{attachment.label}/{compute}/",
                "patience_s": patience_s,
                "max_nodes": document.get("max_nodes"),
            },
            capabilities=CAPABILITIES,
            where=f"the Ray cluster at {dashboard.address}",
            listen=None,  # the front says by which address the nodes reach it
            guarded=True,
            pace=pace,
        )


def _short(compute: str) -> str:
    """Tell computes of one name in two workspaces apart."""
    return hashlib.sha256(compute.encode()).hexdigest()[:8]
