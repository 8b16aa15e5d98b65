#!/usr/bin/env bash
# Sign in, choose the workspace, and register what training needs.
set -euo pipefail
cd "$(dirname "$0")/.."
source variables.sh

az version -o none
az extension add -n ml -y --only-show-errors
az account set --subscription "$SUBSCRIPTION"
echo "subscription: $(az account show --query id -o tsv)"
for namespace in Microsoft.MachineLearningServices Microsoft.PolicyInsights; do
    az provider register --namespace "$namespace"
done
if [ "$(az group exists --name "$GROUP")" = "false" ]; then
    az group create --name "$GROUP" --location "$LOCATION" --output none
fi
az configure --defaults group="$GROUP" workspace="$WORKSPACE" location="$LOCATION"

found=$(az ml workspace list --query "[?name=='$WORKSPACE'].name" -o tsv | wc -l)
if [ "$found" -eq 0 ]; then
    az ml workspace create --name "$WORKSPACE" --resource-group "$GROUP" --location "$LOCATION" -o none
fi
workspace=$(az configure -l --query "[?name=='workspace'].value" -o tsv)
echo "workspace: $workspace, MLflow at $(az ml workspace show -n "$workspace" --query mlflow_tracking_uri -o tsv)"

if [ "$(az ml compute list --query "[?name=='$CLUSTER'] | length(@)")" -eq 0 ]; then
    az ml compute create --name "$CLUSTER" --type amlcompute --size Standard_DS3_v2 --max-instances 2 -o none
fi
az ml environment create --file environments/train.yml --query "join(':', [name, version])" -o tsv
az ml data create --file training-data/data.yml --query "join(':', [name, version])" --out tsv
