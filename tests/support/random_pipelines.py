"""Random pipelines whose results are known beforehand, and random edits of them.

Every step is a small shell command that hashes what it is given into what it writes. `RandomPipeline.results` computes
the same hashes here, so that a run, with or without reuse, can be held against what a full run must give.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

_WORDS = "amber brook cedar dune ember fern grove hazel".split()


@dataclass(frozen=True)
class RandomStep:
    """A step.

    Attributes:
        salt: a word in the command; another word is another command.
        takes: steps whose output it reads.
        files, values: inputs of the pipeline that it reads.
        own: a value of its own.
        is_file: whether it writes a file; else a file in a folder.
        is_component: whether it is written as a component with declared inputs.
        is_deterministic: whether its earlier results may be taken; kept by components only.
    """

    name: str
    salt: str
    takes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    own: int = 0
    is_file: bool = False
    is_component: bool = False
    is_deterministic: bool = True


@dataclass(frozen=True)
class RandomPipeline:
    """A pipeline; steps stand in any order.

    Attributes:
        files: name of an input → content of its file.
        values: name of an input → value.
    """

    steps: tuple[RandomStep, ...]
    files: tuple[tuple[str, str], ...]
    values: tuple[tuple[str, int], ...]

    def document(self, folder: Path, environment: str | dict[str, Any]) -> dict[str, Any]:
        """Give the document of a pipeline job, and write the files that it names.

        Args:
            folder: where the files go; made if it is not there.
            environment: of every step; it needs nothing but a POSIX shell with `sha256sum`.
        """
        folder.mkdir(parents=True, exist_ok=True)
        inputs: dict[str, Any] = dict(self.values)
        for name, content in self.files:
            (folder / f"{name}.txt").write_text(content)
            inputs[name] = {"type": "uri_file", "path": str(folder / f"{name}.txt")}
        jobs = {step.name: self._step(step, environment) for step in self.steps}
        outputs = {step.name: {"type": _kind(step)} for step in self.steps}
        return {"type": "pipeline", "inputs": inputs, "outputs": outputs, "jobs": jobs}

    def results(self) -> dict[str, str]:
        """Give what each step must write: 64 hexadecimal digits and a line end."""
        found: dict[str, str] = {}
        for step in self._in_order():
            values = dict(self.values)
            text = "".join(f"{word}\n" for word in (step.salt, step.own, *(values[name] for name in step.values)))
            files = dict(self.files)
            text += "".join(files[name] for name in step.files) + "".join(found[name] for name in step.takes)
            found[step.name] = hashlib.sha256(text.encode()).hexdigest() + "\n"
        return found

    def reusable(self, earlier: list[RandomPipeline]) -> set[str]:
        """Name the steps of which an equal one ran in an earlier pipeline: those that need not run again.

        Equal are steps that have the same command and give and take the same; the name does not matter.
        """
        known = {key for pipeline in earlier for key in pipeline._keys().values()}
        return {name for name, key in self._keys().items() if key in known and self.step(name).is_deterministic}

    def result_file(self, step: str) -> str:
        """Give the path of a step's result within its output; empty when the output is the file."""
        return "" if self.step(step).is_file else "out.txt"

    def step(self, name: str) -> RandomStep:
        """Give a step."""
        return next(step for step in self.steps if step.name == name)

    def _keys(self) -> dict[str, tuple[Any, ...]]:
        results = self.results()
        return {
            step.name: (results[step.name], _command(self, step), step.is_file, step.is_deterministic)
            for step in self.steps
        }

    def _in_order(self) -> Iterator[RandomStep]:
        placed: set[str] = set()
        waiting = list(self.steps)
        while waiting:
            ready = [step for step in waiting if placed.issuperset(step.takes)]
            assert ready, "the steps form a ring"
            yield from ready
            placed.update(step.name for step in ready)
            waiting = [step for step in waiting if step.name not in placed]

    def _step(self, step: RandomStep, environment: str | dict[str, Any]) -> dict[str, Any]:
        inputs: dict[str, Any] = {"own": step.own}
        declared: dict[str, Any] = {"own": {"type": "integer"}}
        for place, name in enumerate(step.values):
            inputs[f"v{place}"] = f"${{{{parent.inputs.{name}}}}}"
            declared[f"v{place}"] = {"type": "integer"}
        for place, name in enumerate(step.files):
            inputs[f"f{place}"] = f"${{{{parent.inputs.{name}}}}}"
            declared[f"f{place}"] = {"type": "uri_file"}
        for place, name in enumerate(step.takes):
            inputs[f"t{place}"] = f"${{{{parent.jobs.{name}.outputs.out}}}}"
            declared[f"t{place}"] = {"type": _kind(self.step(name))}
        outputs = {"out": f"${{{{parent.outputs.{step.name}}}}}"}
        work: dict[str, Any] = {"type": "command", "command": _command(self, step), "environment": environment}
        if not step.is_component:
            return {**work, "inputs": inputs, "outputs": outputs}
        work |= {"inputs": declared, "outputs": {"out": {"type": _kind(step)}}}
        work |= {} if step.is_deterministic else {"is_deterministic": False}
        return {"type": "command", "component": work, "inputs": inputs, "outputs": outputs}


def _kind(step: RandomStep) -> str:
    return "uri_file" if step.is_file else "uri_folder"


def _command(pipeline: RandomPipeline, step: RandomStep) -> str:
    words = [f"'{step.salt}'", '"${{inputs.own}}"', *(f'"${{{{inputs.v{n}}}}}"' for n in range(len(step.values)))]
    paths = [f"${{{{inputs.f{n}}}}}" for n in range(len(step.files))]
    for place, name in enumerate(step.takes):
        paths.append(f"${{{{inputs.t{place}}}}}" + ("" if pipeline.step(name).is_file else "/out.txt"))
    shown = " ".join(f'"{path}"' for path in ["/dev/null", *paths])
    target = "${{outputs.out}}" + ("" if step.is_file else "/out.txt")
    hashing = f"{{ printf '%s\\n' {' '.join(words)}; cat {shown}; }} | sha256sum | cut -d' ' -f1"
    return f'{hashing} > "{target}"'


def random_pipeline(rng: random.Random, most: int = 7) -> RandomPipeline:
    """Make a pipeline of 1 to `most` steps."""
    files = tuple((f"file{n}", _content(rng)) for n in range(rng.randint(1, 3)))
    values = tuple((f"value{n}", rng.randint(0, 3)) for n in range(rng.randint(1, 3)))
    pipeline = RandomPipeline((), files, values)
    for _ in range(rng.randint(1, most)):
        pipeline = _add_step(rng, pipeline)
    return replace(pipeline, steps=tuple(rng.sample(pipeline.steps, len(pipeline.steps))))


def random_edits(rng: random.Random, pipeline: RandomPipeline, count: int) -> list[tuple[str, RandomPipeline]]:
    """Edit a pipeline again and again; give what was done and the pipeline after it, `count` times.

    Now and then a state from before comes back, and now and then nothing changes.
    """
    states = [pipeline]
    done: list[tuple[str, RandomPipeline]] = []
    for _ in range(count):
        name, edit = rng.choice(_EDITS)
        after = rng.choice(states) if edit is None else edit(rng, states[-1])
        states.append(after)
        done.append((name, after))
    return done


def _content(rng: random.Random) -> str:
    return "".join(f"{rng.choice(_WORDS)} {rng.randint(0, 9)}\n" for _ in range(rng.randint(0, 3)))


def _some(rng: random.Random, names: list[str], most: int = 2) -> tuple[str, ...]:
    return tuple(rng.sample(names, rng.randint(0, min(most, len(names)))))


def _add_step(rng: random.Random, pipeline: RandomPipeline) -> RandomPipeline:
    taken = {step.name for step in pipeline.steps}
    name = next(f"s{n}" for n in range(len(taken) + 1) if f"s{n}" not in taken)
    is_component = rng.random() < 0.5
    step = RandomStep(
        name,
        rng.choice(_WORDS),
        takes=_some(rng, sorted(taken)),
        files=_some(rng, [name for name, _ in pipeline.files]),
        values=_some(rng, [name for name, _ in pipeline.values]),
        own=rng.randint(0, 2),
        is_file=rng.random() < 0.5,
        is_component=is_component,
        is_deterministic=not is_component or rng.random() < 0.85,
    )
    return replace(pipeline, steps=(*pipeline.steps, step))


def _remove_step(rng: random.Random, pipeline: RandomPipeline) -> RandomPipeline:
    if len(pipeline.steps) < 2:
        return pipeline
    gone = rng.choice(pipeline.steps).name
    kept = (
        replace(step, takes=tuple(name for name in step.takes if name != gone))
        for step in pipeline.steps
        if step.name != gone
    )
    return replace(pipeline, steps=tuple(kept))


def _rename_step(rng: random.Random, pipeline: RandomPipeline) -> RandomPipeline:
    before, taken = rng.choice(pipeline.steps).name, {step.name for step in pipeline.steps}
    after = next(name for n in range(1000) if (name := f"r{n}") not in taken)
    steps = (
        replace(
            step,
            name=after if step.name == before else step.name,
            takes=tuple(after if name == before else name for name in step.takes),
        )
        for step in pipeline.steps
    )
    return replace(pipeline, steps=tuple(steps))


def _change_step(
    change: Callable[[random.Random, RandomPipeline, RandomStep], RandomStep],
) -> Callable[[random.Random, RandomPipeline], RandomPipeline]:
    def edit(rng: random.Random, pipeline: RandomPipeline) -> RandomPipeline:
        place = rng.randrange(len(pipeline.steps))
        changed = change(rng, pipeline, pipeline.steps[place])
        return replace(pipeline, steps=(*pipeline.steps[:place], changed, *pipeline.steps[place + 1 :]))

    return edit


def _rewire(rng: random.Random, pipeline: RandomPipeline, step: RandomStep) -> RandomStep:
    """Let a step take outputs of others, none of which depends on it."""
    behind, grew = {step.name}, True
    while grew:
        followers = {other.name for other in pipeline.steps if behind & set(other.takes)}
        grew = not followers <= behind
        behind |= followers
    return replace(step, takes=_some(rng, sorted({other.name for other in pipeline.steps} - behind)))


def _change_file(rng: random.Random, pipeline: RandomPipeline) -> RandomPipeline:
    files = dict(pipeline.files)
    files[rng.choice(sorted(files))] = _content(rng)
    return replace(pipeline, files=tuple(files.items()))


def _change_value(rng: random.Random, pipeline: RandomPipeline) -> RandomPipeline:
    values = dict(pipeline.values)
    values[rng.choice(sorted(values))] = rng.randint(0, 3)
    return replace(pipeline, values=tuple(values.items()))


def _shuffle(rng: random.Random, pipeline: RandomPipeline) -> RandomPipeline:
    return replace(pipeline, steps=tuple(rng.sample(pipeline.steps, len(pipeline.steps))))


_EDITS: tuple[tuple[str, Callable[[random.Random, RandomPipeline], RandomPipeline] | None], ...] = (
    ("change a command", _change_step(lambda rng, _, step: replace(step, salt=rng.choice(_WORDS)))),
    ("change a step's own value", _change_step(lambda rng, _, step: replace(step, own=rng.randint(0, 2)))),
    ("take other outputs", _change_step(_rewire)),
    ("write a file instead of a folder", _change_step(lambda _r, _, step: replace(step, is_file=not step.is_file))),
    (
        "write a step as a component, or in place",
        _change_step(lambda _r, _, step: replace(step, is_component=not step.is_component, is_deterministic=True)),
    ),
    ("change a file", _change_file),
    ("change a value", _change_value),
    ("add a step", _add_step),
    ("remove a step", _remove_step),
    ("rename a step", _rename_step),
    ("change the order of the document", _shuffle),
    ("go back to a state from before", None),
    ("change nothing", lambda _, pipeline: pipeline),
)
