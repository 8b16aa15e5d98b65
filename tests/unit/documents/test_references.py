from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.references import (
    KINDS,
    AssetRef,
    CodeRef,
    DatastoreUri,
    JobOutputUri,
    LocalPath,
    ModelsUri,
    PlainUri,
    Reference,
    RunUri,
    Scope,
    parse,
)

ARM = "subscriptions/S/resourceGroups/G/providers/Microsoft.MachineLearningServices/workspaces/W"
SCOPE = Scope("W", "S", "G")
DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "kind", "reference"),
    [
        ("azureml:n:1", None, AssetRef("n", "1")),
        ("azureml:n:01", "data", AssetRef("n", "01", kind="data")),
        ("azureml:n@latest", None, AssetRef("n", label="latest")),
        ("azureml:cpu-cluster", "compute", AssetRef("cpu-cluster", kind="compute")),
        ("n:1", "model", AssetRef("n", "1", kind="model")),
        ("AzureML-sklearn-1.5@latest", "environment", AssetRef("AzureML-sklearn-1.5", None, "latest", "environment")),
        ("cpu-cluster", "compute", AssetRef("cpu-cluster", kind="compute")),
        ("n:1", None, LocalPath("n:1")),
        (
            "azureml://registries/azureml/environments/sklearn-1.5/labels/latest", None,
            AssetRef("sklearn-1.5", None, "latest", "environment", "azureml"),
        ),
        ("azureml://registries/r/models/m/versions/3", None, AssetRef("m", "3", None, "model", "r")),
        ("azureml://registries/r/datastores/d/paths/a/b", None, DatastoreUri("d", "a/b", registry="r")),
        (f"azureml:/{ARM}/data/n/versions/2", None, AssetRef("n", "2", None, "data", None, SCOPE)),
        (f"/{ARM}/computes/c", "compute", AssetRef("c", None, None, "compute", None, SCOPE)),
        (
            "azureml://locations/L/workspaces/W/models/m/versions/1", None,
            AssetRef("m", "1", None, "model", None, Scope("W", location="L")),
        ),
        ("azureml://datastores/d/paths/a b/c#?.csv", None, DatastoreUri("d", "a b/c#?.csv")),
        ("azureml://datastores/d/paths/", None, DatastoreUri("d")),
        ("azureml://datastores/d", None, DatastoreUri("d")),
        ("azureml://subscriptions/S/resourcegroups/G/workspaces/W/datastores/d/paths/p/", None,
         DatastoreUri("d", "p/", SCOPE)),
        ("azureml://jobs/j/outputs/o", None, JobOutputUri("j", "o")),
        ("azureml://jobs/j/outputs/artifacts/paths/model/", None, JobOutputUri("j", "artifacts", "model/")),
        ("azureml://jobs/j/outputs/artifacts/outputs/m/", None, JobOutputUri("j", "artifacts", "outputs/m/")),
        (f"azureml://codes/{DIGEST}", None, CodeRef(DIGEST)),
        ("runs:/r/p/q", None, RunUri("r", "p/q")),
        ("runs:/r", None, RunUri("r")),
        ("models:/n/3", None, ModelsUri("n", "3")),
        ("models:/n/Production", None, ModelsUri("n", "Production")),
        ("models:/n@champion", None, ModelsUri("n", alias="champion")),
        ("wasbs://c@a.blob.core.windows.net/", None, PlainUri("wasbs", "wasbs://c@a.blob.core.windows.net/")),
        ("HTTPS://x/y", None, PlainUri("https", "HTTPS://x/y")),
        ("s3://b/k", "data", PlainUri("s3", "s3://b/k")),
        ("file:///srv/x", None, PlainUri("file", "file:///srv/x")),
        ("file:./env.yml", None, LocalPath("./env.yml")),
        ("../up/it", "data", LocalPath("../up/it")),
        ("/absolute", None, LocalPath("/absolute")),
    ],
)  # fmt: skip
def test_every_form(text: str, kind: str | None, reference: Reference) -> None:
    assert parse(text, kind) == reference


@pytest.mark.parametrize(
    "text",
    [
        "", "azureml:", "azureml:a:b:c", "azureml:a b", "azureml:a@", "azureml://", "azureml://nonsense/x",
        "azureml://datastores/", "azureml://datastores/d/path/x", "azureml://jobs/j/x/y", "azureml://jobs/j/outputs/",
        "azureml://codes/short", "azureml://registries/r/environments/e/tags/x", "azureml://subscriptions/S/data/x",
        "azureml://workspaces/W", "runs:/", "models:/", "a\nb", "azureml:a:1\x00", "file:",
    ],
)  # fmt: skip
def test_what_begins_like_a_reference_and_is_none(text: str) -> None:
    with pytest.raises(LapisError) as caught:
        parse(text)
    assert caught.value.code is ErrorCode.DOCUMENT_INVALID


@pytest.mark.parametrize(
    "text",
    [
        "azureml://datastores/d/paths/../x", "azureml://datastores/d/paths/a/../../x", "azureml://datastores/../paths/x",
        "azureml://jobs/j/outputs/o/paths/..", "azureml://jobs/../outputs/o", "runs:/r/../x", "models:/n/1/../../x",
        "azureml://datastores/d/paths/a\\..\\b", "azureml://registries/../environments/e/versions/1",
    ],
)  # fmt: skip
def test_no_reference_climbs_out_of_its_place(text: str) -> None:
    with pytest.raises(LapisError) as caught:
        parse(text)
    assert caught.value.code is ErrorCode.PATH_NOT_ALLOWED


def test_another_kind_than_expected_is_refused() -> None:
    with pytest.raises(LapisError, match="names a model where"):
        parse("azureml://registries/r/models/m/versions/1", "environment")


names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,20}\Z", fullmatch=True).filter(lambda n: n not in (".", ".."))
segments = st.text(st.characters(exclude_characters="/\\", exclude_categories=("Cc", "Cs")), min_size=1, max_size=8)
inner = st.lists(segments.filter(lambda s: s not in (".", "..")), max_size=4).map("/".join)
scopes = st.one_of(
    st.builds(Scope, names),
    st.builds(Scope, names, names, names),
    st.builds(lambda w, where: Scope(w, location=where), names, names),
)
kinds = st.sampled_from(sorted({*KINDS.values()} - {"datastore", "code", "job"}))


@st.composite
def assets(draw: st.DrawFn) -> AssetRef:
    version, label = draw(st.sampled_from([(None, None), ("v", None), (None, "v")]))
    tail = draw(names)
    return AssetRef(
        draw(names), version and tail, label and tail, draw(kinds),
        *draw(st.one_of(st.just((None, None)), st.tuples(names, st.none()), st.tuples(st.none(), scopes))),
    )  # fmt: skip


references = st.one_of(
    assets(),
    st.builds(DatastoreUri, names, inner, st.one_of(st.none(), scopes)),
    st.builds(JobOutputUri, names, names, inner.filter(lambda p: not p.lower().startswith("paths"))),
    st.builds(CodeRef, st.just(DIGEST)),
    st.builds(RunUri, names, inner),
    st.builds(ModelsUri, names, names, st.none(), inner),
    st.builds(lambda n, a, p: ModelsUri(n, None, a, p), names, names, inner),
)


@given(references)
def test_what_is_written_reads_back_as_the_same(reference: Reference) -> None:
    assert parse(str(reference), getattr(reference, "kind", None)) == reference


@given(st.text(max_size=60), st.one_of(st.none(), kinds))
def test_any_text_is_read_or_refused_with_a_sentence(text: str, kind: str | None) -> None:
    try:
        sentence = f"{parse(text, kind)}."
    except LapisError as error:
        sentence = error.message
    assert len(sentence) > 1
    assert sentence.endswith(".")
