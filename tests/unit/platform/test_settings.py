from __future__ import annotations

from pathlib import Path

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.settings import FLAGS, Settings, load_settings, unknown_variables


def test_a_flag_beats_the_variable_beats_the_file_beats_the_default(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("port: 1001\nlocal_slots: 3\nlog_level: debug\n")
    environment = {"LAPIS_HOME": str(tmp_path), "LAPIS_PORT": "1002", "LAPIS_LOCAL_SLOTS": "4"}
    settings, _ = load_settings(environment, {"port": "1003", "host": None})
    assert (settings.port, settings.local_slots, settings.log_level) == (1003, 4, "debug")
    assert settings.host == "127.0.0.1"


def test_the_profile_changes_defaults_only(tmp_path: Path) -> None:
    home = {"LAPIS_HOME": str(tmp_path)}
    assert load_settings(home)[0].log_file
    assert not load_settings({**home, "LAPIS_PROFILE": "server"})[0].log_file
    assert load_settings({**home, "LAPIS_PROFILE": "server", "LAPIS_LOG_FILE": "1"})[0].log_file


def test_values_from_variables_are_read_as_their_type(tmp_path: Path) -> None:
    environment = {
        "LAPIS_HOME": str(tmp_path),
        "LAPIS_URI_REWRITES": '{"https://a/": "s3://b/"}',
        "LAPIS_ALLOWED_HOSTS": "one.example, two.example",
        "LAPIS_LOCAL_ROOTS": "/data,/more",
    }
    settings, _ = load_settings(environment)
    assert settings.uri_rewrites == {"https://a/": "s3://b/"}
    assert settings.allowed_hosts == ("one.example", "two.example")
    assert settings.local_roots == (Path("/data"), Path("/more"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "70000"),
        ("ENVIRONMENT_RESOLUTION", "loose"),
        ("URI_REWRITES", "not json"),
        ("LOCAL_SLOTS", "-1"),
        ("PROFILE", "big"),
    ],
)
def test_a_bad_value_is_refused_by_name(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(LapisError) as caught:
        load_settings({"LAPIS_HOME": str(tmp_path), f"LAPIS_{name}": value})
    assert caught.value.code == ErrorCode.USAGE
    assert [problem.path for problem in caught.value.problems] == [name.lower()]


def test_an_unknown_key_in_the_file_is_refused_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("databse_url: sqlite:///x\n")
    with pytest.raises(LapisError, match="did you mean `database_url`"):
        load_settings({"LAPIS_HOME": str(tmp_path)})


@pytest.mark.parametrize("text", ["port: [", "- 1\n", "\xff"])
def test_a_broken_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "settings.yaml").write_bytes(text.encode("latin-1"))
    with pytest.raises(LapisError, match=r"settings\.yaml"):
        load_settings({"LAPIS_HOME": str(tmp_path)})


def test_an_unknown_variable_is_named_with_the_nearest_word() -> None:
    assert unknown_variables(["LAPIS_DATABASE_ULR", "LAPIS_URL", "LAPIS_AUTOSTART", "PATH"]) == [
        "LAPIS_DATABASE_ULR is not a setting of Lapis; did you mean LAPIS_DATABASE_URL?"
    ]


def test_every_setting_has_a_description_and_every_flag_is_a_setting() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
    assert set(FLAGS) <= set(Settings.model_fields)
