"""Every setting of the server in one typed object.

A value comes from, first wins: a flag of ``lapis up``, an environment variable ``LAPIS_<NAME>``, the file
``<home>/settings.yaml``, the profile, the default. ``docs/settings.md`` lists them all; a test keeps it whole.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from lapisml.core.errors import ErrorCode, LapisError, Problem

PREFIX = "LAPIS_"
SETTINGS_FILE = "settings.yaml"

_LISTS = ("allowed_hosts", "allowed_origins", "local_roots")

FLAGS = (
    "home",
    "profile",
    "host",
    "port",
    "database_url",
    "public_url",
    "allowed_hosts",
    "allowed_origins",
    "tls_cert",
    "tls_key",
    "behind_tls_proxy",
    "environment_resolution",
    "uri_rewrites",
    "local_slots",
    "log_level",
)
"""The settings that the command line takes as well, as ``--name-with-dashes``."""

PROFILES: dict[str, dict[str, Any]] = {
    "embedded": {"log_file": True},
    "server": {"log_file": False},
}
"""What each profile changes against the defaults."""

CLIENT_SETTINGS: dict[str, str] = {
    "LAPIS_URL": "Address of the server that commands and the SDK talk to; empty: the one of LAPIS_HOME.",
    "LAPIS_AUTOSTART": "`0` keeps commands from starting a server in the background when none runs.",
    "LAPIS_WORKSPACE": "Workspace of commands and the SDK when none is named; default `default`.",
}
"""Environment variables that only the command line and the SDK read."""


_JOB_VARIABLES = (
    "LAPIS_JOB", "LAPIS_JOB_KEY", "LAPIS_PYTHON", "LAPIS_SORTED_ROOTS", "LAPIS_PLACES", "LAPIS_TRACKING_URI",
)  # fmt: skip
"""Set within jobs, and so by a server that is started there inherited; they steer no server."""


_BUILD_VARIABLES = ("LAPIS_STUDIO",)
"""Read when the package is built; see ``docs/studio.md``."""


class Settings(BaseModel):
    """The server's settings; see the fields' descriptions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    home: Path = Field(
        default_factory=lambda: Path.home() / ".lapis",
        description="Folder of everything the server keeps: database, storage, job folders, environments, secrets.",
    )
    profile: Literal["embedded", "server"] = Field(
        "embedded",
        description="`embedded`: one person, one machine, log in a file. `server`: log on standard error.",
    )
    host: str = Field(
        "127.0.0.1",
        description="Address to listen on. One that is not loopback needs TLS (see tls_cert, behind_tls_proxy).",
    )
    port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Port to listen on. 0: the one used last, else 8787, else the next free one.",
    )
    database_url: str = Field(
        "",
        description="SQLAlchemy URL, `sqlite:///file` or `postgresql://user:password@host/name`. "
        "Empty: `<home>/lapis.db`.",
    )
    public_url: str = Field(
        "",
        description="Address under which users reach the server when it is not the one it listens on (a proxy).",
    )
    peer_url: str = Field(
        "",
        description="Address under which other servers over the same database reach this one; empty: the one that it "
        "listens on.",
    )
    allowed_hosts: tuple[str, ...] = Field(
        (),
        description="Names accepted in the Host header besides the loopback names and `host`; comma-separated.",
    )
    allowed_origins: tuple[str, ...] = Field(
        (),
        description="Web origins (`https://name:port`) that may send changing requests besides the server's own; "
        "comma-separated.",
    )
    tls_cert: Path | None = Field(None, description="PEM file with the certificate chain; needs tls_key.")
    tls_key: Path | None = Field(None, description="PEM file with the private key of tls_cert.")
    behind_tls_proxy: bool = Field(
        False,
        description="Says that a proxy in front ends TLS, so that a host that is not loopback is allowed "
        "without tls_cert. Needs allowed_hosts.",
    )
    token: str = Field(
        "",
        repr=False,
        description="The owner's access token (at least 32 characters) instead of a random one; for containers. "
        "Also the token that commands and the SDK send.",
    )
    secret_key: str = Field(
        "",
        repr=False,
        description="The key that encrypts stored credentials, instead of the one in `secret.key`: 32 bytes in "
        "URL-safe base64. The same for every server over one database.",
    )
    environment_resolution: Literal["exact", "compatible", "host"] = Field(
        "exact",
        description="How pins of environments are honoured: `exact`, `compatible` (pins without a build for the "
        "available Python are relaxed and named), `host` (the server's interpreter, nothing is installed).",
    )
    cluster_backend: str = Field(
        "",
        description="Name of an attached compute that runs the jobs of every cluster (`amlcompute`) of its workspace; "
        "empty: the server's own machine does.",
    )
    offline: bool = Field(False, description="Environments are built from uv's cache alone; the network is not asked.")
    python_downloads: bool = Field(False, description="Lets uv fetch a Python version that this machine lacks.")
    catalogue_file: Path | None = Field(
        None,
        description="A file with curated environments and images of your own; its entries come before the built-in.",
    )
    default_datastore: str = Field(
        "",
        description="Where workspaces keep their files instead of `<home>/storage`: a file with a datastore's "
        "document, or an address (`s3://bucket/prefix`, `gs://…`, "
        "`wasbs://container@account.blob.core.windows.net/prefix`). The same for every server over one database.",
    )
    default_datastore_credentials: str = Field(
        "",
        repr=False,
        description="Its credentials, where the document has none: a file, or JSON, with the keys of a document's "
        "`credentials` (for an address also `endpoint` and `region`).",
    )
    default_datastore_moved_from: str = Field(
        "",
        description="The place that the files were moved away from (`file`, `s3://bucket/prefix`), for the first start "
        "after that.",
    )
    uri_rewrites: dict[str, str] = Field(
        default_factory=dict,
        description="Prefix of a URI → its replacement, for mirrors and air-gapped use; JSON in the variable.",
    )
    local_roots: tuple[Path, ...] = Field(
        (),
        description="Folders of the server's machine that documents may name (`file:` addresses and datastores of "
        "type `local`); comma-separated. Empty: any but the home.",
    )
    allow_private_addresses: bool = Field(
        False,
        description="Lets the server connect to addresses on private networks and loopback that documents name "
        "(a store of yours). Link-local and metadata addresses stay closed.",
    )
    local_slots: int = Field(
        0, ge=0, description="Jobs that run at once on `local` and `serverless`. 0: the number of CPUs."
    )
    missed_runs: Literal["latest", "all", "none"] = Field(
        "latest",
        description="What schedules make up for after a down-time: the `latest` missed run, `all`, or `none`. A "
        "schedule says otherwise with its property `lapis.missed_runs`.",
    )
    missed_runs_within_hours: int = Field(
        24, ge=0, le=744, description="A missed run that is older, in hours, is never made up for."
    )
    drop_ins: bool = Field(
        True,
        description="Offers the scripts of jobs stand-ins for `mltable` and `azureml.…` packages that their "
        "environment lacks. A job says otherwise with a variable of this name.",
    )
    gateway_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Port that online endpoints are reached at. 0: the one used last, else 8797, else the next free "
        "one.",
    )
    gateway_url: str = Field(
        "",
        description="Address under which clients reach online endpoints when it is not the one that the gateway "
        "listens on (a proxy).",
    )
    azure_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Port with TLS that clients of Azure are sent to once `lapis azure env` has run. 0: the one used "
        "last, else 8801, else the next free one. Not used when the server's own address has TLS.",
    )
    azure_subscription: str = Field(
        "",
        description="The one Azure subscription id that this server answers to. Empty: whatever a client says.",
    )
    azure_resource_group: str = Field(
        "",
        description="The one Azure resource group that this server answers to. Empty: whatever a client says.",
    )
    accelerate: bool = Field(
        True,
        description="Serves a faster form of a model where one gives the same answers. A deployment says otherwise "
        "with its tag `lapis.accelerate`.",
    )
    endpoint_token_minutes: int = Field(
        720, ge=1, le=43_200, description="How long a token of an online endpoint is good for, in minutes."
    )
    endpoint_max_body_mb: int = Field(16, ge=1, le=1024, description="Largest request to an online endpoint, in MiB.")
    request_log_days: int = Field(
        14, ge=0, le=3650, description="Days for which requests to online endpoints stay in the log. 0 keeps no log."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="What is logged.")
    log_file: bool = Field(False, description="Log to `<home>/logs/server.log` (rotated) instead of standard error.")
    max_body_mb: int = Field(
        32, ge=1, le=1024, description="Largest JSON body of a request, in MiB; uploads of files are not limited."
    )
    disk_reserve_mb: int = Field(
        16,
        ge=0,
        le=4096,
        description="Disk space kept aside, in MiB, so that stopping and deleting still work on a full disk.",
    )

    @field_validator(*_LISTS, mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value

    @field_validator("uri_rewrites", mode="before")
    @classmethod
    def _parse(cls, value: Any) -> Any:
        return json.loads(value or "{}") if isinstance(value, str) else value

    @field_validator("tls_cert", "tls_key", "catalogue_file", mode="before")
    @classmethod
    def _none_when_empty(cls, value: Any) -> Any:
        return None if value == "" else value

    @field_validator("home", mode="after")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @property
    def database(self) -> str:
        """The database's URL, the default filled in."""
        return self.database_url or f"sqlite:///{self.home / 'lapis.db'}"


def load_settings(environment: Mapping[str, str], flags: Mapping[str, Any] | None = None) -> tuple[Settings, list[str]]:
    """Gather the settings and the warnings about variables that mean nothing.

    Args:
        environment: usually ``os.environ``.
        flags: settings given on the command line, by field name; None values are left out.

    Raises:
        LapisError: Usage, with one problem for each bad value.
    """
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    variables = _from_environment(environment)
    home = Settings.model_validate({k: v for k, v in {**variables, **given}.items() if k == "home"}).home
    from_file = _from_file(home / SETTINGS_FILE)
    merged = {**from_file, **variables, **given}
    profile = PROFILES.get(str(merged.get("profile", "embedded")), {})
    return _validate({**profile, **merged}), unknown_variables(environment)


def unknown_variables(environment: Iterable[str]) -> list[str]:
    """Give one sentence for each ``LAPIS_*`` variable that no part knows, with the nearest word."""
    known = [PREFIX + name.upper() for name in Settings.model_fields] + list(CLIENT_SETTINGS)
    meant = {*known, *_JOB_VARIABLES, *_BUILD_VARIABLES}
    unknown = sorted(name for name in environment if name.startswith(PREFIX) and name not in meant)
    return [_unknown(name, known) for name in unknown]


def _unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"{name} is not a setting of Lapis{f'; did you mean {near[0]}?' if near else '.'}"


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    names = {name: PREFIX + name.upper() for name in Settings.model_fields}
    return {name: environment[variable] for name, variable in names.items() if environment.get(variable)}


def _from_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise LapisError(ErrorCode.USAGE, f"{path} is not valid YAML: {error}") from error
    if not isinstance(found or {}, dict):
        raise LapisError(ErrorCode.USAGE, f"{path} must hold `name: value` lines.")
    return {str(name): value for name, value in (found or {}).items() if name != "home"}


def _validate(values: dict[str, Any]) -> Settings:
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise LapisError(ErrorCode.USAGE, "The server's settings are not valid.", problems=_problems(error)) from error


def _problems(error: ValidationError) -> list[Problem]:
    problems = []
    for fault in error.errors(include_url=False):
        name = str(fault["loc"][0]) if fault["loc"] else ""
        near = difflib.get_close_matches(name, list(Settings.model_fields), 1)
        unknown = fault["type"] == "extra_forbidden"
        message = "is not a setting of Lapis" if unknown else fault["msg"]
        problems.append(Problem(message, path=name, suggestion=near[0] if unknown and near else None))
    return problems
