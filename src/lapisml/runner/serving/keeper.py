"""The keeper of a revision: stands where the command of a command job stands.

Runs in Lapis's own Python; its replicas run in the model's environment. It starts them, probes them, replaces those
that die, has as many as the load wants, and says how things stand. It holds no state that must outlive it: when it is
killed its replicas end, and the server has the revision started again.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Mapping
from typing import Any

from lapisml.ports.serving import Places
from lapisml.runner import durable, processes
from lapisml.runner.serving import logs
from lapisml.runner.serving.accelerating import Acceleration
from lapisml.runner.serving.control import Control
from lapisml.runner.serving.copier import Copier
from lapisml.runner.serving.crew import Crew, FailedError
from lapisml.runner.serving.doorkeeper import Doorkeeper
from lapisml.runner.serving.plan import Plan
from lapisml.runner.serving.probes import ProbeSettings
from lapisml.runner.serving.process import bury_strangers
from lapisml.runner.serving.replica import Form, Replica
from lapisml.runner.serving.report import Report
from lapisml.runner.serving.scaling import Autoscaler, Scale
from lapisml.runner.signals import Signals

_LOOK_EVERY_S = 30.0
"""How often the keeper looks around when nothing happens: its logs may have grown."""


def main() -> None:
    """Serve the revision whose plan is the last argument; never returns."""
    plan = Plan.read(sys.argv[-1])
    processes.become_subreaper()  # copies of replicas are this process's children
    for folder in (plan.folder, plan.logs):
        os.makedirs(folder, mode=0o700, exist_ok=True)
    places = plan.places
    places.make()
    report = Report(plan, places)
    code = 1
    try:
        keeper = Keeper(plan, places, report)
        try:
            keeper.run()
        finally:
            keeper.close()
        report.last_word("stopped", "It was asked to end.")
        code = 0
    except FailedError as error:
        _say(f"{error}\n{error.log_tail}")
        report.last_word("failed", str(error), error.log_tail)
        durable.write_json(plan.verdict, {"reason": str(error)})
    except Exception as error:  # noqa: BLE001 - the process's boundary: it ends through os._exit, which shows nothing
        traceback.print_exc()
        report.last_word("stopped", f"Its keeper failed: {error}")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


class Keeper:
    """Looks after the replicas of a revision until it is told to end.

    Args:
        plan: how the revision is served.
        places: the files that keepers share with the gateway and the server.
        report: where it says how things stand.

    Raises:
        OSError: its sockets can't be made.
    """

    def __init__(self, plan: Plan, places: Places, report: Report) -> None:
        self._plan, self._places, self._report = plan, places, report
        self._signals = Signals((signal.SIGTERM, signal.SIGINT))
        self._control = Control(places.control(plan.revision))
        now = time.monotonic()
        self._scale = Scale.of(plan.scale)
        self._autoscaler = Autoscaler(self._scale, now)
        self._readiness, self._liveness = ProbeSettings.of(plan.readiness), ProbeSettings.of(plan.liveness)
        env = variables(plan, os.environ)
        copier = Copier(plan.kind == "mlflow")
        path = os.path.join(plan.folder, "original.json")
        self._original = Form("original", path, plan.python, env, plan.work, copier)
        self._write_replica_plan()
        self._crew = Crew(self._make, self._original, plan.timeout_s, self._readiness.patience_s, _say)
        self._acceleration = Acceleration(plan, env, self._threads, _say)
        self._door = Doorkeeper(plan, _say)
        self._capacity = plan.max_concurrent
        self._is_ending = False
        self._look_at = now + _LOOK_EVERY_S

    def run(self) -> None:
        """Serve until a request to end, or SIGTERM, and until all replicas have ended.

        Raises:
            FailedError: the revision can't be served.
        """
        self._look_around(time.monotonic())
        while not (self._is_ending and not list(self._crew)):
            self._wait()
            self._look_around(time.monotonic())

    def close(self) -> None:
        """End what still runs, and give the sockets up."""
        self._acceleration.close()
        self._crew.close()
        self._door.close()
        self._control.close()

    def _look_around(self, now: float) -> None:
        for message in self._control.take():
            self._obey(message, now)
        if self._signals.seen() and not self._is_ending:
            _say("Asked to end.")
            self._begin_end(now)
        self._crew.turn(now)
        self._door.turn(now)
        bury_strangers({*self._crew.pids, self._acceleration.pid, self._door.pid})
        if not self._is_ending:
            self._attend(now)
        if now >= self._look_at:
            self._look_at = now + _LOOK_EVERY_S
            self._trim_logs()
        self._tell()

    def _attend(self, now: float) -> None:
        """See that as many replicas as wanted run, of the form that is wanted."""
        for replica in self._crew.ready:
            self._capacity = int(replica.hello.get("max_concurrent") or self._capacity)
        if not self._crew.is_proven or (self._autoscaler.wanted and not self._crew.ready):
            self._autoscaler.begin(now)  # what is being started has had no chance to be asked
        wanted = self._autoscaler.decide(self._capacity, now)
        self._crew.reach(wanted, now)
        if not wanted:
            self._crew.forget()
        self._accelerate()

    def _trim_logs(self) -> None:
        for replica in self._crew:
            logs.trim(replica.log)
        logs.trim(os.path.join(self._plan.logs, "std_log.txt"))

    def _accelerate(self) -> None:
        if not self._crew.is_proven:
            return
        form = self._acceleration.turn()
        if form is not None:
            _say("The model's faster form is ready; replicas of it take over.")
            self._crew.form = form
        if self._crew.broken:
            self._acceleration.give_up(self._crew.broken)
        elif self._crew.form is not self._original and self._crew.is_handed_over:
            self._acceleration.taken_over()
            self._crew.forget(but=self._crew.form)

    def _obey(self, message: dict[str, Any], now: float) -> None:
        try:
            if message["do"] == "load":
                self._autoscaler.load(float(message["in_flight"]) + float(message["queued"]), now)
            elif message["do"] == "scale":
                self._rescale(Scale.of(message["scale"]), now)
            elif message["do"] == "drain" and not self._is_ending:
                _say("Drained: what is being worked on is finished.")
                self._begin_end(now)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            _say(f"A message that can't be understood is passed over: {error!r}")

    def _rescale(self, scale: Scale, now: float) -> None:
        _say(f"From now on {scale.minimum} to {scale.maximum} replicas.")
        self._scale = scale
        self._autoscaler.rescale(scale, now)
        with contextlib.suppress(OSError):  # a full disk: those that are started go by the plan as it was
            self._write_replica_plan()

    def _begin_end(self, now: float) -> None:
        self._is_ending = True
        self._acceleration.close()
        self._crew.forget()
        for replica in self._crew:
            self._crew.retire(replica, now)

    def _wait(self) -> None:
        poll = select.poll()
        own = (self._control.fileno(), self._signals.fileno())
        others = (*self._crew.descriptors(), *self._acceleration.descriptors(), *self._door.descriptors())
        for descriptor in (*own, *others):
            poll.register(descriptor, select.POLLIN)
        due = [self._look_at, self._crew.due(), self._door.due(), None if self._is_ending else self._autoscaler.due]
        first = min(at for at in due if at is not None)
        poll.poll(max(0.0, (first - time.monotonic()) * 1000) + 1)

    def _tell(self) -> None:
        state, reason, tail = self._state()
        wanted = 0 if self._is_ending else self._autoscaler.wanted
        takes = self._scale.takes(self._capacity)
        facts = self._acceleration.facts
        if self._report.say(state, self._crew.live, wanted, facts, reason, tail, self._door.port, takes):
            self._door.news()

    def _state(self) -> tuple[str, str, str]:
        crew = self._crew
        if self._is_ending:
            return "stopped", "It is being ended.", ""
        if not self._autoscaler.wanted and not crew.live:
            return "zero", "Nobody has asked for a while; the next request starts a replica.", ""
        if crew.is_proven and crew.ready:
            return "ready", "", ""
        if crew.is_proven and crew.is_looping:
            return "failed", f"{crew.trouble} It is tried again and again.", crew.trouble_tail
        return "starting", crew.trouble, crew.trouble_tail

    def _make(self, number: int, form: Form) -> Replica:
        path = self._places.socket(self._plan.revision, number)
        log = os.path.join(self._plan.logs, f"replica_{number}.txt")
        return Replica(number, form, path, log, self._liveness, self._readiness)

    def _write_replica_plan(self) -> None:
        durable.write_json(self._original.plan_path, self._plan.of_replica(self._threads(), None))

    def _threads(self) -> int:
        """Return how many threads a replica may use: its share of the cores."""
        return max(1, len(os.sched_getaffinity(0)) // max(1, self._scale.maximum))


def variables(plan: Plan, env: Mapping[str, str]) -> dict[str, str]:
    """Return a replica's variables: the job's, and those by which scripts find themselves on Azure ML."""
    found = {"AML_APP_ROOT": plan.work}
    if plan.script is not None:
        found["AZUREML_ENTRY_SCRIPT"] = os.path.relpath(plan.script, os.path.realpath(plan.work))
    return {**found, **env}


def _say(sentence: str) -> None:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with contextlib.suppress(OSError):  # a full disk: the line is lost
        os.write(1, f"{stamp} {sentence}\n".encode(errors="replace"))
