"""Reading the lines of pip requirements files: requirements and the options of where packages come from.

Format: https://pip.pypa.io/en/stable/reference/requirements-file-format/ ; requirements are PEP 508.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from lapisml.backends.environments.uv.process import redact
from lapisml.core.errors import ErrorCode, LapisError

_VCS = re.compile(r"(git|hg|svn|bzr)\+")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9._-]+)")
_FILE_URL = re.compile(r"(^|@|\+)\s*file:")
_COMMENT = re.compile(r"(^|\s)#.*$")
_PER_REQUIREMENT = re.compile(r"\s--(hash|config-settings|global-option|install-option)[= ].*$")
_HARMLESS = {
    "--no-cache-dir", "--no-cache", "--prefer-binary", "--user", "-q", "--quiet", "-v", "--verbose", "-U",
    "--upgrade", "-I", "--ignore-installed", "--force-reinstall", "--disable-pip-version-check", "--no-input",
    "--no-warn-script-location", "--break-system-packages", "-qq", "-y", "--no-progress-bar",
    "--root-user-action=ignore", "--compile", "--no-compile", "--use-pep517",
}  # fmt: skip
_HARMLESS_WITH_VALUE = {
    "--default-timeout", "--timeout", "--retries", "--progress-bar", "--cache-dir", "--upgrade-strategy",
    "--root-user-action", "--use-feature",
}  # fmt: skip
_SHORT = {"-i": "--index-url", "-f": "--find-links", "-r": "--requirement", "-c": "--constraint", "-e": "--editable"}


@dataclass(frozen=True)
class Options:
    """Where packages come from and in which form they may; in the order given, for order decides.

    Attributes:
        index_url: instead of the default index.
        extra_index_urls, find_links: further sources.
        no_index: only `find_links`.
        prerelease: pre-releases are allowed.
        no_binary, only_binary: names of packages, or ``:all:``.
        trusted_hosts: hosts whose certificate is not checked.
    """

    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool = False
    prerelease: bool = False
    no_binary: tuple[str, ...] = ()
    only_binary: tuple[str, ...] = ()
    trusted_hosts: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Give them as lines of a requirements file; credentials thus stay out of process listings."""
        found = [f"--index-url {self.index_url}"] if self.index_url else []
        found += [f"--extra-index-url {url}" for url in self.extra_index_urls]
        found += [f"--find-links {place}" for place in self.find_links]
        found += ["--no-index"] if self.no_index else []
        found += [f"--no-binary {name}" for name in self.no_binary]
        return found + [f"--only-binary {name}" for name in self.only_binary]

    def arguments(self) -> list[str]:
        """Give what a requirements file cannot say to uv as its arguments.

        Several indexes are searched together for the best version, as pip does.
        """
        found = ["--index-strategy", "unsafe-best-match"] if self.extra_index_urls else []
        found += ["--prerelease", "allow"] if self.prerelease else []
        for host in self.trusted_hosts:
            found += ["--allow-insecure-host", host]
        return found


@dataclass
class Requirements:
    """What a requirements file says.

    Attributes:
        items: the requirements, in order.
        constraints: lines of ``-c`` files.
        options: sources and forms.
    """

    items: list[Requirement] = field(default_factory=list)
    constraints: list[Requirement] = field(default_factory=list)
    options: Options = field(default_factory=Options)


def parse_requirements(
    lines: Iterable[str], where: str, folder: Path | None = None, into: Requirements | None = None
) -> Requirements:
    """Read lines of a requirements file.

    Args:
        lines: without line ends; a backslash at the end continues a line.
        where: named in errors (``requirements``, ``conda_file.dependencies.pip``).
        folder: the only folder whose files ``-r`` and ``-c`` may name; None refuses them.
        into: is added to, and returned.

    Raises:
        LapisError: ``DocumentInvalid`` for a line that is none; ``NotSupported`` for options, local paths and
            files that cannot be honoured.
    """
    found = into if into is not None else Requirements()
    for line in _logical_lines(lines):
        if "${" in line:
            raise _variable(line, where)
        if line.startswith("-"):
            _read_option_line(line, where, folder, found)
        else:
            found.items.append(parse_requirement(line, where))
    return found


def parse_arguments(words: Sequence[str], where: str, folder: Path | None, into: Requirements) -> None:
    """Read the arguments of ``pip install`` (after these two words) into `into`.

    Raises:
        LapisError: as `parse_requirements`.
    """
    rest = list(words)
    while rest:
        if rest[0].startswith("-"):
            rest = _read_option(rest, where, folder, into)
        else:
            into.items.append(parse_requirement(rest.pop(0), where))


def parse_requirement(text: str, where: str) -> Requirement:
    """Read one requirement; ``git+https://…#egg=name`` becomes ``name @ git+https://…``.

    Raises:
        LapisError: as `parse_requirements`.
    """
    cleaned = _PER_REQUIREMENT.sub("", text).strip()
    if _FILE_URL.search(cleaned):
        raise _local(cleaned, where)
    if _is_address(cleaned):
        cleaned = _name_address(cleaned, where)
    elif cleaned.startswith((".", "/", "~")) or cleaned.endswith((".whl", ".tar.gz")):
        raise _local(cleaned, where)
    try:
        return Requirement(cleaned)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        raise LapisError(ErrorCode.DOCUMENT_INVALID, f"{where}: '{text}' is not a requirement: {reason}.") from error


def by_name(items: Iterable[Requirement]) -> dict[str, list[Requirement]]:
    """Group requirements under their normalised names, in order of first mention."""
    found: dict[str, list[Requirement]] = {}
    for item in items:
        found.setdefault(canonicalize_name(item.name), []).append(item)
    return found


def overriding(earlier: Sequence[Requirement], later: Sequence[Requirement]) -> list[Requirement]:
    """Combine two installation steps: what the later one names is decided by the later one alone."""
    names = set(by_name(later))
    return [r for r in earlier if canonicalize_name(r.name) not in names] + list(later)


def _logical_lines(lines: Iterable[str]) -> Iterator[str]:
    pending = ""
    for raw in lines:
        text = pending + _COMMENT.sub("", str(raw)).rstrip()
        if text.endswith("\\"):
            pending = text[:-1] + " "
            continue
        pending = ""
        if text.strip():
            yield text.strip()
    if pending.strip():
        yield pending.strip()


def _read_option_line(line: str, where: str, folder: Path | None, into: Requirements) -> None:
    rest = shlex.split(line)
    while rest:
        if not rest[0].startswith("-"):
            raise LapisError(ErrorCode.DOCUMENT_INVALID, f"{where}: '{line}' mixes options and requirements.")
        rest = _read_option(rest, where, folder, into)


def _read_option(words: list[str], where: str, folder: Path | None, into: Requirements) -> list[str]:
    """Read the option that `words` begins with; return what follows it."""
    name, equals, value = words[0].partition("=")
    if words[0] in _HARMLESS:
        return words[1:]
    if name[:2] in _SHORT and not name.startswith("--"):
        name, equals, value = _SHORT[name[:2]], name[2:] or equals, name[2:] + equals + value
    if name == "--no-index":
        into.options = replace(into.options, no_index=True)
        return words[1:]
    if name == "--pre":
        into.options = replace(into.options, prerelease=True)
        return words[1:]
    rest = words[1:] if equals else words[2:]
    value = value.removeprefix("=") if equals else (words[1] if len(words) > 1 else "")
    if not value:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, f"{where}: the option {name} needs a value.")
    if name not in _HARMLESS_WITH_VALUE:
        _apply_option(name, value, where, folder, into)
    return rest


def _apply_option(name: str, value: str, where: str, folder: Path | None, into: Requirements) -> None:
    options = into.options
    match name:
        case "--index-url" | "--default-index" | "--pypi-url":
            into.options = replace(options, index_url=value)
        case "--extra-index-url" | "--index":
            into.options = replace(options, extra_index_urls=(*options.extra_index_urls, value))
        case "--find-links":
            _refuse_relative(value, where)
            into.options = replace(options, find_links=(*options.find_links, value))
        case "--no-binary":
            into.options = replace(options, no_binary=(*options.no_binary, *value.split(",")))
        case "--only-binary":
            into.options = replace(options, only_binary=(*options.only_binary, *value.split(",")))
        case "--trusted-host":
            into.options = replace(options, trusted_hosts=(*options.trusted_hosts, value))
        case "--editable":
            into.items.append(parse_requirement(value, where))
        case "--requirement":
            parse_requirements(_read_beside(value, where, folder), value, folder, into)
        case "--constraint":
            into.constraints += parse_requirements(_read_beside(value, where, folder), value, folder).items
        case _:
            raise LapisError(ErrorCode.NOT_SUPPORTED, f"{where}: the pip option {name} is not supported.")


def _refuse_relative(place: str, where: str) -> None:
    if "://" not in place and not place.startswith("/"):
        raise LapisError(
            ErrorCode.NOT_SUPPORTED,
            f"{where}: '{place}' is relative to a folder that the builder does not have.",
            "Give --find-links a URL or an absolute path.",
        )


def _read_beside(name: str, where: str, folder: Path | None) -> list[str]:
    """Read a file that a requirements file names; it must lie within `folder`."""
    if folder is None:
        raise LapisError(
            ErrorCode.NOT_SUPPORTED,
            f"{where}: '{name}' is a file beside the document, and only the document is at hand.",
            "Write that file's lines into the document.",
        )
    root = folder.resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise LapisError(ErrorCode.PATH_NOT_ALLOWED, f"{where}: '{name}' lies outside the environment's folder.")
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, f"{where}: '{name}' cannot be read: {error}.") from error


def _is_address(text: str) -> bool:
    return _VCS.match(text) is not None or text.startswith(("http://", "https://"))


def _name_address(address: str, where: str) -> str:
    egg = _EGG.search(address)
    if egg:
        return f"{egg.group(1)} @ {_EGG.sub('', address)}"
    stem = address.partition("#")[0].rstrip("/").rpartition("/")[2]
    name = stem.split("-")[0] if stem.endswith((".whl", ".tar.gz", ".zip")) else stem.partition("@")[0]
    name = name.removesuffix(".git")
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", name):
        raise LapisError(
            ErrorCode.DOCUMENT_INVALID,
            f"{where}: the package's name cannot be seen from '{address}'.",
            "Write `name @ address`.",
        )
    return f"{name} @ {address}"


def _local(text: str, where: str) -> LapisError:
    return LapisError(
        ErrorCode.NOT_SUPPORTED,
        f"{where}: '{text}' is a path on a machine, which an environment cannot refer to.",
        "Publish the package to an index, or install it in the job's command from the code folder.",
    )


def _variable(line: str, where: str) -> LapisError:
    return LapisError(
        ErrorCode.NOT_SUPPORTED,
        f"{where}: '{redact(line)}' names an environment variable; variables of the server are not filled in.",
        "Give the index and its credentials to uv on the server (its configuration file, or netrc).",
    )
