from __future__ import annotations

from typing import Any

import orjson
import pytest

from lapisml.core.errors import LapisError
from lapisml.documents.registry import parse
from lapisml.ports.compute import NodeStanding, Standing
from lapisml.server.features.workspaces.store import Workspace
from lapisml.server.platform.principal import Principal
from lapisml.server.surfaces.azure.arm import ArmCall, Query
from lapisml.server.surfaces.azure.nouns import attached_form
from lapisml.server.surfaces.azure.nouns.compute_form import compute_document, compute_properties
from lapisml.server.surfaces.azure.nouns.identity_form import write_identity
from lapisml.server.surfaces.azure.nouns.workspace_form import workspace_changes, workspace_resource

CLUSTER = {
    "name": "cpu-cluster",
    "type": "amlcompute",
    "description": "for training",
    "location": "westeurope",
    "tags": {"Team": "a"},
    "size": "STANDARD_DS3_V2",
    "tier": "low_priority",
    "min_instances": 1,
    "max_instances": 4,
    "idle_time_before_scale_down": 120,
    "identity": {"type": "user_assigned", "user_assigned_identities": [{"resource_id": "/subscriptions/s/x"}]},
    "network_settings": {"subnet": "/subscriptions/s/net"},
    "ssh_settings": {"admin_username": "ada", "ssh_key_value": "ssh-rsa AAAA"},
    "ssh_public_access_enabled": False,
    "enable_node_public_ip": False,
}

INSTANCE = {
    "name": "bench-1",
    "type": "computeinstance",
    "location": "local",
    "tags": {},
    "size": "STANDARD_DS2",
    "enable_node_public_ip": True,
    "enable_sso": True,
    "enable_root_access": False,
    "enable_os_patching": True,
    "release_quota_on_stop": False,
    "idle_time_before_shutdown_minutes": 30,
    "ssh_settings": {"admin_username": "azureuser", "ssh_key_value": "ssh-rsa AAAA", "ssh_port": 22},
    "ssh_public_access_enabled": True,
    "create_on_behalf_of": {"user_object_id": "o", "user_tenant_id": "t"},
    "schedules": {
        "compute_start_stop": [
            {
                "action": "stop",
                "state": "enabled",
                "trigger": {"type": "cron", "expression": "0 18 * * *", "time_zone": "UTC"},
            },
            {
                "action": "start",
                "state": "disabled",
                "trigger": {
                    "type": "recurrence",
                    "frequency": "week",
                    "interval": 1,
                    "time_zone": "W. Europe Standard Time",
                    "start_time": "2026-01-01T00:00:00",
                    "schedule": {"hours": [8], "minutes": [30], "week_days": ["monday"]},
                },
            },
        ]
    },
    "setup_scripts": {
        "creation_script": {"path": "a.sh", "command": "x y", "timeout_minutes": 20},
        "startup_script": {"path": "b.sh"},
    },
    "custom_applications": [
        {
            "name": "rstudio",
            "type": "docker",
            "image": {"reference": "rstudio:1"},
            "endpoints": [{"target": 8787, "published": 8787}],
            "environment_variables": {"KEY": "value"},
            "bind_mounts": [{"source": "/a", "target": "/b"}],
        }
    ],
}


def _body(document: dict[str, Any]) -> dict[str, Any]:
    body = {
        "location": document["location"],
        "tags": document["tags"],
        "identity": write_identity(document.get("identity")),
        "properties": compute_properties(document, "Running", 0, int(document.get("max_instances", 1))),
    }
    return dict(orjson.loads(orjson.dumps(body)))


@pytest.mark.parametrize("document", [CLUSTER, INSTANCE], ids=["cluster", "instance"])
def test_a_compute_comes_back(document: dict[str, Any]) -> None:
    assert dict(parse("compute", document).to_dict()) == document
    assert compute_document(document["name"], _body(document)) == document


def test_a_cluster_counts_its_nodes() -> None:
    inner = compute_properties(CLUSTER, "Running", busy=3, capacity=4)["properties"]
    assert (inner["currentNodeCount"], inner["nodeStateCounts"]["runningNodeCount"]) == (3, 3)
    assert compute_properties(CLUSTER, "Running", 0, 4)["properties"]["nodeStateCounts"]["idleNodeCount"] == 1


def test_a_password_is_neither_kept_nor_shown() -> None:
    login = {"adminUserName": "ada", "adminUserPassword": "S3cret"}
    body = {"properties": {"computeType": "AmlCompute", "properties": {"userAccountCredentials": login}}}
    assert compute_document("c", body)["ssh_settings"] == {"admin_username": "ada"}
    known = {**CLUSTER, "ssh_settings": {"admin_username": "ada", "admin_password": "S3cret"}}
    assert "S3cret" not in str(compute_properties(known, "Running", 0, 1))


def test_other_types_keep_their_name_for_the_service_to_refuse() -> None:
    assert compute_document("k", {"properties": {"computeType": "Kubernetes"}}) == {"name": "k", "type": "kubernetes"}


VM = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/gpu1"
LAB = {
    "name": "lab",
    "type": "virtualmachine",
    "tags": {},
    "hosts": ["a", {"address": "b", "port": 2222}],
    "slots": 4,
    "ssh_settings": {"admin_username": "ada", "ssh_private_key": "***"},
}


def _sent_back(document: dict[str, Any]) -> dict[str, Any]:
    """Give the document that a client means which sends a compute back as it was shown."""
    body = {"location": "local", "tags": document["tags"], "properties": attached_form.properties(document, Standing())}
    given = compute_document(document["name"], dict(orjson.loads(orjson.dumps(body))))
    given.pop("location")
    return attached_form.over(document, given)


def test_a_machine_is_read_from_what_the_client_sends() -> None:
    login = {"username": "ada", "password": "p", "privateKeyData": "KEY"}
    inner = {"sshPort": 22, "administratorAccount": login}
    body = {"tags": {}, "properties": {"computeType": "VirtualMachine", "resourceId": VM, "properties": inner}}
    document = compute_document("vm", body)
    assert document["ssh_settings"] == {
        "admin_username": "ada", "admin_password": "p", "ssh_private_key": "KEY", "ssh_port": 22,
    }  # fmt: skip
    assert dict(parse("compute", document).to_dict()) == document
    shown = attached_form.properties(document, Standing())
    assert (shown["properties"]["address"], shown["resourceId"], shown["isAttachedCompute"]) == ("gpu1", VM, True)
    assert "KEY" not in str(shown)
    assert "'p'" not in str(shown)


def test_what_comes_back_as_it_was_shown_changes_nothing() -> None:
    assert _sent_back(LAB) == LAB
    assert _sent_back({**LAB, "hosts": [{"address": "a", "port": 2222, "username": "bob"}]})["ssh_settings"] == {
        "admin_username": "ada", "ssh_private_key": "***",
    }  # fmt: skip


def test_a_client_may_name_another_machine_and_another_password() -> None:
    changed = attached_form.over(LAB, {"address": "c", "ssh_settings": {"admin_password": "new"}})
    assert "hosts" not in changed
    assert (changed["address"], changed["slots"], changed["ssh_settings"]["admin_password"]) == ("c", 4, "new")


@pytest.mark.parametrize(
    ("state", "shown", "errors"), [("ready", "Succeeded", 0), ("unreachable", "Failed", 1), ("unknown", "Unknown", 0)]
)
def test_how_an_attached_compute_is(state: str, shown: str, errors: int) -> None:
    properties = attached_form.properties(LAB, Standing(state, "It sleeps."))
    assert (properties["provisioningState"], len(properties["provisioningErrors"] or [])) == (shown, errors)
    if errors:
        assert properties["provisioningErrors"][0]["error"]["message"] == "It sleeps."


def test_clusters_are_shown_under_their_own_word() -> None:
    standing = Standing(engine={"Ray": "2.60.0"}, nodes=[NodeStanding("n1", "idle"), NodeStanding("n2", "idle")])
    document = {"name": "r", "type": "ray", "address": "http://head:8265", "token": "***"}
    shown = attached_form.properties(document, standing)
    assert (shown["computeType"], shown["properties"]) == ("Ray", {"engine": {"Ray": "2.60.0"}, "nodeCount": 2})


def _call() -> ArmCall:
    scope = "/subscriptions/s-9/resourceGroups/team/providers/Microsoft.MachineLearningServices/workspaces/lab"
    url, ada = "https://127.0.0.1:8801", Principal("user", "ada")
    return ArmCall("GET", scope, (), Query(), None, {}, url, ada, "s-9", "team", "lab", "", scope)


def _workspace(document: dict[str, Any]) -> Workspace:
    return Workspace(
        id=1, name="lab", document=document, created_by="ada", created_at=0, updated_by="ada", updated_at=1
    )


def test_a_workspace_comes_back() -> None:
    document = {
        "name": "lab",
        "display_name": "The laboratory",
        "description": "for trials",
        "location": "westeurope",
        "tags": {"Team": "a"},
        "image_build_compute": "cpu",
        "public_network_access": "Disabled",
        "enable_data_isolation": True,
        "hbi_workspace": True,
        "identity": {"type": "system_assigned"},
        "network_acls": {"default_action": "Allow"},
    }
    body = workspace_resource(_call(), _workspace(document), "http://127.0.0.1:8787")
    changes = workspace_changes(dict(orjson.loads(orjson.dumps(body))))
    for key in ("storage_account", "key_vault", "application_insights", "container_registry"):
        assert changes.pop(key).startswith("/subscriptions/s-9/resourceGroups/team/providers/Microsoft.")
    assert {**changes, "name": "lab", "location": "westeurope"} == document


def test_what_a_client_reads_of_a_workspace() -> None:
    body = workspace_resource(_call(), _workspace({"name": "lab"}), "http://127.0.0.1:8787")
    assert body["id"].endswith("/resourceGroups/team/providers/Microsoft.MachineLearningServices/workspaces/lab")
    properties = body["properties"]
    assert properties["discoveryUrl"] == "https://127.0.0.1:8801/metadata/discovery"
    assert properties["mlFlowTrackingUri"] == "http://127.0.0.1:8787/mlflow/lab"
    assert (properties["provisioningState"], body["kind"], body["location"]) == ("Succeeded", "Default", "local")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"kind": "Hub"}, "hubs and projects"),
        ({"properties": {"managedNetwork": {"isolationMode": "AllowInternetOutbound"}}}, "managed network"),
    ],
)
def test_what_workspaces_can_not_be(body: dict[str, Any], sentence: str) -> None:
    with pytest.raises(LapisError, match=sentence):
        workspace_changes(body)
