"""What users write: one model for each kind of document, references, expressions, and errors that point.

The names below are loaded on first use, so that importing this package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lapisml.documents.base import Document
    from lapisml.documents.loading import LoadedDocument, load_dict, load_document
    from lapisml.documents.merge import SetOp, SetOps, apply_ops, parse_ops
    from lapisml.documents.registry import KINDS, parse, schema
    from lapisml.documents.source import SourceMap

__all__ = [
    "KINDS", "Document", "LoadedDocument", "SetOp", "SetOps", "SourceMap", "apply_ops", "load_dict", "load_document",
    "parse", "parse_ops", "schema",
]  # fmt: skip

_HOMES = {
    "Document": "base",
    "KINDS": "registry",
    "LoadedDocument": "loading",
    "SetOp": "merge",
    "SetOps": "merge",
    "SourceMap": "source",
    "apply_ops": "merge",
    "load_dict": "loading",
    "load_document": "loading",
    "parse": "registry",
    "parse_ops": "merge",
    "schema": "registry",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _HOMES:
        return getattr(import_module(f"lapisml.documents.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'lapisml.documents' has no attribute {name!r}")
