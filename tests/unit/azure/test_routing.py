from __future__ import annotations

import pytest

from lapisml.server.surfaces.azure.routing import RouteTree, pattern_words, read_address

WS = "/subscriptions/s-1/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
REG = "/subscriptions/s-1/resourceGroups/g/providers/Microsoft.MachineLearningServices/registries/r"


@pytest.mark.parametrize(
    ("path", "words", "kind"),
    [
        (WS, ("WS",), "WS"),
        (f"{WS}/models/m/versions/1", ("WS", "models", "m", "versions", "1"), "WS"),
        (f"/history/v1.0{WS}/runs/r", ("history", "v1.0", "WS", "runs", "r"), "WS"),
        (f"//history//v1.0/{WS}/runs/r/", ("history", "v1.0", "WS", "runs", "r"), "WS"),
        (f"/mferp/managementfrontend{REG}/models", ("mferp", "managementfrontend", "REG", "models"), "REG"),
        ("/subscriptions/s-1/resourceGroups/g", ("GROUP",), "GROUP"),
        (
            "/subscriptions/s-1/resourcegroups/g/providers/Microsoft.Storage/storageAccounts/a",
            ("GROUP", "providers", "Microsoft.Storage", "storageAccounts", "a"),
            "GROUP",
        ),
        ("/subscriptions/s-1/resourceGroups", ("SUB", "resourceGroups"), "SUB"),
        ("/subscriptions/s-1/providers/x", ("SUB", "providers", "x"), "SUB"),
        ("/subscriptions", ("subscriptions",), ""),
        ("/metadata/endpoints", ("metadata", "endpoints"), ""),
        ("/", (), ""),
    ],
)
def test_the_scope_is_taken_out_of_a_path(path: str, words: tuple[str, ...], kind: str) -> None:
    address = read_address(path)
    assert (address.words, address.kind) == (words, kind)


def test_words_of_the_scope_are_kept_as_they_were_written() -> None:
    path = "/Subscriptions/S-1/resourcegroups/G/PROVIDERS/microsoft.machinelearningservices/Workspaces/My.Ws/jobs/J"
    address = read_address(path)
    assert (address.subscription, address.group, address.name) == ("S-1", "G", "My.Ws")
    assert address.scope_id == path.removesuffix("/jobs/J")
    assert address.words == ("WS", "jobs", "J")


def test_an_encoded_slash_stays_within_its_word() -> None:
    assert read_address(f"{WS}/models/a%2Fb").words == ("WS", "models", "a/b")
    assert read_address(f"{WS}/models/..%2f..%2fetc").words == ("WS", "models", "../../etc")


def test_the_scope_itself() -> None:
    assert read_address(WS).is_scope_itself
    assert not read_address(f"{WS}/jobs").is_scope_itself
    assert not read_address("/metadata").is_scope_itself


def test_handlers_are_found_whatever_the_letter_case() -> None:
    tree = RouteTree({("GET", "models/*/versions/*"): "get", ("PUT", "models/*/versions/*"): "put"})
    for path in (f"{WS}/models/M/versions/1", f"{WS}/MODELS/M/Versions/1".replace("workspaces", "WORKSPACES")):
        match = tree.find("GET", read_address(path).words)
        assert match is not None
        assert (match.leaf, match.names, match.methods) == ("get", ("M", "1"), ("GET", "PUT"))


def test_a_fixed_word_goes_before_any_word_and_a_dead_end_is_left() -> None:
    tree = RouteTree({("GET", "jobs/*/cancel"): "cancel", ("GET", "jobs/all/*"): "all", ("GET", "jobs/*/show"): "show"})
    assert tree.find("GET", ("WS", "jobs", "all", "cancel")).leaf == "all"  # type: ignore[union-attr]
    fixed = RouteTree({("GET", "jobs/all/x"): "x", ("GET", "jobs/*/cancel"): "cancel"})
    found = fixed.find("GET", ("WS", "jobs", "all", "cancel"))
    assert found is not None
    assert (found.leaf, found.names) == ("cancel", ("all",))


def test_other_methods_and_other_addresses() -> None:
    tree = RouteTree({("GET", "ROOT:msi"): 1, ("POST", "WS:"): 2})
    match = tree.find("DELETE", ("msi",))
    assert match is not None
    assert (match.leaf, match.methods) == (None, ("GET",))
    assert tree.find("GET", ("msi", "more")) is None
    assert tree.find("GET", ()) is None
    assert tree.find("POST", ("WS",)).leaf == 2  # type: ignore[union-attr]


def test_patterns() -> None:
    assert pattern_words("jobs/*") == ("WS", "jobs", "*")
    assert pattern_words("WS:") == ("WS",)
    assert pattern_words("REG:models/*") == ("REG", "models", "*")
    assert pattern_words("ROOT:history/v1.0/WS/runs/*") == ("history", "v1.0", "WS", "runs", "*")
    with pytest.raises(ValueError, match="begins with none"):
        pattern_words("ELSE:x")
    with pytest.raises(ValueError, match="two handlers"):
        RouteTree({("GET", "jobs/*"): 1, ("GET", "WS:jobs/*"): 2})
