"""The replicas together: as many as wanted, of the form that is wanted, without a gap between one and the next."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator

from lapisml.runner import endings
from lapisml.runner.serving.replica import CANNOT_LOAD, Form, Replica

_SETTLE_S = 0.3
"""Seconds between the news that a replica is on its way out and the first look whether anybody still waits for it."""
_LOOK_S = 0.1
_OVERTIME_S = 5.0
_TRIES = 3
"""How often a replica may die before the revision has ever been whole."""
_LOOP = 5
"""Deaths in a row from which a replica is said to be in a crash loop."""
_SIGN = "lapis: "


class FailedError(Exception):
    """The revision can't be served.

    Args:
        sentence: why.
        log_tail: the last lines of the log that shows it.
    """

    def __init__(self, sentence: str, log_tail: str) -> None:
        super().__init__(sentence)
        self.log_tail = log_tail


class Crew:
    """Keeps the wanted number of replicas, and hands over from one form to another.

    Args:
        make: makes the place of a number for a form.
        form: what they run.
        timeout_s: how long one that is on its way out may still work on what it has.
        patience_s: how long a replica may take to be ready the first time; for the sentence.
        tell: takes sentences for the keeper's log.

    Attributes:
        form: what replicas run from now on; others give way to it one by one.
        is_proven: whether all replicas have been ready at some time.
        trouble, trouble_tail: how the last replica died, and its last lines.
        broken: why a form that was to take over can't; empty as long as it can.
    """

    def __init__(
        self,
        make: Callable[[int, Form], Replica],
        form: Form,
        timeout_s: float,
        patience_s: float,
        tell: Callable[[str], None],
    ) -> None:
        self._make = make
        self._first = self.form = form
        self._grace_s = timeout_s + _OVERTIME_S
        self._patience_s = patience_s
        self._tell = tell
        self._places: dict[int, Replica] = {}
        self.is_proven = False
        self.trouble = self.trouble_tail = self.broken = ""

    def __iter__(self) -> Iterator[Replica]:
        """Give all of them, also those on their way out."""
        return iter(list(self._places.values()))

    @property
    def live(self) -> list[Replica]:
        """Those that are wanted, by number."""
        return sorted((r for r in self if not r.is_retired), key=lambda r: r.number)

    @property
    def ready(self) -> list[Replica]:
        """Those that may get requests."""
        return [replica for replica in self.live if replica.ready]

    @property
    def is_handed_over(self) -> bool:
        """Whether all are of the wanted form and ready."""
        live = self.live
        return bool(live) and all(r.form is self.form and r.ready for r in live)

    @property
    def is_looping(self) -> bool:
        """Whether none can be kept alive."""
        live = self.live
        return bool(live) and all(r.pauses.in_vain >= _LOOP and not r.ready for r in live)

    @property
    def forms(self) -> list[Form]:
        """Those that replicas may be of: the first, and the one that is to take over."""
        return [self._first] if self.form is self._first else [self._first, self.form]

    @property
    def pids(self) -> set[int]:
        """All processes: the replicas', and those that replicas are copies of."""
        copied = {form.copier.process.pid for form in self.forms if form.copier.process is not None}
        return copied | {replica.pid for replica in self}

    def descriptors(self) -> list[int]:
        """Return what to wait on."""
        found = [descriptor for replica in self for descriptor in replica.descriptors()]
        return found + [descriptor for form in self.forms for descriptor in form.copier.descriptors()]

    def due(self) -> float | None:
        """Return when something is to be done next."""
        times = [at for at in (replica.due() for replica in self) if at is not None]
        return min(times, default=None)

    def turn(self, now: float) -> None:
        """Do what is due: hear replicas, probe them, replace the dead, end those that are to end.

        Raises:
            FailedError: they die, or are not ready in time, before the revision has ever been whole.
        """
        for form in self.forms:
            form.copier.look()
        for replica in self:
            replica.listen(now)
            if replica.has_ended():
                self._bury(replica, now)
                continue
            self._hand_over(replica, now)
            if not replica.is_retired:
                replica.probe(now)
                self._doubt(replica, now)
            self._end(replica, now)
            if replica.start_at is not None and now >= replica.start_at and not replica.waits_for_loading:
                self._start(replica, now)

    def reach(self, wanted: int, now: float) -> None:
        """Make places, or give some up, so that `wanted` replicas of the wanted form come about."""
        live = self.live
        own = [replica for replica in live if replica.form is self.form]
        old = [replica for replica in live if replica.form is not self.form]
        ready = [replica for replica in own if replica.ready]
        if old:
            if len(own) < wanted and len(ready) == len(own):
                self._add()
            surplus = max(0, len(old) + len(ready) - wanted)
            for replica in sorted(old, key=lambda r: r.ready)[:surplus]:
                self.retire(replica, now)
            return
        for _missing in range(wanted - len(own)):
            self._add()
        surplus = max(0, len(own) - wanted)
        for replica in sorted(own, key=lambda r: (r.ready, -r.number))[:surplus]:
            self.retire(replica, now)
        if wanted and len(self.ready) >= wanted:
            self.is_proven = True

    def retire(self, replica: Replica, now: float) -> None:
        """Take a replica out of use; it ends once it has answered what it works on."""
        if replica.is_retired:
            return
        replica.is_retired = True
        replica.start_at = None
        if not replica.pid:
            self._drop(replica)
            return
        replica.end_at = now + _SETTLE_S
        replica.leave_by = replica.end_at + self._grace_s

    def forget(self, but: Form | None = None) -> None:
        """Let the memory go that loaded models take of which no copies are wanted at present.

        Args:
            but: a form whose loaded model is kept.
        """
        for form in self.forms:
            if form is not but:
                form.copier.forget()

    def close(self) -> None:
        """End all at once."""
        for replica in self:
            self._drop(replica)
        self.forget()

    def _add(self) -> None:
        number = next(n for n in range(len(self._places) + 1) if n not in self._places)
        try:
            self._places[number] = self._make(number, self.form)
        except OSError as error:  # tried again at the next turn
            self.trouble, self.trouble_tail = f"Replica {number} has no socket: {error}.", ""

    def _drop(self, replica: Replica) -> None:
        replica.is_retired, replica.start_at = True, None
        replica.close()
        self._places.pop(replica.number, None)

    def _start(self, replica: Replica, now: float) -> None:
        try:
            replica.start(now)
        except OSError as error:
            self._lament(replica, f"could not be started: {error}", "", 0.0, now)
            return
        self._tell(f"Replica {replica.number} ({replica.form.name}) is started as process {replica.pid}.")

    def _hand_over(self, replica: Replica, now: float) -> None:
        """See whether a process that was to load has done so, and have copies made of it."""
        copier = replica.form.copier
        before = copier.stage
        try:
            replica.hand_over()
        except OSError as error:
            self._lament(replica, f"could not be started: {error}", "", 0.0, now)
        if copier.stage is before:
            return
        if copier.process is not None:
            self._tell(f"Replicas ({replica.form.name}) are copies of process {copier.process.pid}.")
        elif copier.reason:
            self._tell(f"Each replica ({replica.form.name}) loads the model itself: {copier.reason}.")

    def _doubt(self, replica: Replica, now: float) -> None:
        """Kill a replica that does not answer; give up one that was not ready in time at the very first."""
        if replica.why:
            return
        if replica.is_late:
            replica.why = f"was not ready within {self._patience_s:g} s"
        elif replica.is_stuck:
            replica.why = "did not answer its liveness probe and was ended"
        if replica.is_late and not self.is_proven:
            self._fail_or_fall_back(replica, replica.why, _tail(replica))
        elif replica.why:
            replica.kill_at = now

    def _end(self, replica: Replica, now: float) -> None:
        if replica.end_at is not None and now >= replica.end_at:
            if replica.clients() and now < replica.leave_by:
                replica.end_at = now + _LOOK_S
            else:
                replica.end_at, replica.kill_at = None, now + self._grace_s
                replica.ask_to_end()
        if replica.kill_at is not None and now >= replica.kill_at:
            replica.kill_at = None
            replica.kill()

    def _bury(self, replica: Replica, now: float) -> None:
        worked_s, tail = replica.worked_s(now), _tail(replica)
        code = replica.bury()
        if replica.is_retired:
            self._tell(f"Replica {replica.number} has ended.")
            self._drop(replica)
            return
        how = replica.why or _how(code, tail)
        if code == CANNOT_LOAD and not self.is_proven:
            self._fail_or_fall_back(replica, how, tail)
            return
        self._lament(replica, how, tail, worked_s, now)

    def _lament(self, replica: Replica, how: str, tail: str, worked_s: float, now: float) -> None:
        """Write down a death and plan the next start."""
        self.trouble, self.trouble_tail = f"Replica {replica.number} {how}.", tail
        pause = replica.pauses.after(worked_s)
        if replica.form is not self._first and not worked_s:
            self._fail_or_fall_back(replica, how, tail)
            return
        if not self.is_proven and replica.pauses.in_vain >= _TRIES:
            self._fail_or_fall_back(replica, f"{how}, {replica.pauses.in_vain} times in a row", tail)
            return
        replica.restarts += 1
        replica.start_at = now + pause
        when = f"in {pause:g} s" if pause else "at once"
        self._tell(f"Replica {replica.number} {how}; it is started again {when}.\n{tail}".rstrip())

    def _fail_or_fall_back(self, replica: Replica, how: str, tail: str) -> None:
        """End the revision, or, where a faster form was to take over, stay with the model itself."""
        if replica.form is self._first:
            raise FailedError(f"Replica {replica.number} {how}.", tail)
        self.broken = f"a replica of it {how}"
        self._tell(f"The {replica.form.name} form is given up: {self.broken}.\n{tail}".rstrip())
        self.form = self._first
        self._drop(replica)


def _tail(replica: Replica) -> str:
    return endings.log_tail(replica.log, replica.log_from)


def _how(code: int, tail: str) -> str:
    """Say how a process ended; what the replica itself says of its loading comes first."""
    last = tail.rstrip().rpartition("\n")[2]
    own = last[len(_SIGN) :].rstrip(".") if last.startswith(_SIGN) else ""
    if code == CANNOT_LOAD and own:
        return f"could not be loaded: {own}"
    if code >= 0:
        return f"ended with exit code {code}{': ' if own else ''}{own}"
    meaning = ", most likely because memory ran out" if -code == signal.SIGKILL else ""
    return f"was ended by signal {endings.signal_name(-code)}{meaning}"
