from __future__ import annotations

from dataclasses import replace

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.tracking.records import View
from tests.unit.tracking.conftest import Bench


def test_every_workspace_has_a_default_experiment_with_the_public_id_0(tracking: Bench) -> None:
    experiments = tracking.service.experiments
    for caller in (tracking.caller, tracking.elsewhere):
        assert experiments.get(caller, "0").name == "Default"
        assert experiments.get_by_name(caller, "Default").experiment_id == "0"
    with pytest.raises(LapisError, match="cannot be deleted"):
        experiments.delete(tracking.caller, "0")


def test_experiments_of_one_workspace_do_not_exist_in_another(tracking: Bench) -> None:
    experiments = tracking.service.experiments
    made = experiments.create(tracking.caller, "mine")
    for call in (
        lambda: experiments.get(tracking.elsewhere, made),
        lambda: experiments.delete(tracking.elsewhere, made),
        lambda: experiments.set_tags(tracking.elsewhere, made, {"a": "b"}),
        lambda: tracking.service.runs.create(tracking.elsewhere, made),
    ):
        with pytest.raises(LapisError) as caught:
            call()
        assert caught.value.code is ErrorCode.NOT_FOUND
    assert experiments.search(tracking.elsewhere).items[0].name == "Default"
    assert tracking.service.runs.search(tracking.elsewhere, [made]).items == []


def test_names_are_taken_once_also_by_deleted_experiments(tracking: Bench) -> None:
    experiments = tracking.service.experiments
    made = experiments.create(tracking.caller, "mine", tags={"team": "a"})
    experiments.delete(tracking.caller, made)
    with pytest.raises(LapisError, match="deleted state") as caught:
        experiments.create(tracking.caller, "mine")
    assert caught.value.code is ErrorCode.ALREADY_EXISTS
    with pytest.raises(LapisError, match="restore it"):
        experiments.get_or_create(tracking.caller, "mine")
    experiments.restore(tracking.caller, made)
    assert experiments.get_or_create(tracking.caller, "mine").tags == {"team": "a"}


def test_deleting_takes_the_active_runs_along_and_restoring_brings_just_those_back(tracking: Bench) -> None:
    experiments, runs = tracking.service.experiments, tracking.service.runs
    made = experiments.create(tracking.caller, "mine")
    kept, gone = tracking.run(made), tracking.run(made)
    runs.delete(tracking.caller, gone)
    experiments.delete(tracking.caller, made)
    experiments.delete(tracking.caller, made)
    assert runs.info(tracking.caller, kept).deleted_at is not None
    with pytest.raises(LapisError, match="active"):
        tracking.run(made)
    experiments.restore(tracking.caller, made)
    assert [r.info.run_id for r in runs.search(tracking.caller, [made]).items] == [kept]


def test_renaming(tracking: Bench) -> None:
    experiments = tracking.service.experiments
    made, other = experiments.create(tracking.caller, "a"), experiments.create(tracking.caller, "b")
    experiments.rename(tracking.caller, made, "c")
    experiments.rename(tracking.caller, made, "c")
    assert experiments.get_by_name(tracking.caller, "c").experiment_id == made
    with pytest.raises(LapisError) as caught:
        experiments.rename(tracking.caller, other, "c")
    assert caught.value.code is ErrorCode.ALREADY_EXISTS


def test_tags(tracking: Bench) -> None:
    experiments = tracking.service.experiments
    made = experiments.create(tracking.caller, "a")
    experiments.set_tags(tracking.caller, made, {"k": "1"})
    experiments.set_tags(tracking.caller, made, {"k": "2"})
    assert experiments.get(tracking.caller, made).tags == {"k": "2"}
    experiments.delete_tag(tracking.caller, made, "k")
    with pytest.raises(LapisError) as caught:
        experiments.delete_tag(tracking.caller, made, "k")
    assert caught.value.code is ErrorCode.NOT_FOUND


def test_search(tracking: Bench) -> None:
    experiments = tracking.service.experiments
    ids = {n: experiments.create(tracking.caller, n, tags={"team": n[0]}) for n in ("alpha", "Alpine", "beta")}
    experiments.delete(tracking.caller, ids["beta"])

    def names(text: str = "", order: str = "name", view: View = View.ACTIVE) -> list[str]:
        return [e.name for e in experiments.search(tracking.caller, text, [order], view).items]

    assert set(names()) == {"Default", "alpha", "Alpine"}
    assert names("name LIKE 'al%'") == ["alpha"]
    assert sorted(names("name ILIKE 'al%'")) == ["Alpine", "alpha"]
    assert names("tags.team = 'a'") == ["alpha"]
    assert names("tags.team IS NULL") == ["Default"]
    assert names("tags.team IS NOT NULL", view=View.DELETED) == ["beta"]
    assert set(names("creation_time > 0", view=View.ALL)) == {"Default", "alpha", "Alpine", "beta"}
    assert names(f"experiment_id IN ('0', '{ids['alpha']}')", "experiment_id") == ["Default", "alpha"]
    assert set(names("experiment_id != '0'")) == {"alpha", "Alpine"}


def test_search_in_pages(tracking: Bench) -> None:
    experiments = tracking.service.experiments
    for number in range(7):
        experiments.create(tracking.caller, f"e{number}")
    first = experiments.search(tracking.caller, order_by=["name"], limit=5)
    second = experiments.search(tracking.caller, order_by=["name"], limit=5, token=first.token)
    assert [e.name for e in first.items + second.items] == ["Default", *[f"e{n}" for n in range(7)]]
    assert second.token is None
    with pytest.raises(LapisError, match="another search"):
        experiments.search(tracking.caller, order_by=["name DESC"], limit=5, token=first.token)


def test_a_job_may_make_and_find_experiments_but_not_remove_them(tracking: Bench) -> None:
    job = replace(tracking.caller, job="calm_fennel")
    experiments = tracking.service.experiments
    made = experiments.create(job, "from a job")
    assert experiments.get(job, made).name == "from a job"
    for call in (
        lambda: experiments.delete(job, made),
        lambda: experiments.restore(job, made),
        lambda: experiments.rename(job, made, "x"),
    ):
        with pytest.raises(LapisError) as caught:
            call()
        assert caught.value.code is ErrorCode.FORBIDDEN


@pytest.mark.parametrize("location", ["mlflow-artifacts:/x", "runs:/x", "models:/m/1", "x\x00"])
def test_locations_that_stand_for_what_the_server_keeps_are_refused(tracking: Bench, location: str) -> None:
    with pytest.raises(LapisError):
        tracking.service.experiments.create(tracking.caller, "e", location)


def test_a_location_of_the_clients_own(tracking: Bench) -> None:
    made = tracking.service.experiments.create(tracking.caller, "e", "s3://bucket/folder/")
    run = tracking.service.runs.create(tracking.caller, made).info
    assert run.artifact_uri == f"s3://bucket/folder/{run.run_id}/artifacts"
