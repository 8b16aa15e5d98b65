"""Valid documents of endpoints and deployments, as people write them."""

from __future__ import annotations

_SCHEMAS = "https://azuremlschemas.azureedge.net/latest/"

SERVED: dict[str, str] = {
    "online-endpoint": f"""\
$schema: {_SCHEMAS}managedOnlineEndpoint.schema.json
name: diabetes-risk
description: who may fall ill
tags: {{team: clinic}}
auth_mode: key
traffic:
  blue: 90
  green: 10
mirror_traffic:
  green: 10
identity:
  type: user_assigned
  user_assigned_identities:
    - resource_id: /subscriptions/x
properties:
  enforce_access_to_default_secret_stores: enabled
public_network_access: disabled
""",
    "online-deployment/managed": f"""\
$schema: {_SCHEMAS}managedOnlineDeployment.schema.json
name: blue
endpoint_name: diabetes-risk
model:
  path: ./model
code_configuration:
  code: ./src
  scoring_script: train.py
environment:
  conda_file: ./conda.yml
  image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest
environment_variables:
  WORKER_COUNT: "1"
instance_type: Standard_DS3_v2
instance_count: 1
request_settings:
  request_timeout_ms: 90000
  max_concurrent_requests_per_instance: 2
  max_queue_wait_ms: 500
liveness_probe:
  initial_delay: 180
  period: 10
  timeout: 2
  success_threshold: 1
  failure_threshold: 30
data_collector:
  collections:
    model_inputs:
      enabled: true
    model_outputs:
      enabled: true
      data:
        name: outputs
        path: azureml://datastores/workspaceblobstore/paths/outputs
  sampling_rate: 0.5
  rolling_rate: hour
  request_logging:
    capture_headers: [x-client]
app_insights_enabled: true
egress_public_network_access: disabled
""",
    "online-deployment/kubernetes": f"""\
$schema: {_SCHEMAS}kubernetesOnlineDeployment.schema.json
name: green
type: kubernetes
endpoint_name: diabetes-risk
model: azureml:diabetes:2
code_configuration:
  code: ./src
  scoring_script: train.py
environment: azureml:train-env@latest
resources:
  requests:
    cpu: "0.1"
    memory: 0.1Gi
scale_settings:
  type: target_utilization
  min_instances: 1
  max_instances: 3
  polling_interval: 10
  target_utilization_percentage: 70
""",
    "batch-endpoint": f"""\
$schema: {_SCHEMAS}batchEndpoint.schema.json
name: diabetes-batch
description: everybody at once
auth_mode: aad_token
defaults:
  deployment_name: forest
""",
    "batch-deployment/model": f"""\
$schema: {_SCHEMAS}modelBatchDeployment.schema.json
name: forest
endpoint_name: diabetes-batch
type: model
model: azureml:diabetes@latest
environment:
  name: batch
  image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest
  conda_file: ./conda.yml
code_configuration:
  code: ./src
  scoring_script: train.py
compute: azureml:batch-cluster
resources:
  instance_count: 2
settings:
  max_concurrency_per_instance: 2
  mini_batch_size: 10
  output_action: append_row
  output_file_name: predictions.csv
  retry_settings:
    max_retries: 3
    timeout: 300
  error_threshold: -1
  logging_level: info
  environment_variables:
    MODE: quick
""",
    "batch-deployment/pipeline": f"""\
$schema: {_SCHEMAS}pipelineComponentBatchDeployment.schema.json
name: prepared
endpoint_name: diabetes-batch
type: pipeline
component: ./parts/pipeline.yml
settings:
  default_compute: batch-cluster
  continue_on_step_failure: false
""",
}

PIPELINE = """\
$schema: https://azuremlschemas.azureedge.net/latest/pipelineComponent.schema.json
name: prepare_and_score
type: pipeline
inputs:
  data: {type: uri_folder}
jobs:
  score:
    component: ./train.yml
    inputs:
      data: ${{parent.inputs.data}}
"""
"""A pipeline component in a folder of its own, ``parts/pipeline.yml``."""
