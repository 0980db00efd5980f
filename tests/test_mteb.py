"""Models of the mteb registry, read offline; weights are those of the packaged model."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import langcodes
import numpy as np
import pytest

pytest.importorskip("mteb")

import mteb
import tomli_w
from mteb.models.get_model_meta import MODEL_REGISTRY

from generator.add import add_model
from generator.cli import DONE, REFUSED, main
from generator.errors import InputError, ModelUnavailableError
from generator.models.mteb_registry import entry, revision
from generator.models.registry import Model, load_model, read_registry
from generator.models.sources import load_encoder, model_folder, pinned
from generator.models.transformer import TransformerEncoder

E5 = "intfloat/multilingual-e5-large-instruct"
COMMIT = "baa7be480a7de1539afce709c8f13f833a510e0a"
PROMPT = "Instruct: Retrieve semantically similar text.\nQuery: "
# None of these asks for remote code in its metadata; their loaders run it all the same.
SILENT = ("nvidia/llama-embed-nemotron-8b", "jinaai/jina-clip-v2", "axiotic/ogma-small")
# Not in models.toml, as E5 is.
NEW = "intfloat/multilingual-e5-base"
WORDS = ("water", "水", "كتاب", "पानी", "a longer text of several words")


@pytest.fixture(scope="module")
def folder() -> str:
    return str(model_folder(load_model("all-MiniLM-L6-v2")))


@pytest.fixture
def packaged(monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    """Every model of the registry has the weights of the packaged one."""
    known: Callable[[str], Any] = mteb.get_model_meta
    monkeypatch.setattr(
        mteb, "get_model_meta", lambda name: known(name).model_copy(update={"name": folder, "revision": None})
    )


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without the mteb package."""
    monkeypatch.setitem(sys.modules, "mteb", None)


def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


# Encoding


@pytest.mark.usefixtures("packaged")
def test_the_prompt_of_the_registry_is_applied(folder: str) -> None:
    found = load_encoder(Model("E5", f"mteb:{E5}")).encode(WORDS)
    assert found.dtype == np.float32
    assert found.shape == (len(WORDS), 384)
    # The registry loads this model in half precision.
    same = TransformerEncoder(Model("Prompted", "folder:", prompt=PROMPT, dtype="float16"), folder).encode(WORDS)
    np.testing.assert_allclose(found, same, atol=1e-4)
    unprompted = TransformerEncoder(Model("Bare", "folder:", dtype="float16"), folder).encode(WORDS)
    assert cosine(found, unprompted).max() < 0.95


@pytest.mark.parametrize(("wanted", "length"), [(True, 1), (False, 3)])
@pytest.mark.usefixtures("packaged")
def test_vectors_are_normalised_on_demand(monkeypatch: pytest.MonkeyPatch, wanted: bool, length: int) -> None:
    encoder: Any = load_encoder(Model("Again", "mteb:sentence-transformers/LaBSE", normalise=wanted))
    unit = encoder._model.encode
    monkeypatch.setattr(encoder._model, "encode", lambda *given, **options: 3 * unit(*given, **options))
    assert np.linalg.norm(encoder.encode(WORDS), axis=1) == pytest.approx(length, abs=1e-5)
    told = {"batch_size": 128, "prompted_as": "STSBenchmark", "normalised": wanted, "mteb": mteb.__version__}
    assert told.items() <= encoder.settings.items()


@pytest.mark.usefixtures("packaged")
def test_half_precision_is_not_told_as_single() -> None:
    told = load_encoder(Model("E5", f"mteb:{E5}")).settings
    assert "float16" in str(told.get("dtype"))


@pytest.mark.parametrize("change", [{"prompt": "query: "}, {"max_length": 64}, {"dtype": "bfloat16"}])
@pytest.mark.usefixtures("packaged")
def test_what_the_registry_decides_cannot_be_set(change: dict[str, Any]) -> None:
    with pytest.raises(ModelUnavailableError, match="name it hf:"):
        load_encoder(dataclasses.replace(Model("E5", f"mteb:{E5}"), **change))


@pytest.mark.parametrize("name", ["jinaai/jina-embeddings-v3", *SILENT])
def test_remote_code_is_run_only_when_it_is_allowed(name: str) -> None:
    with pytest.raises(ModelUnavailableError, match="--allow-remote-code"):
        load_encoder(Model("Risky", f"mteb:{name}"))


@pytest.mark.usefixtures("packaged")
def test_remote_code_cannot_be_switched_on_by_an_option() -> None:
    model = Model("Risky", "mteb:sentence-transformers/LaBSE", options={"trust_remote_code": True})
    with pytest.raises(ModelUnavailableError, match="--allow-remote-code"):
        load_encoder(model)
    assert load_encoder(model, allow_remote_code=True).encode(["water"]).shape == (1, 384)


def test_a_model_that_cannot_be_loaded_says_so() -> None:
    with pytest.raises(ModelUnavailableError, match=r"E5 cannot be loaded: \w+"):
        load_encoder(Model("E5", f"mteb:{E5}"))


# Names and revisions


@pytest.mark.parametrize("ask", [entry, revision, lambda name: load_encoder(Model("m", f"mteb:{name}"))])
def test_an_unknown_name_is_refused_with_a_near_one(ask: Callable[[str], object]) -> None:
    with pytest.raises(ModelUnavailableError, match=rf"no model '{E5}-2': .*{E5}'"):
        ask(f"{E5}-2")


@pytest.mark.parametrize("ask", [entry, revision, lambda name: load_encoder(Model("m", f"mteb:{name}"))])
@pytest.mark.usefixtures("bare")
def test_without_the_package_the_message_says_what_to_install(ask: Callable[[str], object]) -> None:
    with pytest.raises(ModelUnavailableError, match=r'pip install "isogloss\[mteb\]"'):
        ask(E5)


def test_a_model_is_pinned_to_the_commit_of_the_registry() -> None:
    model = Model("E5", f"mteb:{E5}")
    assert pinned(model).revision == COMMIT
    assert pinned(pinned(model)) == pinned(model)
    with pytest.raises(ModelUnavailableError, match=f"at {COMMIT} only, not at abc"):
        pinned(dataclasses.replace(model, revision="abc"))


# isogloss add model


def test_an_entry_is_added_that_the_registry_reads(tmp_path: Path) -> None:
    path, text = add_model(NEW, tmp_path)
    assert path == tmp_path / "models.toml"
    assert path.read_text("utf-8") == text
    (model,) = read_registry([path]).models.values()
    assert (model.name, model.source) == ("multilingual-e5-base", f"mteb:{NEW}")
    assert (model.dimensions, model.licence, model.link) == (768, "MIT", f"https://huggingface.co/{NEW}")
    assert pinned(model) == model
    assert {"en", "zh", "ar", "sw"} <= set(model.languages)


@pytest.mark.parametrize("before", ['[[models]]\nname = "Mine"\nsource = "ngrams:"', "# Mine: none yet\n"])
def test_what_stands_in_the_file_stays_there(tmp_path: Path, before: str) -> None:
    path = tmp_path / "models.toml"
    path.write_text(before)
    add_model(NEW, tmp_path)
    assert path.read_text().startswith(before)
    assert list(read_registry([path]).models)[-1] == "multilingual-e5-base"


@pytest.mark.parametrize(
    ("name", "before", "problem"),
    [
        (NEW, '[[models]]\nname = "Multilingual-E5-base"\nsource = "ngrams:"\n', "'Multilingual-E5-base' is there"),
        (E5, "", "is there already, as hf:intfloat"),
        (NEW, "[[models]]\nname = 1\n", "models.0.name"),
        (NEW, 'models = [{ name = "Mine", source = "ngrams:" }]\n', "models.toml"),
        ("no/such-model", "", "no model 'no/such-model'"),
    ],
    ids=["there", "shipped", "faulty", "inline", "unknown"],
)
def test_a_refused_model_leaves_the_file_as_it_was(tmp_path: Path, name: str, before: str, problem: str) -> None:
    path = tmp_path / "models.toml"
    path.write_text(before)
    with pytest.raises((InputError, ModelUnavailableError)) as raised:
        add_model(name, tmp_path)
    assert problem in str(raised.value)
    assert path.read_text() == before


def test_every_model_of_the_registry_makes_a_sound_entry(tmp_path: Path) -> None:
    path = tmp_path / "models.toml"
    for name in MODEL_REGISTRY:
        try:
            made = entry(name)
        except ModelUnavailableError:
            continue
        path.write_text(tomli_w.dumps({"models": [made]}), "utf-8")
        (model,) = read_registry([path]).models.values()
        assert all(langcodes.tag_is_valid(tag) for tag in model.languages), name
        assert model.licence != "not specified", name


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["isogloss", "add", "model", NEW, "-c", str(tmp_path / "benchmark.toml")]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as added:
        main()
    text = (tmp_path / "models.toml").read_text()
    assert (added.value.code, capsys.readouterr().out) == (DONE, text)
    with pytest.raises(SystemExit) as again:
        main()
    told = capsys.readouterr()
    assert (again.value.code, told.out) == (REFUSED, "")
    assert "is there already" in told.err
    assert (tmp_path / "models.toml").read_text() == text
