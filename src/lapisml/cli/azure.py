"""``lapis azure``: points clients of Azure at this server."""

from __future__ import annotations

import os
import shlex
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lapisml.cli.context import open_transport, show
from lapisml.cli.parsing import Verb, run_noun
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.config import choose_workspace
from lapisml.sdk.discovery import home_folder

CLOUD = "LapisCloud"
"""The name of the cloud in the server's metadata."""

METADATA = "/metadata/endpoints?api-version=2019-05-01"

_MANAGEMENT = "https://management.azure.com/"


def variables(args: Namespace, environment: Mapping[str, str]) -> dict[str, str]:
    """Give what a client of Azure has to find in its environment; the server's TLS address is opened for it.

    Args:
        environment: what the client would have without it; certificates that it trusts stay trusted.
    """
    from lapisml.sdk.trust import write_bundle

    transport = open_transport(args)
    facts = transport.request("POST", "/api/v1/azure/open")
    url, own = facts["url"], transport.address
    found = {
        "ARM_CLOUD_METADATA_URL": url + METADATA,
        "AZUREML_CURRENT_CLOUD": CLOUD,
        "REGISTRY_DISCOVERY_ENDPOINT_URL": f"{url}/",
        "MSI_ENDPOINT": f"{own.url}/msi",
        "MSI_SECRET": own.token,
        "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
        "MLFLOW_TRACKING_URI": f"{own.url}/mlflow/{choose_workspace(home_folder(), args.workspace_name)}",
        "MLFLOW_TRACKING_TOKEN": own.token,
        "AZUREML_RUN_POLLING_INTERVAL_MIN": "1",
        "AZUREML_RUN_POLLING_INTERVAL_MAX": "3",
    }
    if facts["authority"]:
        bundle = str(write_bundle(home_folder() / "azure" / "bundle.pem", facts["authority"], environment))
        found |= {"REQUESTS_CA_BUNDLE": bundle, "SSL_CERT_FILE": bundle}
    return found | no_proxy(url, environment)


def no_proxy(url: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Keep requests to this server away from a proxy that the environment names."""
    from urllib.parse import urlsplit

    names = {name.lower() for name, value in environment.items() if value}
    if not names & {"http_proxy", "https_proxy", "all_proxy"}:
        return {}
    host = urlsplit(url).hostname or ""
    known = [word for word in environment.get("NO_PROXY", environment.get("no_proxy", "")).split(",") if word]
    value = ",".join([*known, *([host] if host not in known else [])])
    return {"NO_PROXY": value, "no_proxy": value}


SHELLS: dict[str, Callable[[str, str], str]] = {
    "sh": lambda name, value: f"export {name}={shlex.quote(value)}",
    "fish": lambda name, value: "set -gx {} '{}'".format(name, value.replace("\\", "\\\\").replace("'", "\\'")),
    "powershell": lambda name, value: "$env:{} = '{}'".format(name, value.replace("'", "''")),
    "plain": lambda name, value: f"{name}={value}",
}
"""How each shell sets a variable; ``plain`` suits env files and a CI's file of variables."""


def _env(args: Namespace) -> None:
    found = variables(args, os.environ)
    if args.output_was_given or args.query:
        show(args, found)
        return
    write = SHELLS[args.shell]
    sys.stdout.write("".join(f"{write(name, value)}\n" for name, value in found.items()))


def _env_flags(parser: ArgumentParser) -> None:
    _workspace_flag(parser)
    parser.add_argument("--shell", choices=tuple(SHELLS), default="sh", help="whose form the lines have; default sh")


def _workspace_flag(parser: ArgumentParser) -> None:
    parser.add_argument("--workspace-name", "-w", metavar="NAME", help="workspace; else config.json, defaults, default")


def _config(args: Namespace) -> None:
    import json

    transport = open_transport(args)
    facts = transport.get("/api/v1/azure")
    workspace = choose_workspace(home_folder(), args.workspace_name)
    transport.get(f"/api/v1/workspaces/{workspace}")
    body = {
        "subscription_id": args.subscription or facts["subscription_id"],
        "resource_group": args.resource_group or facts["resource_group"],
        "workspace_name": workspace,
    }
    file = Path(args.file)
    if file.exists() and not args.overwrite and file.read_text(encoding="utf-8") != json.dumps(body, indent=2) + "\n":
        raise LapisError(ErrorCode.ALREADY_EXISTS, f"{file} exists.", "Replace it with --overwrite.")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
    show(args, body)


def _config_flags(parser: ArgumentParser) -> None:
    _workspace_flag(parser)
    parser.add_argument("--subscription", metavar="ID", help="subscription to write; else the server's")
    parser.add_argument("--resource-group", "-g", metavar="NAME", help="resource group to write; else the server's")
    parser.add_argument("--file", "-f", metavar="FILE", default="config.json", help="where to; default config.json")
    parser.add_argument("--overwrite", action="store_true", help="replace a file that says something else")


def access_token(args: Namespace, resource: str) -> dict[str, Any]:
    """Make an access token, in the form that ``az account get-access-token`` prints.

    Args:
        resource: the address of the service that it is meant for.
    """
    from datetime import datetime

    transport = open_transport(args)
    made = transport.request("POST", "/api/v1/tokens/access", json_body={"resource": resource})
    facts = transport.get("/api/v1/azure")
    expires = datetime.fromtimestamp(made["expires_on"]).astimezone().replace(tzinfo=None)  # az prints local time
    return {
        "accessToken": made["access_token"],
        "expiresOn": expires.isoformat(sep=" ", timespec="microseconds"),
        "expires_on": made["expires_on"],
        "subscription": facts["subscription_id"],
        "tenant": made["tenant"],
        "tokenType": "Bearer",
    }


def _token(args: Namespace) -> None:
    show(args, access_token(args, args.resource))


def _token_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--resource", metavar="URL", default=_MANAGEMENT, help=f"whom it is for; default {_MANAGEMENT}")


VERBS = {
    "env": Verb('print the variables that clients of Azure need: eval "$(lapis azure env)"', _env, (_env_flags,)),
    "config": Verb("write the config.json that MLClient.from_config reads", _config, (_config_flags,)),
    "token": Verb("print a short-lived access token (a JWT) and when it expires", _token, (_token_flags,)),
}


def run(words: Sequence[str]) -> int:
    """Run ``lapis azure words…``."""
    return run_noun("azure", "Azure's own clients (azure-ai-ml, scripts) against this server.", VERBS, words)
