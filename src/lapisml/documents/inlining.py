"""Putting small files into the document that names them: components, environments, conda files, requirements."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lapisml.core.errors import LapisError, Problem
from lapisml.documents.detection import UndetectedError, detect
from lapisml.documents.faults import Fault
from lapisml.documents.files import read_text, read_yaml
from lapisml.documents.local_paths import AnchoredPath, absolute_path, local_text, what_is_at
from lapisml.documents.nodes import Node
from lapisml.documents.paths import DocumentPath, value_at
from lapisml.documents.places import DEPLOYMENTS, created_job, inner_work, own_fields
from lapisml.documents.source import SourceMap, plain

_NESTED = re.compile(r"(?:-r|--requirement)(?:\s+|=)(?P<file>.+)\Z")
_LOCAL = re.compile(r"(?:-e|--editable)\b|\.{1,2}(?:/|\Z)|/|file:")
_COMMENT = re.compile(r"(?:^|\s)#.*\Z")
_DEEPEST = 10

Files = tuple[Path, ...]
"""The files that stand within each other around a place, the outermost first."""


@dataclass
class Inlining:
    """One run over one document; what is wrong is collected.

    Attributes:
        source: gets a part for each file that is put in.
        faults, problems: what is wrong, at a path of the document, or in a file of its own.
    """

    source: SourceMap
    faults: list[Fault] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    _read_before: dict[Path, tuple[str, Node | None]] = field(default_factory=dict)
    _resolved_before: dict[tuple[str, Path], Path] = field(default_factory=dict)

    def document(self, kind: str, data: dict[str, Any], base_dir: Path) -> None:
        """Put the files of a document into it, in place.

        Args:
            base_dir: folder that relative paths start from.
        """
        if kind == "environment":
            self._environment(data, (), base_dir)
        elif kind in ("job", "component", *DEPLOYMENTS):
            self._work(data, (), base_dir, ())
        elif kind == "schedule":
            self._schedule(data, base_dir)
        elif kind == "compute":
            for key in ("ssh_settings", "login"):
                self._private_key(data.get(key), (key,), base_dir)

    def _private_key(self, access: Any, path: DocumentPath, base_dir: Path) -> None:
        """Put the text of a key in the place of its file's name."""
        given = access.get("ssh_private_key_file") if isinstance(access, dict) else None
        if not isinstance(given, str) or "ssh_private_key" in access:
            return
        file, where = base_dir / Path(str.__str__(given)).expanduser(), (*path, "ssh_private_key_file")
        if what_is_at(file) != "file":
            self.faults.append(Fault(where, f"this is not a file: {file}", "the file with the private key"))
            return
        try:
            access["ssh_private_key"] = read_text(file, str(file))
        except LapisError as error:
            self.faults.append(Fault(where, error.message.rstrip("."), "a private key that you may read"))
            return
        del access["ssh_private_key_file"]

    def _schedule(self, data: dict[str, Any], base_dir: Path) -> None:
        path, job = created_job(data)
        if path[1:]:
            self._environments(data["create_job"], path[:1], base_dir)
        if local_text(job) is not None:
            job = self._file(self._resolve(job, base_dir), path, "job", ())
            if job is not None:
                value_at(data, path[:-1])[path[-1]] = job
        elif isinstance(job, dict):
            self._work(job, path, base_dir, ())

    def _work(self, data: dict[str, Any], path: DocumentPath, base_dir: Path, files: Files) -> None:
        """Put files into a job, a step or a component, and into those within it."""
        self._environments(data, path, base_dir)
        for key in ("component", "trial"):
            if local_text(data.get(key)) is not None:
                found = self._file(self._resolve(data[key], base_dir), (*path, key), "component", files)
                data[key] = found if found is not None else data[key]
            elif isinstance(data.get(key), dict):
                self._work(data[key], (*path, key), base_dir, files)
        for inner, value, is_component in inner_work(path, data):
            if not is_component and isinstance(value, dict):
                self._work(value, inner, base_dir, files)

    def _file(self, file: Path, path: DocumentPath, kind: str, files: Files) -> dict[str, Any] | None:
        """Read the file of a component or a job, with all that it names; None when that can't be."""
        if file in files:
            circle = " → ".join(str(one) for one in (*files[files.index(file) :], file))
            self.faults.append(Fault(path, f"the component holds itself: {circle}"))
            return None
        found = self._read(file, path)
        if found is None:
            return None
        try:
            found_type = detect(found, kind).type
        except UndetectedError as error:
            where = (*path, *error.path)
            fault = Fault(where, error.message, error.expected, error.suggestion, supported=error.supported)
            self.faults.append(fault)
            return None
        found.setdefault("type", found_type)
        found.pop("$schema", None)
        self._anchor(found, file.parent, declared=kind == "component")
        self._work(found, path, file.parent, (*files, file))
        return found

    def _environments(self, data: dict[str, Any], path: DocumentPath, base_dir: Path) -> None:
        """Put files into the environments of one job, step or component."""
        self._own_environment(data, path, base_dir)
        if isinstance(data.get("task"), dict):
            self._own_environment(data["task"], (*path, "task"), base_dir)

    def _own_environment(self, data: dict[str, Any], path: DocumentPath, base_dir: Path) -> None:
        given = data.get("environment")
        if isinstance(given, str) and given.startswith("file:") and local_text(given) is not None:
            file = self._resolve(given, base_dir)
            found = self._read(file, (*path, "environment"))
            if isinstance(found, dict):
                data["environment"], base_dir = found, file.parent
                self._anchor_build(found, base_dir)
        if isinstance(data.get("environment"), dict):
            self._environment(data["environment"], (*path, "environment"), base_dir)

    def _anchor_build(self, environment: dict[str, Any], base_dir: Path) -> None:
        """Make a build context's path independent of the file that names it."""
        build = environment.get("build")
        if isinstance(build, dict):
            self._anchor_field(build, "path", base_dir)

    def _environment(self, data: dict[str, Any], path: DocumentPath, base_dir: Path) -> None:
        if local_text(data.get("conda_file")) is not None:
            found = self._read(self._resolve(data["conda_file"], base_dir), (*path, "conda_file"))
            data["conda_file"] = found if found is not None else data["conda_file"]
        if local_text(data.get("requirements_file")) is not None:
            file = self._resolve(data["requirements_file"], base_dir)
            if what_is_at(file) == "file":
                lines = self._requirements(file, (*path, "requirements_file"), 0)
                given = data.pop("requirements_file", None) and data.get("requirements")
                data["requirements"] = [*(given if isinstance(given, list) else []), *lines]
            else:
                self._missing((*path, "requirements_file"), file)

    def _read(self, file: Path, path: DocumentPath) -> dict[str, Any] | None:
        """Read a YAML file that must be a mapping; None when it is not one, which is then reported."""
        if what_is_at(file) != "file":
            self._missing(path, file)
            return None
        try:
            text, root = self._text(file)
        except LapisError as error:
            self.problems += error.problems or [Problem(error.message.rstrip("."), "", str(file))]
            return None
        found = plain(root)
        if not isinstance(found, dict):
            self.faults.append(Fault(path, f"the file holds no mapping: {file}"))
            return None
        self._add_part(path, file, text, root)
        return found

    def _text(self, file: Path) -> tuple[str, Node | None]:
        """Read a file once, however many steps name it."""
        if file not in self._read_before:
            text, root, problems = read_yaml(file, str(file))
            self.problems += problems
            self._read_before[file] = text, root
        return self._read_before[file]

    def _add_part(self, path: DocumentPath, file: Path, text: str, root: Node | None) -> None:
        owner, rest = self.source.owner(path)
        owner.parts[rest] = SourceMap(str(file), text, root)

    def _missing(self, path: DocumentPath, file: Path) -> None:
        if what_is_at(file) is None:
            return  # reported with the other paths of the document
        self.faults.append(Fault(path, f"this is not a file: {file}", "a file"))

    def _requirements(self, file: Path, path: DocumentPath, depth: int) -> list[str]:
        """Read a pip requirements file; the files that it names with ``-r`` are put in its place.

        The form is that of https://pip.pypa.io/en/stable/reference/requirements-file-format/.
        """
        try:
            lines = read_text(file, str(file)).replace("\\\n", " ").splitlines()
        except LapisError as error:
            self.problems += error.problems or [Problem(error.message.rstrip("."), "", str(file))]
            return []
        found: list[str] = []
        for number, line in enumerate(lines, 1):
            words = " ".join(_COMMENT.sub("", line).split())
            if words:
                found += self._requirement(words, file, number, path, depth)
        return found

    def _requirement(self, line: str, file: Path, number: int, path: DocumentPath, depth: int) -> list[str]:
        nested = _NESTED.match(line)
        if nested is None:
            if _LOCAL.match(line):
                expected = "a package by name, or by an address that the server can reach"
                message = f"`{line[:80]}` names a file on this machine"
                self.problems.append(Problem(message, "", str(file), number, 1, expected))
            return [line]
        inner = absolute_path(nested["file"].strip(), file.parent)
        if depth >= _DEEPEST or what_is_at(inner) != "file":
            message = "files name each other without end" if depth >= _DEEPEST else f"the path is not there: {inner}"
            self.problems.append(Problem(message, "", str(file), number, 1))
            return []
        return self._requirements(inner, path, depth + 1)

    def _anchor(self, data: dict[str, Any], folder: Path, *, declared: bool) -> None:
        """Make the paths of what came from a file independent of the folder that the file lies in."""
        for path, _, _ in list(own_fields((), data, declared=declared)):
            self._anchor_field(value_at(data, path[:-1]), path[-1], folder)
        for holder in (data, data.get("task")):
            if isinstance(holder, dict) and str(holder.get("environment")).startswith("file:"):
                holder["environment"] = f"file:{self._resolve(holder['environment'], folder)}"
        for _, inner, is_component in inner_work((), data):
            if isinstance(inner, dict):
                self._anchor(inner, folder, declared=is_component)

    def _anchor_field(self, holder: Any, key: Any, folder: Path) -> None:
        text = local_text(holder[key]) if isinstance(holder, list) or key in holder else None
        if text is not None:
            holder[key] = AnchoredPath(str(self._resolve(text, folder)), text)

    def _resolve(self, text: Any, folder: Path) -> Path:
        """Say what a local path means; the same one is looked up once, however many steps name it."""
        known = (local_text(text) or "", folder)
        if known not in self._resolved_before:
            self._resolved_before[known] = absolute_path(*known)
        return self._resolved_before[known]
