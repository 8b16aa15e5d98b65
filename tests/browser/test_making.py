"""What people make and change in the page: connections, datastores, environments, computes, tags, data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Response, expect

from tests.support import sshd
from tests.support.browser import Studio, axe, shot
from tests.support.processes import free_port
from tests.support.server import LapisServer, end_everything
from tests.support.whole import only_in_a_whole_run

expect.set_options(timeout=15_000)

API = "/api/v1/workspaces/default"
EVIL = "<img src=x onerror=top.ran=1>"
SECRET = f"s3cr3t-{EVIL}"


def _ask(server: LapisServer, method: str, path: str, body: Any = None) -> Any:
    status, answer = server.request(method, f"{API}/{path}", body)
    assert status < 300, answer
    return answer


def _choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()


def _confirm(page: Page, label: str) -> None:
    page.get_by_role("button", name=label, exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=label, exact=True).click()


def test_a_connection_is_made_and_its_secret_never_comes_back(studio: Studio) -> None:
    page = studio.open("/studio/default/connections")
    came: list[Response] = []
    page.on("response", lambda answer: came.append(answer) if "/connections" in answer.url else None)
    page.get_by_role("button", name="New connection").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").first.fill(EVIL)
    dialog.get_by_label("Target").fill("https://example.org/team/code.git")
    dialog.get_by_label("Token").fill(SECRET)
    dialog.get_by_label("Description").fill(EVIL)
    assert axe(page) == []
    shot(page, "connection-new")
    studio.allow("422 (")  # that this can be no name
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_role("alert")).to_contain_text("name")
    dialog.get_by_label("Name").first.fill("code")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="code")).to_be_visible()
    expect(page.get_by_text("kept encrypted, never shown")).to_be_visible()
    expect(page.get_by_text(EVIL)).to_be_visible()

    page.get_by_role("button", name="Edit").click()
    expect(dialog.get_by_label("Token")).to_have_value("")
    dialog.get_by_label("Target").fill("https://example.org/other.git")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("https://example.org/other.git")).to_be_visible()
    kept = _ask(studio.server, "POST", "connections/code/secrets")
    assert kept["credentials"] == {"type": "pat", "pat": SECRET}
    assert len(came) > 3
    assert [answer.url for answer in came if "s3cr3t" in answer.text()] == []
    assert "s3cr3t" not in page.content()
    assert page.evaluate("() => window.ran") is None
    _confirm(page, "Delete")
    expect(page.get_by_role("heading", level=1, name="Connections")).to_be_visible()
    expect(page.get_by_role("link", name="code", exact=True)).to_have_count(0)


def test_a_datastore_is_made_changed_and_deleted(studio: Studio) -> None:
    page = studio.open("/studio/default/datastores", language="ja-JP", width=480, dark=True)
    page.get_by_role("button", name="新しいデータストア").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("名前").fill("WorkspaceBlobStore")
    expect(dialog.get_by_text("この名前は既に使われています")).to_be_visible()
    dialog.get_by_label("名前").fill("lake")
    _choose(page, "種類", "Azure Data Lake Storage Gen2")
    for label, value in {
        "ストレージアカウント": "acc",
        "ファイルシステム": "raw",
        "エンドポイント": "nowhere.invalid",
        "テナント ID": "t",
        "クライアント ID": "c",
        "クライアントシークレット": SECRET,
    }.items():
        dialog.get_by_label(label).fill(value)
    assert axe(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    shot(page, "datastore-new-ja-480-dark", whole=False)
    studio.allow("503 (")  # its files: there is no such account
    dialog.get_by_role("button", name="作成").click()
    expect(page.get_by_role("heading", level=1, name="lake")).to_be_visible()
    page.get_by_role("button", name="編集").click()
    dialog.get_by_label("ファイルシステム").fill("curated")
    dialog.get_by_role("button", name="保存").click()
    expect(dialog).to_have_count(0)
    found = _ask(studio.server, "GET", "datastores/lake")
    assert found["filesystem"] == "curated"
    assert found["credentials"] == {"tenant_id": "t", "client_id": "c", "client_secret": "***"}
    _confirm(page, "削除")
    expect(page.get_by_role("link", name="workspaceblobstore")).to_be_visible()
    expect(page.get_by_role("link", name="lake", exact=True)).to_have_count(0)


@pytest.fixture
def patients(shared_server: LapisServer) -> str:
    uri = "azureml://datastores/workspaceblobstore/paths/none/"
    data = {"name": "tagged-patients", "path": uri, "type": "uri_folder", "tags": {"team": "blue"}}
    return str(_ask(shared_server, "POST", "data", data)["version"])


def test_two_people_change_tags_at_once_and_both_changes_stay(studio: Studio, patients: str) -> None:
    address = f"/studio/default/data/tagged-patients/{patients}"
    pages = [studio.open(address), studio.open(address)]
    for page in pages:
        page.get_by_role("button", name="Edit tags").click()
    for page, key in zip(pages, ("mine", "yours"), strict=True):
        page.get_by_role("button", name="Add tag").click()
        page.keyboard.type(key)
        page.get_by_label("Value").last.fill(EVIL)
    assert axe(pages[0]) == []
    pages[1].get_by_role("button", name="Remove tag team").click()
    for page in pages:
        page.get_by_role("button", name="Save").click()
    for page in pages:
        for text in (f"mine: {EVIL}", f"yours: {EVIL}"):
            expect(page.get_by_text(text)).to_be_visible()
        expect(page.get_by_text("team: blue")).to_have_count(0)
        assert page.evaluate("() => window.ran") is None
    expect(pages[0].get_by_role("button", name="Edit tags")).to_be_focused()
    pages[0].get_by_role("button", name="Edit the description").click()
    pages[0].keyboard.type("Measured **by hand**")
    pages[0].get_by_role("button", name="Save").click()
    expect(pages[1].locator("strong", has_text="by hand")).to_be_visible()
    _confirm(pages[0], "Archive")
    pages[0].get_by_role("button", name="Restore").click()
    expect(pages[0].get_by_role("button", name="Archive")).to_be_visible()


def test_an_environment_and_a_cluster_are_made(studio: Studio) -> None:
    page = studio.open("/studio/default/environments")
    page.get_by_role("link", name="New environment").click()
    editor = page.get_by_role("textbox", name="The environment's document in YAML")
    editor.click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text("name: written-here\nimage: python:3.12\nconda_fil: x\n")
    expect(page.get_by_role("button", name="Line 3")).to_be_visible()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text("name: written-here\nimage: python:3.12\n")
    expect(page.get_by_text("The document is good")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="Create environment").click()
    expect(page.get_by_role("heading", level=1, name="written-here:1")).to_be_visible()
    page.get_by_role("link", name="New version").click()
    expect(editor).to_contain_text("python:3.12")

    page = studio.open("/studio/default/compute")
    page.get_by_role("button", name="New compute").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("made-here")
    dialog.get_by_label("Nodes at most").fill("3")
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1, name="made-here")).to_be_visible()
    page.get_by_role("button", name="Change the size").click()
    assert axe(page) == []
    page.get_by_label("Nodes at most").fill("5")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Nodes at most")).to_have_count(0)
    assert _ask(studio.server, "GET", "computes/made-here")["max_instances"] == 5
    _confirm(page, "Delete")
    expect(page.get_by_role("heading", level=1, name="Compute")).to_be_visible()


def test_machines_are_attached_by_their_document_and_detached(studio: Studio) -> None:
    page = studio.open("/studio/default/compute")
    came: list[Response] = []
    page.on("response", lambda answer: came.append(answer) if "/computes" in answer.url else None)
    page.get_by_role("button", name="New compute").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("cellar")
    for kind, key in (("Slurm cluster", "partition"), ("Ray cluster", "8265"), ("Machines of your own", "hosts")):
        dialog.get_by_role("radio", name=kind).check()
        expect(dialog.get_by_role("textbox", name="Document (YAML)")).to_contain_text(key)
    assert axe(page) == []
    shot(page, "compute-attach")
    editor = dialog.get_by_role("textbox", name="Document (YAML)")
    editor.click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text("hosts: [")
    dialog.get_by_role("button", name="Attach").click()
    expect(dialog.get_by_role("alert")).to_contain_text("no YAML document")
    editor.click()
    page.keyboard.press("ControlOrMeta+a")
    document = {"hosts": ["127.0.0.1"], "ssh_settings": {"admin_username": "ada", "admin_password": SECRET}}
    document["ssh_settings"] |= {"ssh_port": free_port()}  # type: ignore[operator]
    page.keyboard.insert_text(json.dumps(document))
    dialog.get_by_role("button", name="Attach").click()
    expect(page.get_by_role("heading", level=1, name="cellar")).to_be_visible()
    expect(page.get_by_role("status").get_by_text("Nothing listens on port")).to_be_visible()
    expect(page.get_by_role("table", name="Machines").get_by_text("Not responding")).to_be_visible()
    assert axe(page) == []
    for answer in came:
        assert SECRET not in answer.text(), answer.url
    assert page.evaluate("() => window.ran") is None
    page.get_by_role("button", name="Detach").click()
    expect(dialog.get_by_text("Its machines stay as they are")).to_be_visible()
    dialog.get_by_role("button", name="Detach").click()
    expect(page.get_by_role("heading", level=1, name="Compute")).to_be_visible()
    expect(page.get_by_role("link", name="cellar")).to_have_count(0)


@only_in_a_whole_run
def test_how_machines_are(studio: Studio, tmp_path: Path) -> None:
    pytest.importorskip("asyncssh", reason="asyncssh is not installed: pip install 'lapisml[ssh]'")
    if sshd.SSHD is None:
        pytest.skip(sshd.NO_SSHD)
    machine = sshd.machine(tmp_path / "machines" / "m", spaces=False)
    try:
        hosts = [{"address": machine.address, "port": port} for port in (machine.port, free_port())]
        document = sshd.document(machine, root=str(tmp_path / "node"), hosts=hosts)
        _ask(studio.server, "PUT", "computes/lab", document)
        for name, given in (
            ("light", {}),
            ("dark", {"dark": True}),
            ("narrow", {"width": 480}),
            ("japanese", {"language": "ja-JP"}),
        ):
            page = studio.open("/studio/default/compute/lab", **given)
            table = page.get_by_role("table", name="マシン" if name == "japanese" else "Machines")
            expect(table.get_by_text("GiB").first).to_be_visible()
            expect(table.get_by_text("Nothing listens on port")).to_be_visible()
            assert axe(page) == []
            shot(page, f"machines-{name}")
        assert _ask(studio.server, "GET", "computes/lab")["nodes"][0]["memory_free_mb"] > 0
    finally:
        studio.close()  # pages that are open ask for the compute now and then
        studio.server.request("DELETE", f"{API}/computes/lab?force=true")
        end_everything(tmp_path / "node")
        machine.remove()


def test_a_folder_is_uploaded_without_what_its_rules_leave_at_home(studio: Studio, tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    (folder / "日本").mkdir(parents=True)
    for number in range(40):
        (folder / "日本" / f"{number}.txt").write_text(str(number % 30))
    (folder / ".gitignore").write_text("*.env\n")
    (folder / "x.env").write_text(SECRET)
    page = studio.open("/studio/default/data")
    page.get_by_role("button", name="New data").click()
    page.get_by_label("Folder", exact=True).set_input_files(folder)
    expect(page.get_by_text("scans · 41 files")).to_be_visible()
    page.get_by_role("dialog").get_by_label("Name").fill("scans")
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1, name="scans")).to_be_visible()
    made = _ask(studio.server, "GET", "data/scans/versions/1")
    found = {file["path"] for file in _ask(studio.server, "GET", f"content?uri={made['path']}")["value"]}
    assert found == {".gitignore", *(f"日本/{number}.txt" for number in range(40))}
