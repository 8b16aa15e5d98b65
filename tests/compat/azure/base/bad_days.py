"""What the SDK raises when something is wrong with a token, a name, a subscription or a body."""

import os
import time
from functools import partial

from azure.ai.ml import MLClient
from azure.ai.ml.entities import AmlCompute
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.core.rest import HttpRequest
from azure.identity import AzureCliCredential, ChainedTokenCredential, DefaultAzureCredential, ManagedIdentityCredential
from azure.mgmt.core import ARMPipelineClient

SUBSCRIPTION, GROUP, WORKSPACE = (os.environ[n] for n in ("SUBSCRIPTION_ID", "RESOURCE_GROUP", "WORKSPACE_NAME"))


class Fixed:
    """A credential that always gives one token."""

    def __init__(self, token):
        self.token = token

    def get_token(self, *scopes, **more):
        return AccessToken(self.token, int(time.time()) + 3600)


def caught(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised")


def client(credential, subscription=SUBSCRIPTION, group=GROUP, workspace=WORKSPACE):
    return MLClient(credential, subscription, group, workspace)


# Every credential that a notebook tries finds the same token.
good = DefaultAzureCredential().get_token("https://management.azure.com/.default").token
for credential in (
    ManagedIdentityCredential(),
    ChainedTokenCredential(ManagedIdentityCredential(), AzureCliCredential()),
    DefaultAzureCredential(exclude_interactive_browser_credential=False),
    Fixed(good),
    Fixed(os.environ["MSI_SECRET"]),
):
    assert client(credential).workspaces.get(WORKSPACE).name == WORKSPACE

# Tokens that are none.
error = caught(ClientAuthenticationError, lambda: client(Fixed("eyJ.eyJ.x")).workspaces.get(WORKSPACE))
assert (error.status_code, error.error.code) == (401, "InvalidAuthenticationToken"), error
error = caught(ClientAuthenticationError, lambda: client(Fixed("nonsense")).models.get("m", "1"))
assert (error.status_code, error.error.code) == (401, "InvalidAuthenticationToken"), error
error = caught(ClientAuthenticationError, lambda: client(Fixed(os.environ["OLD_TOKEN"])).compute.get("c"))
assert (error.status_code, error.error.code) == (401, "ExpiredAuthenticationToken"), error
error = caught(HttpResponseError, lambda: client(Fixed(os.environ["JOB_TOKEN"])).compute.get("c"))
assert (error.status_code, error.error.code) == (403, "AuthorizationFailed"), error

# Names that lead nowhere.
ours = Fixed(good)
error = caught(ResourceNotFoundError, lambda: client(ours, workspace="nowhere").compute.get("c"))
assert error.error.code == "ResourceNotFound", error
home = client(ours)
for strange in ("a b", "../../etc/passwd", "ä", "x" * 300, "a%2Fb", "a?b", "a#b"):
    caught(ResourceNotFoundError, partial(home.compute.get, strange))
if os.environ.get("ONE_SUBSCRIPTION"):
    other = "00000000-1111-2222-3333-444444444444"
    error = caught(ResourceNotFoundError, lambda: client(ours, subscription=other).compute.get("c"))
    assert error.error.code == "SubscriptionNotFound", error
    error = caught(ResourceNotFoundError, lambda: client(ours, group="elsewhere").workspaces.get(WORKSPACE))
    assert error.error.code == "ResourceGroupNotFound", error

# Bodies that can't be.
error = caught(HttpResponseError, lambda: home.compute.begin_create_or_update(AmlCompute(name="serverless")))
assert (error.status_code, error.error.code) == (400, "ValidationError"), error

# Raw requests, as scripts send them beside the SDK.
root = os.environ["REGISTRY_DISCOVERY_ENDPOINT_URL"].rstrip("/")
raw = ARMPipelineClient(base_url=root, policies=[])
provider = "providers/Microsoft.MachineLearningServices"
scope = f"{root}/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/{provider}/workspaces"
headers = {"Authorization": f"Bearer {good}", "Content-Type": "application/json"}
answer = raw.send_request(HttpRequest("GET", f"{scope}/{WORKSPACE}?api-version=2022-05-01", headers=headers))
assert answer.json()["properties"]["provisioningState"] == "Succeeded", answer.text()
answer = raw.send_request(HttpRequest("GET", f"{scope}/{WORKSPACE}/nothing", headers=headers))
assert (answer.status_code, answer.json()["error"]["code"]) == (404, "InvalidResourceType"), answer.text()
answer = raw.send_request(HttpRequest("PUT", f"{scope}/{WORKSPACE}/computes/c", headers=headers, content=b"{"))
assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequestContent"), answer.text()
answer = raw.send_request(HttpRequest("GET", f"{scope}/{WORKSPACE}"))
assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken"), answer.text()
