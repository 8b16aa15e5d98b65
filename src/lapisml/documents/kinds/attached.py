"""Computes of others that are attached: hosts reached by SSH, Slurm and Ray clusters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from lapisml.documents.base import RECORD_KEYS, Document, Part, TextOr
from lapisml.documents.fields import (
    Amount,
    Choice,
    Count,
    FilledText,
    Flag,
    ListOf,
    MappingOf,
    Port,
    Secret,
    Text,
    Texts,
    Variables,
)
from lapisml.documents.machines import ADDRESS_TAG, HOST, address_of
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import fault, read_text
from lapisml.documents.words import listed, nearest

SSH_PORT = 22

_LOGIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}\$?\Z")
_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.,:@+=*()\[\]&|/-]{0,254}\Z")
_URL = re.compile(r"https?://[A-Za-z0-9_.\[\]:%-]+(?:/[^\s\x00-\x1f]*)?\Z")
_FOLDER = re.compile(r"(?:/|~/|~\Z)[^\x00-\x1f]*\Z")

SBATCH_OPTIONS = (
    "begin contiguous core_spec cores_per_socket cpus_per_gpu exclude exclusive gpu_bind gpus_per_node gres "
    "hint licenses mail_type mail_user mem mem_bind mem_per_cpu mem_per_gpu mincpus nice nodelist overcommit "
    "oversubscribe prefer priority reservation sockets_per_node spread_job switches threads_per_core time_min "
    "tmp use_min_nodes wckey"
).split()
"""What may be asked of sbatch beyond the keys of the document; ``mem_per_cpu: 2G`` is ``--mem-per-cpu=2G``."""


def _matching(form: re.Pattern[str], message: str, expected: str) -> Any:
    def read(value: Any) -> str:
        text = read_text(value)
        if not form.match(text):
            raise fault(f"`{text[:80]}` {message}", expected)
        return text

    return PlainValidator(read)


_AS_TEXT = WithJsonSchema({"type": "string", "minLength": 1})

Address = Annotated[
    str, _matching(HOST, "is no address of a machine", "a host name or an IP address, without a user"), _AS_TEXT
]
Login = Annotated[
    str, _matching(_LOGIN, "is no user name", "letters, digits, `_`, `.` and `-`, no dash in front"), _AS_TEXT
]
Word = Annotated[
    str, _matching(_WORD, "can't be used", "letters, digits and `_.,:@+=-`, no space, no dash in front"), _AS_TEXT
]
Url = Annotated[str, _matching(_URL, "is no address of a server", "http://host:port or https://host:port"), _AS_TEXT]
Folder = Annotated[str, _matching(_FOLDER, "is no full path", "a path that begins with `/` or `~/`"), _AS_TEXT]


class SshAccess(Part):
    """How one logs in to a machine."""

    admin_username: Login | None = Field(None, description="user to log in as; the server's own when left out")
    admin_password: Secret | None = Field(None, repr=False, description="password of the user; kept encrypted")
    ssh_port: Port | None = Field(None, description="port of the SSH server; 22 when left out")
    ssh_private_key_file: Text | None = Field(
        None, description="file on your machine with the private key; its text is sent and kept encrypted"
    )
    ssh_private_key: Secret | None = Field(None, repr=False, description="the private key itself; kept encrypted")
    passphrase: Secret | None = Field(None, repr=False, description="passphrase of the private key; kept encrypted")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse two keys for one login."""
        if self.ssh_private_key is not None and self.ssh_private_key_file is not None:
            yield ("ssh_private_key_file",), fault("there is `ssh_private_key` too", "one of them", at="key")


class SshHost(Part):
    """A machine of an SSH compute, where it differs from the others."""

    address: Address = Field(description="host name or IP address")
    port: Port | None = Field(None, description="port of its SSH server")
    username: Login | None = Field(None, description="user to log in as")
    slots: Count | None = Field(None, description="jobs that it runs at a time")


def _host(value: Any) -> str:
    return str(Address.__metadata__[0].func(value))  # type: ignore[attr-defined]


Hosts = Annotated[
    list[Annotated[str | SshHost, TextOr(SshHost, _host, "a host name, or a mapping with `address`")]], ListOf
]


class NodeSize(Part):
    """What a machine size means on a cluster that gives out its nodes itself."""

    cpus: Count | None = Field(None, description="processors of a node")
    gpus: Amount | None = Field(None, description="GPUs of a node")
    memory_mb: Count | None = Field(None, description="memory of a node, mebibytes")
    instance_type: Word | None = Field(
        None, description="on Slurm a partition, on Ray a resource or a kind of GPU that nodes have"
    )


NodeSizes = Annotated[dict[str, NodeSize], MappingOf]

_SIZES = "machine size of clusters that this backs, and what their jobs ask of a node; `*` is any other size"


class HostSize(Part):
    """Which machines are of a size."""

    hosts: Annotated[list[Address], ListOf] = Field(description="some of the machines, by their address")


class Attached(Document):
    """What all attached computes have."""

    KIND: ClassVar[str] = "compute"
    NOUN: ClassVar[str] = "attached compute"
    READ_ONLY: ClassVar[frozenset[str]] = RECORD_KEYS | frozenset(
        "provisioning_errors provisioning_state state state_sentence last_operation location created_on modified_on "
        "is_attached engine nodes current_node_count running_node_count max_instances".split()
    )

    resource_id: Text | None = Field(
        None, description="Azure's id of what is attached; of a machine without an address its last part is one"
    )
    root: Folder | None = Field(None, description="folder for jobs on the machines; ~/.lapis-node/… when left out")
    interpreter: Folder | None = Field(None, description="Python 3.11 or newer on the machines; found when left out")
    shared: Annotated[list[Folder], ListOf] | None = Field(
        None, description="folders that the server and the machines see at the same path"
    )
    server_url: Url | None = Field(
        None, description="address of this server as the machines reach it; needed only where it is quicker"
    )
    environment_variables: Variables | None = Field(None, description="variable and value, for every job there")
    through_server: Flag | None = Field(
        None, description="whether data in object stores goes through the server, so that no key of theirs goes there"
    )
    keep_days: Count | None = Field(
        None, description="days that code and environments which no job uses stay on the machines; 30 when left out"
    )


class VirtualMachine(Attached):
    """Machines reached by SSH."""

    NOUN: ClassVar[str] = "virtual machine compute"

    type: Annotated[str, Choice("virtualmachine")] = Field(description="virtualmachine")
    address: Address | None = Field(None, description="the one machine: host name or IP address")
    hosts: Hosts | None = Field(None, description="the machines, in place of `address`: names, or mappings")
    slots: Count | None = Field(None, description="jobs that each machine runs at a time; 1 when left out")
    ssh_settings: SshAccess | None = Field(None, description="how one logs in")
    known_hosts: Text | None = Field(None, description="lines of a known_hosts file with the machines' keys")
    host_keys: Texts | None = Field(None, description="public keys of the machines, as `ssh-ed25519 AAAA…`")
    sizes: Annotated[dict[str, HostSize], MappingOf] | None = Field(
        None, description="machine size of clusters that this backs, and the machines of that size; `*` is any other"
    )

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse a document that names no machine, names one twice, or says where they are twice."""
        if self.address is None and not self.hosts:
            yield from self._unnamed()
        elif self.address is not None and self.hosts is not None:
            yield ("address",), fault("there are `hosts` too", "one of them", at="key")
        seen: set[tuple[str, int]] = set()
        for index, host in enumerate(self.hosts or []):
            where = (host, 0) if isinstance(host, str) else (host.address, host.port or 0)
            if where in seen:
                yield ("hosts", index), fault(f"`{where[0]}` is there twice", "each machine once, with its `slots`")
            seen.add(where)
        for size, found in (self.sizes or {}).items():
            for index, address in enumerate(found.hosts):
                if address not in {name for name, _port in seen}:
                    where_else = ("sizes", size, "hosts", index)
                    yield where_else, fault(f"`{address}` is not among the `hosts`", listed([n for n, _p in seen]))

    def _unnamed(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        named = address_of({"resource_id": self.resource_id, "tags": self.tags})
        if named is None:
            sentence = "no machine is named"
            if self.resource_id:
                sentence += ": `resource_id` does not end in `virtualMachines/<host name>`"
            wanted = f"`address: <host>`, a list of `hosts`, or a tag `{ADDRESS_TAG}`"
            yield ("hosts",), fault(sentence, wanted, at="missing")
        elif not HOST.match(named):
            yield (
                ("tags", ADDRESS_TAG),
                fault(f"`{named[:80]}` is no address of a machine", "a host name or an IP address, without a user"),
            )


class SlurmLogin(SshAccess):
    """The machine from which jobs are handed to Slurm."""

    address: Address = Field(description="host name or IP address")
    port: Port | None = Field(None, description="port of its SSH server")
    username: Login | None = Field(None, description="user to log in as")
    known_hosts: Text | None = Field(None, description="lines of a known_hosts file with the machine's keys")
    host_keys: Texts | None = Field(None, description="public keys of the machine, as `ssh-ed25519 AAAA…`")


class Slurm(Attached):
    """A Slurm cluster."""

    NOUN: ClassVar[str] = "Slurm compute"

    type: Annotated[str, Choice("slurm")] = Field(description="slurm")
    login: SlurmLogin | None = Field(
        None, description="login host; left out where sbatch is on the server's own machine"
    )
    agent_address: Address | None = Field(
        None, description="address of the login host that the nodes reach; found by the way to them when left out"
    )
    partition: Word | None = Field(None, description="partition; the cluster's default when left out")
    account: Word | None = Field(None, description="account that pays")
    qos: Word | None = Field(None, description="quality of service")
    constraint: Word | None = Field(None, description="features that nodes must have")
    max_nodes: Count | None = Field(None, description="nodes that one job may have")
    time_limit_minutes: Count | None = Field(None, description="time limit of jobs that say none")
    sizes: NodeSizes | None = Field(None, description=_SIZES)
    requeue: Flag | None = Field(
        None, description="whether Slurm may start a job again whose command has not begun; true when left out"
    )
    sbatch_options: Annotated[dict[str, Word], MappingOf] | None = Field(
        None, description="further options of sbatch: `gres: gpu:1`"
    )

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse options of sbatch that would change what Lapis relies on."""
        for name in self.sbatch_options or {}:
            if name.replace("-", "_") not in SBATCH_OPTIONS:
                near = nearest(name, SBATCH_OPTIONS)
                yield ("sbatch_options", name), fault(f"`{name[:80]}` can't be set", listed(SBATCH_OPTIONS), near)


class Ray(Attached):
    """A Ray cluster."""

    NOUN: ClassVar[str] = "Ray compute"

    type: Annotated[str, Choice("ray")] = Field(description="ray")
    address: Url = Field(description="address of the cluster's dashboard, http://head:8265")
    headers: Annotated[dict[str, Secret], MappingOf] | None = Field(
        None, repr=False, description="headers that the dashboard wants; kept encrypted"
    )
    token: Secret | None = Field(None, repr=False, description="token that the dashboard wants; kept encrypted")
    front_port: Amount | None = Field(None, description="port that the server reaches on the cluster; 0: any free one")
    max_nodes: Count | None = Field(None, description="nodes that one job may have")
    certificate: FilledText | None = Field(None, description="PEM text of the authority that signed its certificate")
    sizes: NodeSizes | None = Field(None, description=_SIZES)
