"""One module per kind of document; `lapisml.documents.registry` finds them by name."""
