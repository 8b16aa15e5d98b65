#!/usr/bin/env bash
# Bring a version of the model into use: create the endpoint and the deployment, or update them when they are there.
set -euo pipefail
cd "$(dirname "$0")/.."
source variables.sh
version=${1:-$(az ml model list --name "$MODEL" --query "[0].version" -o tsv)}

create_or_update() { # file, words that list what is there, further flags
    local exists action=create
    exists=$(az ml "$2" list ${3:-} -o tsv --query "[?name=='$4'][name]" | wc -l)
    if [[ "$exists" -eq 1 ]]; then action=update; fi
    echo "$action $2 $4"
    az ml "$2" "$action" -f "$1" -n "$4" ${3:-} ${5:+--set "$5"} -o none
}

create_or_update serving/endpoint.yml online-endpoint "" "$ENDPOINT"
create_or_update serving/deployment.yml online-deployment "-e $ENDPOINT" "$DEPLOYMENT" "model=azureml:$MODEL:$version"
state=$(az ml online-deployment show --name "$DEPLOYMENT" --endpoint "$ENDPOINT" --query provisioning_state -o tsv)
if [[ "$state" != "Succeeded" ]]; then
    az ml online-deployment get-logs --name "$DEPLOYMENT" --endpoint "$ENDPOINT" --lines 100
    exit 1
fi

az ml online-endpoint invoke --name "$ENDPOINT" --deployment "$DEPLOYMENT" --request-file serving/request.json
az ml online-endpoint update --name "$ENDPOINT" --traffic "$DEPLOYMENT=100" --query traffic

uri=$(az ml online-endpoint show -n "$ENDPOINT" --query scoring_uri -o tsv)
key=$(az ml online-endpoint get-credentials -n "$ENDPOINT" --query primaryKey -o tsv)
curl --silent --fail --noproxy '*' "$uri" -H "Authorization: Bearer $key" -H "Content-Type: application/json" \
    -d @serving/request.json
echo
