"""Headers of answers that describe a blob."""

from __future__ import annotations

from lapisml.server.surfaces.blob.blobs import Blob
from lapisml.server.surfaces.blob.call import META, http_date
from lapisml.server.surfaces.blob.ranges import ByteRange

Headers = list[tuple[str, str]]


def changed(blob: Blob) -> Headers:
    """Give what every answer to a change says."""
    return [
        ("ETag", blob.etag),
        ("Last-Modified", http_date(blob.last_modified)),
        ("x-ms-request-server-encrypted", "false"),
    ]


def metadata(blob: Blob) -> Headers:
    """Give the metadata, with what it belongs to."""
    pairs = [(META + key, value) for key, value in blob.record.metadata.items()]
    return [("ETag", blob.etag), ("Last-Modified", http_date(blob.last_modified)), *pairs]


def described(blob: Blob, part: ByteRange) -> Headers:
    """Give everything about a blob, for an answer with `part` of its content, or for none."""
    kept = dict(blob.record.properties)
    whole_md5 = kept.pop("content-md5", "")
    headers = [
        ("Content-Type", kept.pop("content-type", "application/octet-stream")),
        ("Content-Length", str(part.length)),
        ("Accept-Ranges", "bytes"),
        ("x-ms-blob-type", "BlockBlob"),
        ("x-ms-creation-time", http_date(blob.content.modified_at)),
        ("x-ms-lease-status", "unlocked"),
        ("x-ms-lease-state", "available"),
        ("x-ms-server-encrypted", "false"),
        *((name.title(), value) for name, value in kept.items()),
        *metadata(blob),
    ]
    if not part.is_whole:
        headers.append(("Content-Range", part.content_range(blob.content.size)))
    if whole_md5:
        headers.append(("Content-MD5" if part.is_whole else "x-ms-blob-content-md5", whole_md5))
    return headers
