"""The drill's jobs: what each does, what must be left of it, and what was found to be wrong with it.

A job writes a line into a folder of its node whenever its command begins, is told to end, and ends. That is evidence
which does not pass through Lapis: how often a command ran is counted there.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from lapisml.core.errors import LapisError
from lapisml.sdk.session import Session

OVER = ("Completed", "Failed", "Canceled")
KINDS = ("plain", "failing", "large", "canceled", "pair", "plain", "early", "limited", "large", "failing")
"""The jobs, in turn."""

FAULTS = ("lost", "doubled", "wrong state", "metrics", "outputs", "log")
LARGE = 3 << 20

SCRIPT = """
import hashlib, json, os, signal, sys, time, urllib.request

kind, evidence, steps, pace = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
given, made = sys.argv[5], sys.argv[6]
name, rank = os.environ["MLFLOW_RUN_ID"], os.environ.get("NODE_RANK", "0")


def tell(word):
    os.makedirs(evidence, exist_ok=True)
    with open(os.path.join(evidence, name), "ab", buffering=0) as file:
        file.write(f"{word} {rank} {os.getpid()} {time.time():.3f}\\n".encode())


def ended(*_):
    tell("told")
    sys.exit(143)


def log(step):
    body = {"run_id": name, "key": f"loss{rank}", "value": step / 2, "timestamp": 1000 + step, "step": step}
    request = urllib.request.Request(
        os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]},
    )
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=600).read()


signal.signal(signal.SIGTERM, ended)
tell("begin")
content = open(os.path.join(given, "data.bin"), "rb").read()
print("input", hashlib.sha256(content).hexdigest(), flush=True)
for step in range(steps):
    log(step)
    print("line", step, flush=True)
    time.sleep(pace)
for folder in (made, "outputs"):
    with open(os.path.join(folder, f"made{rank}.bin"), "wb") as file:
        file.write(content + (name + rank).encode())
tell("end")
sys.exit(3 if kind == "failing" else 0)
"""


@dataclass
class Job:
    """One job of the drill.

    Attributes:
        number: its place; `kind` follows from it.
        steps: metrics and lines that it writes, unless somebody ends it.
        accepted: whether the server has said that it has it.
        faults: what is wrong with it, each with what was seen.
    """

    number: int
    name: str
    kind: str
    steps: int
    accepted: bool = False
    faults: list[tuple[str, str]] = field(default_factory=list)

    @property
    def parts(self) -> int:
        """Machines that it runs on."""
        return 2 if self.kind == "pair" else 1

    @property
    def expected(self) -> str:
        """The state that it must end in."""
        return {"failing": "Failed", "canceled": "Canceled", "early": "Canceled", "limited": "Canceled"}.get(
            self.kind, "Completed"
        )

    @property
    def runs_to_its_end(self) -> bool:
        """Whether its command is not ended by anybody."""
        return self.expected != "Canceled"

    def document(self, compute: str, evidence: str, code: str, data: dict[str, str]) -> dict[str, Any]:
        """The document that is submitted.

        Args:
            compute: its name.
            evidence: folder of the node for what is told beside Lapis.
            code: address of the snapshot with the script.
            data: addresses of the inputs ``small`` and ``large``.
        """
        pace = 0.25
        words = f"{self.kind} {evidence} {self.steps} {pace} ${{{{inputs.data}}}} ${{{{outputs.made}}}}"
        return {
            "type": "command",
            "command": f"exec python3 drill_job.py {words}",
            "code": code,
            "environment": {"image": "python"},
            "compute": compute,
            "inputs": {"data": {"type": "uri_folder", "path": data[self.size], "mode": "download"}},
            "outputs": {"made": {"type": "uri_folder"}},
            "resources": {"instance_count": self.parts},
            **({"limits": {"timeout": 5}} if self.kind == "limited" else {}),
        }

    @property
    def size(self) -> str:
        """Which input it has."""
        return "large" if self.kind == "large" else "small"


def make(number: int, name: str, steps: int) -> Job:
    """Make the job of a place in the drill; what somebody has to end would run for long."""
    kind = KINDS[number % len(KINDS)]
    return Job(number, name, kind, 1200 if kind in ("canceled", "early", "limited") else steps)


class Judge:
    """Looks at what is left of the jobs.

    Args:
        session: the server.
        evidence: reads all lines that a job wrote on the nodes.
        inputs: contents of the inputs.

    Attributes:
        seen: how many things of each kind were compared.
    """

    def __init__(self, session: Session, evidence: Callable[[str], Iterable[str]], inputs: dict[str, bytes]) -> None:
        self._session = session
        self._evidence = evidence
        self._inputs = inputs
        self.seen: Counter[str] = Counter()

    def judge(self, job: Job) -> None:
        """Note what is wrong with one job."""
        record = self._read(job)
        if record is None:
            return
        self._state(job, record)
        self._runs(job)
        self._metrics(job)
        if job.runs_to_its_end:
            self._outputs(job)
        self._log(job)

    def _read(self, job: Job) -> dict[str, Any] | None:
        try:
            record: dict[str, Any] = self._session.transport.get(self._session.path("jobs", job.name))
        except LapisError as error:
            job.faults.append(("lost", f"the server says: {error}"))
            return None
        if record["status"] not in OVER:
            job.faults.append(("lost", f"still {record['status']}: {record['status_reason']}"))
            return None
        return record

    def _state(self, job: Job, record: dict[str, Any]) -> None:
        wanted = job.expected
        if record["status"] != wanted:
            job.faults.append(("wrong state", f"{record['status']} in place of {wanted}: {record['status_reason']}"))
        elif job.kind == "failing" and "exit code 3" not in record["status_reason"]:
            job.faults.append(("wrong state", record["status_reason"]))
        elif job.kind == "limited" and record["status_code"] != "Timeout":
            job.faults.append(("wrong state", f"{record['status_code']}: {record['status_reason']}"))
        events = self._session.transport.get(self._session.path("jobs", job.name, "events"))["value"]
        states = [event["status"] for event in events if event["status"] != "NotResponding"]
        changes = [state for state, _same in groupby(states)]  # what follows on NotResponding is where it was before
        if len(set(changes)) != len(changes):
            job.faults.append(("doubled", f"states {changes}"))

    def _runs(self, job: Job) -> None:
        """Count by the evidence of the nodes how often the command ran."""
        told = [line.split()[:2] for line in self._evidence(job.name)]
        for rank in map(str, range(job.parts)):
            begun, ended = told.count(["begin", rank]), told.count(["end", rank])
            if begun > 1:
                job.faults.append(("doubled", f"rank {rank} began {begun} times"))
            if job.runs_to_its_end and (begun, ended) == (0, 0):
                job.faults.append(("lost", f"rank {rank} never ran"))
            if job.runs_to_its_end and begun == 1 and ended != 1:
                job.faults.append(("wrong state", f"rank {rank} began and ended {ended} times"))
            if job.kind in ("canceled", "limited") and begun == 0:
                job.faults.append(("lost", f"rank {rank} never ran"))

    def _metrics(self, job: Job) -> None:
        for rank in range(job.parts):
            query = {"run_id": job.name, "metric_key": f"loss{rank}", "max_results": 25000}
            try:
                path = f"/mlflow/{self._session.workspace}/api/2.0/mlflow/metrics/get-history"
                found = self._session.transport.get(path, **query).get("metrics", [])
            except LapisError as error:
                job.faults.append(("metrics", str(error)))
                continue
            steps = [int(one["step"]) for one in found]
            self.seen["metric points"] += len(steps)
            self._steps(job, "metrics", f"loss{rank}", steps)

    def _steps(self, job: Job, fault: str, what: str, steps: list[int]) -> None:
        """Each step must be there once; of a job that was ended, those up to some step."""
        if len(set(steps)) != len(steps):
            twice = sorted({step for step in steps if steps.count(step) > 1})
            job.faults.append(("doubled", f"{what}: {twice[:5]} came twice"))
        last = job.steps if job.runs_to_its_end else max(steps, default=-1) + 1
        if sorted(set(steps)) != list(range(last)):
            missing = sorted(set(range(last)) - set(steps))
            job.faults.append((fault, f"{what}: {len(missing)} of {last} are missing, the first {missing[:5]}"))

    def _outputs(self, job: Job) -> None:
        for rank in range(job.parts):
            wanted = self._inputs[job.size] + f"{job.name}{rank}".encode()
            names = {"made": f"made{rank}.bin", "artifacts": f"outputs/made{rank}.bin"}
            for output, path in names.items():
                if output == "made" and job.kind == "failing":
                    continue  # an output is stored when the command succeeded
                uri = f"azureml://jobs/{job.name}/outputs/{output}"
                try:
                    content = self._content(uri, path)
                except (LapisError, OSError) as error:
                    job.faults.append(("outputs", f"{output}/{path}: {error}"))
                    continue
                self.seen["files"] += 1
                if content != wanted:
                    job.faults.append(("outputs", f"{output}/{path} has {len(content)} bytes, not {len(wanted)}"))

    def _content(self, uri: str, path: str) -> bytes:
        where = self._session.path("content", "file")
        with self._session.transport.open("GET", where, query={"uri": uri, "path": path}) as found:
            return bytes(found.read())

    def _log(self, job: Job) -> None:
        names = ["std_log.txt"] if job.parts == 1 else [f"std_log_process_{rank}.txt" for rank in range(job.parts)]
        wanted = f"input {hashlib.sha256(self._inputs[job.size]).hexdigest()}"
        began = any(line.startswith("begin") for line in self._evidence(job.name))
        for name in names if began else ():
            path = self._session.path("jobs", job.name, "logs", "file")
            try:
                with self._session.transport.open("GET", path, query={"path": f"user_logs/{name}"}) as found:
                    lines = found.read().decode(errors="replace").splitlines()
            except (LapisError, OSError) as error:
                job.faults.append(("log", f"{name}: {error}"))
                continue
            steps = [int(line.split()[1]) for line in lines if line.startswith("line ")]
            self.seen["log lines"] += len(steps)
            self._steps(job, "log", name, steps)
            if job.runs_to_its_end and lines.count(wanted) != 1:
                job.faults.append(("log", f"{name} has {lines.count(wanted)} lines about its input"))


def write_script(folder: Path, number: int) -> Path:
    """Write the code of a job; each has contents that no other has, so that they travel."""
    place = folder / f"code{number}"
    place.mkdir(parents=True)
    (place / "drill_job.py").write_text(SCRIPT)
    for part in range(5):
        (place / f"part{part}.txt").write_text(f"{number} {part}\n" * 2000)
    return place
