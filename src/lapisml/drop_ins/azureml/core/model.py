"""Registered models, over MLflow's protocol."""

from __future__ import annotations

import os
import tempfile
from typing import Any, Dict, Iterator, List, Mapping, Optional

from .._lapis import rest
from .._lapis.missing import not_offered
from .workspace import Workspace

_MODEL_DIR = "AZUREML_MODEL_DIR"


class Model:
    """A version of a registered model.

    Args:
        workspace: the job's.
        name: its name.
        id: ``name:version`` in place of name and version.
        version: the newest when left out.

    Raises:
        TrackingError: there is no such model (``RESOURCE_DOES_NOT_EXIST``).
    """

    def __init__(
        self,
        workspace: Optional[Workspace] = None,
        name: Optional[str] = None,
        id: Optional[str] = None,  # noqa: A002 - the name that scripts use
        version: Any = None,
        **_: Any,
    ) -> None:
        if id is not None:
            name, _colon, version = id.partition(":")
        if not name:
            raise ValueError("Model needs a name or an id")
        record = _version(name, None if version in (None, "") else str(version))
        self.workspace = workspace or Workspace()
        self.name = name
        self.version = int(record["version"]) if str(record["version"]).isdigit() else record["version"]
        self.id = f"{name}:{self.version}"
        self.description = record.get("description") or ""
        self.run_id = record.get("run_id") or None
        self._file = str(record.get("source") or "").rstrip("/").rpartition("/")[2] or name
        self.tags = {str(one["key"]): str(one["value"]) for one in record.get("tags") or []}

    @staticmethod
    def get_model_path(model_name: str, version: Any = None, _workspace: Any = None) -> str:
        """Give the path of a model: the deployment's own below AZUREML_MODEL_DIR, in a job a copy that is fetched.

        Raises:
            TrackingError: there is no such model.
        """
        mounted = _mounted(model_name)
        if mounted is not None:
            return mounted
        model = Model(None, model_name, version=version)
        target = os.path.join(tempfile.gettempdir(), "azureml-models", model.name, str(model.version))
        return model.download(target, exist_ok=True)

    @staticmethod
    def list(
        workspace: Optional[Workspace] = None, name: Optional[str] = None, latest: bool = False, **_: Any
    ) -> List[Model]:
        """List versions of models, newest first; with `latest` one of each name."""
        found = [Model(workspace, str(r["name"]), version=r["version"]) for r in _search(name)]
        if not latest:
            return found
        newest: Dict[str, Model] = {}
        for one in found:
            newest.setdefault(one.name, one)
        return [*newest.values()]

    @staticmethod
    def register(
        workspace: Workspace,
        model_path: str,
        model_name: str,
        tags: Optional[Mapping[str, Any]] = None,
        properties: Optional[Mapping[str, Any]] = None,
        description: Optional[str] = None,
        **_: Any,
    ) -> Model:
        """Register a local file or folder as a version of a model; it becomes an artifact of the job's run."""
        from .run import Run

        run = Run.get_context(allow_offline=False)
        below = f"{model_name}/{os.path.basename(os.path.normpath(model_path))}"
        if os.path.isdir(model_path):
            run.upload_folder(below, model_path)
        else:
            run.upload_file(below, model_path)
        made: Model = run.register_model(model_name, below, tags, properties, description)
        made.workspace = workspace
        return made

    def download(self, target_dir: str = ".", exist_ok: bool = False, **_: Any) -> str:
        """Fetch its files into a folder and return the path of the one file or folder that it holds.

        Raises:
            FileExistsError: one of the files is there already, and `exist_ok` is false.
        """
        uri = str(
            rest.call("GET", "model-versions/get-download-uri", name=self.name, version=str(self.version))[
                "artifact_uri"
            ]
        )
        names = list(rest.listed(uri))
        for name in names or [""]:  # a model that is one file has no list
            file = os.path.join(target_dir, name or self._file)
            if os.path.exists(file) and not exist_ok:
                raise FileExistsError(f"{file} is there already: give exist_ok=True")
            rest.download(uri, name, file)
        return _only(target_dir)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        instead = "deploy models with `lapis online-deployment create`; mlflow.MlflowClient() works on versions"
        raise AttributeError(str(not_offered(f"Model.{name}", instead)))

    def __repr__(self) -> str:
        return f"Model(name={self.name}, id={self.id}, version={self.version})"


def registered(
    workspace: Workspace,
    name: str,
    source: str,
    run_id: Optional[str],
    tags: Mapping[str, str],
    description: Optional[str],
) -> Model:
    """Make a version of a registered model from what lies at `source`."""
    try:
        rest.call("POST", "registered-models/create", {"name": name})
    except rest.TrackingError as error:
        if error.code != "RESOURCE_ALREADY_EXISTS":
            raise
    body: Dict[str, Any] = {"name": name, "source": source, "run_id": run_id, "description": description or ""}
    body["tags"] = [{"key": key, "value": value} for key, value in tags.items()]
    made = rest.call("POST", "model-versions/create", body)["model_version"]
    return Model(workspace, name, version=made["version"])


def _version(name: str, version: Optional[str]) -> Dict[str, Any]:
    if version is not None:
        return dict(rest.call("GET", "model-versions/get", name=name, version=version)["model_version"])
    for found in _search(name):
        return found
    raise rest.TrackingError("RESOURCE_DOES_NOT_EXIST", f"there is no registered model '{name}'")


def _search(name: Optional[str]) -> Iterator[Dict[str, Any]]:
    """Yield versions, those of a name newest first."""
    query: Dict[str, Any] = {"max_results": 1000, "order_by": ["name ASC", "version_number DESC"]}
    if name is not None:
        quoted = name.replace("'", "\\'")
        query["filter"] = f"name='{quoted}'"
    while True:
        answer = rest.call("GET", "model-versions/search", **query)
        yield from (dict(one) for one in answer.get("model_versions") or [])
        token = answer.get("next_page_token")
        if not token:
            return
        query["page_token"] = token


def _mounted(name: str) -> Optional[str]:
    folder = os.environ.get(_MODEL_DIR)
    if not folder or not os.path.isdir(folder):
        return None
    named = os.path.join(folder, name)
    return named if os.path.exists(named) else _only(folder)


def _only(folder: str) -> str:
    """Give the one file or folder in a folder; the folder itself when there are several."""
    names = sorted(os.listdir(folder))
    return os.path.join(folder, names[0]) if len(names) == 1 else folder
