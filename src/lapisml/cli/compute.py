"""``lapis compute``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lapisml.cli import flags
from lapisml.cli.context import open_session, show
from lapisml.cli.parsing import Verb, refuse, refused, run_noun

if TYPE_CHECKING:
    from lapisml.sdk.operations.compute import ComputeOperations

_COLUMNS = (
    "name",
    "type",
    "size",
    "provisioning_state",
    "state",
    "min_instances",
    "max_instances",
    "current_node_count",
)
_NUMBERS = ("min_instances", "max_instances", "idle_time_before_scale_down")
_WORDS = ("type", "size", "tier", "description", "location", "idle_time_before_shutdown_minutes")
_OF_ATTACHED = ("type", "resource_id", "description")
_OF_LOGIN = ("admin_username", "admin_password", "ssh_private_key_file", "ssh_port")
_NETWORK = "nodes are processes of the server's machine; there is no network to place them in."
_IDENTITY = "jobs run with a token of their own; there are no cloud identities."


def _settings(parser: ArgumentParser) -> None:
    parser.add_argument("--type", "-t", metavar="TYPE", help="amlcompute or computeinstance")
    parser.add_argument("--size", "-s", metavar="SIZE", help="machine size; see list-sizes")
    parser.add_argument("--tier", metavar="TIER", help="dedicated or low_priority")
    parser.add_argument("--description", metavar="TEXT", help="what it is for")
    parser.add_argument("--location", "-l", metavar="PLACE", help="kept with the compute")
    parser.add_argument("--idle-time-before-shutdown-minutes", type=int, metavar="MINUTES", help="of an instance")
    _scale(parser)
    parser.add_argument("--tags", nargs="+", action="extend", metavar="KEY=VALUE", help="its tags")
    _cloud_flags(parser)


def _scale(parser: ArgumentParser) -> None:
    parser.add_argument("--min-instances", type=int, metavar="N", help="nodes kept while idle")
    parser.add_argument("--max-instances", type=int, metavar="N", help="nodes at most; default 4")
    parser.add_argument("--idle-time-before-scale-down", type=int, metavar="SECONDS", help="until an idle node goes")


def _cloud_flags(parser: ArgumentParser) -> None:
    for flag in ("--vnet-name", "--subnet", "--enable-node-public-ip"):
        refuse(parser, flag, f"{flag}: {_NETWORK}")
    for flag in ("--identity-type", "--user-assigned-identities"):
        refuse(parser, flag, f"{flag}: {_IDENTITY}")
    for flag in ("--admin-username", "--admin-password", "--ssh-key-value", "--ssh-public-access-enabled"):
        refuse(parser, flag, f"{flag}: there is no SSH to nodes of Lapis.")


def _create(args: Namespace) -> None:
    from lapisml.cli.documents import submission

    made = _operations(args).begin_create_or_update(submission(args, "compute", (*_WORDS, *_NUMBERS)))
    show(args, made.result())


def _attach(args: Namespace) -> None:
    from lapisml.cli.documents import submission

    show(args, _operations(args).begin_attach(submission(args, "compute", (*_OF_ATTACHED, *_OF_LOGIN))).result())


def _detach(args: Namespace) -> None:
    flags.confirm(args, f"Detach compute '{args.name}'?")
    _operations(args).begin_delete(args.name, action="Detach", force=args.force)


def _attach_settings(parser: ArgumentParser) -> None:
    parser.add_argument("--type", "-t", metavar="TYPE", help="virtualmachine, slurm or ray")
    parser.add_argument("--resource-id", metavar="ID", help="Azure's id of the machine; ends in its host name")
    parser.add_argument("--description", metavar="TEXT", help="what it is for")
    parser.add_argument("--admin-username", metavar="USER", help="user to log in as")
    parser.add_argument("--admin-password", metavar="PASSWORD", help="password of the user; kept encrypted")
    parser.add_argument("--ssh-private-key-file", metavar="FILE", help="private key of the user; kept encrypted")
    parser.add_argument("--ssh-port", type=int, metavar="PORT", help="port of the SSH server")
    parser.add_argument("--tags", nargs="+", action="extend", metavar="KEY=VALUE", help="its tags")
    for flag in ("--identity-type", "--user-assigned-identities"):
        refuse(parser, flag, f"{flag}: {_IDENTITY}")
    refuse(parser, "--namespace", "--namespace: Kubernetes clusters can't be attached.")


def _force(parser: ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="end the jobs there first")


def _update(args: Namespace) -> None:
    from lapisml.cli.documents import edited

    found = _operations(args)
    record = found.get(args.name)
    changes = edited(args, record, flags.given(args, *_NUMBERS))
    show(args, found.change(args.name, changes) if changes else record)


def _list(args: Namespace) -> None:
    show(args, list(_operations(args).list(compute_type=args.type, max_results=args.max_results)), _COLUMNS)


def _delete(args: Namespace) -> None:
    flags.confirm(args, f"Delete compute '{args.name}'?")
    _operations(args).begin_delete(args.name)


def _turn(verb: str) -> Verb:
    def run(args: Namespace) -> None:
        getattr(_operations(args), f"begin_{verb}")(args.name)

    return Verb(f"{verb} a compute instance", run, (flags.name(), flags.no_wait, flags.scope))


def _list_type(parser: ArgumentParser) -> None:
    parser.add_argument("--type", "-t", metavar="TYPE", help="of this type only")


def _place(parser: ArgumentParser) -> None:
    parser.add_argument("--location", "-l", metavar="PLACE", help="accepted; there is one place")


def _operations(args: Namespace) -> ComputeOperations:
    from lapisml.sdk.operations.compute import ComputeOperations

    return ComputeOperations(open_session(args))


VERBS = {
    "create": Verb(
        "create a compute",
        _create,
        (flags.file(), flags.name(required=False), _settings, flags.sets, flags.no_wait, flags.scope),
    ),
    "show": Verb(
        "show a compute", lambda args: show(args, _operations(args).get(args.name)), (flags.name(), flags.scope)
    ),
    "list": Verb("list the computes", _list, (_list_type, flags.max_results, flags.scope)),
    "update": Verb(
        "change a compute",
        _update,
        (flags.name(), _scale, _cloud_flags, flags.edits, flags.file_for_update, flags.no_wait, flags.scope),
    ),
    "delete": Verb("delete a compute", _delete, (flags.name(), flags.yes, flags.no_wait, flags.scope)),
    "start": _turn("start"),
    "stop": _turn("stop"),
    "restart": _turn("restart"),
    "list-nodes": Verb(
        "list the nodes of a cluster and their jobs",
        lambda args: show(args, list(_operations(args).list_nodes(args.name))),
        (flags.name(), flags.scope),
    ),
    "list-sizes": Verb(
        "list the sizes of machine there are",
        lambda args: show(args, list(_operations(args).list_sizes())),
        (_list_type, _place, flags.scope),
    ),
    "list-usage": Verb(
        "show how much of each compute is in use",
        lambda args: show(args, list(_operations(args).list_usage())),
        (_place, flags.scope),
    ),
    "attach": Verb(
        "attach machines or a cluster",
        _attach,
        (flags.file(), flags.name(required=False), _attach_settings, flags.sets, flags.no_wait, flags.scope),
    ),
    "detach": Verb(
        "detach machines or a cluster; they are left as they are",
        _detach,
        (flags.name(), _force, flags.yes, flags.no_wait, flags.scope),
    ),
    "connect-ssh": refused("Lapis opens no terminal on nodes; log in with `ssh` where there is SSH."),
    "resize": refused("A compute instance of Lapis has the size of the server's machine."),
}


def run(words: Sequence[str]) -> int:
    """Run ``lapis compute words…``."""
    return run_noun("compute", "Computes: where jobs run. `local` and `serverless` are always there.", VERBS, words)
