"""The statements that every job needs several times, made once: putting one together costs more than running it."""

from __future__ import annotations

from sqlalchemy import BindParameter, and_, bindparam, func, insert, or_, select, update

from lapisml.core.lifecycle import COMPOSITE, ON_COMPUTE, TERMINAL, JobState
from lapisml.server.features.jobs.tables import job_events, jobs

_workspace: BindParameter[int] = bindparam("workspace")
_compute: BindParameter[str] = bindparam("compute_name")
_of_line = and_(jobs.c.workspace_id == _workspace, jobs.c.compute == _compute)

_holding = sorted(state.value for state in ON_COMPUTE | {JobState.CANCEL_REQUESTED})
"""States rather than "not ended": there is an index of states, and most jobs are over."""

_given = sorted([*_holding, JobState.QUEUED.value])
_of_engine = and_(jobs.c.workspace_id == _workspace, jobs.c.engine == bindparam("engine_name"))

GET = select(jobs).where(jobs.c.workspace_id == _workspace, jobs.c.name == bindparam("job_name"))
GET_LOCKED = GET.with_for_update()

_in_line = and_(jobs.c.status == JobState.QUEUED.value, jobs.c.site.is_(None))
"""In our own line; a job that is Queued and has a site is in the queue of its compute."""

LINE = select(jobs.c.name, jobs.c.wanted_nodes).where(_of_line, _in_line).order_by(jobs.c.priority.desc(), jobs.c.seq)
HEAD_OF_LINE = LINE.limit(bindparam("most"))

WAITING_COMPUTES = select(jobs.c.workspace_id, jobs.c.compute).where(_in_line).distinct()

HOLDING = select(jobs.c.name, jobs.c.nodes, jobs.c.allotted_at).where(
    _of_line, jobs.c.allotted_at.is_not(None), jobs.c.status.in_(_holding)
)

HOLDING_ENGINE = select(jobs.c.name, jobs.c.nodes, jobs.c.allotted_at).where(
    _of_engine, jobs.c.allotted_at.is_not(None), jobs.c.status.in_(_holding)
)
"""Who holds nodes of an attached compute, through whatever compute its document names."""

IN_FLIGHT = select(func.coalesce(func.sum(jobs.c.wanted_nodes), 0)).where(
    _of_line, jobs.c.site.is_not(None), jobs.c.status.in_(_given)
)
"""Nodes that the jobs ask for which a compute with a queue of its own was given."""

ENGAGED = (
    select(jobs.c.name).where(_of_engine, jobs.c.site.is_not(None), jobs.c.status.in_(_given)).order_by(jobs.c.seq)
)
ENGINES = (
    select(jobs.c.workspace_id, jobs.c.engine).where(jobs.c.engine.is_not(None), jobs.c.status.in_(_given)).distinct()
)

_unplaced_cancel = and_(jobs.c.status == JobState.CANCEL_REQUESTED.value, jobs.c.site.is_(None))
_LIVE = (
    select(
        jobs.c.seq,
        jobs.c.name,
        jobs.c.workspace_id,
        jobs.c.status,
        jobs.c.status_code,
        jobs.c.status_reason,
        jobs.c.submit_key,
        jobs.c.site.is_not(None),
        jobs.c.handed_over,
        jobs.c.warnings,
    )
    .where(jobs.c.type.not_in(sorted(COMPOSITE)))
    .order_by(jobs.c.seq)
)
LIVE = _LIVE.where(
    jobs.c.status.in_(_holding),
    or_(and_(jobs.c.site == bindparam("site_name"), jobs.c.engine.is_(None)), _unplaced_cancel),
)
LIVE_ON_ENGINE = _LIVE.where(jobs.c.status.in_(_given), _of_engine, jobs.c.site.is_not(None))
_among = jobs.c.seq.in_(bindparam("seqs", expanding=True))
LIVE_AMONG = LIVE.where(_among)
LIVE_ON_ENGINE_AMONG = LIVE_ON_ENGINE.where(_among)

MOVED_SINCE = (
    select(job_events.c.seq, job_events.c.job_seq, job_events.c.at)
    .where(job_events.c.seq > bindparam("after"))
    .order_by(job_events.c.seq)
    .limit(bindparam("most"))
)

LIVE_COMPOSITES = (
    select(jobs.c.workspace_id, jobs.c.name)
    .where(
        jobs.c.status.in_([state.value for state in JobState if state not in TERMINAL]),
        jobs.c.type.in_(sorted(COMPOSITE)),
    )
    .order_by(jobs.c.seq)
)

CHILDREN = (
    select(
        jobs.c.seq,
        jobs.c.name,
        jobs.c.step,
        jobs.c.type,
        jobs.c.status,
        jobs.c.status_code,
        jobs.c.status_reason,
        jobs.c.ended_at,
    )
    .where(jobs.c.workspace_id == _workspace, jobs.c.parent_name == bindparam("parent"))
    .order_by(jobs.c.seq)
)

MOVED_CHILDREN = CHILDREN.where(
    jobs.c.seq.in_(select(job_events.c.job_seq).where(job_events.c.seq > bindparam("after")))
)
LAST_EVENT = select(func.max(job_events.c.seq))

MOVE = update(jobs).where(jobs.c.seq == bindparam("job_seq"), jobs.c.status == bindparam("before"))
CHANGE = update(jobs).where(jobs.c.seq == bindparam("job_seq"))
ADD = insert(jobs)
ADD_EVENT = insert(job_events)
