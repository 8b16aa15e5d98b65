"""A model goes into use, and its successor takes over under constant load: no request fails."""

from __future__ import annotations

from tests.e2e.serving.conftest import ENDPOINT, Endpoint
from tests.support.cli import run_lapis
from tests.support.load import Load
from tests.support.polling import eventually


def test_a_second_model_takes_over_under_load(endpoint: Endpoint) -> None:
    endpoint.deploy("blue", "--all-traffic")
    with Load(endpoint.url, endpoint.key, endpoint.rows, expected=endpoint.expected) as load:
        eventually(lambda: load.by("blue") > 20, 30, what="answers of blue")
        endpoint.deploy("green")
        assert load.by("green") == 0, "a new deployment has no traffic"
        endpoint.lapis("online-endpoint", "update", "-n", ENDPOINT, "--mirror-traffic", "green=50")
        seen = load.good
        eventually(lambda: load.good > seen + 50, 30, what="answers while green is mirrored")
        assert load.by("green") == 0, "mirrored requests are answered by blue"
        endpoint.lapis("online-endpoint", "update", "-n", ENDPOINT, "--mirror-traffic", "green=0")
        endpoint.traffic(blue=90, green=10)
        eventually(lambda: load.by("green") > 5, 30, what="answers of green at 10 %")
        endpoint.traffic(blue=0, green=100)
        begin = load.by("green")
        eventually(lambda: load.by("green") > begin + 50, 30, what="answers of green at 100 %")
        endpoint.lapis("online-deployment", "delete", "-n", "blue", "-e", ENDPOINT, "--yes")
        blue, begin = load.by("blue"), load.by("green")
        eventually(lambda: load.by("green") > begin + 20, 30, what="answers after blue is gone")
        assert load.by("blue") == blue
    assert load.faults == []


def test_a_deployment_is_changed_and_scaled_under_load(endpoint: Endpoint) -> None:
    endpoint.deploy("blue", "--all-traffic")
    with Load(endpoint.url, endpoint.key, endpoint.rows, expected=endpoint.expected) as load:
        update = ("online-deployment", "update", "-n", "blue", "-e", ENDPOINT, "--set")
        endpoint.lapis(*update, "instance_count=2")
        endpoint.replicas_ready("blue", 2)
        revision = endpoint.serving("blue")["revision"]
        endpoint.lapis(*update, "environment_variables.COLOUR=dark")
        eventually(lambda: endpoint.serving("blue")["revision"] != revision, 60, what="another revision")
        endpoint.lapis(*update, "instance_count=1")
        endpoint.replicas_ready("blue", 1)
        seen = load.good
        eventually(lambda: load.good > seen + 20, 30, what="answers after all changes")
    assert load.faults == []


def test_keys_are_renewed_one_after_the_other_under_load(endpoint: Endpoint) -> None:
    endpoint.deploy("blue", "--all-traffic")
    words = ("online-endpoint", "get-credentials", "-n", ENDPOINT, "-o", "tsv", "--query")
    primary, secondary = endpoint.lapis(*words, "primaryKey"), endpoint.lapis(*words, "secondaryKey")
    with Load(endpoint.url, secondary, endpoint.rows) as load:
        endpoint.lapis("online-endpoint", "regenerate-keys", "-n", ENDPOINT, "--key-type", "primary")
        seen = load.good
        eventually(lambda: load.good > seen + 20, 30, what="answers with the other key")
    assert load.faults == []
    with Load(endpoint.url, primary, endpoint.rows, clients=1) as old:
        eventually(lambda: bool(old.faults), 30, what="the old key to be refused")
    assert set(old.answers) == {(401, "")}


def test_a_deployment_with_traffic_is_not_deleted(endpoint: Endpoint) -> None:
    endpoint.deploy("blue", "--all-traffic")
    words = ("online-deployment", "delete", "-n", "blue", "-e", ENDPOINT, "--yes")
    refused = run_lapis(*words, home=endpoint.server.home, cwd=endpoint.folder)
    assert refused.returncode != 0
    assert "traffic" in refused.stderr
