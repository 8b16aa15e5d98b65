"""The table of trials. A row is written before the trial's job is made, so none is drawn twice."""

from sqlalchemy import Column, Double, ForeignKey, Integer, String, Table, Text

from lapisml.server.platform.database import JsonText, metadata

sweep_trials = Table(
    "sweep_trials",
    metadata,
    Column("sweep", Integer, ForeignKey("jobs.seq"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),  # from 0
    Column("name", String(255), nullable=False),  # of the trial's job
    Column("parameters", JsonText, nullable=False),  # name → value
    Column("coordinates", JsonText, nullable=False),  # axis → place, where results of others decided it; else empty
    Column("stop_code", String(64)),  # why the sweep asked for its end
    Column("stop_reason", Text),
    Column("phase", String(16), nullable=False),  # a TrialPhase
    Column("score", Double),  # best value of the primary metric, once it is over
    Column("reason", Text, nullable=False),  # why it ended
)
