"""Frames between gateway and replica."""

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lapisml.scoring.lapis_scoring import frames
from lapisml.scoring.lapis_scoring.frames import Frame, FrameError, Parser

FRAMES = st.lists(
    st.tuples(
        st.integers(0, 5), st.integers(0, 2**32 - 1), st.binary(max_size=50), st.sampled_from([{}, {"status": 400}])
    ),
    max_size=6,
)


@given(FRAMES, st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_frames_survive_any_cutting_of_the_stream(
    written: list[tuple[int, int, bytes, dict[str, int]]], cuts: list[int]
) -> None:
    wanted = [Frame(kind, number, frames.pack_head(head), body) for kind, number, body, head in written]
    stream = b"".join(frames.pack(f.kind, f.id, f.body, f.head) for f in wanted)
    parser, found, at, turn = Parser(), [], 0, 0
    while at < len(stream):
        size = cuts[turn % len(cuts)]
        found += parser.feed(stream[at : at + size])
        at, turn = at + size, turn + 1
    assert found == wanted


def test_a_prefix_and_its_body_are_a_frame() -> None:
    assert frames.prefix(1, 7, 3, b"{}") + b"abc" == frames.pack(1, 7, b"abc", b"{}")


@pytest.mark.parametrize("data", [b"\x00" * 12, b"\xff\xff\xff\xff" + b"\x00" * 8, b"\x08\0\0\0" + b"\0\0\0\0\1\0\5\0"])
def test_a_length_that_cannot_be_is_refused(data: bytes) -> None:
    with pytest.raises(FrameError):
        Parser().feed(data)


def test_a_head_is_an_object() -> None:
    assert frames.read_head(b"") == {}
    for bad in (b"[1]", b"{", b"\xff"):
        with pytest.raises(FrameError):
            frames.read_head(bad)


def test_what_runs_in_a_models_environment_is_written_for_python_3_8() -> None:
    files = sorted(Path(frames.__file__).parent.rglob("*.py"))
    assert len(files) > 20
    for path in files:
        ast.parse(path.read_text(), str(path), feature_version=(3, 8))
