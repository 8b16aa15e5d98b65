"""Workspaces and computes through the SDK, as a notebook of an administrator does it."""

import os

from azure.ai.ml import MLClient
from azure.ai.ml.entities import (
    AmlCompute,
    ComputeInstance,
    ComputeSchedules,
    ComputeStartStopSchedule,
    CronTrigger,
    IsolationMode,
    ManagedNetwork,
    Workspace,
)
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential

SUBSCRIPTION, GROUP = os.environ["SUBSCRIPTION_ID"], os.environ["RESOURCE_GROUP"]
credential = DefaultAzureCredential()
credential.get_token("https://management.azure.com/.default")


def refusal(call, *arguments, **named):
    try:
        found = call(*arguments, **named)
        if hasattr(found, "result"):
            found.result()
    except HttpResponseError as error:
        return error
    raise AssertionError(f"{call} was not refused")


# A workspace: created, found, changed.
top = MLClient(credential, SUBSCRIPTION, GROUP)
made = top.workspaces.begin_create(
    Workspace(name="laboratory", display_name="The laboratory", description="for trials", tags={"team": "a"})
).result()
assert (made.name, made.display_name, made.tags["team"]) == ("laboratory", "The laboratory", "a"), made
assert made.resource_group == GROUP, made.resource_group
assert made.location == "local", made.location

again = top.workspaces.begin_create(Workspace(name="laboratory", tags={"cost": "7"})).result()
assert again.tags["team"] == "a", again.tags
assert again.tags["cost"] == "7", again.tags

made.description = "for trials and errors"
assert top.workspaces.begin_update(made).result().description == "for trials and errors"
found = top.workspaces.get("laboratory")
assert found.description == "for trials and errors", found
assert found.mlflow_tracking_uri == os.environ["MLFLOW_TRACKING_URI"].replace("/default", "/laboratory")
assert found.storage_account.startswith(f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/"), found.storage_account
assert {"default", "laboratory"} <= {each.name for each in top.workspaces.list()}
assert {"default", "laboratory"} <= {each.name for each in top.workspaces.list(scope="subscription")}
assert top.workspaces.get_keys("laboratory").user_storage_key is None
top.workspaces.begin_sync_keys("laboratory").result()
assert top.workspaces.begin_diagnose("laboratory").result() is not None
assert isinstance(refusal(top.workspaces.get, "nowhere"), ResourceNotFoundError)
assert "ResourceNotFound" in str(refusal(top.workspaces.get, "nowhere"))
private = Workspace(
    name="private", managed_network=ManagedNetwork(isolation_mode=IsolationMode.ALLOW_INTERNET_OUTBOUND)
)
assert "managed network" in str(refusal(top.workspaces.begin_create, private))
assert "managed network" in str(refusal(top.workspaces.begin_provision_network, workspace_name="laboratory"))
assert list(top.workspace_outbound_rules.list("laboratory")) == []

# The file that `lapis azure config` wrote leads to the same place.
configured = MLClient.from_config(credential, path=os.environ["CONFIG_FOLDER"])
assert (configured.subscription_id, configured.resource_group_name) == (SUBSCRIPTION, GROUP)
assert configured.workspaces.get(configured.workspace_name).name == "default"

# Its computes.
client = MLClient(credential, SUBSCRIPTION, GROUP, "laboratory")
missing = refusal(client.compute.get, "cpu-cluster")
assert isinstance(missing, ResourceNotFoundError), missing
cluster = AmlCompute(
    name="cpu-cluster",
    size="STANDARD_DS3_V2",
    min_instances=1,
    max_instances=3,
    idle_time_before_scale_down=180,
    tier="low_priority",
    tags={"for": "training"},
)
made = client.compute.begin_create_or_update(cluster).result()
assert (made.name, made.type, made.size, made.tier) == ("cpu-cluster", "amlcompute", "STANDARD_DS3_V2", "low_priority")
assert (made.min_instances, made.max_instances) == (1, 3), made
assert made.idle_time_before_scale_down == 180, made.idle_time_before_scale_down
assert made.provisioning_state == "Succeeded", made.provisioning_state
assert made.tags == {"for": "training"}, made.tags
made.max_instances = 5
assert client.compute.begin_update(made).result().max_instances == 5
nodes = list(client.compute.list_nodes("cpu-cluster"))
assert len(nodes) == 5, nodes
states = {vars(node).get("nodeState") or node.node_state for node in nodes}  # the key differs between its releases
assert states == {"idle"}, states

instance = ComputeInstance(
    name="bench-1",
    size="STANDARD_DS2",
    idle_time_before_shutdown_minutes=20,
    schedules=ComputeSchedules(
        compute_start_stop=[ComputeStartStopSchedule(trigger=CronTrigger(expression="0 18 * * *"), action="stop")]
    ),
)
made = client.compute.begin_create_or_update(instance).result()
assert (made.type, made.state, made.size) == ("computeinstance", "Running", "STANDARD_DS2"), made
assert made.idle_time_before_shutdown_minutes == 20, made.idle_time_before_shutdown_minutes
assert made.schedules.compute_start_stop[0].trigger.expression == "0 18 * * *", made.schedules
assert str(made.schedules.compute_start_stop[0].action).lower().endswith("stop"), made.schedules
client.compute.begin_stop("bench-1").result()
assert client.compute.get("bench-1").state == "Stopped"
client.compute.begin_start("bench-1").result()
assert client.compute.get("bench-1").state == "Running"
client.compute.begin_restart("bench-1").wait()
assert "starts and stops its nodes by itself" in str(refusal(client.compute.begin_stop, "cpu-cluster"))
assert {each.name for each in client.compute.list()} == {"bench-1", "cpu-cluster"}
assert {each.name for each in client.compute.list(compute_type="amlcompute")} == {"cpu-cluster"}
assert [size.name for size in client.compute.list_sizes()] == ["host"]
usage = {dict(each.name)["value"]: each for each in client.compute.list_usage()}
assert usage["laboratory/cpu-cluster"].limit == 5, usage

# What does not go.
clash = refusal(client.compute.begin_create_or_update, ComputeInstance(name="cpu-cluster"))
assert isinstance(clash, ResourceExistsError), clash
bad = refusal(client.compute.begin_create_or_update, AmlCompute(name="upside-down", min_instances=4, max_instances=2))
assert bad.status_code == 400, bad
assert bad.error.code == "ValidationError", bad.error.code
client.compute.begin_delete("bench-1").wait()
assert isinstance(refusal(client.compute.get, "bench-1"), ResourceNotFoundError)
full = refusal(top.workspaces.begin_delete, "laboratory", delete_dependent_resources=False)
assert isinstance(full, ResourceExistsError), full
assert "permanently_delete=True" in str(full), full
top.workspaces.begin_delete("laboratory", delete_dependent_resources=True, permanently_delete=True).wait()
assert isinstance(refusal(top.workspaces.get, "laboratory"), ResourceNotFoundError)
