"""Every reason has an outcome and a sentence, and every status its reason."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from lapisml.ports.endings import OUTCOMES, SENTENCES, EndReason, Outcome
from lapisml.runner import endings


def test_every_reason_has_an_outcome_and_a_sentence() -> None:
    assert set(OUTCOMES) == set(SENTENCES) == set(EndReason)
    assert [reason for reason, outcome in OUTCOMES.items() if outcome is Outcome.COMPLETED] == [EndReason.SUCCEEDED]
    for reason, sentence in SENTENCES.items():
        assert sentence[0].isupper() or sentence.startswith("{"), reason


def test_every_sentence_is_filled_in_by_its_words() -> None:
    for reason, sentence in SENTENCES.items():
        words = {name: "x" for _text, name, _form, _conversion in string.Formatter().parse(sentence) if name}
        assert "{" not in str(endings.JobEndError(reason, **words))


@pytest.mark.parametrize(
    ("status", "kills", "reason", "text"),
    [
        ({"exit_code": 0, "signal": None}, 0, EndReason.SUCCEEDED, "code 0"),
        ({"exit_code": 2, "signal": None}, None, EndReason.EXIT_CODE, "code 2."),
        ({"exit_code": 127, "signal": None}, None, EndReason.EXIT_CODE, "command not found"),
        ({"exit_code": 143, "signal": None}, 0, EndReason.EXIT_CODE, "15 (SIGTERM)"),
        ({"exit_code": None, "signal": 11}, 0, EndReason.SIGNALLED, "11 (SIGSEGV)"),
        ({"exit_code": None, "signal": 64}, 0, EndReason.SIGNALLED, "64"),
        ({"exit_code": None, "signal": 9}, 0, EndReason.KILLED, "memory"),
        ({"exit_code": None, "signal": 9}, None, EndReason.KILLED, "memory"),
        ({"exit_code": None, "signal": 9}, 1, EndReason.OUT_OF_MEMORY, "1 such kill "),
        ({"exit_code": 137, "signal": None}, 2, EndReason.OUT_OF_MEMORY, "2 such kills "),
        ({"exit_code": 137, "signal": None}, 0, EndReason.EXIT_CODE, "SIGKILL"),
    ],
)
def test_a_status_has_its_reason(status: dict[str, int], kills: int | None, reason: EndReason, text: str) -> None:
    end = endings.of_status(status, kills)
    assert end.reason is reason
    assert text in end.sentence


def test_the_tail_of_a_log_is_its_last_whole_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert endings.log_tail(str(log)) == ""
    log.write_bytes(b"".join(b"line %d %b\n" % (n, b"\xff" * 300) for n in range(100)))
    tail = endings.log_tail(str(log)).splitlines()
    assert len(tail) <= 20
    assert tail[0].startswith("line ")
    assert tail[-1].startswith("line 99 \ufffd")
    log.write_bytes(b"x" * 100_000)
    assert endings.log_tail(str(log)) == "x" * 4096
