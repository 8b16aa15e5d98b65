"""No word, whatever is in it, gets through to Slurm or to a shell as anything but the word that it is."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lapisml.backends.compute.slurm import script, words
from lapisml.backends.compute.slurm.batches import Batch
from lapisml.backends.compute.slurm.options import SlurmOptions
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.kinds import attached

ANYTHING = st.text(max_size=60)
_HARMLESS = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@+-,")


def _is_refusal(error: LapisError, code: ErrorCode) -> None:
    assert error.code is code
    assert error.message.isprintable()


@given(ANYTHING)
@example("work; rm -rf /")
@example("--uid=root")
@example("a\n#SBATCH --uid=0")
@example("$(id)")
@example("work\n")
def test_a_name_is_plain_or_refused(text: str) -> None:
    """What passes has no character that a shell, or Slurm's own parser, reads as anything else."""
    try:
        passed = words.word("partition", text)
    except LapisError as error:
        _is_refusal(error, ErrorCode.DOCUMENT_INVALID)
        return
    assert passed == text
    assert set(text) <= _HARMLESS
    assert text[0].isalnum()
    assert shlex.quote(text) == text or "," in text or "@" in text or "+" in text


@given(ANYTHING)
@example("gpu&(a|b)")
@example("a b")
@example("-x")
def test_a_constraint_is_plain_or_refused(text: str) -> None:
    """A constraint is one argument; it never begins like an option, and holds no blank, quote or new line."""
    try:
        words.constraint(text)
    except LapisError:
        return
    assert not set(text) & set(" \t\n\r'\"\\$`;<>#!")
    assert not text.startswith("-")


@given(ANYTHING, st.one_of(ANYTHING, st.booleans(), st.integers()))
@example("wrap", "id")
@example("uid", "0")
@example("export", "ALL")
@example("output", "/etc/passwd")
@example("reservation", "x --uid=0")
@example("nodelist", "n[1-3],n7")
def test_only_listed_options_pass(name: str, value: object) -> None:
    """Of the further options only those on the list, with values of their form."""
    try:
        made = words.option(name, value)
    except LapisError as error:
        _is_refusal(error, ErrorCode.DOCUMENT_INVALID)
        return
    if made is not None:
        plain = made.removeprefix("--").partition("=")[0]
        assert plain in words.SBATCH_OPTIONS or plain in words.SBATCH_FLAGS
        assert made.isprintable()
        assert " " not in made


@given(ANYTHING)
@example("calm; rm -rf $HOME")
@example("--uid=0")
@example("")
def test_a_jobs_name_is_cleaned(text: str) -> None:
    """Any name becomes one that squeue shows as it is, and that ends with the mark."""
    made = words.job_name(text, "0123456789abcdef")
    assert made.endswith(".0123456789abcdef")
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
    assert not made.startswith("-")
    assert len(made) <= 80


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60))
@example("'; touch /tmp/never; '")
@example("a\nb")
@settings(max_examples=40, deadline=None)
def test_a_shell_gives_a_quoted_word_back(text: str) -> None:
    """Bash itself is the judge: the word arrives as the one argument that it was."""
    line = f"printf %s {words.quoted(text)}"
    assert subprocess.run(["bash", "-c", line], capture_output=True, check=True).stdout.decode() == text


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40))
@example("$(touch never)'\"; & ")
@example("%j%u")
@settings(max_examples=25, deadline=None)
def test_the_script_is_one_command_whatever_the_paths(text: str) -> None:
    """The script runs the interpreter with exactly the five words that it was made from."""
    batch = Batch("0123456789abcdef", ["default/a; id"], 1, [])
    root, python = f"/shared/{text}", f"/opt/{text}/python"
    try:
        made = script.render(batch, Path("/shared"), python, root)
    except LapisError as error:
        _is_refusal(error, ErrorCode.NOT_SUPPORTED)
        return
    shown = made.replace('exec "$python"', 'printf "%s\\0" "$python"').replace("[ -x", "true || [ -x")
    out = subprocess.run(["bash"], input=shown.encode(), capture_output=True, check=True).stdout.decode()
    assert out.split("\0")[:-1] == [python, "-I", "-S", "-c", script.STARTER, root, "/shared", "0123456789abcdef"]


def test_no_word_of_a_user_is_in_the_command_but_the_cleaned_name() -> None:
    """Names of jobs and folders reach sbatch as arguments of their own, patterns of Slurm's made harmless."""
    batch = Batch("0123456789abcdef", ["default/x y;%u"], 1, ["--partition=work"])
    command = script.command(batch, Path("/sha red/%u/slurm/0123456789abcdef"), Path("/sha red/%u"))
    assert command[0] == "sbatch"
    assert "--job-name=x_y__u.0123456789abcdef" in command
    assert "--output=/sha red/%%u/slurm/0123456789abcdef/out.0" in command


@pytest.mark.parametrize(
    ("body", "words_of_it"),
    [
        ({"partition": "a b"}, "partition"),
        ({"account": "x\n"}, "account"),
        ({"qos": ""}, "qos"),
        ({"sbatch_options": {"wrap": "id"}}, "can hold"),
        ({"sbatch_options": {"exclusive": "yes"}}, "true or false"),
        ({"max_nodes": 0}, "max_nodes"),
        ({"max_nodes": True}, "max_nodes"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_options_that_cannot_be_are_refused(body: dict[str, object], words_of_it: str) -> None:
    """At attaching, before any job."""
    with pytest.raises(LapisError) as caught:
        SlurmOptions.from_json(body)
    assert words_of_it in caught.value.message


def test_options_become_arguments() -> None:
    """Each as one word."""
    options = SlurmOptions.from_json(
        {"partition": "gpu,cpu", "constraint": "a&b", "sbatch_options": {"exclusive": True, "mem-per-cpu": "4G"}}
    )
    assert options.arguments() == [
        "--partition=gpu,cpu",
        "--constraint=a&b",
        "--exclusive",
        "--mem-per-cpu=4G",
        "--requeue",
    ]
    assert SlurmOptions.from_json(options.to_json()) == options


def test_documents_take_exactly_the_options_that_pass() -> None:
    """What a document may say is what sbatch is given."""
    passing = [name.replace("-", "_") for name in (*words.SBATCH_OPTIONS, *words.SBATCH_FLAGS)]
    assert sorted(attached.SBATCH_OPTIONS) == sorted(passing)
