"""Several servers behind one address: one PostgreSQL, one bucket, one key, a home for each."""

from __future__ import annotations

import base64
import os
from pathlib import Path

from tests.support.balancer import Balancer
from tests.support.buckets import Bucket
from tests.support.server import LapisServer, end_everything

TOKEN = "a-token-that-every-server-takes-0123456789"  # for tests only


class Cluster:
    """Servers that belong together.

    Attributes:
        servers: each over a home of its own, as on a machine of its own.
        balancer: the one address before them.
        bucket: where the files of workspaces lie.
    """

    def __init__(self, folder: Path, database_url: str, bucket: Bucket, count: int, **env: str) -> None:
        self.folder = folder
        self.key = base64.urlsafe_b64encode(os.urandom(32)).decode()
        self.balancer = Balancer([])
        self.bucket = bucket
        self.env = {
            "LAPIS_DATABASE_URL": database_url, "LAPIS_TOKEN": TOKEN, "LAPIS_SECRET_KEY": self.key,
            "LAPIS_PUBLIC_URL": self.balancer.url, "LAPIS_LOCAL_SLOTS": "4", **bucket.env, **env,
        }  # fmt: skip
        self.servers = [LapisServer(folder / f"home{number}", self.env) for number in range(count)]

    def start(self) -> Cluster:
        """Start all of them at once, and then the balancer's list."""
        for server in self.servers:
            server.start(wait=False)
        for server in self.servers:
            server.wait_ready()
        self.balancer.targets = [server.port for server in self.servers]
        return self

    @property
    def client(self) -> LapisServer:
        """The installation as clients see it: the balancer's address and the token."""
        return Client(self.folder, self.balancer.url)

    def stop(self) -> None:
        """End everything."""
        self.balancer.close()
        for server in self.servers:
            server.stop()
            end_everything(server.home)


class Client(LapisServer):
    """Requests to an address that is not a server's own."""

    def __init__(self, home: Path, url: str) -> None:
        super().__init__(home)
        self.url = url

    @property
    def token(self) -> str:
        """The token that every server takes."""
        return TOKEN
