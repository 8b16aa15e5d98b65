"""An online endpoint belongs to the home of the server that took it; the others know it all the same."""

from __future__ import annotations

import pytest

from tests.integration.endpoints.conftest import Client
from tests.support.cluster import Cluster
from tests.support.polling import eventually

pytestmark = pytest.mark.postgres


def test_an_endpoint_of_another_servers_home(cluster: Cluster) -> None:
    client = Client(cluster.client)
    client.put_endpoint()
    client.deploy("blue")
    client.put_endpoint(traffic={"blue": 100})
    sides = []
    for server in cluster.servers:
        side = Client(cluster.client)
        side.server.url = server.url
        sides.append(side)
    assert [side.score(data=1).body["colour"] for side in sides] == ["blue", "blue"]
    path = "online-endpoints/e/deployments/blue/logs"
    eventually(lambda: all("init of blue" in side.ok("GET", path)["content"] for side in sides), 20, what="its log")
    key = client.key()
    home = next(server for server in cluster.servers if (server.home / "serving" / "routes.json").exists())
    home.kill9()
    assert client.score(data=2, key=key).body["data"] == 2, "its gateway goes on"
    status, body = client.send("GET", path)
    assert (status, body["error"]["code"]) == (502, "ServerUnreachable")
    home.start()
    eventually(lambda: client.send("GET", path)[0] == 200, 20, what="the log of the server that is back")
