"""Several machines are asked at a time; one that is late is told apart and not asked twice."""

from __future__ import annotations

import threading

import pytest

from lapisml.backends.compute.ssh.asking import Asking


class Machines:
    def __init__(self) -> None:
        self.asked: list[tuple[int, str]] = []
        self.slow: dict[int, threading.Event] = {}
        self.asking: Asking[str] = Asking(3, 0.2, "test")

    def put(self, number: int, question: str) -> str:
        self.asked.append((number, question))
        if number in self.slow:
            self.slow[number].wait(20)
        return f"{number}:{question}"

    def ask(self, **questions: str) -> dict[int, str]:
        given = {int(name[1:]): question for name, question in questions.items()}
        return self.asking.ask(given, self.put, lambda number, _question, _seconds: f"{number} is late")


def test_everybody_answers() -> None:
    machines = Machines()
    assert machines.ask(m0="a", m1="b") == {0: "0:a", 1: "1:b"}
    assert machines.ask() == {}
    machines.asking.close()


def test_one_that_is_late_holds_up_nobody_and_is_not_asked_twice() -> None:
    machines = Machines()
    machines.slow[1] = threading.Event()
    assert machines.ask(m0="a", m1="b") == {0: "0:a", 1: "1 is late"}
    assert machines.ask(m0="a", m1="b") == {0: "0:a", 1: "1 is late"}
    assert machines.asked.count((1, "b")) == 1
    machines.slow[1].set()
    assert machines.ask(m1="b") == {1: "1:b"}
    assert machines.asked.count((1, "b")) == 1
    assert machines.ask(m1="b") == {1: "1:b"}
    assert machines.asked.count((1, "b")) == 2
    machines.asking.close()


def test_a_late_answer_to_another_question_is_not_given() -> None:
    machines = Machines()
    machines.slow[1] = threading.Event()
    assert machines.ask(m1="old") == {1: "1 is late"}
    assert machines.ask(m1="new") == {1: "1 is late"}
    machines.slow[1].set()
    assert machines.ask(m1="new") == {1: "1:new"}
    machines.asking.close()


def test_what_is_raised_is_raised() -> None:
    asking: Asking[str] = Asking(1, 1.0, "test")

    def fail(_number: int, _question: str) -> str:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        asking.ask({0: "x"}, fail, lambda *_: "late")
    asking.close()
