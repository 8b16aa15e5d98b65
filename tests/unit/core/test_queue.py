from hypothesis import given
from hypothesis import strategies as st

from lapisml.core.queue import Held, Waiting, allot, wait_sentence


def test_the_head_of_the_line_gets_the_first_free_nodes() -> None:
    given_out = allot(4, [Held("a", (1,), 0)], [Waiting("b", 2), Waiting("c", 1)])
    assert [(g.job, g.nodes) for g in given_out] == [("b", (0, 2)), ("c", (3,))]


def test_a_large_job_is_not_overtaken() -> None:
    assert allot(2, [Held("a", (0,), 0)], [Waiting("large", 2), Waiting("small", 1)]) == []


@given(
    capacity=st.integers(0, 12),
    wanted=st.lists(st.integers(1, 5), max_size=12),
    busy=st.sets(st.integers(0, 11), max_size=6),
)
def test_no_node_is_given_twice_and_none_that_does_not_exist(capacity: int, wanted: list[int], busy: set[int]) -> None:
    held = [Held("h", tuple(busy), 0)]
    line = [Waiting(str(i), w) for i, w in enumerate(wanted)]
    nodes = [node for g in allot(capacity, held, line) for node in g.nodes]
    assert len(nodes) == len(set(nodes))
    assert not set(nodes) & busy
    assert all(0 <= node < capacity for node in nodes)


def test_the_sentence_names_place_compute_and_holder() -> None:
    sentence = wait_sentence(2, "cpu-cluster", [Held("calm_fennel_x", (0,), 43_380_000)])
    assert sentence == "Queued: 2nd in line for cpu-cluster; node 0 runs calm_fennel_x since 12:03 UTC."


def test_the_sentence_of_many_holders_stays_short() -> None:
    held = [Held(f"job{i}", (i,), 0) for i in range(9)]
    assert wait_sentence(1, "c", held).endswith("5 more jobs run.")
