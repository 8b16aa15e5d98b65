"""A launch specification for another machine: its folders there, its data where it can be reached from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lapisml.backends.compute.node import shipping
from lapisml.backends.compute.node.contexts import manifest_of
from lapisml.backends.compute.node.link import Link
from lapisml.backends.compute.node.shipping import Shipment
from lapisml.backends.storage.local import LocalStore
from lapisml.core.errors import LapisError
from lapisml.core.snapshots import FOLDER
from lapisml.ports.attach import Attachment
from lapisml.ports.compute import Handle
from lapisml.ports.launch import EnvironmentSpec, LaunchSpec, OutputSpec
from lapisml.ports.storage import StorageLocation
from lapisml.runner.snapshots import SnapshotStore

Location = Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """What is to be sent.

    Attributes:
        spec: the specification for the node.
        shipments: folders that have to be there before.
        context: digest of the folder that the environment is built from; None without one.
    """

    spec: LaunchSpec
    shipments: tuple[Shipment, ...] = ()
    context: str | None = None

    def changes(self, link: Link) -> dict[str, Any]:
        """Return the fields that are known only once the shipments have arrived.

        Raises:
            LapisError: the node's.
        """
        if self.context is None or self.spec.environment is None:
            return {}
        folder, _tail = link.call("lay_out", self.context)
        plain: dict[str, Any] = self.spec.to_json()["environment"]
        definition = plain["definition"]
        if definition.get("build"):
            definition = {**definition, "build": {**definition["build"], "folder": folder}}
        else:
            definition = {**definition, "folder": folder}
        return {"environment": {**plain, "definition": definition}}


def rewritten(spec: LaunchSpec, facts: Mapping[str, Any], attachment: Attachment) -> Plan:
    """Make the specification for a node.

    Args:
        spec: as the server made it for its own machine.
        facts: what the agent said of itself.
        attachment: the compute.

    Raises:
        LapisError: code or build context can't be read.
    """
    root, shipments = str(facts["root"]), []
    for output in spec.outputs.values():
        _make_folder(output)
    place = _placing(attachment, str(facts["server_file"]), Handle(spec.workspace, spec.job, spec.submit_key))
    changes: dict[str, Any] = {
        "home": root,
        "wake_socket": facts["wake_socket"],
        "inputs": {
            name: replace(given, location=_used(place(given.location, given.mode == "rw_mount"), given.mode))
            if given.location
            else given
            for name, given in spec.inputs.items()
        },
        "outputs": {
            name: replace(given, location=_used(place(given.location, True), given.mode))
            for name, given in spec.outputs.items()
        },
        "artifacts": replace(spec.artifacts, location=place(spec.artifacts.location, True)),
        "environment_variables": {**_variables(attachment), **spec.environment_variables},
    }
    if spec.tracking is not None:
        changes["tracking"] = replace(spec.tracking, server_file=facts["server_file"])
    if spec.code is not None:
        shipments.append(shipping.from_store(SnapshotStore(spec.code.root).manifest(spec.code.digest), spec.code.root))
        changes["code"] = replace(spec.code, root=f"{root}/{FOLDER}")
    context = None
    if spec.environment is not None:
        changes["environment"] = _environment(spec.environment, root)
        folder = _context(spec.environment)
        if folder is not None:
            shipments.append(shipping.from_folder(manifest_of(folder), folder))
            context = shipments[-1].digest
    return Plan(replace(spec, **changes), tuple(shipments), context)


def _make_folder(output: OutputSpec) -> None:
    """Make the folder of an output that lies on this machine, as a job of this machine does at its start.

    So an output that nothing is written to is an empty folder for whoever reads it, and not absent. What stands in
    the way is not told here: the job meets it when it stores its output, and says so.
    """
    location = StorageLocation.from_json(output.location)
    if location.protocol == "file" and output.type != "uri_file" and output.mode != "direct":
        with suppress(LapisError, OSError):
            LocalStore().path(location).mkdir(parents=True, exist_ok=True)


def _environment(environment: EnvironmentSpec, root: str) -> EnvironmentSpec:
    """Have an environment built below the agent's folder; paths of the server's machine mean nothing there."""
    place = f"{root}/environments"
    options = {**environment.options, "root": place} if "root" in environment.options else dict(environment.options)
    for name in ("cache_dir", "catalogue_file", "python_folders"):
        if options.get(name) is not None:
            options[name] = None
    return replace(environment, root=place, options=options)


def _variables(attachment: Attachment) -> dict[str, str]:
    """Return the variables that the compute's document sets, for jobs and deployments alike; their own win.

    This is the one place where they are added.
    """
    given = attachment.document.get("environment_variables") or {}
    return {str(name): str(value) for name, value in given.items()}


def _context(environment: EnvironmentSpec) -> Path | None:
    """Return the folder of this machine that the environment is built from, if there is one."""
    build, folder = environment.definition.get("build"), environment.definition.get("folder")
    if build:
        return Path(build["folder"])
    return Path(folder) if folder else None


def _placing(attachment: Attachment, server_file: str, job: Handle) -> Callable[[Location, bool], Location]:
    """Return what turns a location of the server's into one of the node's."""
    shared = [str(folder).rstrip("/") for folder in attachment.document.get("shared") or ()]
    through_server = bool(attachment.document.get("through_server"))

    def place(location: Location, writable: bool) -> Location:
        is_file = location["protocol"] == "file"
        if _is_below(str(location["path"]), shared) if is_file else not (through_server and _asks_who(location)):
            return location
        sealed = attachment.seal(location, writable, job)
        return {**sealed, "options": {**sealed["options"], "server_file": server_file}}

    return place


def _asks_who(location: Location) -> bool:
    """Say whether a store wants to know who asks; what is on the web for everybody comes from there."""
    return location["protocol"] not in ("http", "https") or bool(location.get("options"))


def _used(location: Location, mode: str | None) -> Location:
    """Give a location without credentials and tickets where the job is only told its address."""
    return {**location, "options": {}} if mode == "direct" else location


def _is_below(path: str, folders: list[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)
