"""The commands around ``az ml`` in the forms that public scripts use, each script under ``set -e``."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import pytest

from lapisml.azshim.main import main
from tests.compat.azure.az.conftest import Bash
from tests.support.cli import run_lapis
from tests.support.clients import python_of, run_client
from tests.support.processes import clean_environment, free_port
from tests.support.server import LapisServer

ACCOUNT = """
az login --identity -u anything -o none
az login --service-principal -u app -p secret --tenant t --query '[0].user.name' -o tsv
az account set -s "My Subscription"
az account show --query name -o tsv
az account set --subscription 3E2A9A4F-6F50-4F0C-9A0E-0C8A5D1B7A11
subscription=$(az account show --query id -o tsv)
echo "$subscription"
az account list --query "[?isDefault].id | [0]" --out tsv
az account list-locations -o table
az account show --query '[tenantId, environmentName, user.type]' -o tsv
token=$(az account get-access-token --query accessToken -o tsv)
az account get-access-token --resource https://management.azure.com --query subscription -o tsv
az account get-access-token --scope https://ml.azure.com/.default --query tokenType --output tsv
az account get-access-token --resource-type arm -o json --query 'keys(@)' | tr -d '\\n '
echo
curl -s --fail --noproxy '*' -H "Authorization: Bearer $token" \\
    "$SERVER/subscriptions/$subscription/resourceGroups/g?api-version=2022-05-01" | grep -o '"name":"g"'
az cloud set -n azurecloud
az cloud show --query name -o tsv
"""

CONFIGURE = """
az configure --defaults group=rg-one workspace=default location=westeurope
az configure -d "vm=a"
az configure -l --query "[?name=='workspace'].value" -o tsv
az configure -l --output table --query "[?name=='group'].value | [0]" | tail -1
az config get --query "defaults[?name == 'group'].value" -o tsv
az config get defaults.location --query value -o tsv
az config set core.output=tsv extension.use_dynamic_install=yes_without_prompt
az group show --query '[name, location]'
az config get extension --query '[].[name, value]'
az config unset core.output
az config get core.output > /dev/null 2>&1 || echo "unset"
az configure --defaults vm=
az configure -l --query 'length(@)'
AZURE_CORE_OUTPUT=tsv az account show --query state
"""

GROUP = """
if [ "$(az group exists --name rg-new)" = "true" ]; then az group delete -n rg-new --yes --no-wait; fi
if [ "$(az group exists -n rg-new)" = "false" ]; then
    az group create --name rg-new --location westeurope --tags team=ml -o none
fi
az group show --name rg-new --query '[name, location, tags.team, properties.provisioningState]' -o tsv
az group list --tag team=ml --query '[].name' -o tsv
az group show --name rg-new --query id -o tsv
az extension remove -n azure-cli-ml
az extension remove -n ml
az extension add -n ml -y --upgrade
az extension add --source https://x/ml-0.0.66139748-py3-none-any.whl --yes
az extension update -n ml
az extension list --query '[].name' -o tsv
az extension show -n ml --query name -o tsv
az version --query '"extensions".ml' -o tsv | grep -c '^[0-9]'
az --version | grep -c Lapis
for name in Microsoft.MachineLearningServices Microsoft.PolicyInsights Microsoft.Cdn; do
    az provider register --namespace $name --wait
done
az provider show -n Microsoft.MachineLearningServices --query registrationState -o tsv
scope=$(az ml workspace show --query storage_account -o tsv)
principal=11111111-2222-3333-4444-555555555555
az role assignment create --role "Storage Blob Data Reader" --assignee-object-id $principal \\
    --assignee-principal-type ServicePrincipal --scope "$scope" --query roleDefinitionName -o tsv
az role assignment create --role "Storage Blob Data Reader" --assignee $principal --scope "$scope" -o none
az role assignment list --assignee $principal --all --query 'length(@)'
az role assignment delete --assignee $principal --scope "$scope"
az role assignment list --scope "$scope" --query '[].principalId' -o tsv | wc -l
"""

STORAGE = """
mkdir -p up/deep down
printf 'one' > up/one.csv; printf 'two' > 'up/deep/two &+ü.csv'; printf 'no' > up/left.txt
account=$(az ml workspace show --query storage_account -o tsv | cut -d/ -f9-)
az storage account show --name "$account" --query id -o tsv | grep -c "storageAccounts/$account"
key=$(az storage account keys list --account-name "$account" --query '[0].value' -o tsv)
az storage blob upload-batch -s up -d azureml-blobstore-0123/set --account-name "$account" --account-key "$key" \\
    --pattern '*.csv' -o none
az storage blob list -c workspaceblobstore --prefix set/ --query '[].name' -o tsv
az storage blob upload --container-name workspaceblobstore --file up/left.txt --name set/left.txt \\
    --account-name "$account" --auth-mode login -o none
az storage blob upload -c workspaceblobstore -f up/left.txt -n set/left.txt -o none || echo "refused: $?"
printf 'new' > up/left.txt
az storage blob upload -c workspaceblobstore -f up/left.txt -n set/left.txt --overwrite -o none
az storage blob download -c workspaceblobstore -n set/left.txt -f down/left.txt --query properties.contentLength
cat down/left.txt; echo
az storage blob download-batch -s workspaceblobstore/set -d down --query 'length(@)'
cat 'down/set/deep/two &+ü.csv'; echo
az storage blob delete -c workspaceblobstore -n set/left.txt
az storage blob exists -c workspaceblobstore -n set/left.txt --query exists
az storage blob show -c workspaceblobstore -n set/left.txt > /dev/null 2>&1 || echo "code $?"
name=$(az ml data create -n uploaded --path azureml://datastores/workspaceblobstore/paths/set/ --query name -o tsv)
az ml data show -n $name --query path -o tsv --label latest
"""


def test_accounts_and_tokens(bash: Bash, server: LapisServer) -> None:
    lines = bash(ACCOUNT, SERVER=server.url).out.splitlines()
    subscription = "3e2a9a4f-6f50-4f0c-9a0e-0c8a5d1b7a11"
    assert lines[:4] == ["app", "My Subscription", subscription, subscription]
    assert lines[4].startswith("DisplayName")
    assert lines[-8:] == [
        "00000000-0000-0000-0000-000000000000", "AzureCloud", "servicePrincipal", subscription, "Bearer",
        '["accessToken","expiresOn","expires_on","subscription","tenant","tokenType"]', '"name":"g"', "AzureCloud",
    ]  # fmt: skip


def test_defaults_and_settings(bash: Bash) -> None:
    lines = bash(CONFIGURE).out.splitlines()
    assert lines[:4] == ["default", "rg-one", "rg-one", "westeurope"]
    assert lines[4:6] == ["rg-one", "local"]
    assert lines[6:] == ["use_dynamic_install\tyes_without_prompt", "unset", "3", "Enabled"]


def test_groups_extensions_providers_roles(bash: Bash) -> None:
    ended = bash(GROUP)
    lines = ended.out.splitlines()
    assert lines[:4] == ["rg-new", "westeurope", "ml", "Succeeded"]
    assert lines[4] == "rg-new"
    assert lines[5].endswith("/resourceGroups/rg-new")
    assert lines[6:] == ["ml", "ml", "1", "1", "Registered", "Storage Blob Data Reader", "1", "0"]
    assert "open nothing" in ended.err


def test_blobs_are_files_of_datastores(bash: Bash, tmp_path: Path) -> None:
    lines = bash(STORAGE, cwd=tmp_path).out.splitlines()
    assert lines == [
        "1", "set/deep/two &+ü.csv", "set/one.csv", "refused: 1", "3", "new", "3", "two", "false", "code 3",
        "azureml://datastores/workspaceblobstore/paths/set/",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code", "names"),
    [
        ("acr build -t x -r y .", 2, "environment create"),
        ("keyvault secret set --vault-name v --name n --value x", 2, "no key vault"),
        ("storage container create -n x --account-name y", 2, "datastore create"),
        ("vm list -o table", 2, "no virtual machines"),
        ("deployment group create -g g --template-file f", 2, "workspace create"),
        ("ml run list", 2, "az ml job"),
        ("ml feature-set show -n x", 2, "no feature stores"),
        ("ml jobs list", 2, "'job'"),
        ("acount show", 2, "az account"),
        ("account shw", 2, "az account show"),
        ("account set", 2, "required"),
        ("group create -n x --colour red", 2, "--colour"),
        ("extension add -n azure-cli-ml", 2, "replaced by 'ml'"),
        ("account show --output csv", 2, "csv"),
        ("account show --query '[['", 2, "--query"),
        ("extension show -n other", 3, "not installed"),
        ("storage blob list -c nowhere", 3, "workspaceblobstore"),
        ("configure --scope local --defaults workspace=x", 1, "LAPIS_HOME"),
        ("ml job show -n nothing", 1, "nothing"),
        ("ml workspace show --ids a b", 2, "one id"),
    ],
)
def test_anything_else_is_refused_by_name(
    server: LapisServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: str,
    code: int,
    names: str,
) -> None:
    monkeypatch.setenv("LAPIS_HOME", str(server.home))
    try:
        ended = main(shlex.split(words))
    except SystemExit as wrong_usage:
        ended = wrong_usage.code
    shown = capsys.readouterr()
    assert (ended, shown.out) == (code, "")
    assert names in shown.err


def test_az_ml_takes_ids_defaults_and_short_flags(bash: Bash) -> None:
    script = """
    az ml compute create -n by-id --type amlcompute -o none
    workspace=$(az ml workspace show --workspace default --query id -o tsv)
    az ml workspace show --ids "$workspace" --query name -o tsv
    az ml compute show --ids "$workspace/computes/by-id" --query type --out tsv
    az ml workspace create -n other --subscription x -g y --location z -o none
    az configure --defaults workspace=other
    az ml compute list --query 'length(@)'
    LAPIS_WORKSPACE=default az ml compute list --query "length([?name=='by-id'])"
    AZURE_DEFAULTS_WORKSPACE=default az ml compute list --query "[?name=='by-id'][name]" -o tsv | wc -l
    az configure --defaults workspace=
    """
    lines = bash(script).out.splitlines()
    assert lines[:2] == ["default", "amlcompute"]
    assert lines[3:] == ["1", "1"]


ATTACH = r"""
ssh-keygen -q -t rsa -N '' -f id
cat > vm.yml <<EOF
name: from-file
type: virtualmachine
resource_id: $VM
ssh_settings: {admin_username: azureuser, ssh_port: $PORT, ssh_private_key_file: id}
EOF
az ml compute attach --file vm.yml -g any -w default --query '[name, type, resource_id, state, ssh_settings]' -o json
az ml compute attach --type virtualmachine --name by-flags --resource-id $VM --admin-username azureuser \
    --ssh-port $PORT --ssh-private-key-file id --tags lapis.address=127.0.0.1 --query 'nodes[0].sentence' -o tsv
az ml compute attach -n password -t VirtualMachine --resource-id localhost --admin-username u --ssh-port $PORT \
    --admin-password "$SECRET" --query ssh_settings.admin_password -o tsv
az ml compute list --type virtualmachine --query '[].name' -o tsv | sort | tr '\n' ' '
echo
az ml compute attach -t virtualmachine -n vague --resource-id /subscriptions/s/x || echo "vague: $?"
for name in from-file by-flags password; do az ml compute detach -n $name --yes; done
az ml compute list --query 'length([?is_attached])'
"""


def test_machines_are_attached_as_with_azures_command(bash: Bash, tmp_path: Path) -> None:
    vm = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/localhost"
    ended = bash(ATTACH, cwd=tmp_path, VM=vm, PORT=str(free_port()), SECRET="not shown 17")
    assert "not shown" not in ended.out + ended.err
    first, _brace, rest = ended.out.partition("]\n")
    name, kind, identifier, state, login = json.loads(first + "]")
    assert (name, kind, identifier, state) == ("from-file", "virtualmachine", vm, "unreachable")
    assert (login["admin_username"], login["ssh_private_key"]) == ("azureuser", "***")
    lines = rest.splitlines()
    assert "Nothing listens on port" in lines[0]
    assert lines[1:] == ["***", "by-flags from-file password ", "vague: 1", "0"]
    assert "virtualMachines/<host name>" in ended.err


def test_logout_ends_it_until_login(bash: Bash) -> None:
    script = """
    az logout
    az logout || echo "again: $?"
    az ml job list || echo "ml: $?"
    az account show || echo "account: $?"
    az login -o none
    az ml job list
    """
    ended = bash(script)
    assert ended.out == "again: 1\nml: 1\naccount: 1\n[]\n"
    assert ended.err.count("az login") == 2


def test_a_wrong_token_does_not_sign_in(bash: Bash, server: LapisServer) -> None:
    ended = bash("az login", code=1, LAPIS_URL=server.url, LAPIS_TOKEN="0" * 43)
    assert "token" in ended.err.lower()


def test_the_credential_of_the_real_client_asks_it(bash: Bash, server: LapisServer) -> None:
    script = (
        "from azure.identity import AzureCliCredential\n"
        "import json, time\n"
        "got = AzureCliCredential().get_token('https://management.azure.com/.default')\n"
        "print(json.dumps([got.token.count('.'), got.expires_on - time.time() > 600]))"
    )
    bash("true")  # so that the command is installed
    variables = {"LAPIS_HOME": str(server.home), "PATH": f"{server.home / 'bin'}:{os.environ['PATH']}"}
    assert json.loads(run_client(script, variables, python_of("azure-new"))) == [2, True]


def test_install_writes_and_removes_only_its_own(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "a folder's bin"
    install = ("az", "install", "--folder", str(folder))
    exported = run_lapis(*install, home=home, check=True).stdout
    path = clean_environment()["PATH"]
    found = run_lapis("az", "status", "--folder", str(folder), home=home, env={"PATH": f"{folder}:{path}"}, check=True)
    assert json.loads(found.stdout) == {
        "installed": True, "folder": str(folder), "az": str(folder / "az"), "is_lapis": True
    }  # fmt: skip
    assert exported.startswith("export PATH=")
    github = tmp_path / "github_path"
    run_lapis(*install, "--github", home=home, env={"GITHUB_PATH": str(github)}, check=True)
    assert github.read_text() == f"{folder}\n"
    assert "GITHUB_PATH" in run_lapis(*install, "--github", home=home, env={"GITHUB_PATH": ""}).stderr
    devops = run_lapis(*install, "--azure-devops", home=home, check=True).stdout
    assert devops == f"##vso[task.prependpath]{folder}\n"
    run_lapis("az", "uninstall", "--folder", str(folder), home=home, check=True)
    assert not (folder / "az").exists()
    (folder / "az").write_text("#!/bin/sh\necho another\n")
    for words in (install, ("az", "uninstall", "--folder", str(folder))):
        assert run_lapis(*words, home=home).returncode == 1
    assert (folder / "az").read_text().endswith("another\n")
