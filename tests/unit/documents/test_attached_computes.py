"""Documents of attached computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lapisml.core.errors import LapisError
from lapisml.documents import registry
from lapisml.documents.loading import load_dict
from lapisml.documents.machines import with_machine

SSH = {"name": "lab", "type": "virtualmachine"}
VM = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines"


@pytest.mark.parametrize(
    "given",
    [
        {
            **SSH,
            "hosts": ["gpu1.example.org", "10.0.0.7", {"address": "b", "port": 2222, "username": "ada", "slots": 2}],
        },
        {**SSH, "address": "fe80::1", "resource_id": "/subscriptions/s", "ssh_settings": {"admin_username": "ada"}},
        {"name": "s", "type": "slurm", "partition": "cpu", "sbatch_options": {"gres": "gpu:1"}},
        {"name": "s", "type": "slurm", "login": {"address": "l", "username": "u", "ssh_private_key": "k"}},
        {"name": "r", "type": "ray", "address": "https://head:8265/ray", "headers": {"Authorization": "Bearer x"}},
    ],
)
def test_a_document_is_kept_as_it_is_written(given: dict[str, Any]) -> None:
    assert registry.parse("compute", given).to_dict() == given


@pytest.mark.parametrize(
    ("given", "path", "word"),
    [
        (SSH, "hosts", "no machine"),
        ({**SSH, "resource_id": "/subscriptions/s"}, "hosts", "virtualMachines/<host name>"),
        ({**SSH, "resource_id": f"{VM}/-oProxyCommand=x"}, "hosts", "no machine"),
        ({**SSH, "tags": {"lapis.address": "-l root"}}, 'tags["lapis.address"]', "no address"),
        ({**SSH, "address": "a", "hosts": ["b"]}, "address", "hosts"),
        ({**SSH, "hosts": ["a", {"address": "a"}]}, "hosts[1]", "twice"),
        ({**SSH, "hosts": ["-oProxyCommand=touch /tmp/x"]}, "hosts[0]", "no address"),
        ({**SSH, "address": "ada@host"}, "address", "no address"),
        ({**SSH, "address": "a", "ssh_settings": {"admin_username": "-l root"}}, "ssh_settings.admin_username", "user"),
        ({**SSH, "address": "a", "root": "jobs"}, "root", "full path"),
        ({**SSH, "address": "a", "slot": 1}, "slot", "unknown key"),
        ({"name": "s", "type": "slurm", "partition": "cpu --wrap=x"}, "partition", "can't be used"),
        ({"name": "s", "type": "slurm", "sbatch_options": {"wrap": "x"}}, "sbatch_options.wrap", "can't be set"),
        ({"name": "s", "type": "slurm", "sbatch_options": {"gres": "$(id)"}}, "sbatch_options.gres", "can't be used"),
        ({"name": "r", "type": "ray", "address": "head:8265"}, "address", "no address of a server"),
        ({"name": "r", "type": "ray"}, "address", "missing key"),
    ],
)
def test_a_fault_has_its_place(given: dict[str, Any], path: str, word: str) -> None:
    with pytest.raises(LapisError) as caught:
        registry.parse("compute", given)
    assert [problem.path for problem in caught.value.problems] == [path]
    assert word in caught.value.problems[0].message


def test_the_client_sends_the_text_of_a_private_key(tmp_path: Path) -> None:
    (tmp_path / "id").write_text("-----BEGIN KEY-----\n")
    given = {**SSH, "address": "a", "ssh_settings": {"ssh_private_key_file": "id"}}
    loaded = load_dict(given, kind="compute", base_dir=tmp_path)
    assert loaded.validated().to_dict()["ssh_settings"] == {"ssh_private_key": "-----BEGIN KEY-----\n"}


def test_a_private_key_that_is_not_there_is_a_fault_of_the_document(tmp_path: Path) -> None:
    given = {"name": "s", "type": "slurm", "login": {"address": "l", "ssh_private_key_file": "~/none"}}
    with pytest.raises(LapisError) as caught:
        load_dict(given, kind="compute", base_dir=tmp_path).validated()
    assert [problem.path for problem in caught.value.problems] == ["login.ssh_private_key_file"]


def test_a_server_takes_no_file_name_for_a_private_key() -> None:
    with pytest.raises(LapisError) as caught:
        registry.parse("compute", {**SSH, "address": "a", "ssh_settings": {"ssh_private_key_file": "/etc/shadow"}})
    assert "your own machine" in caught.value.problems[0].message


@pytest.mark.parametrize(
    ("given", "address", "keys"),
    [
        ({"resource_id": f"{VM}/gpu1"}, "gpu1", None),
        ({"resource_id": "gpu1.example.org"}, "gpu1.example.org", None),
        ({"resource_id": f"{VM}/gpu1", "address": "a"}, "a", None),
        ({"resource_id": f"{VM}/gpu1", "tags": {"lapis.address": "10.0.0.7"}}, "10.0.0.7", None),
        ({"address": "a", "tags": {"lapis.address": "b", "lapis.host_key": "k1, k2"}}, "a", ["k1", "k2"]),
        ({"hosts": ["a"], "host_keys": ["k0"], "tags": {"lapis.host_key": "k1"}}, None, ["k0", "k1"]),
    ],
)
def test_a_document_of_azures_names_its_machine(given: dict[str, Any], address: str | None, keys: Any) -> None:
    document = registry.parse("compute", {**SSH, **given}).to_dict()
    assert document == {**SSH, **given}
    whole = with_machine(document)
    assert (whole.get("address"), whole.get("host_keys")) == (address, keys)
    assert with_machine({"type": "slurm", "tags": {"lapis.address": "a"}}) == {
        "type": "slurm", "tags": {"lapis.address": "a"},
    }  # fmt: skip
