#!/usr/bin/env bash
# Train, wait for the end, and register the model that the run has logged. The last line is the model's version.
set -euo pipefail
cd "$(dirname "$0")/.."
source variables.sh

run_id=$(az ml job create --file jobs/train.yml --set inputs.rate="${RATE:-0.1}" compute="azureml:$CLUSTER" \
    tags.branch=main --query name -o tsv)
if [[ -z "$run_id" ]]; then
    echo "The job was not created." >&2
    exit 3
fi
echo "job: $run_id, watch it at $(az ml job show -n "$run_id" --query services.Studio.endpoint -o tsv)"

running=("Queued" "NotStarted" "Starting" "Preparing" "Running" "Finalizing")
status=$(az ml job show -n "$run_id" --query status -o tsv)
while [[ " ${running[*]} " == *" $status "* ]]; do
    sleep "$POLL_SECONDS"
    status=$(az ml job show -n "$run_id" --query status -o tsv)
done
echo "status: $status"
if [[ "$status" != "Completed" ]]; then
    az ml job stream -n "$run_id" >&2 || exit 1
fi

az ml model create --file serving/model.yml --name "$MODEL" \
    --path "azureml://jobs/$run_id/outputs/artifacts/paths/model/" --set tags.run="$run_id" --query version -o tsv
