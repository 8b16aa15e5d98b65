"""Online endpoints as the public scripts use them: the real command, the real gateway, real replicas."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.endpoints.conftest import SCORE, Json, Lapis, get, post


def test_the_life_of_an_endpoint(lapis: Lapis, answer: Json, folder: Path) -> None:
    made = answer("online-endpoint create --name life -f endpoint.yml")
    assert (made["name"], made["provisioning_state"]) == ("life", "Succeeded")
    key = lapis("online-endpoint get-credentials -n life -o tsv --query primaryKey").stdout.strip()
    swagger = lapis("online-endpoint show -n life --query openapi_uri -o tsv").stdout.strip()
    assert get(swagger, key)[0] == 200  # before there is a deployment
    blue = answer("online-deployment create --name blue --endpoint life -f blue.yml --all-traffic")
    assert (blue["provisioning_state"], blue["endpoint_name"]) == ("Succeeded", "life")
    assert lapis("online-deployment show --name blue --endpoint life --query provisioning_state -o tsv").stdout == (
        "Succeeded\n"
    )
    assert json.loads(answer("online-endpoint invoke --name life --request-file request.json")) == [2.5, 5.0]
    assert lapis("online-endpoint invoke -n life -r request.json -o tsv").stdout == "[2.5, 5.0]\n"
    uri = lapis("online-endpoint show -n life -o tsv --query scoring_uri").stdout.strip()
    assert uri.endswith("/default/life/score")
    status, body, headers = post(uri, {"data": [4]}, key)
    assert (status, body, headers["azureml-model-deployment"]) == (200, [10.0], "blue")
    prediction = headers["x-ms-request-id"]
    assert prediction.startswith(blue["properties"]["lapis.revision"])
    assert post(uri, {"data": [4]}, "wrong")[0] == 401
    logs = lapis("online-deployment get-logs --name blue --endpoint life").stdout
    assert "hello from init" in logs
    assert lapis("online-deployment get-logs -n blue -e life -l 1 -o json").stdout.startswith('"')
    assert [one["name"] for one in answer("online-deployment list --endpoint-name life")] == ["blue"]
    assert "life" in lapis("online-endpoint list -o table").stdout

    refused = lapis("online-deployment delete --name blue --endpoint life --yes", code=1).stderr
    assert "traffic" in refused
    lapis("online-endpoint create -n another")  # so that the gateway does not end with the last endpoint
    lapis("online-endpoint delete --name life --yes")
    assert "life" in lapis("online-endpoint show -n life", code=1).stderr
    assert post(uri, {"data": [4]}, key)[0] == 404


def test_updates_make_a_new_revision_or_none(lapis: Lapis, answer: Json) -> None:
    lapis("online-endpoint create -n updates")
    first = answer("online-deployment create -e updates -f blue.yml --all-traffic")
    changed = answer("online-deployment update -e updates -n blue --set code_configuration.scoring_script=text.py")
    assert changed["properties"]["lapis.revision"] != first["properties"]["lapis.revision"]
    assert answer("online-endpoint invoke -n updates -r request.json") == '"text of another script"'
    scaled = answer("online-deployment update --name blue --endpoint updates --set instance_count=2")
    assert scaled["properties"]["lapis.revision"] == changed["properties"]["lapis.revision"]
    assert scaled["instance_count"] == 2
    broken = lapis(
        "online-deployment update -e updates -n blue --set code_configuration.scoring_script=broken.py", code=1
    )
    assert "the weights are missing" in broken.stderr
    assert answer("online-endpoint invoke -n updates -r request.json") == '"text of another script"'
    assert answer("online-deployment show -n blue -e updates")["provisioning_state"] == "Failed"


def test_a_broken_deployment_says_why_and_gets_nothing(lapis: Lapis, answer: Json) -> None:
    lapis("online-endpoint create -n broken")
    failed = lapis(
        "online-deployment create -e broken -f blue.yml --all-traffic",
        "--set",
        "code_configuration.scoring_script=broken.py",
        code=1,
    )
    assert "ERROR: The deployment 'blue' of endpoint 'broken' failed" in failed.stderr
    assert "RuntimeError: the weights are missing" in failed.stderr
    assert not any(answer("online-endpoint show -n broken --query traffic").values())
    shown = answer("online-deployment show -n blue -e broken")
    assert shown["provisioning_state"] == "Failed"
    assert "the weights are missing" in shown["provisioning_error"]
    assert "the weights are missing" in lapis("online-deployment get-logs -n blue -e broken").stdout
    refused = lapis("online-endpoint invoke -n broken -r request.json", code=1).stderr
    assert "answered 404" in refused or "answered 503" in refused


def test_blue_and_green(lapis: Lapis, answer: Json, folder: Path) -> None:
    lapis("online-endpoint create -n colours")
    lapis("online-deployment create -e colours -f blue.yml --all-traffic")
    (folder / "parts" / "src" / "green.py").write_text(SCORE.replace("weight * value", "-weight * value"))
    lapis("online-deployment create -n green -e colours -f blue.yml --set code_configuration.scoring_script=green.py")
    assert answer("online-endpoint show -n colours --query traffic")["blue"] == 100
    green = "online-endpoint invoke -n colours --deployment green -r request.json -o tsv"
    assert lapis(green).stdout == "[-2.5, -5.0]\n"
    lapis("online-endpoint update --name colours --mirror-traffic green=10")
    assert answer("online-endpoint show -n colours --query mirror_traffic") == {"green": 10}
    lapis("online-endpoint update --name colours --mirror-traffic", "green=0")
    lapis("online-endpoint update --name colours --traffic", "blue=90 green=10")
    assert answer("online-endpoint show -n colours --query traffic") == {"blue": 90, "green": 10}
    for shares, said in (("blue=80 green=10", "sum to 90"), ("blue=50 grean=50", "grean")):
        assert said in lapis("online-endpoint update -n colours --traffic", shares, code=1).stderr
    assert answer("online-endpoint show -n colours --query traffic") == {"blue": 90, "green": 10}
    lapis("online-endpoint update --name colours --traffic", "blue=0 green=100")
    assert lapis("online-endpoint invoke -n colours -r request.json -o tsv").stdout == "[-2.5, -5.0]\n"
    lapis("online-deployment delete --name blue --endpoint colours --yes --no-wait")
    assert lapis("online-endpoint invoke -n colours -r request.json -o tsv").stdout == "[-2.5, -5.0]\n"


def test_keys_are_changed_one_at_a_time(lapis: Lapis, answer: Json) -> None:
    lapis("online-endpoint create -n keys")
    lapis("online-deployment create -e keys -f blue.yml --all-traffic")
    before = answer("online-endpoint get-credentials -n keys")
    uri = answer("online-endpoint show -n keys --query scoring_uri")
    lapis("online-endpoint regenerate-keys -n keys --key-type primary")
    after = answer("online-endpoint get-credentials -n keys")
    assert after["secondaryKey"] == before["secondaryKey"]
    assert after["primaryKey"] != before["primaryKey"]
    statuses = [post(uri, {"data": [1]}, key)[0] for key in (before["primaryKey"], *after.values())]
    assert statuses == [401, 200, 200]


def test_an_endpoint_that_takes_tokens(lapis: Lapis, answer: Json) -> None:
    lapis("online-endpoint create -n tokens --auth-mode aml_token")
    lapis("online-deployment create -e tokens -f blue.yml --all-traffic")
    token = answer("online-endpoint get-credentials -n tokens --query accessToken")
    uri = answer("online-endpoint show -n tokens --query scoring_uri")
    assert post(uri, {"data": [1]}, token)[:2] == (200, [2.5])
    assert answer("online-endpoint invoke -n tokens -r request.json") == "[2.5, 5.0]"
    assert "tokens" in lapis("online-endpoint regenerate-keys -n tokens", code=1).stderr


def test_faults_of_documents_are_shown_with_their_place(lapis: Lapis, folder: Path) -> None:
    lapis("online-endpoint create -n faults")
    (folder / "bad.yml").write_text((folder / "blue.yml").read_text().replace("instance_count", "instance_cuont"))
    shown = lapis("online-deployment create -e faults -f bad.yml", code=1).stderr
    assert "bad.yml:15" in shown
    assert "did you mean `instance_count`?" in shown
    shown = lapis("online-deployment create -e nowhere -f blue.yml", code=1).stderr
    assert "nowhere" in shown
    shown = lapis("online-deployment create -e faults -f blue.yml --set model=azureml:gone:1", code=1).stderr
    assert "gone" in shown
