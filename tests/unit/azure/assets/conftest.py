"""The addresses of assets and code over the services of a world of the test's own, without HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qsl

import pytest
from cryptography.fernet import Fernet

from lapisml.server.platform.principal import Principal
from lapisml.server.platform.vault import Vault
from lapisml.server.surfaces.azure.arm import ArmCall, Query
from lapisml.server.surfaces.azure.nouns import assets, codes, resolved_uris
from lapisml.server.surfaces.azure.routing import PROVIDER, RouteTree, read_address
from lapisml.server.surfaces.azure.services import AzureServices
from lapisml.server.surfaces.blob.pending import PendingUploads
from lapisml.server.surfaces.blob.signing import BlobSigner
from tests.support.assets import World, open_world

URL = "https://127.0.0.1:8801"
SCOPE = f"/subscriptions/sub/resourceGroups/rg/providers/{PROVIDER}/workspaces/default"


@dataclass
class Arm:
    """Sends requests; see `ask`."""

    world: World
    services: AzureServices
    tree: RouteTree[Any]

    def ask(self, method: str, path: str, properties: Any = None, *, body: Any = None) -> tuple[int, Any]:
        """Send one request below the workspace, or a whole address that holds ``WS``; return status and body."""
        address, _, query = path.partition("?")
        whole = address.replace("WS", SCOPE.lstrip("/"), 1) if "WS" in address else f"{SCOPE}/{address}"
        found = read_address(whole)
        match = self.tree.find(method, found.words)
        assert match is not None, f"{method} {path} leads nowhere"
        assert match.leaf is not None, f"{path} has no {method}"
        call = ArmCall(
            method=method,
            path=whole,
            names=match.names,
            query=Query(parse_qsl(query)),
            body={"properties": properties} if properties is not None else body,
            headers={},
            url=URL,
            principal=Principal("user", "ann"),
            subscription="sub",
            group="rg",
            workspace_name="default",
            scope_id=SCOPE,
            found=self.world.ws,
        )
        answer = match.leaf(call)
        return answer.status, answer.body

    def properties(self, path: str) -> dict[str, Any]:
        """Return the ``properties`` that a GET answers."""
        found: dict[str, Any] = self.ask("GET", path)[1]["properties"]
        return found

    def upload(self, files: dict[str, bytes], name: str = "c", version: str = "1", base: str = "src") -> str:
        """Send code as the SDK does; return the address that a body names it by."""
        _, begun = self.ask("POST", f"codes/{name}/versions/{version}/startPendingUpload", body={})
        container = begun["blobReferenceForConsumption"]["blobUri"]
        folder = self.services.pending.folder("default", container.rpartition("/")[2])
        for path, content in files.items():
            place = folder / base / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        return f"{container}/{base}" if base else str(container)


@pytest.fixture
def arm(tmp_path: Path) -> Iterator[Arm]:
    """Yield the addresses over SQLite."""
    with open_world(tmp_path / "home", f"sqlite:///{tmp_path / 'plain.db'}") as world:
        vault, root = Vault(Fernet.generate_key()), tmp_path / "home/storage"
        services = cast(
            AzureServices,
            SimpleNamespace(
                assets=world.assets,
                storage=world.storage,
                clock=world.clock,
                pending=PendingUploads(root, world.clock),
                signer=BlobSigner(vault, world.clock),
            ),
        )
        routes = {**assets.routes(services), **codes.routes(services), **resolved_uris.routes(services)}
        yield Arm(world, services, RouteTree(routes))
