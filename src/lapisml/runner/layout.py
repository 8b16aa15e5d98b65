"""The names within a job's folder, ``<home>/runs/<workspace>/<job>/`` (owner only).

====================  ========================================================================
``spec.json``         the launch specification without its secrets; written by the backend
``secrets.json``      what was taken out of it; removed when the job has ended
``supervisor.lock``   held (flock) by the one supervisor of the job
``process.json``      ``{supervisor, wrapper, child, relay_port}``; processes as ``{pid, boot_id, start_ticks}``
``started.json``      made at the moment at which the command may begin: ``{at, boottime}``
``child.json``        the command's exit status, written by the wrapper
``leftovers.json``    processes that outlived the command and were ended
``cancel.json``       a recorded request to end the job: ``{at, by, grace_s}``
``compute.json``      how the engine of a cluster ended the job: ``{reason, words, final}``
``ranks.json``        of a job of several processes: which rank failed first, and how
``ranks.pipe``        through which ranks under ``mpirun`` say how they ended
``environment.json``  ``{key}`` of the environment that was built, where it is another than was expected
``places.json``       where the data lies that the job's addresses name: ``{address: path}``
``parallel.json``     of a mini-batch job: the driver's plan; ``verdict.json``: its own words about the end
``serving/``          of a model that answers requests: the plans of keeper and replicas, the model under its name
``exit.json``         how the job ended; written last, never changed
``journal.jsonl``     what happened, one line each
``system_metrics.jsonl``  samples of system metrics
``spool.jsonl``       metrics that the relay has acknowledged, ``spool.cursor``: how many of its bytes arrived
``work/``             the command's working folder: the code, ``outputs/``, ``logs/``
``user_logs/``, ``system_logs/``, ``inputs/``, ``named_outputs/``, ``env/``, ``mini_batches/``
====================  ========================================================================
"""

SPEC = "spec.json"
SECRETS = "secrets.json"
LOCK = "supervisor.lock"
PROCESS = "process.json"
STARTED = "started.json"
CHILD = "child.json"
LEFTOVERS = "leftovers.json"
CANCEL = "cancel.json"
COMPUTE = "compute.json"
RANKS = "ranks.json"
RANKS_HELD = "ranks.json.reserve"
RANK_REPORTS = "ranks.pipe"
BUILT = "environment.json"
PLACES = "places.json"
PARALLEL = "parallel.json"
VERDICT = "verdict.json"
EXIT = "exit.json"
JOURNAL = "journal.jsonl"
SYSTEM_METRICS = "system_metrics.jsonl"

RELAY = "relay.json"
SPOOL = "spool.jsonl"
SPOOL_CURSOR = "spool.cursor"
UNDELIVERED = "undelivered.jsonl"

WORK = "work"
OUTPUTS = "outputs"
LOGS = "logs"
USER_LOGS = "user_logs"
SYSTEM_LOGS = "system_logs"
INPUTS = "inputs"
MINI_BATCHES = "mini_batches"
NAMED_OUTPUTS = "named_outputs"
SERVING = "serving"
OVERLAY = "env"

STD_LOG = "user_logs/std_log.txt"
ENVIRONMENT_LOG = "system_logs/environment.log"
RUNNER_LOG = "system_logs/runner.log"

KEY_VARIABLE = "LAPIS_JOB_KEY"
"""Environment variable of every process of a job: its submit key, by which strays are recognised."""

COMPUTE_VARIABLE = "LAPIS_COMPUTE_SPEAKS"
"""Environment variable of a supervisor whose engine may say (`COMPUTE`) why it ended the command's processes."""
