"""From a deployment's document to what runs it, as local files: model, code, environment."""

from __future__ import annotations

import copy
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.snapshots import blob_path, manifest_path
from lapisml.documents.local_paths import local_text
from lapisml.documents.references import AssetRef, CodeRef, DatastoreUri, parse
from lapisml.sdk.records import reference_of
from lapisml.sdk.session import Session
from lapisml.sdk.uploads import read_content

_CURATED = "azureml"  # the registry of curated environments
_MLMODEL = "MLmodel"


@dataclass(frozen=True)
class Model:
    """A model on this machine.

    Attributes:
        path: its file or folder.
        name: what it is called: ``name:version`` of a registered one, else the name of its file or folder.
    """

    path: Path
    name: str

    @property
    def is_mlflow(self) -> bool:
        """Whether MLflow can load it without code."""
        return (self.path / _MLMODEL).is_file()


class Materials:
    """Finds, or fetches, what a deployment needs.

    Args:
        root: folder that keeps what is fetched, and the code.
        session: the workspace, for what is registered there; it is asked for that only.
    """

    def __init__(self, root: Path, session: Session | None) -> None:
        self._root = root
        self._session = session

    @property
    def snapshots(self) -> Path:
        """The snapshot store that the runner takes code from."""
        return self._root / "snapshots"

    def model(self, given: Any) -> Model | None:
        """Find the model: a local path, a registered model, an address of a datastore or of a job's output.

        Raises:
            LapisError: ReferenceNotFound, NotFound; whatever keeps a registered one from being fetched.
        """
        if given is None:
            return None
        path = str(given.get("path") if isinstance(given, dict) else given)
        local = local_text(path) if isinstance(given, dict) else None
        if local is None and not isinstance(given, dict) and Path(path).is_absolute():
            local = path
        if local is not None:
            place = Path(local).expanduser().resolve()
            if not place.exists():
                raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, f"There is no model at '{place}'.")
            return Model(place, place.name)
        reference = parse(path, None if isinstance(given, dict) else "model")
        if isinstance(reference, AssetRef):
            return self._registered(reference)
        return Model(self._fetched(path, path), path.rstrip("/").rpartition("/")[2] or "model")

    def code(self, given: Any) -> str | None:
        """Keep a folder of code as a snapshot and return its digest; None without code.

        Raises:
            LapisError: ReferenceNotFound for a folder that is not there; NotSupported for code at the server.
        """
        folder = (given or {}).get("code")
        if folder is None:
            return None
        if local_text(folder) is None and isinstance(parse(str(folder)), CodeRef | DatastoreUri):
            hint = "Name the folder on this machine: --set code_configuration.code=…"
            raise LapisError(ErrorCode.NOT_SUPPORTED, "A local deployment needs its code on this machine.", hint)
        content = read_content(Path(str(local_text(folder) or folder)))
        for file in content.manifest.files:
            _keep(content.places[file.sha256], Path(blob_path(str(self.snapshots), file.sha256)))
        digest = content.manifest.digest()
        _write(Path(manifest_path(str(self.snapshots), digest)), _text(content.manifest.to_dict()))
        return digest

    def environment(self, given: Any, model: Model | None) -> dict[str, Any]:
        """Give the environment as a document without references.

        Args:
            given: the document's; None means the one that the model brings along.
            model: the deployment's model.

        Raises:
            LapisError: DocumentInvalid when nothing says what is needed; NotFound.
        """
        if given is not None:
            named = copy.deepcopy(given) if isinstance(given, dict) else self._named_environment(str(given))
            return _without_context_elsewhere(named)
        found = _own_environment(model.path) if model is not None else None
        if found is None:
            sentence = "Nothing says what environment the deployment needs: the model brings none along."
            raise LapisError(ErrorCode.DOCUMENT_INVALID, sentence, "Give it an `environment`.")
        return found

    def _named_environment(self, given: str) -> dict[str, Any]:
        """Look an environment up: a curated name first, then the workspace's."""
        from lapisml.backends.registry import load_backend

        reference = parse(given, "environment")
        if not isinstance(reference, AssetRef):
            raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, f"'{given}' is not an environment.")
        extra = os.environ.get("LAPIS_CATALOGUE_FILE")
        catalogue = load_backend("catalogue", "files")(Path(extra) if extra else None)
        is_curated = reference.registry in (None, _CURATED)
        curated: dict[str, Any] | None = catalogue.lookup(reference.name, reference.version) if is_curated else None
        if curated is not None:
            return curated
        version = ("versions", reference.version) if reference.version else ("labels", reference.label or "latest")
        session = self._workspace(f"environment '{reference.name}'").of_registry(reference.registry)
        found: dict[str, Any] = session.transport.get(session.path("environments", reference.name, *version))
        return found

    def _registered(self, reference: AssetRef) -> Model:
        session = self._workspace(f"model '{reference.name}'").of_registry(reference.registry)
        version = ("versions", reference.version) if reference.version else ("labels", reference.label or "latest")
        record = session.transport.get(session.path("models", reference.name, *version))
        return Model(self._fetched(str(record["path"]), reference_of(record)), f"{record['name']}:{record['version']}")

    def _fetched(self, address: str, what: str) -> Path:
        """Bring what an address leads to here, once; return its place, under its own name."""
        import hashlib

        from lapisml.sdk.downloads import download_tree

        session = self._workspace(f"'{what}'")
        mark = hashlib.sha256(f"{session.workspace}\n{address}".encode()).hexdigest()[:16]
        name = address.rstrip("/").rpartition("/")[2] or "model"
        folder = self._root / "models" / mark
        if not folder.exists():
            unfinished = folder.with_name(f".{mark}.{os.getpid()}")
            files = download_tree(session, address, unfinished / name)
            if [file.name for file in files] == [name]:  # a single file lies in a folder of its own name
                files[0].replace(unfinished / f".{name}")
                shutil.rmtree(unfinished / name)
                (unfinished / f".{name}").replace(unfinished / name)
            unfinished.replace(folder)
        return folder / name

    def _workspace(self, what: str) -> Session:
        if self._session is None:
            raise LapisError(ErrorCode.NOT_SUPPORTED, f"There is no workspace to take {what} from.")
        return self._session


def _without_context_elsewhere(environment: dict[str, Any]) -> dict[str, Any]:
    """Refuse a build context that lies at the server."""
    path = (environment.get("build") or {}).get("path")
    if path is not None and local_text(path) is None:
        hint = "Give the environment in the document, with the folder of its build context."
        raise LapisError(ErrorCode.NOT_SUPPORTED, "A local deployment needs its build context on this machine.", hint)
    return environment


def _own_environment(model: Path) -> dict[str, Any] | None:
    """Read the environment that an MLflow model brings along; see https://mlflow.org/docs/latest/ml/model/dependencies/."""
    conda = _mapping(model / "conda.yaml")
    if conda.get("dependencies"):
        return {"conda_file": conda}
    lines = _lines(model / "requirements.txt")
    if not lines:
        return None
    python = _mapping(model / "python_env.yaml").get("python")
    if not isinstance(python, str):
        return {"requirements": lines}
    return {"conda_file": {"dependencies": [f"python={python}", "pip", {"pip": lines}]}}


def _mapping(path: Path) -> dict[str, Any]:
    from lapisml.documents.files import read_yaml
    from lapisml.documents.source import plain

    found = plain(read_yaml(path, str(path))[1]) if path.is_file() else None
    return found if isinstance(found, dict) else {}


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        return []
    lines = (line.strip() for line in path.read_text("utf-8", "replace").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _keep(source: Path, target: Path) -> None:
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    shutil.copyfile(source, temporary)
    temporary.replace(target)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _text(manifest: dict[str, Any]) -> str:
    import json

    return json.dumps(manifest)
