"""A job's log as a person looks at it: lines by number, a text in it, what comes."""

from __future__ import annotations

import json
import shlex
import urllib.request
from urllib.parse import quote

from tests.integration.jobs.client import Api
from tests.support.polling import eventually
from tests.support.server import LapisServer

LOG = "path=user_logs/std_log.txt"


def _follow(server: LapisServer, name: str, offset: int) -> str:
    """Read a log to the job's end."""
    url = f"{server.url}/api/v1/workspaces/default/jobs/{name}/logs/follow?{LOG}&offset={offset}"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {server.token}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        lines = [json.loads(line) for line in answer]
    assert lines[-1] == {"end": True}
    return "".join(line.get("log", "") for line in lines)


def test_lines_matches_and_what_follows_make_up_the_log(shared_server: LapisServer) -> None:
    api, go = Api(shared_server), shared_server.home / "log-lines-go"
    program = "\n".join(
        [
            "import os, time",
            "for n in range(3000): print(f'line {n}')",
            "print('größe ends', flush=True)",
            f"while not os.path.exists('{go}'): time.sleep(0.02)",
            "print('after', end='')",
        ]
    )
    name = api.submit(f"python -c {shlex.quote(program)}")
    logs = f"/jobs/{name}/logs"

    def printed() -> dict[str, object] | None:
        status, body = api.call("GET", f"{logs}/lines?{LOG}&first=-2&count=2")
        return body if status == 200 and "größe ends" in body["value"] else None

    window = eventually(printed, 60, what="the lines that the job has printed")
    assert window["value"] == ["line 2999", "größe ends"]
    found = api.call("GET", f"{logs}/find?{LOG}&text={quote('LINE 29')}")[1]
    last = found["value"][-1]
    assert api.call("GET", f"{logs}/lines?{LOG}&first={last}&count=1")[1]["value"] == ["line 2999"]
    assert (len(found["value"]), found["next_line"]) == (1 + 10 + 100, None)
    go.touch()
    assert "after" in _follow(shared_server, name, int(str(window["end"])))
    whole = api.log(name).decode()
    assert _follow(shared_server, name, 0) == whole
    assert api.call("GET", f"{logs}/lines?{LOG}&first=0&count=0")[1]["total"] == whole.count("\n")
    status, download = shared_server.request("GET", f"/api/v1/workspaces/default{logs}/download?{LOG}")
    assert (status, download) == (200, whole.encode())
    assert api.call("GET", f"{logs}/lines?path=../secret.key")[0] in (400, 403, 404)
