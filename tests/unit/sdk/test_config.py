"""Which workspace and which server are meant."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.config import choose_workspace, config_workspace, find_config, read_defaults, write_defaults
from lapisml.sdk.discovery import (
    Address,
    environment_address,
    home_folder,
    local_address,
    process_start,
    read_token,
    server_record,
)


def _config(folder: Path, text: str, name: str = ".azureml/config.json") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_config_is_found_in_the_folders_above(tmp_path: Path) -> None:
    path = _config(tmp_path, '{"subscription_id": "s", "resource_group": "g", "workspace_name": "team"}')
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_config(below) == path
    assert config_workspace(below) == "team"
    assert choose_workspace(tmp_path / "home", start=below) == "team"


def test_a_config_of_something_else_is_passed_over(tmp_path: Path) -> None:
    _config(tmp_path, '{"model_type": "bert"}', "config.json")
    _config(tmp_path, "not json", ".azureml/config.json")
    assert find_config(tmp_path) is None or tmp_path not in (find_config(tmp_path) or tmp_path).parents
    with pytest.raises(LapisError) as caught:
        config_workspace(tmp_path / "config.json")
    assert caught.value.code is ErrorCode.NOT_FOUND


def test_the_order_of_precedence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, project = tmp_path / "home", tmp_path / "project"
    project.mkdir()
    assert choose_workspace(home, start=project) == "default"
    write_defaults(home, {"workspace": "kept"})
    assert choose_workspace(home, start=project) == "kept"
    _config(project, '{"workspace_name": "project"}')
    assert choose_workspace(home, start=project) == "project"
    monkeypatch.setenv("LAPIS_WORKSPACE", "variable")
    assert choose_workspace(home, start=project) == "variable"
    assert choose_workspace(home, "asked", project) == "asked"


def test_defaults_are_merged_and_forgotten(tmp_path: Path) -> None:
    write_defaults(tmp_path, {"workspace": "a", "group": "g"})
    assert write_defaults(tmp_path, {"workspace": "b", "group": ""}) == {"workspace": "b"}
    assert read_defaults(tmp_path) == {"workspace": "b"}


def test_home_is_the_variable_or_below_the_person(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LAPIS_HOME", str(tmp_path))
    assert home_folder() == tmp_path
    monkeypatch.delenv("LAPIS_HOME")
    monkeypatch.setenv("HOME", "/home/ada")
    assert home_folder() == Path("/home/ada/.lapis")


def test_the_token_of_the_home_goes_to_loopback_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("secret\n")
    monkeypatch.setenv("LAPIS_URL", "http://127.0.0.1:9/")
    assert environment_address(tmp_path) == Address("http://127.0.0.1:9", "secret")
    monkeypatch.setenv("LAPIS_URL", "https://lapis.example.org")
    with pytest.raises(LapisError) as caught:
        environment_address(tmp_path)
    assert caught.value.code is ErrorCode.UNAUTHENTICATED
    monkeypatch.setenv("LAPIS_TOKEN", "theirs")
    assert environment_address(tmp_path) == Address("https://lapis.example.org", "theirs")


@pytest.mark.parametrize("url", ["lapis.example.org", "ftp://host", "http://"])
def test_a_url_that_is_none_is_wrong_usage(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAPIS_URL", url)
    with pytest.raises(LapisError) as caught:
        environment_address(tmp_path)
    assert caught.value.code is ErrorCode.USAGE


def _record(home: Path, **changes: object) -> None:
    (home / "run").mkdir(exist_ok=True)
    own = {"pid": os.getpid(), "start_ticks": process_start(os.getpid()), "url": "http://127.0.0.1:1"}
    (home / "run" / "server.json").write_text(json.dumps({**own, **changes}))


def test_a_server_counts_while_its_very_process_lives(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t")
    _record(tmp_path)
    assert local_address(tmp_path) == Address("http://127.0.0.1:1", "t")
    _record(tmp_path, start_ticks=1)
    assert local_address(tmp_path) is None, "a reused pid is not the server"
    _record(tmp_path, boot_id="another boot")
    assert local_address(tmp_path) is None
    _record(tmp_path, pid=2**22 + 1)
    assert local_address(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"url": "http://x"}', '{"pid": "x", "url": "u"}'])
def test_a_record_that_is_not_whole_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "server.json").write_text(text)
    assert server_record(tmp_path) is None
    assert read_token(tmp_path) is None
