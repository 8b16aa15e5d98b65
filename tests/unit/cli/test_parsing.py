"""Flags and wrong usage: what is understood, what is refused, and in which words."""

from __future__ import annotations

import importlib
from argparse import Namespace
from collections.abc import Sequence

import pytest

from lapisml.cli.main import NOUNS, main
from lapisml.cli.parsing import Verb, run_verb


def _parse(noun: str, verb: str, words: str) -> Namespace:
    """Return what the real flags of a verb make of `words`, without doing its work."""
    found: list[Namespace] = []
    real: Verb = importlib.import_module(f"lapisml.cli.{noun.replace('-', '_')}").VERBS[verb]
    spy = Verb(real.help, found.append, real.arguments)
    assert run_verb(f"lapis {noun} {verb}", spy, words.split()) == 0
    return found[0]


def test_several_pairs_after_one_set_and_set_repeated() -> None:
    args = _parse("job", "create", "-f j.yml --set a=1 b.c=2 --set d[0].e=f=g -w ws")
    assert args.set == ["a=1", "b.c=2", "d[0].e=f=g"]
    assert args.workspace_name == "ws"


@pytest.mark.parametrize(
    ("noun", "verb", "words", "name", "value"),
    [
        ("job", "create", "--f job.yml --out tsv", "file", "job.yml"),
        ("job", "create", "--f job.yml --out tsv", "output", "tsv"),
        ("component", "create", "--file c.yml --workspace w --subsc s --resource-g g", "workspace_name", "w"),
        ("compute", "show", "--name c --out json", "output", "json"),
        ("compute", "create", "-n c --type amlcompute --min-inst 0 --max 4 --size S", "max_instances", 4),
        ("job", "download", "-n j --output-n best", "output_name", "best"),
        ("model", "create", "-n m -v 3 -p ./m -t custom_model", "version", "3"),
    ],
)
def test_flags_may_be_abbreviated(noun: str, verb: str, words: str, name: str, value: object) -> None:
    assert getattr(_parse(noun, verb, words), name) == value


def test_every_verb_takes_every_common_flag(capsys: pytest.CaptureFixture[str]) -> None:
    for noun in NOUNS:
        for verb, spec in importlib.import_module(f"lapisml.cli.{noun.replace('-', '_')}").VERBS.items():
            if not spec.is_refused:
                with pytest.raises(SystemExit) as ended:
                    run_verb(f"lapis {noun} {verb}", spec, ["--help"])
                assert ended.value.code == 0
                shown = capsys.readouterr().out
                assert all(flag in shown for flag in ["--output FORM, -o", "--query", "--debug"])


def _run(words: Sequence[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    try:
        code = main(list(words))
    except SystemExit as ended:
        code = int(str(ended.code))
    shown = capsys.readouterr()
    assert shown.out == ""
    return code, shown.err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("jbo list", "did you mean 'job'?"),
        ("job craete -f x", "did you mean 'create'?"),
        ("job show", "required: --name/-n"),
        ("job show -n x --qurey y", "did you mean --query?"),
        ("job list --max-results 0", "at least 1"),
        ("job list -o xml", "invalid choice: 'xml'"),
        ("data list --archived-only --include-archived", "not allowed with"),
        ("configure --defaults workspce=x", "did you mean workspace?"),
        ("ml job shw", "did you mean 'show'?"),
    ],
)
def test_wrong_usage_ends_with_2_and_one_message(words: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, message = _run(words.split(), capsys)
    assert code == 2
    assert expected in message


@pytest.mark.parametrize(
    "words",
    [
        "job list --registry-name azureml",
        "data import -f x.yml",
        "workspace provision-network -n w --include-spark",
        "compute create -n c --type amlcompute --vnet-name v",
        "compute update -n c --identity-type SystemAssigned --user-assigned-identities a b",
        "datastore list --include-secrets",
        "job connect-ssh -n j --private-key-file-path k",
    ],
)
def test_what_az_has_and_lapis_has_not_is_refused_with_a_sentence(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, message = _run(words.split(), capsys)
    assert code == 1
    assert message.startswith("ERROR: ")
    assert message.rstrip().endswith(".")
