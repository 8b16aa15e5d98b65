"""What each request does whose body is short: everything but uploads and downloads."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from lapisml.server.surfaces.blob import bodies, headers
from lapisml.server.surfaces.blob.blobs import Blobs
from lapisml.server.surfaces.blob.blocks import BlockLists, read_list
from lapisml.server.surfaces.blob.call import XML, BlobAnswer, BlobCall, http_date
from lapisml.server.surfaces.blob.containers import Container, Containers
from lapisml.server.surfaces.blob.errors import BlobError
from lapisml.server.surfaces.blob.listing import Listings
from lapisml.server.surfaces.blob.ranges import ByteRange

Handler = Callable[[BlobCall, bytes], BlobAnswer]
Key = tuple[str, str, str, str]
"""Method, whether it is for the account, a container or a blob, and the words ``restype`` and ``comp`` of the query."""


class BlobService:
    """Answers short requests; the methods block.

    Args:
        containers: finds containers.
        blobs, block_lists, listings: do the work.
    """

    def __init__(self, containers: Containers, blobs: Blobs, block_lists: BlockLists, listings: Listings) -> None:
        self._containers = containers
        self._blobs = blobs
        self._block_lists = block_lists
        self._listings = listings

    def routes(self) -> dict[Key, Handler]:
        """Give what answers which request."""
        described = {
            (verb, "container", "container", word): self._describe_container
            for verb in ("GET", "HEAD")
            for word in ("", "metadata")
        }
        return {
            ("HEAD", "blob", "", ""): self._describe,
            ("GET", "blob", "", "metadata"): self._metadata,
            ("HEAD", "blob", "", "metadata"): self._metadata,
            ("PUT", "blob", "", "metadata"): self._set_metadata,
            ("PUT", "blob", "", "properties"): self._set_properties,
            ("PUT", "blob", "", "blocklist"): self._commit,
            ("GET", "blob", "", "blocklist"): self._block_list,
            ("DELETE", "blob", "", ""): self._delete,
            ("GET", "container", "container", "list"): self._list,
            ("PUT", "container", "container", ""): self._create_container,
            ("DELETE", "container", "container", ""): self._delete_container,
            ("GET", "account", "", "list"): self._list_containers,
            **described,
        }

    def _container(self, call: BlobCall) -> Container:
        return self._containers.find(call.workspace, call.container)

    def _describe(self, call: BlobCall, _body: bytes) -> BlobAnswer:
        call.need("r")
        found = self._blobs.get(self._container(call), call.name, call.headers)
        return BlobAnswer(200, headers.described(found, ByteRange(0, found.content.size, True)))

    def _metadata(self, call: BlobCall, _body: bytes) -> BlobAnswer:
        call.need("r")
        found = self._blobs.get(self._container(call), call.name, call.headers)
        return BlobAnswer(200, headers.metadata(found))

    def _set_metadata(self, call: BlobCall, _body: bytes) -> BlobAnswer:
        call.need("w")
        found = self._blobs.change(self._container(call), call.name, call.headers, metadata=call.metadata())
        return BlobAnswer(200, headers.changed(found))

    def _set_properties(self, call: BlobCall, _body: bytes) -> BlobAnswer:
        call.need("w")
        found = self._blobs.change(self._container(call), call.name, call.headers, properties=call.properties())
        return BlobAnswer(200, headers.changed(found))

    def _commit(self, call: BlobCall, body: bytes) -> BlobAnswer:
        call.need("w", "c")
        container = self._container(call)
        checked = bodies.check_short(call, body)
        found = self._block_lists.commit(container, call, read_list(body))
        return BlobAnswer(201, headers.changed(found) + checked)

    def _block_list(self, call: BlobCall, _body: bytes) -> BlobAnswer:
        call.need("r")
        kind = call.query.get("blocklisttype", "committed").lower()
        found, body = self._block_lists.describe(self._container(call), call.name, kind)
        given = headers.metadata(found)[:2] if found is not None else []
        size = [("x-ms-blob-content-length", str(found.content.size))] if found is not None else []
        return BlobAnswer(200, [XML, *given, *size], body)

    def _delete(self, call: BlobCall, _body: bytes) -> BlobAnswer:
        call.need("d")
        self._blobs.delete(self._container(call), call.name, call.headers)
        return BlobAnswer(202, [("x-ms-delete-type-permanent", "true")])

    def _list(self, call: BlobCall, _body: bytes) -> BlobAnswer:
        call.need("l")
        return BlobAnswer(200, [XML], self._listings.page(self._container(call), call))

    def _describe_container(self, call: BlobCall, _body: bytes) -> BlobAnswer:
        call.need("r", "l")
        container = self._container(call)
        found = [
            ("ETag", f'"0x{container.changed_at:x}"'),
            ("Last-Modified", http_date(container.changed_at)),
            ("x-ms-lease-status", "unlocked"),
            ("x-ms-lease-state", "available"),
            ("x-ms-has-immutability-policy", "false"),
            ("x-ms-has-legal-hold", "false"),
        ]
        return BlobAnswer(200, found)

    def _create_container(self, call: BlobCall, _body: bytes) -> BlobAnswer:
        call.need("c", "w")
        self._container(call)
        raise BlobError("ContainerAlreadyExists", "The specified container already exists: it is a datastore.")

    def _delete_container(self, call: BlobCall, _body: bytes) -> BlobAnswer:
        self._container(call)
        raise BlobError("OperationNotAllowed", "A container is a datastore here: delete that, its files stay.")

    def _list_containers(self, call: BlobCall, _body: bytes) -> BlobAnswer:
        call.need("l")
        prefix = call.query.get("prefix", "")
        if call.query.get("marker"):
            raise BlobError("InvalidQueryParameterValue", "The marker is not one of this server's.")
        found = [name for name in self._containers.names(call.workspace) if name.startswith(prefix)]
        items = "".join(f"<Container><Name>{escape(n)}</Name><Properties></Properties></Container>" for n in found)
        body = f'<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Containers>{items}</Containers>'
        return BlobAnswer(200, [XML], f"{body}<NextMarker></NextMarker></EnumerationResults>".encode())
