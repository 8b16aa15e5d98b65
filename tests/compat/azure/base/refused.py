"""What Azure has and this server has not: a clear error when one is made, an empty list, and not found."""

import os

from azure.ai.ml import MLClient
from azure.ai.ml.entities import (
    FqdnDestination,
    Hub,
    KubernetesCompute,
    MarketplaceSubscription,
    ServerlessEndpoint,
)
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential

names = (os.environ["SUBSCRIPTION_ID"], os.environ["RESOURCE_GROUP"], os.environ["WORKSPACE_NAME"])
client = MLClient(DefaultAzureCredential(), *names)
MODEL = "azureml://registries/azureml/models/x"


def refusal(call, *arguments, **named):
    try:
        call(*arguments, **named).result()
    except HttpResponseError as error:
        return error
    raise AssertionError(f"{call} was not refused")


attached = KubernetesCompute(name="k", namespace="n", resource_id="/subscriptions/s/x", properties={})
for call, wish, words in (
    (client.serverless_endpoints.begin_create_or_update, ServerlessEndpoint(name="a", model_id=MODEL), "serverless"),
    (
        client.marketplace_subscriptions.begin_create_or_update,
        MarketplaceSubscription(name="a", model_id=MODEL),
        "Azure",
    ),
    (client.workspaces.begin_create, Hub(name="hub"), "hubs and projects"),
    (client.compute.begin_attach, attached, "Kubernetes"),
):
    error = refusal(call, wish)
    assert (error.status_code, error.error.code) == (400, "NotSupported"), error
    assert words in str(error), error
rule = FqdnDestination(name="rule", destination="example.com")
assert "managed network" in str(refusal(client.workspace_outbound_rules.begin_create, names[2], rule))

for noun in (client.feature_stores, client.feature_sets, client.serverless_endpoints, client.marketplace_subscriptions):
    assert list(noun.list()) == [], noun


def missing(call, *arguments):
    try:
        call(*arguments)
    except ResourceNotFoundError as error:
        return error.error.code
    raise AssertionError(f"{call} found something")


for call, arguments in (
    (client.feature_sets.get, ("x", "1")),
    (client.serverless_endpoints.get, ("x",)),
    (client.serverless_endpoints.get_keys, ("x",)),
    (client.workspace_outbound_rules.get, (names[2], "x")),
):
    assert missing(call, *arguments) == "ResourceNotFound", call
