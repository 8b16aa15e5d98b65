"""Why a command of the cloud's ``az`` is none of ours, and what does its work here."""

from __future__ import annotations

from collections.abc import Sequence

_SERVER = "Lapis is one server that you run; it makes no resources of a cloud."
_REASONS = {
    "acr": "There is no container registry: environments are built by Lapis itself ('az ml environment create').",
    "ad": "There is no directory of users: access is by the server's tokens ('lapis auth token').",
    "aks": "There is no Kubernetes cluster to manage: endpoints run on the server's machine.",
    "appservice": _SERVER,
    "bicep": "There are no templates to deploy: a workspace is made by 'az ml workspace create'.",
    "cognitiveservices": _SERVER,
    "container": "There are no container instances: endpoints run on the server's machine.",
    "deployment": "There are no templates to deploy: a workspace is made by 'az ml workspace create'.",
    "devops": "Pipelines of a build service are outside Lapis.",
    "eventgrid": _SERVER,
    "feedback": "There is nobody to send it to.",
    "identity": "There are no managed identities: jobs and endpoints reach what their workspace holds.",
    "keyvault": "There is no key vault: secrets are kept by the server, in connections and datastores.",
    "lock": _SERVER,
    "monitor": "There is no monitor: the scale of a deployment is in its document (scale_settings).",
    "network": "There are no virtual networks: the server listens on one address.",
    "pipelines": "Pipelines of a build service are outside Lapis.",
    "policy": "There are no policies.",
    "redis": _SERVER,
    "repos": "Repositories of a build service are outside Lapis.",
    "resource": "There are no other resources; see 'az ml' for what a workspace holds.",
    "rest": "Send requests with curl and a token: 'lapis auth token', or 'az account get-access-token'.",
    "sql": "There are no databases to manage.",
    "synapse": "There is no Synapse: Spark jobs run on the server's machine.",
    "tag": _SERVER,
    "vm": "There are no virtual machines.",
    "vmss": "There are no virtual machines.",
    "webapp": "There are no web apps: models are served by 'az ml online-endpoint create'.",
}
_STORAGE = {
    "account": "Storage is the server's own: there are no accounts to make or change.",
    "container": "A container is a datastore: 'az ml datastore create' makes one.",
    "fs": "There are no Data Lake file systems here: 'az storage blob' reads and writes datastores.",
    "share": "There are no file shares here: 'az storage blob' reads and writes datastores.",
}

ML = {
    "batch-inference": "It is of an older az: see batch-endpoint.",
    "computetarget": "It is of version 1 of az ml: see 'az ml compute'.",
    "dataset": "It is of version 1 of az ml: see 'az ml data'.",
    "endpoint": "It is of an older az: see online-endpoint and batch-endpoint.",
    "experiment": "It is of version 1 of az ml: experiments are made by jobs; MLflow lists them.",
    "feature-set": "There are no feature stores in az ml here: azure-ai-ml keeps and shows their documents.",
    "feature-store": "There are no feature stores in az ml here: azure-ai-ml keeps and shows their documents.",
    "feature-store-entity": "There are no feature stores in az ml here: azure-ai-ml keeps and shows their documents.",
    "folder": "It is of version 1 of az ml: 'lapis configure --defaults workspace=NAME' names the workspace.",
    "marketplace-subscription": "Lapis has no marketplace.",
    "model-monitor": "Lapis has no monitors yet.",
    "pipeline": "It is of version 1 of az ml: a pipeline is a job, 'az ml job create -f pipeline.yml'.",
    "run": "It is of version 1 of az ml: see 'az ml job'.",
    "serverless-endpoint": "Lapis has no serverless endpoints: see online-endpoint.",
    "service": "It is of version 1 of az ml: see online-endpoint.",
    "vm": "There are no virtual machines.",
}
"""Noun of the cloud's ``az ml`` that Lapis lacks → why."""


def reason(words: Sequence[str]) -> str:
    """Give a sentence on why ``az words…`` is not answered."""
    if words[0] == "storage" and len(words) > 1:
        return _STORAGE.get(words[1], _SERVER)
    return _REASONS.get(words[0], "It answers 'az ml' and the few commands that scripts use around it.")
