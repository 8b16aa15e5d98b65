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

GET = select(jobs).where(jobs.c.workspace_id == _workspace, jobs.c.name == bindparam("job_name"))
GET_LOCKED = GET.with_for_update()

LINE = (
    select(jobs.c.name, jobs.c.wanted_nodes)
    .where(_of_line, jobs.c.status == JobState.QUEUED.value)
    .order_by(jobs.c.priority.desc(), jobs.c.seq)
)
HEAD_OF_LINE = LINE.limit(bindparam("most"))

WAITING_COMPUTES = select(jobs.c.workspace_id, jobs.c.compute).where(jobs.c.status == JobState.QUEUED.value).distinct()

HOLDING = select(jobs.c.name, jobs.c.nodes, jobs.c.allotted_at).where(
    _of_line, jobs.c.allotted_at.is_not(None), jobs.c.status.in_(_holding)
)

_unplaced_cancel = and_(jobs.c.status == JobState.CANCEL_REQUESTED.value, jobs.c.allotted_at.is_(None))
LIVE = (
    select(
        jobs.c.seq,
        jobs.c.name,
        jobs.c.workspace_id,
        jobs.c.status,
        jobs.c.status_code,
        jobs.c.status_reason,
        jobs.c.submit_key,
        jobs.c.allotted_at.is_not(None),
        jobs.c.handed_over,
        jobs.c.warnings,
    )
    .where(
        jobs.c.status.in_(_holding),
        jobs.c.type.not_in(sorted(COMPOSITE)),
        or_(jobs.c.site == bindparam("site_name"), _unplaced_cancel),
    )
    .order_by(jobs.c.seq)
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
