"""Train a classifier of handwritten digits on several machines: ordinary PyTorch, nothing here knows who started it."""

import argparse
import socket
from pathlib import Path

import mlflow
import torch
import torch.distributed as dist
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--learning-rate", type=float, default=0.01)
    parser.add_argument("--model", required=True, help="folder for the model")
    return parser.parse_args()


def read_data() -> tuple[TensorDataset, TensorDataset]:
    digits = load_digits()
    images = torch.tensor(digits.data / 16, dtype=torch.float32)
    labels = torch.tensor(digits.target)
    train, test = train_test_split(range(len(labels)), test_size=0.25, random_state=0)
    return TensorDataset(images[train], labels[train]), TensorDataset(images[test], labels[test])


def train_epoch(model: nn.Module, batches: DataLoader, optimizer: torch.optim.Optimizer) -> float:
    """Go over this rank's share once; return the mean loss of all ranks."""
    model.train()
    losses = []
    for images, labels in batches:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()  # here the ranks' gradients become one
        optimizer.step()
        losses.append(loss.item())
    mean = torch.tensor([sum(losses) / len(losses)])
    dist.all_reduce(mean)
    return mean.item() / dist.get_world_size()


def main() -> None:
    args = parse_args()
    dist.init_process_group("gloo")
    rank, world = dist.get_rank(), dist.get_world_size()
    machines: list[str] = [""] * world
    dist.all_gather_object(machines, socket.gethostname())
    print(f"rank {rank} of {world} on {machines[rank]}; all: {', '.join(machines)}", flush=True)

    torch.manual_seed(7)
    learn, test = read_data()
    sampler = DistributedSampler(learn, seed=7)
    batches = DataLoader(learn, batch_size=32, sampler=sampler)
    model = DistributedDataParallel(nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)))
    optimizer = torch.optim.Adam(model.parameters(), lr=args.learning_rate)
    for epoch in range(args.epochs):
        sampler.set_epoch(epoch)
        loss = train_epoch(model, batches, optimizer)
        model.eval()
        with torch.no_grad():
            accuracy = (model.module(test.tensors[0]).argmax(1) == test.tensors[1]).float().mean().item()
        print(f"epoch {epoch}: rank {rank} saw {len(sampler)} images, loss of all {loss:.4f}", flush=True)
        if rank == 0:
            mlflow.log_metrics({"loss": loss, "accuracy": accuracy}, step=epoch)

    weights = sum(parameter.abs().sum().item() for parameter in model.parameters())
    everybodys: list[float] = [0.0] * world
    dist.all_gather_object(everybodys, weights)
    print(f"rank {rank}: the model is the same everywhere: {len(set(everybodys)) == 1}", flush=True)
    if rank == 0:
        mlflow.log_params({"machines": ", ".join(machines), "world_size": world})
        torch.save(model.module.state_dict(), Path(args.model, "digits.pt"))
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
