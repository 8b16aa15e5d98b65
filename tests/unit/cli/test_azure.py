from __future__ import annotations

import subprocess

import pytest

from lapisml.cli.azure import SHELLS, no_proxy

VALUE = "a b'c\"d$e`f\\g"


def test_a_shell_reads_the_value_back() -> None:
    line = SHELLS["sh"]("X", VALUE)
    printed = subprocess.run(["sh", "-c", f'{line}\nprintf %s "$X"'], capture_output=True, text=True, check=True).stdout
    assert printed == VALUE


def test_other_shells() -> None:
    assert SHELLS["fish"]("X", "it's \\ so") == "set -gx X 'it\\'s \\\\ so'"
    assert SHELLS["powershell"]("X", "it's") == "$env:X = 'it''s'"
    assert SHELLS["plain"]("X", "it's") == "X=it's"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"https_proxy": ""}, None),
        ({"HTTPS_PROXY": "http://p:1"}, "127.0.0.1"),
        ({"http_proxy": "http://p:1", "NO_PROXY": "a,b"}, "a,b,127.0.0.1"),
        ({"http_proxy": "http://p:1", "no_proxy": "127.0.0.1"}, "127.0.0.1"),
    ],
)
def test_a_proxy_is_not_asked_for_the_own_server(environment: dict[str, str], expected: str | None) -> None:
    found = no_proxy("https://127.0.0.1:8801", environment)
    assert found == ({} if expected is None else {"NO_PROXY": expected, "no_proxy": expected})
