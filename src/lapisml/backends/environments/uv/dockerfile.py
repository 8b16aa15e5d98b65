"""Reading the small Dockerfiles that only choose a Python and install packages into it.

Understood are ``FROM`` of a known image, ``COPY`` / ``ADD`` of files of the context, and ``RUN`` of pip or of
``conda env create|update``; what has no effect on the packages (``CMD``, ``LABEL``, ``WORKDIR`` …) is passed over.
Anything else is a program for a container engine, and is refused. Form of the file:
https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import yaml
from packaging.specifiers import SpecifierSet

from lapisml.backends.environments.catalogue import ImageContent
from lapisml.backends.environments.uv.conda import parse_conda
from lapisml.backends.environments.uv.requirements import (
    Requirements,
    overriding,
    parse_arguments,
    parse_requirements,
)
from lapisml.core.errors import ErrorCode, LapisError

ImageLookup = Callable[[str], ImageContent | None]

_PASSED_OVER = {"CMD", "ENTRYPOINT", "LABEL", "EXPOSE", "MAINTAINER", "SHELL", "STOPSIGNAL", "HEALTHCHECK", "USER"}
_HARMLESS_COMMANDS = {"rm", "echo", "true", "mkdir", ":"}
_PIP = re.compile(r"((?:python3?(?:\.\d+)? -m )?pip3?(?:\.\d+)?) ")
_CONDA_RUN = re.compile(r"(?:conda|mamba) run (?:(?:-p|-n|--prefix|--name) \S+ |--no-capture-output )*")
_CONDA_ENV = re.compile(r"(?:conda|mamba) env (?:create|update) ")
_CONDA_TIDY = re.compile(r"(?:conda|mamba) clean |pip3? cache ")


@dataclass
class DockerContent:
    """What a Dockerfile builds, as far as Python goes.

    Attributes:
        base: what stands in for the image that it starts from.
        image: that image's name.
        python: versions of Python that a conda file in it asks for; None when the base's counts.
        found: requirements and options, later steps deciding over earlier ones.
        notes: sentences on what was passed over.
    """

    base: ImageContent
    image: str
    python: SpecifierSet | None = None
    found: Requirements = field(default_factory=Requirements)
    notes: list[str] = field(default_factory=list)


class _Reader:
    def __init__(self, context: Path, images: ImageLookup, dockerfile: str) -> None:
        self._context = context.resolve()
        self._images = images
        self._name = dockerfile
        self._copied: dict[str, str] = {}
        self._used: set[str] = set()
        self._workdir = "/"
        self._arguments: dict[str, str] = {}
        self._content: DockerContent | None = None

    def read(self) -> DockerContent:
        for number, keyword, rest in _instructions(self._text(self._name)):
            handler = getattr(self, f"_do_{keyword.lower()}", None)
            if keyword in _PASSED_OVER:
                continue
            if handler is None or (self._content is None and keyword not in ("FROM", "ARG")):
                raise self._refused(number, f"{keyword} {rest}")
            handler(number, rest)
        if self._content is None:
            raise LapisError(ErrorCode.DOCUMENT_INVALID, f"{self._name} has no FROM.")
        unused = sorted(set(self._copied.values()) - self._used - {self._name})
        if unused:
            self._noted(f"what COPY brings into the image is not there when the job runs ({unused[0]} …).")
        return self._content

    def _do_from(self, number: int, rest: str) -> None:
        words = [w for w in self._filled(rest).split() if not w.startswith("--platform")]
        content = self._images(words[0]) if words else None
        if self._content is not None or len(words) != 1 or content is None:
            raise self._refused(number, f"FROM {rest}", "the image is not in the catalogue" if not content else None)
        self._content = DockerContent(content, words[0])
        parse_requirements(content.packages, words[0], into=self._content.found)

    def _do_arg(self, number: int, rest: str) -> None:
        name, equals, value = rest.partition("=")
        if not equals:
            raise self._refused(number, f"ARG {rest}", "a build argument without a value")
        self._arguments[name.strip()] = value.strip().strip("\"'")

    def _do_env(self, _number: int, rest: str) -> None:
        name = re.split(r"[=\s]", rest, maxsplit=1)[0]
        if not name.startswith(("PIP_", "PYTHON", "DEBIAN_", "PATH", "CONDA_", "LANG", "LC_")):
            self._noted(f"ENV {name} is not set; put it under `environment_variables` of the job.")

    def _do_workdir(self, _number: int, rest: str) -> None:
        self._workdir = posixpath.join(self._workdir, self._filled(rest).strip())

    def _do_copy(self, number: int, rest: str) -> None:
        words = [w for w in shlex.split(self._filled(rest)) if not w.startswith(("--chown", "--chmod", "--link"))]
        if len(words) < 2 or any(w.startswith(("--", "[", "http")) for w in words):
            raise self._refused(number, f"COPY {rest}")
        *sources, target = words
        for source in sources:
            self._copied |= dict(self._placed(source, target, len(sources) > 1))

    _do_add = _do_copy

    def _placed(self, source: str, target: str, several: bool) -> Iterator[tuple[str, str]]:
        """Yield (path in the image, path in the context) of each file that a COPY brings."""
        goal = posixpath.normpath(posixpath.join(self._workdir, target))
        into_folder = several or target.endswith(("/", "/.")) or target in (".", "..")
        pattern = posixpath.normpath(source.lstrip("/") or ".")
        for path in [self._context] if pattern == "." else sorted(self._context.glob(pattern)):
            inside = path.relative_to(self._context).as_posix()
            if path.is_dir():
                for child in sorted(p for p in path.rglob("*") if p.is_file()):
                    yield (
                        posixpath.join(goal, child.relative_to(path).as_posix()),
                        str(child.relative_to(self._context)),
                    )
            else:
                yield (posixpath.join(goal, path.name) if into_folder else goal), inside

    def _do_run(self, number: int, rest: str) -> None:
        if rest.startswith("[") or "<<" in rest or "`" in rest or "$(" in rest:
            raise self._refused(number, f"RUN {rest}")
        for command in _commands(self._filled(rest)):
            line = _CONDA_RUN.sub("", " ".join(command).removeprefix("sudo ") + " ")
            pip = _PIP.match(line)
            if pip and line[pip.end() :].startswith("install "):
                words = command[command.index("install") + 1 :]
                self._install(words)
            elif _CONDA_ENV.match(line):
                self._conda(number, command)
            elif command[0] not in _HARMLESS_COMMANDS and not _CONDA_TIDY.match(line):
                raise self._refused(number, f"RUN {' '.join(command)}")

    def _install(self, words: list[str]) -> None:
        if "--no-deps" in words:
            raise LapisError(ErrorCode.NOT_SUPPORTED, f"{self._name}: pip install --no-deps is not supported.")
        content = self._started()
        step = Requirements(options=content.found.options)
        parse_arguments(self._located(words), self._name, self._context, step)
        content.found = Requirements(
            overriding(content.found.items, step.items), content.found.constraints + step.constraints, step.options
        )

    def _conda(self, number: int, command: list[str]) -> None:
        names = [b for a, b in pairwise(command) if a in ("-f", "--file")]
        names += [w.partition("=")[2] for w in command if w.startswith("--file=")]
        if not names:
            raise self._refused(number, " ".join(command))
        text = self._text(self._in_context(names[0]))
        conda, content = parse_conda(yaml.safe_load(text) or {}, self._context), self._started()
        content.python = conda.python or content.python
        content.found.items = overriding(content.found.items, conda.packages)
        content.found.constraints += conda.constraints
        content.found.options = conda.options
        content.notes += conda.notes

    def _located(self, words: list[str]) -> list[str]:
        """Replace the image's paths after ``-r`` and ``-c`` by the context's."""
        found = list(words)
        for index, word in enumerate(found[:-1]):
            if word in ("-r", "--requirement", "-c", "--constraint"):
                found[index + 1] = self._in_context(found[index + 1])
        return found

    def _in_context(self, path: str) -> str:
        absolute = posixpath.normpath(posixpath.join(self._workdir, path))
        found = self._copied.get(absolute, path)
        self._used.add(found)
        return found

    def _text(self, name: str) -> str:
        path = (self._context / name).resolve()
        if not path.is_relative_to(self._context):
            raise LapisError(ErrorCode.PATH_NOT_ALLOWED, f"'{name}' lies outside the build context.")
        try:
            return path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise LapisError(
                ErrorCode.DOCUMENT_INVALID, f"The build context's file '{name}' cannot be read: {error}."
            ) from error

    def _filled(self, text: str) -> str:
        return re.sub(r"\$\{?(\w+)\}?", lambda m: self._arguments.get(m.group(1), m.group(0)), text)

    def _started(self) -> DockerContent:
        assert self._content is not None
        return self._content

    def _noted(self, sentence: str) -> None:
        self._started().notes.append(f"{self._name}: {sentence}")

    def _refused(self, number: int, what: str, why: str | None = None) -> LapisError:
        shown = what if len(what) <= 80 else what[:77] + "..."
        return LapisError(
            ErrorCode.NOT_SUPPORTED,
            f"{self._name}:{number}: `{shown}` needs a container engine, which this builder does not have"
            + (f" ({why})." if why else "."),
            "Without one, a Dockerfile may hold FROM a known image, COPY, and RUN pip install; "
            "or describe the environment by a conda_file.",
        )


def read_dockerfile(context: Path, dockerfile: str, images: ImageLookup) -> DockerContent:
    """Read the Dockerfile of a build context.

    Args:
        context: the context's root; nothing outside it is read.
        dockerfile: path within it.
        images: what is known of an image.

    Raises:
        LapisError: ``NotSupported`` with file and line for an instruction that needs a container engine,
            ``DocumentInvalid`` for what cannot be read, ``PathNotAllowed`` for a path out of the context.
    """
    return _Reader(context, images, dockerfile).read()


def _instructions(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield (line number, keyword in capitals, the rest), continuation lines joined, comments dropped."""
    pending, start = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith("#") or (not line and not pending):
            continue
        start = start if pending else number
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        keyword, _, rest = (pending + line).strip().partition(" ")
        pending = ""
        if keyword:
            yield start, keyword.upper(), rest.strip()
    if pending.strip():
        keyword, _, rest = pending.strip().partition(" ")
        yield start, keyword.upper(), rest.strip()


def _commands(text: str) -> Iterator[list[str]]:
    """Split a shell line at ``&&`` and ``;`` into commands; words are unquoted."""
    for part in re.split(r"&&|;(?=(?:[^'\"]|'[^']*'|\"[^\"]*\")*$)", text):
        words = shlex.split(part, comments=True)
        if words:
            yield words
