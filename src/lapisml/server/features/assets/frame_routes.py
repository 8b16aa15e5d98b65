"""Native HTTP route of the profile of a table."""

from __future__ import annotations

from lapisml.server.features.assets.frames_wire import ProfileBody
from lapisml.server.features.assets.profiles import Profiles
from lapisml.server.features.workspaces.registries import PlaceFinder
from lapisml.server.platform.openapi import Json, answers
from lapisml.server.platform.routing import Routes


def router(profiles: Profiles, workspaces: PlaceFinder) -> Routes:
    """Make the route below ``/api/v1/workspaces/{ws}/content``."""
    routes = Routes(prefix="/api/v1/workspaces/{ws}/content", tags=["files"])

    @routes.get("/profile", response_model=None, openapi_extra=answers(ProfileBody))
    def get_profile(ws: str, uri: str, path: str = "") -> Json[ProfileBody]:
        """Describe the columns of a CSV, TSV, Parquet or JSON lines file, of a folder of them, or of an MLTable."""
        return Json(profiles.profile(workspaces.get(ws), uri, path))

    return routes
