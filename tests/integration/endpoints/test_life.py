"""An endpoint and its deployments from their making to their end, on a real server with real replicas."""

from __future__ import annotations

import json

import pytest

from tests.integration.endpoints.conftest import ECHO, Client
from tests.support.polling import eventually


@pytest.fixture(scope="module")
def client(shared: Client) -> Client:
    """A server with endpoint `e`, which serves `blue`."""
    shared.put_endpoint()
    shared.deploy("blue")
    shared.put_endpoint(traffic={"blue": 100})
    return shared


def test_a_deployment_answers_and_its_answer_leads_back(client: Client) -> None:
    answer = client.score(data={"x": 1})
    assert answer.status == 200, answer
    assert (answer.body["colour"], answer.body["data"]) == ("blue", {"x": 1})
    found = client.ok("GET", f"predictions/{answer.headers['x-ms-request-id']}")
    revision = client.ok("GET", "online-endpoints/e/deployments/blue")["properties"]["lapis.revision"]
    assert (found["endpoint"], found["deployment"], found["revision"]) == ("e", "blue", revision)
    assert client.send("GET", "predictions/0123456789ab-0")[0] == 404


def test_a_new_deployment_has_no_traffic_and_answers_by_name(client: Client) -> None:
    client.deploy("green")
    assert client.ok("GET", "online-endpoints/e")["traffic"] == {"blue": 100}
    assert client.by_name("green").body["colour"] == "green"
    assert {client.score(data=1).body["colour"] for _ in range(10)} == {"blue"}
    client.put_endpoint(traffic={"blue": 0, "green": 100})
    assert client.score(data=1).body["colour"] == "green"
    assert client.send("DELETE", "online-endpoints/e/deployments/green")[0] == 409
    client.put_endpoint(traffic={"blue": 100})
    client.ok("DELETE", "online-endpoints/e/deployments/green")
    client.gone("online-endpoints/e/deployments/green")
    assert client.by_name("green").status == 404


def test_a_change_of_what_runs_is_another_revision_and_of_how_much_is_none(client: Client) -> None:
    before = client.deploy("changing")["properties"]["lapis.revision"]
    scaled = client.deploy("changing", instance_count=2, tags={"a": "b"})
    assert scaled["properties"]["lapis.revision"] == before
    assert scaled["replicas"] == {"ready": 2, "wanted": 2}
    after = client.deploy("changing", colour="dark", instance_count=1)
    assert after["properties"]["lapis.revision"] != before
    assert client.by_name("changing").body["colour"] == "dark"
    eventually(lambda: f"serving--{before}" not in client.folders(), 30, what="the old revision to be cleared away")
    again = client.deploy("changing", colour="dark", instance_count=1)
    assert again["properties"]["lapis.revision"] == after["properties"]["lapis.revision"]


def test_a_script_that_fails_is_told_with_its_last_lines(client: Client) -> None:
    path = "online-endpoints/e/deployments/broken"
    script = (
        "print('about to fail')\ndef init():\n    raise RuntimeError('no such table')\ndef run(data):\n    return 1\n"
    )
    client.ok("PUT", path, client.document(script))
    found = client.settled(path)
    assert found["provisioning_state"] == "Failed"
    assert "no such table" in found["provisioning_error"]
    assert "about to fail" in client.ok("GET", f"{path}/logs")["content"]
    status, answer = client.send("PUT", "online-endpoints/e", {"traffic": {"broken": 100}})
    assert status == 409, answer
    assert "no such table" in answer["error"]["message"]
    assert client.by_name("broken").status in (404, 503)
    client.ok("PUT", path, client.document(colour="mended"))
    assert client.settled(path)["provisioning_state"] == "Succeeded"
    client.ok("DELETE", path)
    client.gone(path)


def test_a_bad_change_leaves_what_was_there_answering(client: Client) -> None:
    path = "online-endpoints/e/deployments/steady"
    client.deploy("steady")
    client.ok("PUT", path, client.document("def init():\n    raise SystemExit(4)\ndef run(data):\n    return 1\n"))
    found = client.settled(path)
    assert found["provisioning_state"] == "Failed"
    assert "goes on answering" in found["provisioning_error"]
    assert client.by_name("steady").body["colour"] == "steady"
    mended = client.deploy("steady", colour="mended")
    assert mended["provisioning_error"] is None
    assert client.by_name("steady").body["colour"] == "mended"


def test_a_change_overtakes_one_that_is_not_ready(client: Client) -> None:
    path = "online-endpoints/e/deployments/hasty"
    slow = "import time\ndef init():\n    time.sleep(600)\ndef run(data):\n    return 1\n"
    client.ok("PUT", path, client.document(slow))
    found = client.deploy("hasty", colour="quick")
    assert client.by_name("hasty").body["colour"] == "quick"
    revision = found["properties"]["lapis.revision"]
    client.ok("DELETE", path)
    client.gone(path)
    assert not [name for name in client.folders() if revision in name]


def test_logs_have_two_containers_and_a_number_of_lines(client: Client) -> None:
    path = "online-endpoints/e/deployments/blue/logs"
    assert "init of blue" in client.ok("GET", f"{path}?lines=100")["content"]
    assert len(client.ok("GET", f"{path}?lines=1")["content"].splitlines()) <= 5
    client.ok("GET", f"{path}?container=storage-initializer")
    assert client.send("GET", f"{path}?container=x")[0] == 400
    assert client.send("GET", f"{path}?lines=0")[0] == 400


def test_keys_are_renewed_one_at_a_time(client: Client) -> None:
    client.put_endpoint("keys")
    client.deploy("blue", "keys")
    client.put_endpoint("keys", traffic={"blue": 100})
    old = client.ok("POST", "online-endpoints/keys/keys", {})
    client.ok("POST", "online-endpoints/keys/regenerate-keys", {"key_type": "primary"})
    client.settled("online-endpoints/keys")
    new = client.ok("POST", "online-endpoints/keys/keys", {})
    assert new["secondaryKey"] == old["secondaryKey"]
    statuses = [client.score("keys", 1, key).status for key in (old["primaryKey"], *new.values())]
    assert statuses == [401, 200, 200]
    assert client.send("POST", "online-endpoints/keys/token", {})[0] == 409
    assert client.send("POST", "online-endpoints/keys/regenerate-keys", {"key_type": "x"})[0] == 422
    client.ok("DELETE", "online-endpoints/keys")
    client.gone("online-endpoints/keys")
    assert client.send("GET", "online-endpoints/keys/deployments/blue")[0] == 404


def test_tokens_open_an_endpoint_that_asks_for_them(client: Client) -> None:
    client.put_endpoint("tokens", auth_mode="aml_token")
    token = client.ok("POST", "online-endpoints/tokens/token", {})["accessToken"]
    assert client.score("tokens", 1, token).status == 404, "it has no deployment"
    assert client.score("tokens", 1, "nonsense").status == 401
    assert client.send("POST", "online-endpoints/tokens/keys", {})[0] == 409
    client.ok("DELETE", "online-endpoints/tokens")


def test_secrets_lie_nowhere_in_the_clear(client: Client) -> None:
    keys = client.ok("POST", "online-endpoints/e/keys", {})
    server = client.server
    url = "/api/v1/workspaces/default/online-endpoints/e/keys"
    server.request("POST", url, {}, headers={"Idempotency-Key": "same"})
    for path in (server.home / "lapis.db", server.home / "lapis.db-wal", server.home / "serving" / "routes.json"):
        content = path.read_bytes() if path.exists() else b""
        assert not [key for key in keys.values() if key.encode() in content], path
    assert (server.home / "serving" / "routes.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("path", "body", "status", "sentence"),
    [
        ("online-endpoints/1bad", {}, 422, "name"),
        ("online-endpoints/e", {"auth_mode": "open"}, 422, "auth_mode"),
        ("online-endpoints/e", {"traffic": {"blue": 90}}, 422, "90"),
        ("online-endpoints/e", {"traffic": {"nobody": 100}}, 422, "nobody"),
        ("online-endpoints/e", {"name": "other"}, 400, "differs"),
        ("online-endpoints/none/deployments/x", {"model": "azureml:m:1"}, 404, "none"),
        ("online-endpoints/e/deployments/x", {"endpoint_name": "f", "model": "azureml:m:1"}, 400, "differs"),
        ("online-endpoints/e/deployments/x", {"model": "azureml:m:1"}, 422, "model"),
        ("online-endpoints/e/deployments/x", {"environment": {"image": "x"}}, 422, "model"),
        ("online-endpoints/e/deployments/x", {"model": "azureml:m@latest", "instance_count": 0}, 422, "instance"),
    ],
)
def test_bad_documents_are_refused(
    client: Client, path: str, body: dict[str, object], status: int, sentence: str
) -> None:
    found, answer = client.send("PUT", path, body)
    assert found == status, answer
    assert sentence in json.dumps(answer)


def test_what_a_script_lacks_is_told_before_anything_runs(client: Client) -> None:
    path = "online-endpoints/e/deployments/x"
    document = client.document()
    code = document["code_configuration"]
    for change, place in (
        ({"code_configuration": {**code, "scoring_script": "none.py"}}, "code_configuration.scoring_script"),
        ({"environment": None}, "environment"),
        ({"environment": "azureml:none:1"}, "environment"),
        ({"code_configuration": {**code, "code": "azureml://codes/" + "0" * 64}}, "code_configuration.code"),
    ):
        status, answer = client.send("PUT", path, {**document, **change})
        assert status == 422, answer
        assert [problem["path"] for problem in answer["error"]["problems"]] == [place]
    assert client.send("GET", path)[0] == 404


def test_a_model_in_use_stays(client: Client) -> None:
    uri = _upload_model(client)
    model = client.ok("POST", "models", {"name": "used", "path": uri})
    document = client.document(ECHO, model=f"azureml:used:{model['version']}")
    client.ok("PUT", "online-endpoints/e/deployments/modelled", document)
    client.settled("online-endpoints/e/deployments/modelled")
    status, answer = client.send("DELETE", f"models/used/versions/{model['version']}")
    assert status == 409, answer
    assert "modelled" in answer["error"]["message"]
    mlflow = "/mlflow/default/api/2.0/mlflow/registered-models/delete"
    assert client.server.request("DELETE", mlflow, {"name": "used"})[0] >= 400
    client.ok("DELETE", "online-endpoints/e/deployments/modelled")
    client.gone("online-endpoints/e/deployments/modelled")
    assert client.send("DELETE", f"models/used/versions/{model['version']}")[0] < 300


def test_a_workspace_with_endpoints_stays(client: Client) -> None:
    status, answer = client.server.request("DELETE", "/api/v1/workspaces/default?force=true")
    assert status == 409
    assert "online endpoints" in answer["error"]["message"]


def test_the_gateway_stands_in_the_status(client: Client) -> None:
    found = client.server.request("GET", "/api/v1/status")[1]
    assert found["gateway_url"] in client.ok("GET", "online-endpoints/e")["scoring_uri"]
    assert {"server", "gateway", "gateway worker"} <= {process["role"] for process in found["processes"]}


def _one_file() -> dict[str, object]:
    import hashlib

    data = b"weights"
    file = {"path": "weights.bin", "size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "mode": "644"}
    return {"manifest": {"files": [file]}, "purpose": "data", "basename": "model"}


def _upload_model(client: Client) -> str:
    body = _one_file()
    answer = client.ok("POST", "uploads", body)
    for sha256 in answer["missing"]:
        client.send("PUT", f"uploads/blobs/{sha256}", b"weights")
    return str(client.ok("POST", f"uploads/{answer['digest']}/complete", body)["uri"])
