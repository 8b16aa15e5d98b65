"""A machine attached by SSH with the SDK, a job on it, and the kinds of computes that the SDK does not know."""

import io
import json
import os
import time
import urllib.request
from pathlib import Path

from azure.ai.ml import MLClient, command, load_compute
from azure.ai.ml.entities import Environment, VirtualMachineCompute, VirtualMachineSshSettings
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.core.rest import HttpRequest
from azure.identity import DefaultAzureCredential
from azure.mgmt.core import ARMPipelineClient

names = (os.environ["SUBSCRIPTION_ID"], os.environ["RESOURCE_GROUP"], os.environ["WORKSPACE_NAME"])
client = MLClient(DefaultAzureCredential(), *names)
VMS = f"/subscriptions/{names[0]}/resourceGroups/{names[1]}/providers/Microsoft.Compute/virtualMachines"
KEY_FILE, USER, PORT = os.environ["KEY_FILE"], os.environ["MACHINE_USER"], int(os.environ["MACHINE_PORT"])
SECRET = Path(KEY_FILE).read_text().splitlines()[1]


def refusal(call, *arguments, **named):
    try:
        found = call(*arguments, **named)
        if hasattr(found, "result"):
            found.result()
    except HttpResponseError as error:
        return error
    raise AssertionError(f"{call} was not refused")


def raw(name):
    """What a script that speaks to the REST API sees."""
    root = os.environ["REGISTRY_DISCOVERY_ENDPOINT_URL"].rstrip("/")
    token = DefaultAzureCredential().get_token("https://management.azure.com/.default").token
    scope = f"/subscriptions/{names[0]}/resourceGroups/{names[1]}/providers/Microsoft.MachineLearningServices"
    request = HttpRequest(
        "GET",
        f"{root}{scope}/workspaces/{names[2]}/computes/{name}?api-version=2024-04-01",
        headers={"Authorization": f"Bearer {token}"},
    )
    answer = ARMPipelineClient(base_url=root, policies=[]).send_request(request)
    assert SECRET not in answer.text(), "the private key came back"
    return answer.json()


def machine(name, **changes):
    login = VirtualMachineSshSettings(admin_username=USER, ssh_private_key_file=KEY_FILE, ssh_port=PORT)
    tags = {"lapis.address": os.environ["MACHINE_ADDRESS"], "lapis.host_key": os.environ["MACHINE_KEY"], "Team": "a"}
    facts = {"resource_id": f"{VMS}/gpu1", "ssh_settings": login, "tags": tags, "description": "in the cellar"}
    return VirtualMachineCompute(name=name, **{**facts, **changes})


def ended(name):
    """How a job ended."""
    deadline = time.monotonic() + 90
    while (status := client.jobs.get(name).status) not in ("Completed", "Failed", "Canceled"):
        assert time.monotonic() < deadline, status
        time.sleep(0.2)
    return status


def beside(name, **keys):
    """Set keys that Azure's documents do not have, as `lapis compute update` does."""
    request = urllib.request.Request(
        f"{os.environ['SERVER_URL']}/api/v1/workspaces/{names[2]}/computes/{name}",
        data=json.dumps(keys).encode(),
        headers={"Authorization": f"Bearer {os.environ['SERVER_TOKEN']}", "Content-Type": "application/json"},
        method="PATCH",
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


OURS = {"interpreter": os.environ["MACHINE_PYTHON"], "root": os.environ["MACHINE_ROOT"], "slots": 2}

# Attached, read, listed.
made = client.compute.begin_attach(machine("cellar")).result()
assert (made.name, made.type, made.provisioning_state) == ("cellar", "virtualmachine", "Succeeded"), made
found = client.compute.get("cellar")
assert isinstance(found, VirtualMachineCompute), found
assert (found.resource_id, found.description, found.tags["Team"]) == (f"{VMS}/gpu1", "in the cellar", "a"), found
assert found.provisioning_errors is None, found.provisioning_errors
login = found.ssh_settings
assert (login.admin_username, login.ssh_port, login.admin_password) == (USER, PORT, None), vars(login)
shown = raw("cellar")["properties"]
assert (shown["computeType"], shown["isAttachedCompute"], shown["provisioningState"]) == (
    "VirtualMachine", True, "Succeeded",
), shown  # fmt: skip
assert shown["properties"]["address"] == os.environ["MACHINE_ADDRESS"], shown
assert found.public_key_data is None, found.public_key_data
assert "cellar" in {each.name for each in client.compute.list(compute_type="virtualmachine")}
assert client.compute.begin_update(found).result().description == "in the cellar"
assert beside("cellar", **OURS)["slots"] == 2
found.tags["Team"] = "b"
assert client.compute.begin_update(found).result().tags["Team"] == "b"
assert {key: beside("cellar").get(key) for key in OURS} == OURS, "what Azure does not know is lost by an update"
written = io.StringIO()
found.dump(written)
assert "virtualmachine" in written.getvalue(), written.getvalue()

# A job goes there, with a document of the SDK's own.
plain = Environment(name="plain", image="docker.io/library/python:3.11")
job = client.jobs.create_or_update(command(command="echo on it", environment=plain, compute="cellar"))
assert ended(job.name) == "Completed", client.jobs.get(job.name)
assert client.jobs.get(job.name).compute.endswith("cellar"), client.jobs.get(job.name).compute

# From a document of Azure's.
Path("vm.yml").write_text(
    f"""$schema: https://azuremlschemas.azureedge.net/latest/vmCompute.schema.json
name: attic
type: virtualmachine
resource_id: {VMS}/gpu2
tags: {{lapis.address: {os.environ["MACHINE_ADDRESS"]}, lapis.host_key: "{os.environ["MACHINE_KEY"]}"}}
ssh_settings: {{admin_username: {USER}, ssh_port: {PORT}, ssh_private_key_file: {KEY_FILE}}}
"""
)
assert client.compute.begin_attach(load_compute("vm.yml")).result().name == "attic"
beside("attic", **OURS)

# What goes wrong is said when it is attached, and stands in its record.
unknown = refusal(client.compute.begin_attach, machine("no-key", tags={"lapis.address": os.environ["MACHINE_ADDRESS"]}))
assert "is not known yet" in str(unknown), unknown
assert os.environ["MACHINE_KEY"] in str(unknown), unknown
stays = client.compute.get("no-key")
assert (stays.provisioning_state, stays.provisioning_errors) == ("Failed", "ComputeUnreachable"), stays
assert "is not known yet" in raw("no-key")["properties"]["provisioningErrors"][0]["error"]["message"]
mended = client.compute.begin_attach(machine("no-key")).result()
assert (mended.provisioning_state, mended.provisioning_errors) == ("Succeeded", None), mended
nameless = refusal(client.compute.begin_attach, machine("named", tags={}, resource_id=f"{VMS}/gpu1.invalid"))
assert "no machine named 'gpu1.invalid'" in str(nameless), nameless
vague = refusal(client.compute.begin_attach, machine("vague", tags={}, resource_id="/subscriptions/s/x"))
assert vague.status_code == 400, vague
assert "virtualMachines/<host name>" in str(vague), vague
assert isinstance(refusal(client.compute.get, "vague"), ResourceNotFoundError)
password = VirtualMachineSshSettings(admin_username=USER, admin_password="wrong horse", ssh_port=PORT)
denied = refusal(client.compute.begin_attach, machine("denied", ssh_settings=password))
assert f"does not let {USER} in" in str(denied), denied
assert "wrong horse" not in str(denied) + str(raw("denied")), denied

# What Azure has no type for: read, listed, detached.
for name in ("cluster", "rays"):
    found = client.compute.get(name)
    assert (found.name, found.id.endswith(f"/computes/{name}")) == (name, True), found
    assert found.provisioning_state in ("Succeeded", "Failed", "Unknown"), found.provisioning_state
    assert name in {each.name for each in client.compute.list()}
    assert raw(name)["properties"]["computeType"] in ("Slurm", "Ray")
    client.compute.begin_delete(name, action="Detach").wait()
    assert isinstance(refusal(client.compute.get, name), ResourceNotFoundError)

# Detached, unless it is in use.
long = client.jobs.create_or_update(command(command="sleep 600", environment=plain, compute="attic"))
busy = refusal(client.compute.begin_delete, "attic", action="Detach")
assert isinstance(busy, ResourceExistsError), busy
assert long.name in str(busy), busy
client.jobs.begin_cancel(long.name).wait()
ended(long.name)
for name in ("attic", "cellar", "no-key", "named", "denied"):
    client.compute.begin_delete(name, action="Detach").wait()
    assert isinstance(refusal(client.compute.get, name), ResourceNotFoundError), name
