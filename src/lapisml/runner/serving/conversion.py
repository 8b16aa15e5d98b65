"""The helper that makes a model's faster form; run by `lapisml.runner.serving.accelerating`, in Lapis's own Python.

Reads a request from stdin and writes JSON lines: ``{"log": line}``; last ``{"folder", "ready"}`` (the folder with
``report.json``, and the environment that can serve what it describes, None for the model's own) or ``{"error"}``.

What is made is kept below ``<home>/accelerated/<key>``. The key is the content of the model, its environment and this
release, so a second deployment of the same model waits for the first one's work and takes it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lapisml.core.errors import LapisError
from lapisml.ports.environments import BuiltEnvironment, EnvironmentBuilder, EnvironmentDefinition
from lapisml.runner import durable
from lapisml.runner.overlay import overlay
from lapisml.runner.stage import load
from lapisml.scoring import lapis_scoring

PACKAGES = ("onnx", "onnxruntime", "skl2onnx")
"""What the model's environment needs besides itself."""

_SCORING = Path(lapis_scoring.__file__).parent.parent
_STARTER = (
    "import sys; sys.path.insert(0, sys.argv[1]); from lapis_scoring.accelerate.main import main; "
    "del sys.path[0]; main(sys.argv[2])"
)
_FLAVOURS = ("sklearn", "lightgbm", "xgboost")
_WITHIN_S = 900.0
_KEPT_S = 30 * 86_400.0
_NICE = 5
_REPORT, _READY, _MODEL = "report.json", "environment.json", "model.onnx"


class _RefusedError(Exception):
    """There is no faster form; the text says why."""


def main() -> None:
    """Make the faster form of the model that the request names."""
    os.nice(_NICE)  # the replicas that answer come first
    asked = json.load(sys.stdin)
    try:
        _say(_made(asked))
    except (_RefusedError, LapisError) as error:
        _say({"error": str(error)})
    except (OSError, ValueError) as error:
        _say({"error": f"{type(error).__name__}: {error}"})


def _made(asked: Mapping[str, Any]) -> dict[str, Any]:
    _check_flavour(Path(asked["model_path"]))
    root = Path(asked["cache"])
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    _prune(root)
    folder = root / _key(asked)
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.utime(folder)
        found = _found(folder)
        if found is None:
            ready = _environment(asked)
            _convert(asked, folder, ready)
            durable.write_json(str(folder / _READY), ready)
            found = ready
    return {"folder": str(folder), "ready": found or None}


def _check_flavour(model: Path) -> None:
    """Refuse what no converter knows, before anything is built for it."""
    import yaml  # only this helper pays for it

    try:
        said = yaml.safe_load((model / "MLmodel").read_bytes())
        flavours = set(said["flavors"])
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise _RefusedError("its MLmodel file can't be read") from error
    if not flavours & set(_FLAVOURS):
        other = ", ".join(sorted(flavours - {"python_function"})) or "python_function"
        raise _RefusedError(f"models of flavour {other} are served as they are")


def _key(asked: Mapping[str, Any]) -> str:
    digest = hashlib.sha256()
    environment = asked["environment"]
    digest.update(f"{environment['key'] if environment else asked['python']}\n".encode())
    for root in (Path(asked["model_path"]), _SCORING / "lapis_scoring" / "accelerate"):
        for path in _files(root):
            digest.update(f"{path.relative_to(root)}\0{path.stat().st_size}\0".encode())
            with path.open("rb") as file:
                while part := file.read(1 << 20):
                    digest.update(part)
    return digest.hexdigest()[:32]


def _files(root: Path) -> Iterator[Path]:
    real = root.resolve()
    return iter(
        sorted(root / p.relative_to(real) for p in real.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    )


def _found(folder: Path) -> dict[str, Any] | None:
    """Return the environment of what was made before; None when nothing was, or its environment is gone."""
    ready = durable.read_json(str(folder / _READY))
    report = durable.read_json(str(folder / _REPORT))
    if not isinstance(ready, dict) or not isinstance(report, dict):
        return None
    if report.get("accelerated") and not (folder / _MODEL).exists():
        return None
    return ready if not ready or os.path.exists(str(ready.get("python"))) else None


def _environment(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of the derived environment's ``ready.json``; empty for Lapis's own Python."""
    wanted = asked["environment"]
    if wanted is None:
        return {}
    builder: EnvironmentBuilder = load(wanted["builder"])(**wanted["options"])
    ready = durable.read_json(os.path.join(wanted["root"], wanted["key"], "ready.json"))
    definition = EnvironmentDefinition.from_json(pinned(wanted["definition"], ready) or derived(wanted["definition"]))
    try:
        built: BuiltEnvironment = builder.build(definition, lambda line: _say({"log": line}))
    except LapisError as error:
        raise _RefusedError(f"its environment can't be had together with the converters: {error.message}") from error
    return built.to_json()


def pinned(definition: Mapping[str, Any], ready: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the definition of an environment with exactly what a built one holds, and the converters.

    The graph is compared with the model as it answers today, so it must not get other versions beside the converters
    than it has without them.

    Args:
        definition: of the environment that was built.
        ready: the content of its ``ready.json``.

    Returns:
        None when there is no lock to go by: nothing was built (resolution ``host``), or its files are gone.
    """
    if definition.get("resolution") == "host" or ready is None:
        return None
    try:
        lines = Path(ready["lock"]).read_text(encoding="utf-8").splitlines()
        series = ".".join(str(ready["python_version"]).split(".")[:2])
    except (OSError, KeyError):
        return None
    locked = [line.rstrip(" \\") for line in lines if line and not line.startswith((" ", "#", "-"))]
    options = [line for line in _pip_lines(definition) if line.startswith("--")]
    plain = {"name": f"{definition.get('name') or 'model'} with converters", "version": None, "folder": None}
    dependencies = [f"python={series}", "pip", {"pip": [*options, *locked, *PACKAGES]}]
    absent = {"image": None, "requirements": None, "build": None}
    return {**definition, **plain, **absent, "conda": {"dependencies": dependencies}}


def _pip_lines(definition: Mapping[str, Any]) -> list[str]:
    found = [str(line) for line in definition.get("requirements") or ()]
    for entry in (definition.get("conda") or {}).get("dependencies") or ():
        if isinstance(entry, Mapping):
            found += [str(line) for line in entry.get("pip") or ()]
    return [line.strip() for line in found]


def derived(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return an environment's definition (`EnvironmentDefinition.to_json`) with the converters added."""
    conda, requirements = definition.get("conda"), definition.get("requirements")
    found = {**definition, "name": f"{definition.get('name') or 'model'} with converters", "version": None}
    if conda is None:
        return {**found, "requirements": [*(requirements or ()), *PACKAGES]}
    listed = list(conda.get("dependencies") or ())
    for index, entry in enumerate(listed):
        if isinstance(entry, Mapping) and "pip" in entry:
            listed[index] = {**entry, "pip": [*(entry["pip"] or ()), *PACKAGES]}
            break
    else:
        names = [str(entry).split("=")[0].strip(" <>!~") for entry in listed if isinstance(entry, str)]
        listed += [*([] if "pip" in names else ["pip"]), {"pip": list(PACKAGES)}]
    return {**found, "conda": {**conda, "dependencies": listed}}


def _convert(asked: Mapping[str, Any], folder: Path, ready: Mapping[str, Any]) -> None:
    """Run the conversion in the environment that has what it needs."""
    env, python = dict(asked["env"]), asked["python"]
    scratch = folder / f"scratch.{os.getpid()}"
    if ready:
        made = overlay(dict(ready), scratch / "env")
        env, python = made.apply(env), made.python
    log = folder / "conversion.log"
    request = folder / "request.json"
    durable.write_json(
        str(request), {"model_path": asked["model_path"], "folder": str(folder), "threads": asked["threads"]}
    )
    argv = [python, "-c", _STARTER, str(_SCORING), str(request)]
    try:
        with log.open("wb") as out:
            code = subprocess.run(
                argv,
                env=env,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                timeout=_WITHIN_S,
                check=False,
            ).returncode
    except subprocess.TimeoutExpired as error:
        raise _RefusedError(f"its conversion took longer than {_WITHIN_S:g} s") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if code != 0 or durable.read_json(str(folder / _REPORT)) is None:
        last = log.read_text(errors="replace").rstrip().rpartition("\n")[2]
        raise _RefusedError(f"its conversion ended with exit code {code}: {last}")


def _prune(root: Path) -> None:
    """Remove what nobody has used for a month; keepers that serve it have it in a folder of their own."""
    for folder in root.iterdir():
        try:
            if time.time() - folder.stat().st_mtime > _KEPT_S:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue


def _say(message: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()
