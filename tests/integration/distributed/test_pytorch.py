"""A real training on two ranks: torch.distributed over gloo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lapisml.ports.compute import Outcome
from lapisml.ports.launch import DistributionSpec
from lapisml.testing.compute_bench import Bench

TRAIN = """
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

dist.init_process_group("gloo")
rank = dist.get_rank()
torch.manual_seed(7)
x = torch.linspace(-1, 1, 200).unsqueeze(1)
y = 3 * x + 0.5
mine = slice(rank, None, dist.get_world_size())
model = DistributedDataParallel(torch.nn.Linear(1, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
for _step in range(200):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(x[mine]), y[mine])
    loss.backward()
    optimizer.step()
weight, bias = (p.item() for p in model.parameters())
everybodys = [None] * dist.get_world_size()
dist.all_gather_object(everybodys, (weight, bias))
print(f"rank {rank} same {len(set(everybodys)) == 1} weight {weight:.2f} bias {bias:.2f}", flush=True)
dist.destroy_process_group()
"""


@pytest.mark.slow
def test_two_ranks_train_one_model(bench: Bench, tmp_path: Path, python_with: Callable[[str], str]) -> None:
    script = tmp_path / "train.py"
    script.write_text(TRAIN)
    command = f"{python_with('torch')} {script}"
    handle = bench.submit(command, distribution=DistributionSpec("pytorch", 2))
    course = bench.follow(handle, timeout=300)
    assert course.exit.outcome is Outcome.COMPLETED, bench.log(handle)
    for rank in (0, 1):
        log = bench.log(handle, f"user_logs/std_log_process_{rank}.txt")
        assert f"rank {rank} same True weight 3.00 bias 0.50" in log
