"""``az storage``: blobs of the workspace's datastores; a container is a datastore, the account is the workspace's."""

from __future__ import annotations

from argparse import Namespace
from base64 import b64encode
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from lapisml.azshim.blobs import Blob, Container
from lapisml.azshim.config import default_of
from lapisml.azshim.shared import GROUP, accepted, command, first_workspace, flag, note, subscription
from lapisml.cli.context import open_session
from lapisml.cli.parsing import Verb
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.discovery import home_folder

_NO_KEY = b64encode(b"a Lapis server has no account keys").decode()
"""What is given where a script asks for an account's key: it opens nothing, and nothing needs it."""

_DEFAULT_CONTAINER = "azureml-blobstore-"
"""What the name of a cloud workspace's default container begins with."""


def _container(args: Namespace, name: str) -> Container:
    session = open_session(args, default_of("workspace", home_folder()))
    stores = list(session.pages(session.path("datastores")))
    for fits in (_is_named, _is_container_of, _is_default):
        for store in stores:
            if fits(store, name):
                return Container(session.transport.address, session.workspace, str(store["name"]))
    known = ", ".join(str(store["name"]) for store in stores)
    sentence = f"(ContainerNotFound) There is no datastore '{name}' in workspace '{session.workspace}'."
    raise LapisError(ErrorCode.NOT_FOUND, sentence, f"A container is a datastore; there are: {known}.")


def _is_named(store: dict[str, Any], name: str) -> bool:
    return bool(store["name"] == name)


def _is_container_of(store: dict[str, Any], name: str) -> bool:
    return name in (store.get("container_name"), store.get("filesystem"), store.get("file_share_name"))


def _is_default(store: dict[str, Any], name: str) -> bool:
    return bool(store.get("is_default")) and name.startswith(_DEFAULT_CONTAINER)


def _upload(args: Namespace) -> dict[str, Any]:
    file = _local_file(args.file)
    blob = _container(args, args.container_name).upload(file, args.name or file.name, args.overwrite)
    return {"client_request_id": None, "content_md5": None, "etag": blob.etag, "lastModified": blob.last_modified}


def _local_file(text: str) -> Path:
    file = Path(text)
    if not file.is_file():
        raise LapisError(ErrorCode.USAGE, f"There is no file '{file}'.")
    return file


def _upload_batch(args: Namespace) -> list[dict[str, Any]]:
    source = Path(args.source)
    if not source.is_dir():
        raise LapisError(ErrorCode.USAGE, f"There is no folder '{source}'.")
    name, _, below = args.destination.strip("/").partition("/")
    container = _container(args, name)
    prefix = "/".join(part.strip("/") for part in (below, args.destination_path or "") if part.strip("/"))
    found = []
    for file in sorted(path for path in source.rglob("*") if path.is_file()):
        relative = file.relative_to(source).as_posix()
        if not _matches(relative, args.pattern):
            continue
        blob_name = f"{prefix}/{relative}" if prefix else relative
        if args.dryrun:
            note(args, f"would upload {file} to {container.url}/{blob_name}")
            continue
        found.append(_uploaded(container, container.upload(file, blob_name, args.overwrite)))
    return found


def _uploaded(container: Container, blob: Blob) -> dict[str, Any]:
    address = f"{container.url}/{blob.name}"
    return {"Blob": address, "Last Modified": blob.last_modified, "Type": blob.content_type, "eTag": blob.etag}


def _matches(name: str, pattern: str | None) -> bool:
    return pattern is None or fnmatch(name, pattern)


def _download(args: Namespace) -> dict[str, Any]:
    file = Path(args.file or args.name.rpartition("/")[2])
    container = _container(args, args.container_name)
    return _record(container, container.download(args.name, file))


def _download_batch(args: Namespace) -> list[str]:
    name, _, below = args.source.strip("/").partition("/")
    container, target = _container(args, name), Path(args.destination)
    if not target.is_dir():
        raise LapisError(ErrorCode.USAGE, f"There is no folder '{target}'.")
    found = []
    for blob in container.blobs(f"{below}/" if below else ""):
        file = target / blob.name
        if ".." in Path(blob.name).parts or Path(blob.name).is_absolute() or not _matches(blob.name, args.pattern):
            continue
        if not args.overwrite and file.exists():
            raise LapisError(ErrorCode.ALREADY_EXISTS, f"'{file}' is there already.", "Add --overwrite.")
        container.download(blob.name, file)
        found.append(blob.name)
    return found


def _list(args: Namespace) -> list[dict[str, Any]]:
    container = _container(args, args.container_name)
    limit = None if args.num_results in (None, "*") else int(args.num_results)
    return [_record(container, blob) for blob in container.blobs(args.prefix or "", limit)]


def _show(args: Namespace) -> dict[str, Any]:
    container = _container(args, args.container_name)
    return _record(container, container.head(args.name))


def _exists(args: Namespace) -> dict[str, bool]:
    try:
        _container(args, args.container_name).head(args.name)
    except LapisError as error:
        if error.code is not ErrorCode.NOT_FOUND:
            raise
        return {"exists": False}
    return {"exists": True}


def _delete(args: Namespace) -> None:
    _container(args, args.container_name).delete(args.name)


def _record(container: Container, blob: Blob) -> dict[str, Any]:
    return {
        "container": container.name,
        "name": blob.name,
        "properties": {
            "blobType": "BlockBlob",
            "contentLength": blob.size,
            "contentSettings": {"contentType": blob.content_type},
            "etag": blob.etag,
            "lastModified": blob.last_modified,
        },
    }


def _account(args: Namespace) -> dict[str, Any]:
    workspace = first_workspace(args) or {}
    group = args.resource_group or workspace.get("resource_group") or "lapis"
    base = f"/subscriptions/{subscription(args)['id']}/resourceGroups/{group}"
    return {
        "id": f"{base}/providers/Microsoft.Storage/storageAccounts/{args.name}",
        "kind": "StorageV2",
        "location": workspace.get("location") or "local",
        "name": args.name,
        "provisioningState": "Succeeded",
        "resourceGroup": group,
        "type": "Microsoft.Storage/storageAccounts",
    }


def _keys(args: Namespace) -> list[dict[str, str]]:
    note(args, "A Lapis server has no account keys; 'az storage' takes this stand-in and does not use it.")
    return [{"keyName": f"key{number}", "permissions": "FULL", "value": _NO_KEY} for number in (1, 2)]


_LOGIN = accepted(
    "--account-name", "--account-key", "--connection-string", "--sas-token", "--auth-mode", "--blob-endpoint"
)
_TUNING = accepted("--max-connections", "--timeout", "--no-progress", "--type/-t", "--tier", "--socket-timeout")
_CONTAINER = flag("--container-name", "-c", required=True, metavar="NAME", help="the datastore")
_OVERWRITE = flag(
    "--overwrite", nargs="?", const=True, default=False, type=lambda text: text.lower() == "true",
    metavar="true|false", help="replace what is there",
)  # fmt: skip
_PATTERN = flag("--pattern", metavar="GLOB", help="only those that match")
_NAME = flag("--name", "-n", required=True, metavar="NAME", help="path of the blob")
_ACCOUNT = flag("--name", "--account-name", "-n", dest="name", required=True, metavar="NAME", help="the account")

COMMANDS: dict[str, Verb] = {
    "storage blob upload": command(
        "send a file", _upload, flag("--container-name", "-c", required=True, metavar="NAME", help="the datastore"),
        flag("--file", "-f", required=True, metavar="FILE", help="the file"),
        flag("--name", "-n", metavar="NAME", help="path of the blob; the file's name when left out"),
        _OVERWRITE, _LOGIN, _TUNING,
    ),
    "storage blob upload-batch": command(
        "send a folder", _upload_batch, flag("--source", "-s", required=True, metavar="FOLDER", help="the folder"),
        flag("--destination", "-d", required=True, metavar="NAME[/PATH]", help="the datastore"),
        flag("--destination-path", metavar="PATH", help="a path within it"),
        flag("--dryrun", action="store_true", help="say what would be sent"), _PATTERN, _OVERWRITE, _LOGIN, _TUNING,
    ),
    "storage blob download": command(
        "fetch a file", _download, _CONTAINER, _NAME, flag("--file", "-f", metavar="FILE", help="where to"),
        _LOGIN, _TUNING,
    ),
    "storage blob download-batch": command(
        "fetch a folder", _download_batch,
        flag("--source", "-s", required=True, metavar="NAME[/PATH]", help="the datastore"),
        flag("--destination", "-d", required=True, metavar="FOLDER", help="a folder that is there"),
        _PATTERN, _OVERWRITE, _LOGIN, _TUNING,
    ),
    "storage blob list": command(
        "list blobs", _list, _CONTAINER, flag("--prefix", metavar="TEXT", help="those whose names begin so"),
        flag("--num-results", metavar="N", help="at most N; * for all"), _LOGIN, _TUNING,
    ),
    "storage blob show": command("show a blob", _show, _CONTAINER, _NAME, _LOGIN),
    "storage blob exists": command("say whether a blob is there", _exists, _CONTAINER, _NAME, _LOGIN),
    "storage blob delete": command("delete a blob", _delete, _CONTAINER, _NAME, _LOGIN),
    "storage account show": command("show the account of a workspace", _account, _ACCOUNT, GROUP),
    "storage account keys list": command(
        "give stand-ins for keys", _keys, _ACCOUNT, GROUP, accepted("--expand-key-type")
    ),
}  # fmt: skip
