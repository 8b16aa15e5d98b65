"""Keep the credentials of other systems in a workspace."""

import os
from pathlib import Path

from azure.ai.ml import MLClient, entities, load_workspace_connection
from azure.ai.ml.entities import WorkspaceConnection
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential

client = MLClient(
    DefaultAzureCredential(), os.environ["SUBSCRIPTION_ID"], os.environ["RESOURCE_GROUP"], os.environ["WORKSPACE_NAME"]
)


def refused(error, call):
    try:
        call()
    except error as caught:
        return caught
    raise AssertionError(f"nothing was refused; {error} was expected")


user = entities.UsernamePasswordConfiguration(username="u", password="canary")
pat = entities.PatTokenConfiguration(pat="canary")
keys = entities.AccessKeyConfiguration(access_key_id="canary", secret_access_key="canary")
principal = entities.ServicePrincipalConfiguration(client_id="c", client_secret="canary", tenant_id="t")
identity = entities.ManagedIdentityConfiguration(client_id="c", resource_id="r")
sas = entities.SasTokenConfiguration(sas_token="canary")
account = entities.AccountKeyConfiguration(account_key="canary")
blob = {"url": "https://blob", "container_name": "c", "account_name": "a"}

plain = {
    "git": pat, "python_feed": user, "container_registry": identity, "s3": keys, "snowflake": user,
    "azure_sql_db": user, "azure_synapse_analytics": user, "azure_my_sql_db": user, "azure_postgres_db": user,
    "azure_data_lake_gen2": principal, "custom": entities.ApiKeyConfiguration(key="canary"),
}  # fmt: skip
made = [
    WorkspaceConnection(name=f"of-{type_}", type=type_, target="https://x", credentials=way, metadata={"a": "b"})
    for type_, way in plain.items()
] + [
    WorkspaceConnection(
        name="open", type="git", target="https://x", credentials=entities.NoneCredentialConfiguration()
    ),
    entities.AzureBlobStoreConnection(name="blob", credentials=sas, **blob),
    entities.AzureBlobStoreConnection(name="blob-by-key", credentials=account, **blob),
    entities.AzureOpenAIConnection(
        name="aoai", azure_endpoint="https://x", api_key="key-1", api_version="2024", open_ai_resource_id="rid"
    ),
    entities.AzureAIServicesConnection(
        name="services", endpoint="https://x", api_key="key-1", ai_services_resource_id="rid"
    ),
    entities.AzureAISearchConnection(name="search", endpoint="https://x", api_key="key-1"),
    entities.AzureContentSafetyConnection(name="safety", endpoint="https://x", api_key="key-1"),
    entities.AzureSpeechServicesConnection(name="speech", endpoint="https://x", api_key="key-1"),
    entities.APIKeyConnection(name="key", api_base="https://x", api_key="key-1"),
    entities.OpenAIConnection(name="openai", api_key="key-1"),
    entities.SerpConnection(name="serp", api_key="key-1"),
    entities.ServerlessConnection(name="serverless", endpoint="https://x", api_key="key-1"),
]
for wanted in made:
    kept = client.connections.create_or_update(wanted)
    found = client.connections.get(wanted.name)
    for one in (kept, found):
        assert (type(one), one.name, one.type) == (type(wanted), wanted.name, wanted.type), one
        assert (one.target or None) == (wanted.target or None), one.target
        assert type(one.credentials) is type(wanted.credentials), one.credentials
        assert "canary" not in str(vars(one.credentials)), "secrets are not shown"
    whole = client.connections.get(wanted.name, populate_secrets=True)
    if isinstance(whole.credentials, entities.ApiKeyConfiguration):
        assert whole.credentials.key in ("key-1", "canary")
        assert found.credentials.key is None

openai = client.connections.get("aoai")
assert (openai.api_version, openai.open_ai_resource_id) == ("2024", "rid")
store = client.connections.get("blob")
assert (store.account_name, store.container_name) == ("a", "c")
assert client.connections.get("of-s3").metadata == {"a": "b"}

of_data = {"blob", "blob-by-key", "of-azure_data_lake_gen2"}
assert {found.name for found in client.connections.list()} == {one.name for one in made} - of_data
assert {found.name for found in client.connections.list(connection_type="git")} == {"of-git", "open"}
assert {found.name for found in client.connections.list(connection_type="azure_blob")} == {"blob", "blob-by-key"}
assert [found.name for found in client.connections.list(connection_type="azure_open_ai")] == ["aoai"]

# Changed, and read from a document
changed = client.connections.get("openai", populate_secrets=True)
changed.api_key = "key-2"
client.connections.create_or_update(changed)
assert client.connections.get("openai", populate_secrets=True).api_key == "key-2"
Path("connection.yml").write_text(
    """
name: from-file
type: snowflake
target: jdbc:snowflake://x
credentials: {type: username_password, username: u, password: canary}
"""
)
kept = client.connections.create_or_update(load_workspace_connection("connection.yml"))
assert (kept.type, kept.target, kept.credentials.username) == ("snowflake", "jdbc:snowflake://x", "u")

for one in [*made, kept]:
    client.connections.delete(one.name)
client.connections.delete("of-git")  # gone already
assert list(client.connections.list()) == []
gone = refused(ResourceNotFoundError, lambda: client.connections.get("aoai"))
assert gone.error.code == "ResourceNotFound"
misnamed = WorkspaceConnection(name="bad name", type="s3", target="https://x", credentials=keys)
wrong = refused(HttpResponseError, lambda: client.connections.create_or_update(misnamed))
assert (wrong.status_code, wrong.error.code) == (400, "ValidationError")
print("connections: done")
