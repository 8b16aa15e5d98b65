"""The one layer through which words reach Slurm: what is not on a list does not pass.

Commands of Slurm are run with argument lists, never by a shell. The only text that a shell reads is the batch script
(`script`), whose few words go through `quoted`.
"""

from __future__ import annotations

import re
import shlex

from lapisml.core.errors import ErrorCode, LapisError

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@+-]{0,127}\Z")
_WORDS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@+-]*(?:,[A-Za-z0-9][A-Za-z0-9_.@+-]*)*\Z")
_CONSTRAINT = re.compile(r"[A-Za-z0-9_(\[][A-Za-z0-9_.:=&|,*()\[\]-]{0,255}\Z")
_NUMBER = re.compile(r"[0-9]{1,9}\Z")
_DURATION = re.compile(r"(?:[0-9]{1,4}-)?[0-9]{1,6}(?::[0-9]{1,2}){0,2}\Z")
_NODES = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.,\[\]-]{0,1023}\Z")
_GRES = re.compile(
    r"[A-Za-z][A-Za-z0-9_]*(?::[A-Za-z0-9_.-]+){0,2}(?:,[A-Za-z][A-Za-z0-9_]*(?::[A-Za-z0-9_.-]+){0,2})*\Z"
)
_MEMORY = re.compile(r"[0-9]{1,12}[KMGTkmgt]?\Z")

SBATCH_OPTIONS: dict[str, re.Pattern[str]] = {
    "begin": re.compile(r"now(?:\+[0-9]{1,6}(?:minutes|hours|days|weeks)?)?\Z"),
    "core-spec": _NUMBER,
    "cores-per-socket": _NUMBER,
    "cpus-per-gpu": _NUMBER,
    "exclude": _NODES,
    "gpu-bind": re.compile(r"[a-z_]{1,20}(?::[0-9,*x]{1,64})?\Z"),
    "gpus-per-node": re.compile(r"(?:[A-Za-z0-9_.-]{1,64}:)?[0-9]{1,4}\Z"),
    "gres": _GRES,
    "hint": _WORD,
    "licenses": re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@:,-]{0,255}\Z"),
    "mail-type": _WORDS,
    "mail-user": _WORD,
    "mem": _MEMORY,
    "mem-bind": re.compile(r"[a-z_,]{1,40}\Z"),
    "mem-per-cpu": _MEMORY,
    "mem-per-gpu": _MEMORY,
    "mincpus": _NUMBER,
    "nice": _NUMBER,
    "nodelist": _NODES,
    "prefer": _CONSTRAINT,
    "priority": _NUMBER,
    "reservation": _WORDS,
    "sockets-per-node": _NUMBER,
    "switches": re.compile(r"[0-9]{1,4}(?:@[0-9:-]{1,16})?\Z"),
    "threads-per-core": _NUMBER,
    "time-min": _DURATION,
    "tmp": _MEMORY,
    "wckey": _WORD,
}
"""Options of ``sbatch`` that a document may set besides those that have keys of their own → what they may be."""

SBATCH_FLAGS = frozenset({"contiguous", "exclusive", "overcommit", "oversubscribe", "spread-job", "use-min-nodes"})
"""Those that take no value: ``true`` sets one, ``false`` leaves it out."""


def word(kind: str, text: str) -> str:
    """Return a name (of a partition, an account, a QOS) that Slurm can have.

    Raises:
        LapisError: DocumentInvalid for anything else.
    """
    return _checked(kind, text, _WORDS, "letters, digits and `_ . @ + -`, several with commas between")


def constraint(text: str) -> str:
    """Return a constraint: features joined by ``& | ,``, counts and brackets.

    Raises:
        LapisError: DocumentInvalid for anything else.
    """
    return _checked("constraint", text, _CONSTRAINT, "features of nodes, joined by `&` or `|`")


def option(name: str, value: object) -> str | None:
    """Return the argument for one of `SBATCH_OPTIONS` or `SBATCH_FLAGS`; None for a flag that is not set.

    Raises:
        LapisError: DocumentInvalid for another option, or a value that it can't have.
    """
    plain = str(name).removeprefix("--").replace("_", "-")
    if plain in SBATCH_FLAGS:
        if str(value).lower() not in ("true", "false"):
            raise _invalid(f"sbatch_options.{name} is either true or false.")
        return f"--{plain}" if str(value).lower() == "true" else None
    if plain not in SBATCH_OPTIONS:
        known = ", ".join(sorted([*SBATCH_OPTIONS, *SBATCH_FLAGS]))
        raise _invalid(f"sbatch_options can't hold {_shown(name)}; it can hold {known}.")
    return f"--{plain}={_checked(f'sbatch_options.{plain}', str(value), SBATCH_OPTIONS[plain], 'what sbatch takes')}"


def job_name(text: str, mark: str) -> str:
    """Return a job's name for ``squeue``: what is plain of its own name, and the mark that finds it again.

    >>> job_name("calm; rm -rf $HOME", "0f3a")
    'calm__rm_-rf__HOME.0f3a'
    """
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', text)[:60].lstrip('-') or 'lapis'}.{mark}"


def path(text: str) -> str:
    """Return an absolute path that can stand in a script and in an option.

    Raises:
        LapisError: NotSupported for one with control characters or backslashes (Slurm reads those its own way), or
            that is not absolute.
    """
    if not text.startswith("/") or any(ord(letter) < 32 or letter in "\x7f\\" for letter in text):
        raise LapisError(ErrorCode.NOT_SUPPORTED, f"{_shown(text)} can't be the folder of jobs for Slurm.")
    return text


def pattern(text: str) -> str:
    """Return a path as the pattern of a file name that Slurm fills in (``%a`` …): as it is."""
    return path(text).replace("%", "%%")


def quoted(text: str) -> str:
    """Return a word for the batch script, whatever is in it.

    Raises:
        LapisError: NotSupported for text that no argument can hold.
    """
    if "\0" in text:
        raise LapisError(ErrorCode.NOT_SUPPORTED, "An argument can't hold a zero byte.")
    return shlex.quote(text)


def _checked(kind: str, text: str, allowed: re.Pattern[str], expected: str) -> str:
    if not isinstance(text, str) or allowed.match(text) is None:
        raise _invalid(f"{_shown(text)} can't be the {kind} of a job for Slurm; expected {expected}.")
    return text


def _invalid(sentence: str) -> LapisError:
    return LapisError(ErrorCode.DOCUMENT_INVALID, sentence)


def _shown(text: object) -> str:
    return ascii(str(text)[:80])
