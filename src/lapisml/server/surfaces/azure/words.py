"""Which paths belong to this surface; known from the start, before anything of the surface is loaded."""

WORDS = frozenset(
    {
        "subscriptions",
        "providers",
        "tenants",
        "metadata",
        "msi",
        "registrymanagement",
        "history",
        "data",
        "modelregistry",
        "mferp",
        "joblogs",
    }
)
"""First words of paths that belong to the Azure surface; letter case is ignored."""

OPEN_WORDS = frozenset({"metadata", "msi", "joblogs"})
"""Those that need no bearer token; the last one's addresses are signed."""
