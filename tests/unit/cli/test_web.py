"""Opening the page: the browser is given a file that nobody else reads, never the token."""

from __future__ import annotations

import stat
from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace

import pytest

from lapisml.cli import web

TOKEN = 't0ken-<of>-"the"&owner-0123456789'


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What a browser was started with."""
    started: list[str] = []
    monkeypatch.setenv("LAPIS_HOME", str(tmp_path))
    monkeypatch.setattr("webbrowser.open", lambda url: started.append(url) or True)
    address = SimpleNamespace(url="http://127.0.0.1:8787", token=TOKEN)
    monkeypatch.setattr(web, "open_transport", lambda _args: SimpleNamespace(address=address))
    return started


def test_the_browser_gets_a_private_file_and_no_token(opened: list[str], tmp_path: Path) -> None:
    for _ in range(2):
        assert web.open_page(Namespace(), "http://127.0.0.1:8787/studio/default/jobs/x")
    page = tmp_path / "run" / "open.html"
    assert opened == [page.as_uri()] * 2
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert "#token=t0ken-%3Cof%3E-%22the%22%26owner-0123456789" in page.read_text()
    assert TOKEN not in page.read_text()


def test_a_file_left_by_somebody_else_is_not_written_into(opened: list[str], tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.touch()
    (tmp_path / "run" / "open.html").symlink_to(elsewhere)
    web.open_page(Namespace(), "http://127.0.0.1:8787/studio")
    assert elsewhere.read_text() == ""
    assert opened


def test_without_a_terminal_only_the_address_is_told(opened: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    web.tell_page(Namespace(web=True, only_show_errors=False), "http://x/studio/default")
    web.tell_page(Namespace(web=False, only_show_errors=False), "http://x/never")
    assert capsys.readouterr().err == "Web View: http://x/studio/default\n"
    assert opened == []
