"""Alignment layer by layer: vectors of every layer, the curve made of them, its file, the command and the charts."""

from __future__ import annotations

import dataclasses
import json
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from site_fixtures import HOSTILE, PAYLOAD, Element, invented, measured, model, page_of, write_benchmark
from transformers import AutoTokenizer, BertConfig, BertModel

from generator import layers as module
from generator.cli import DONE, REFUSED, main
from generator.config import load_benchmark
from generator.datasets import Dataset
from generator.errors import InputError, LayersUnavailableError, ModelUnavailableError
from generator.layers import (
    Layer,
    LayerCurve,
    LayerStore,
    current_curves,
    document,
    from_json,
    has_layers,
    layer_curve,
    measure_layers,
)
from generator.models import Model, load_model, transformer
from generator.models.sources import load_encoder, model_folder, pinned
from generator.models.transformer import TransformerEncoder
from generator.pair import Parameters, measure_pair
from generator.results import Estimate
from generator.site.layer_figures import Line, layer_chart, layer_sections, reading
from generator.site.render import render_site

WordList = Callable[..., Dataset]
Vectors = np.ndarray[tuple[int, ...], np.dtype[np.float32]]
QUICK = Parameters(draws=50, layout=None)
TEXTS = (
    "water",
    "水果",
    "पानी की बोतल",
    "شَمْس",
    "x̣́ȩ́",
    "👩🏽‍🚀☀️",
    "a longer text of several words, to be padded against",
)


def encoder_of(of: Model) -> TransformerEncoder:
    encoder = load_encoder(pinned(of))
    assert isinstance(encoder, TransformerEncoder)
    return encoder


@pytest.fixture(scope="session")
def minilm() -> TransformerEncoder:
    """The packaged model, loaded once: seconds."""
    return encoder_of(load_model("all-MiniLM-L6-v2"))


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small models of random weights: "tiny" with three layers that it pools by its first token, "table" with none."""
    # In 6.0 they moved; their old place only warns.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from sentence_transformers.models import Pooling, StaticEmbedding, Transformer

    base = tmp_path_factory.mktemp("models")
    tokenizer = AutoTokenizer.from_pretrained(model_folder(load_model("all-MiniLM-L6-v2")))
    torch.manual_seed(1)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2, "num_hidden_layers": 3}
    BertModel(BertConfig(vocab_size=len(tokenizer), **sizes)).save_pretrained(base / "bert")
    tokenizer.save_pretrained(base / "bert")
    bert = Transformer(str(base / "bert"))
    SentenceTransformer(modules=[bert, Pooling(16, pooling_mode="cls")]).save(str(base / "tiny"))
    table = StaticEmbedding(tokenizer.backend_tokenizer, embedding_dim=8)
    SentenceTransformer(modules=[table]).save(str(base / "table"))
    return base


@pytest.fixture
def tiny(folders: Path) -> Model:
    return load_model(str(folders / "tiny"))


@pytest.fixture
def words(word_list: WordList) -> Dataset:
    return word_list(slug="words", n=8)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many texts each look into the layers was about."""
    counts: list[int] = []
    look = TransformerEncoder.layer_vectors

    def counted(self: TransformerEncoder, texts: Any) -> Vectors:
        counts.append(len(texts))
        return look(self, texts)

    monkeypatch.setattr(TransformerEncoder, "layer_vectors", counted)
    return counts


def cosines(a: Vectors, b: Vectors) -> Vectors:
    """Of each row of one with the same row of the other."""
    found: Vectors = (a * b).sum(axis=-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)
    return found


# Vectors of every layer


def test_the_last_layer_is_the_models_own_mean_pooled_output(minilm: TransformerEncoder) -> None:
    layers = minilm.layer_vectors(TEXTS)
    assert layers.shape == (7, len(TEXTS), 384)
    assert layers.dtype == np.float32
    assert np.allclose(cosines(layers[-1], minilm.encode(TEXTS)), 1, atol=1e-5)
    assert np.abs(np.linalg.norm(layers[-1], axis=1) - 1).min() > 0.1, "before the model brings it to unit length"
    assert cosines(layers[-2], minilm.encode(TEXTS)).max() < 0.99


def test_layer_0_is_the_embedding_layer(minilm: TransformerEncoder) -> None:
    layers = minilm.layer_vectors(TEXTS)
    bert, tokenizer = minilm._model[0].auto_model, minilm._model.tokenizer
    for i, text in enumerate(TEXTS):
        with torch.inference_mode():
            tokens = bert.embeddings(tokenizer(text, return_tensors="pt")["input_ids"])[0]  # type: ignore[operator]
        assert np.allclose(layers[0, i], tokens.mean(dim=0).numpy(), atol=1e-5)


def test_every_layer_in_between_is_that_of_the_model_run_on_the_text_alone(tiny: Model) -> None:
    encoder = encoder_of(tiny)
    layers = encoder.layer_vectors(TEXTS)
    bert, tokenizer = encoder._model[0].auto_model, encoder._model.tokenizer
    for i, text in enumerate(TEXTS):
        with torch.inference_mode():
            hidden = bert(**tokenizer(text, return_tensors="pt"), output_hidden_states=True).hidden_states  # type: ignore[operator]
        assert len(hidden) == len(layers) == 4
        for layer, tokens in zip(layers, hidden, strict=True):
            assert np.allclose(layer[i], tokens[0].mean(dim=0).numpy(), atol=1e-5)


def test_the_last_layer_is_what_is_given_out_where_a_model_shows_another() -> None:
    tokens = torch.arange(12.0).reshape(1, 3, 4)
    features = {
        "all_layer_embeddings": (tokens, tokens - 1),
        "token_embeddings": tokens / 2,
        "attention_mask": torch.tensor([[1, 1, 0]]),
    }
    found = transformer._with_layers(features)[transformer.LAYERS]
    assert found.tolist() == [[[2, 3, 4, 5], [1, 1.5, 2, 2.5]]]


def test_batching_does_not_matter(tiny: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = encoder_of(tiny)
    whole = encoder.layer_vectors(TEXTS)
    monkeypatch.setattr(transformer, "BATCH_SIZE", 2)
    assert np.allclose(encoder.layer_vectors(TEXTS), whole, atol=1e-5)
    assert np.allclose(encoder.layer_vectors(TEXTS[::-1])[:, ::-1], whole, atol=1e-5)


def test_encoding_is_the_same_after_a_look_into_the_layers(tiny: Model) -> None:
    encoder = encoder_of(tiny)
    before = encoder.encode(TEXTS)
    encoder.layer_vectors(TEXTS)
    assert np.array_equal(encoder.encode(TEXTS), before)
    assert not encoder._model[0].auto_model.config.output_hidden_states


def test_prompt_and_length_limit_are_those_of_encode(tiny: Model) -> None:
    plain = encoder_of(tiny)
    prompted = encoder_of(dataclasses.replace(tiny, prompt="query: "))
    assert np.allclose(prompted.layer_vectors(["water"]), plain.layer_vectors(["query: water"]), atol=1e-5)
    short = encoder_of(dataclasses.replace(tiny, max_length=3))
    assert np.allclose(short.layer_vectors(["water of life"]), plain.layer_vectors(["water"]), atol=1e-5)


def test_many_layers_lie_in_a_file_that_leaves_nothing_behind(
    tiny: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = encoder_of(tiny)
    in_memory = encoder.layer_vectors(TEXTS)
    assert not isinstance(in_memory, np.memmap)
    monkeypatch.setattr(transformer, "IN_MEMORY", in_memory.nbytes - 1)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    on_disk = encoder.layer_vectors(TEXTS)
    assert isinstance(on_disk, np.memmap)
    assert np.array_equal(on_disk, in_memory)
    assert not list(tmp_path.iterdir())


def test_the_models_own_pooling_is_known(minilm: TransformerEncoder, tiny: Model, folders: Path) -> None:
    assert minilm.pooling == "mean"
    assert encoder_of(tiny).pooling == "cls"
    assert encoder_of(load_model(str(folders / "table"))).pooling == ""


def test_a_table_of_token_vectors_has_no_layers(folders: Path) -> None:
    with pytest.raises(ModelUnavailableError, match=r"table has no layers to look into: .* a StaticEmbedding"):
        encoder_of(load_model(str(folders / "table"))).layer_vectors(["water"])


def test_a_transformer_that_keeps_its_layers_to_itself_is_unavailable(
    tiny: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = encoder_of(tiny)
    bert = encoder._model[0].auto_model
    monkeypatch.setattr(bert.encoder, "forward", lambda *_, **__: (_ for _ in ()).throw(ValueError("not for you")))
    with pytest.raises(ModelUnavailableError, match="tiny does not show its layers: not for you") as failed:
        encoder.layer_vectors(["water"])
    assert not isinstance(failed.value, LayersUnavailableError), "it has layers, and failed"
    assert not bert.config.output_hidden_states  # type: ignore[union-attr]


# The curve


def by_language(dataset: Dataset, vectors: Vectors) -> dict[str, Vectors]:
    row = {text: i for i, text in enumerate(dataset.texts)}
    return {tag: vectors[[row[text] for text in texts]] for tag, texts in dataset.renderings.items()}


@pytest.fixture
def random_layers(words: Dataset) -> Vectors:
    return np.random.default_rng(5).standard_normal((3, len(words.texts), 12)).astype(np.float32) + 0.5


def test_a_layer_is_measured_like_a_models_vectors_with_the_same_resamples(
    words: Dataset, tiny: Model, random_layers: Vectors
) -> None:
    curve = layer_curve(words, pinned(tiny), random_layers, QUICK, pooling="cls")
    assert [layer.number for layer in curve.layers] == [0, 1, 2]
    assert (curve.pooling, curve.model_pooling, curve.model.dimensions) == ("mean", "cls", 12)
    for layer, vectors in zip(curve.layers, random_layers, strict=True):
        measures = measure_pair(words, pinned(tiny), by_language(words, vectors), QUICK).result.measures
        assert measures is not None
        for found, expected in (
            (layer.semantic_affinity, measures.semantic_affinity),
            (layer.centred_sa, measures.centred_sa),
        ):
            assert dataclasses.astuple(found) == pytest.approx(dataclasses.astuple(expected), rel=1e-6)
        assert layer.null_sa.value == pytest.approx(measures.null_sa)
        assert layer.undefined == {}
    assert len({layer.semantic_affinity for layer in curve.layers}) == 3


def test_cosines_are_means_over_all_pairs_of_words(words: Dataset, tiny: Model, random_layers: Vectors) -> None:
    layer = layer_curve(words, pinned(tiny), random_layers, QUICK).layers[1]
    vector = dict(zip(words.texts, random_layers[1], strict=True))

    def mean_cosine(some: tuple[str, ...], others: tuple[str, ...]) -> float:
        return float(np.mean([cosines(vector[s], vector[o]) for s in some for o in others]))

    same, different = [], []
    for a, b in combinations(words.languages, 2):
        cells = [(c.renderings.get(a, ()), c.renderings.get(b, ())) for c in words.concepts]
        different.append(
            np.mean(
                [
                    mean_cosine(one, other)
                    for i, (one, _) in enumerate(cells)
                    for j, (_, other) in enumerate(cells)
                    if i != j and one and other
                ]
            )
        )
    for concept in words.concepts:
        cells_of = combinations(concept.renderings.values(), 2)
        same.append(np.mean([mean_cosine(one, other) for one, other in cells_of]))
    assert layer.translation_cosine.value == pytest.approx(np.mean(same), abs=1e-6)
    assert layer.random_cosine.value == pytest.approx(np.mean(different), abs=1e-6)
    for estimate in (layer.translation_cosine, layer.random_cosine, layer.null_sa):
        assert estimate.low is not None
        assert estimate.high is not None
        assert estimate.low < (estimate.value or 0) < estimate.high


def test_a_layer_without_sa_says_why_and_the_others_are_measured(
    words: Dataset, tiny: Model, random_layers: Vectors
) -> None:
    random_layers[0] = 1
    random_layers[2, 3] = 0
    curve = layer_curve(words, pinned(tiny), random_layers, QUICK)
    assert "coincide" in curve.layers[0].undefined["semantic_affinity"]
    assert "zero" in curve.layers[2].undefined["semantic_affinity"]
    assert curve.layers[0].semantic_affinity == Estimate(None)
    assert curve.layers[0].above_chance is None
    assert curve.layers[1].above_chance is not None


def test_a_layer_that_gives_a_language_one_vector_has_no_centred_sa(
    words: Dataset, tiny: Model, random_layers: Vectors
) -> None:
    random_layers[0, [words.texts.index(text) for text in words.renderings["zh"]]] = 1
    first = layer_curve(words, pinned(tiny), random_layers, QUICK).layers[0]
    assert first.semantic_affinity.value is not None
    assert first.centred_sa == Estimate(None)
    assert list(first.undefined) == ["centred_sa"]
    assert "zh lie on its mean" in first.undefined["centred_sa"]


def test_one_concept_has_no_chance_and_no_interval(word_list: WordList, tiny: Model) -> None:
    one = word_list(("en", "hi"), n=1)
    one = dataclasses.replace(
        one, concepts=(dataclasses.replace(one.concepts[0], renderings={"en": ("a", "b"), "hi": ("पानी", "जल")}),)
    )
    vectors = np.random.default_rng(0).standard_normal((1, 4, 5)).astype(np.float32)
    (layer,) = layer_curve(one, pinned(tiny), vectors, QUICK).layers
    assert layer.semantic_affinity.value is not None
    assert layer.random_cosine == layer.null_sa == Estimate(None)
    assert layer.undefined["null_sa"] == layer.undefined["random_cosine"] == "there is no other concept to compare with"


# The file


@pytest.fixture
def curve(words: Dataset, tiny: Model, random_layers: Vectors) -> LayerCurve:
    random_layers[0] = 1
    named = dataclasses.replace(pinned(tiny), note=" ".join(HOSTILE), prompt="प्रश्न: ")
    return layer_curve(words, named, random_layers, QUICK, settings={"device": "cpu", "prompt": "प्रश्न: "})


def test_a_curve_comes_back_from_its_file_as_it_was(curve: LayerCurve, tmp_path: Path) -> None:
    store = LayerStore(tmp_path)
    path = store.write(curve)
    assert path == tmp_path / "tiny" / "layers" / "words.json"
    assert store.read("tiny", "words") == curve
    assert store.curves() == {("tiny", "words"): curve}
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert kept.pop("seal")
    assert kept == json.loads(json.dumps(document(curve)))
    first = path.read_bytes()
    store.write(curve)
    assert path.read_bytes() == first
    assert [p.name for p in path.parent.iterdir()] == ["words.json"], "nothing half-written is left"


def test_there_is_nothing_where_nothing_was_stored(tmp_path: Path) -> None:
    assert LayerStore(tmp_path).read("tiny", "words") is None
    assert LayerStore(tmp_path).curves() == {}


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: "[]",
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"schema": 1', '"schema": 2'),
        lambda text: text.replace('"number": 1', '"number": "one"'),
        lambda text: text.replace('"low": ', '"low": NaN, "was": '),
        lambda text: text.replace('"low": ', '"low": 1e999, "was": '),
        lambda text: json.dumps({**json.loads(text), "layers": []}),
        lambda text: json.dumps({k: v for k, v in json.loads(text).items() if k != "provenance"}),
        lambda text: "[" * 100_000,
    ],
)
def test_a_damaged_file_is_refused_with_its_name(
    curve: LayerCurve, tmp_path: Path, damage: Callable[[str], str]
) -> None:
    path = LayerStore(tmp_path).write(curve)
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(InputError, match=r"words\.json: not a layer curve of schema 1 .* isogloss layers again"):
        LayerStore(tmp_path).read("tiny", "words")


def test_a_file_that_is_no_utf8_is_refused() -> None:
    with pytest.raises(InputError, match="not a layer curve"):
        from_json(b'{"schema": "\xff"}')


# Only what is missing or outdated


def test_a_current_curve_is_not_measured_again(words: Dataset, tiny: Model, tmp_path: Path, asked: list[int]) -> None:
    store = LayerStore(tmp_path)
    first = current_curves(tiny, [words], QUICK, store)
    assert asked == [len(words.texts)]
    assert current_curves(tiny, [words], QUICK, store) == first
    assert current_curves(tiny, [words], Parameters(draws=50), store) == first, "a map decides nothing"
    assert len(asked) == 1


@pytest.mark.parametrize("change", ["seed", "draws", "confidence", "dataset", "model", "version", "name", "file"])
def test_an_outdated_curve_is_measured_anew(
    words: Dataset, word_list: WordList, tiny: Model, tmp_path: Path, asked: list[int], change: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    store, parameters = LayerStore(tmp_path), QUICK
    (first,) = current_curves(tiny, [words], parameters, store)
    if change in {"seed", "draws", "confidence"}:
        parameters = dataclasses.replace(QUICK, **{change: {"seed": 1, "draws": 51, "confidence": 0.9}[change]})  # type: ignore[arg-type]
    elif change == "dataset":
        words = word_list(slug="words", n=7)
    elif change == "model":
        tiny = dataclasses.replace(tiny, prompt="word: ")
    elif change == "name":
        tiny = dataclasses.replace(tiny, name="Tiny")
    elif change == "version":
        monkeypatch.setattr(module, "LAYERS_VERSION", module.LAYERS_VERSION + 1)
    else:
        store.path("tiny", "words").write_text("{")
    (second,) = current_curves(tiny, [words], parameters, store)
    assert len(asked) == 2
    assert store.read("tiny", "words") == second
    assert (second == first) == (change == "file")


def test_an_encoder_is_loaded_once_for_several_datasets(
    words: Dataset, word_list: WordList, tiny: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(
        "generator.encode.load_encoder", lambda m, **_: loaded.append(m.name) or load_encoder(m)  # type: ignore[func-returns-value]
    )  # fmt: skip
    found = current_curves(tiny, [words, word_list(("en", "zh"), n=4, slug="few")], QUICK, LayerStore(tmp_path))
    assert [curve.dataset.slug for curve in found] == ["words", "few"]
    assert loaded == ["tiny"]


def test_models_without_layers_are_left_out_and_failures_said(
    words: Dataset, tiny: Model, folders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = Model("Gone", f"folder:{tmp_path / 'gone'}")
    others = [load_model("Character n-grams"), load_model("Control: identical"), Model("m", "precomputed:none.npz")]
    table = load_model(str(folders / "table"))
    store = LayerStore(tmp_path / "results")
    assert measure_layers([gone, *others, table, tiny], [words], QUICK, store) == 1
    assert [curve.model.name for curve in store] == ["tiny"]
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    assert said[0].startswith("Gone, layer by layer: failed. Gone: there is no folder")
    assert said[1].startswith("table × Words, layer by layer: failed. table has no layers to look into")
    assert said[2] == "tiny × Words: 3 layers measured"
    measure_layers([gone], [], QUICK, store)
    assert capsys.readouterr().err == "", "nothing was to be measured, so nothing failed"


def test_whatever_pinning_raises_is_said_of_that_model(
    words: Dataset, tiny: Model, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(model: Model) -> Model:
        if model.name == "Loose":
            raise PackageNotFoundError("loose")
        return pinned(model)

    monkeypatch.setattr("generator.layers.pinned", refuse)
    loose = Model("Loose", f"folder:{tmp_path}")
    assert measure_layers([loose, tiny], [words], QUICK, LayerStore(tmp_path / "results")) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "Loose, layer by layer: failed. No package metadata was found for loose"
    assert said[1] == "tiny × Words: 3 layers measured"


@pytest.mark.parametrize(
    ("source", "expected"),
    [("hf:a/b", True), ("package:p/m", True), ("folder:f", True), ("mteb:a/b", False), ("api:m", False),
     ("control:identical", False), ("ngrams:", False), ("precomputed:f.npz", False)],
)  # fmt: skip
def test_only_models_that_run_here_by_themselves_have_layers(source: str, expected: bool) -> None:
    assert has_layers(Model("m", source)) is expected


# The command, and the key of the config


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run a command line in this process, from this test's own folder."""
    monkeypatch.chdir(tmp_path)

    def ran(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["isogloss", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return Ran(ended.value.code, *capsys.readouterr())

    return ran


@pytest.fixture
def lists(words: Dataset, word_list: WordList) -> list[Dataset]:
    few = word_list(("en", "zh"), n=4, slug="few")
    letters = word_list(("en", "ar"), n=5, slug="letters")
    return [words, few, dataclasses.replace(letters, card=dataclasses.replace(letters.card, translated=False))]


def test_layers_prints_a_row_a_layer_of_the_reference(
    run: Run, lists: list[Dataset], folders: Path, tmp_path: Path
) -> None:
    write_benchmark(tmp_path, lists, more='reference = "few"')
    ran = run("layers", folders / "tiny")
    assert ran.code == DONE
    title, gap, header, *rows = ran.out.splitlines()
    assert (title, gap) == ("tiny on Few, mean pooling", "")
    assert header.split("  ")[0] == "layer"
    assert [row.split()[0] for row in rows] == ["0", "1", "2", "3"]
    (stored,) = LayerStore(tmp_path / "results")
    assert rows[0].split()[1] == f"{stored.layers[0].semantic_affinity.value:.3f}"
    assert "3 layers measured" in ran.err
    again = run("layers", folders / "tiny")
    assert (again.out, again.err) == (ran.out, "")


def test_layers_as_json_is_json_and_nothing_else(run: Run, lists: list[Dataset], folders: Path, tmp_path: Path) -> None:
    write_benchmark(tmp_path, lists)
    ran = run("layers", folders / "tiny", "--dataset", "words", "--dataset", "few", "--json")
    assert ran.code == DONE
    told = json.loads(ran.out)
    assert [each["dataset"]["slug"] for each in told] == ["words", "few"]
    for each in told:
        assert from_json(json.dumps(each)) == LayerStore(tmp_path / "results").read("tiny", each["dataset"]["slug"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tyni"], "there is no model 'tyni'"),
        (["Character n-grams"], "no layers of 'Character n-grams' can be seen"),
        (["control-identical"], "no layers of 'Control: identical' can be seen"),
        (["TABLE"], "table has no layers to look into"),
        (["TINY", "--dataset", "letters"], "'letters' has no translations to compare"),
        (["TINY", "--dataset", "wrods"], 'Did you mean "words"?'),
        (["TINY", "-c", "nowhere.toml"], "there is no such file"),
        ([], "MODEL"),
    ],
)
def test_what_cannot_be_done_ends_with_a_message_and_code_2(
    run: Run, lists: list[Dataset], folders: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    write_benchmark(tmp_path, lists)
    named = {"TINY": str(folders / "tiny"), "TABLE": str(folders / "table")}
    ran = run("layers", *(named.get(argument, argument) for argument in arguments))
    assert ran.code == REFUSED
    assert ran.out == ""
    assert message in ran.err
    assert "Traceback" not in ran.err
    assert not list(LayerStore(tmp_path / "results"))


def test_without_translations_there_is_no_reference_to_take(
    run: Run, lists: list[Dataset], folders: Path, tmp_path: Path
) -> None:
    write_benchmark(tmp_path, lists[2:])
    ran = run("layers", folders / "tiny")
    assert ran.code == REFUSED
    assert "'letters' has no translations to compare" in ran.err


def test_the_config_names_the_lists_that_a_build_measures_layer_by_layer(
    run: Run, lists: list[Dataset], folders: Path, tmp_path: Path, asked: list[int]
) -> None:
    models = ["Character n-grams", str(folders / "tiny")]
    write_benchmark(tmp_path, lists, models, more='layers = ["few", "words", "few"]')
    assert load_benchmark(tmp_path / "benchmark.toml").layers == ("few", "words")
    assert run("evaluate", "-j", 1, "--dataset", "few").code == DONE
    assert {curve.dataset.slug for curve in LayerStore(tmp_path / "results")} == {"few"}
    assert run("build", "-j", 1).code == DONE
    assert {curve.dataset.slug for curve in LayerStore(tmp_path / "results")} == {"few", "words"}
    assert asked == [len(lists[1].texts), len(lists[0].texts)]
    page = page_of((tmp_path / "site" / "models" / "tiny.html").read_bytes())
    assert len(charts_of(page)) == 4
    assert "pools differently (cls)" in page.text
    assert not charts_of(page_of((tmp_path / "site" / "models" / "character-n-grams.html").read_bytes()))


def test_a_model_without_layers_does_not_fail_a_build(run: Run, words: Dataset, folders: Path, tmp_path: Path) -> None:
    write_benchmark(tmp_path, [words], [str(folders / "table")], more='layers = ["words"]')
    ran = run("evaluate", "-j", 1)
    assert ran.code == DONE
    assert "layer by layer: failed" in ran.err
    result = json.loads((tmp_path / "results" / "table" / "words.json").read_text(encoding="utf-8"))
    assert result["model"]["encoder"]["max_length"] is None


@pytest.mark.parametrize("name", ["wrods", "letters"])
def test_a_list_that_cannot_be_measured_layer_by_layer_is_refused_in_the_config(
    lists: list[Dataset], tmp_path: Path, name: str
) -> None:
    config = write_benchmark(tmp_path, lists, more=f'layers = ["{name}"]')
    with pytest.raises(InputError, match=f"column layers: there is no dataset with translations called '{name}'"):
        load_benchmark(config)


# The page


def charts_of(page: Element) -> list[Element]:
    return [
        svg for svg in page.all("svg") if svg.attributes.get("role") == "img" and svg.attributes["class"] == "chart"
    ]


def curve_with(curve: LayerCurve, *layers: Layer, **changes: Any) -> LayerCurve:
    return dataclasses.replace(curve, layers=layers, **changes)


def layer(number: int, sa: float, null: float, translation: float = 0.3, random: float = 0.1) -> Layer:
    near = [Estimate(value, value - 0.01, value + 0.01) for value in (sa, null, sa, translation, random)]
    return Layer(number, *near)


def test_the_reading_names_the_best_layer_and_the_fall_behind_it() -> None:
    assert reading([layer(0, 0.45, 0.44, 0.95, 0.9), layer(1, 0.6, 0.45, 0.5, 0.3), layer(2, 0.5, 0.45)]) == (
        "SA stands highest above its null at layer 1 of 2: 0.600 against 0.450. "
        "By the last layer, 2, a gain of 0.150 has become 0.050. "
        "A high cosine says nothing at the embedding layer: the mean of random pairs is 0.900, of translations 0.950."
    )


def test_the_reading_says_no_more_than_there_is() -> None:
    steady = reading([layer(0, 0.45, 0.44), layer(1, 0.6, 0.45), layer(2, 0.595, 0.45, random=0.2)])
    assert "By the last layer" not in steady
    assert steady.endswith("highest at the last layer, 2: 0.200, of translations 0.300.")
    assert "at the last layer, 1: 0.700 against 0.400." in reading([layer(0, 0.5, 0.45), layer(1, 0.7, 0.4)])
    flat = reading([layer(0, 0.405, 0.4), layer(1, 0.4, 0.4)])
    assert flat.startswith(
        "At no layer does SA stand 0.01 above its null; it comes nearest at the embedding layer: 0.405"
    )
    silent = Layer(1, undefined={"semantic_affinity": "H is 0"})
    assert reading([silent, silent]) == "SA has no value at any layer: H is 0."
    assert "The last layer has no SA." in reading([layer(0, 0.6, 0.4), silent])
    assert "below chance" not in reading([layer(0, 0.3, 0.4)])
    assert "−0.100" in reading([layer(0, 0.6, 0.4), layer(1, 0.3, 0.4)])


def test_a_chart_draws_both_lines_their_intervals_and_the_gap() -> None:
    known = [Estimate(v, v - 0.02, v + 0.02) for v in (0.4, 0.5, 0.6, 0.7, 0.8)]
    line = Line("upper", [*known[:2], Estimate(None), *known[3:]])
    (chart,) = charts_of(page_of(layer_chart("c", "Height", "list", line, Line("lower", [Estimate(0.1)] * 5)).encode()))
    lines = chart.all("path")
    assert len(lines) == 2 + 1 + 2, "two stretches of gap, a whole line, and one that breaks where a layer is missing"
    assert len(chart.all("circle")) == 4 + 5
    whiskers = [each for each in chart.all("line") if each.attributes.get("x1") == each.attributes.get("x2")]
    assert len(whiskers) == 4
    assert chart.attributes["aria-labelledby"] == "c-title c-desc"
    assert chart.one("title").text == "Height layer by layer on list"
    assert "upper: 0.400 at layer 0, 0.800 at layer 4, highest at layer 4 with 0.800." in chart.one("desc").text
    heights = [float(circle.attributes["cy"]) for circle in chart.all("circle")]
    assert all(0 < height < 270 for height in heights)
    assert len(set(heights[:5])) == 1
    assert heights[5:] == sorted(heights[5:], reverse=True)


@pytest.mark.parametrize("values", [[0.5], [None], [None, 0.5], [-0.9, 0.95], [0.4] * 60])
def test_a_chart_of_few_many_or_no_values_is_sound(values: list[float | None]) -> None:
    line = Line("a", [Estimate(value) for value in values])
    (chart,) = charts_of(page_of(layer_chart("c", "Height", "list", line, line).encode()))
    assert len(chart.all("circle")) == 2 * sum(value is not None for value in values)
    labels = [label.text for label in chart.all("text")]
    assert len(labels) <= 35
    assert "nan" not in str(chart)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_text(text: str) -> None:
    line = Line(text, [Estimate(0.5, 0.4, 0.6)] * 2)
    content = layer_chart("c", text, text, line, line)
    (chart,) = charts_of(page_of(content.encode()))
    assert chart.one("title").text == f"{text} layer by layer on {text}"
    assert not chart.all("script")
    assert not chart.all("img")
    assert f"<script>{PAYLOAD}" not in content


def test_the_page_shows_curves_of_the_dataset_as_it_is_now(
    words: Dataset, word_list: WordList, curve: LayerCurve
) -> None:
    assert [each.curve for each in layer_sections("tiny", [words], {("tiny", "words"): curve})] == [curve]
    assert layer_sections("other", [words], {("tiny", "words"): curve}) == ()
    assert layer_sections("tiny", [word_list(slug="words", n=7)], {("tiny", "words"): curve}) == ()


def test_a_models_page_holds_the_numbers_of_every_layer_and_nothing_hostile(words: Dataset, curve: LayerCurve) -> None:
    shown = curve_with(
        curve,
        Layer(0, undefined={"semantic_affinity": HOSTILE[0]}),
        layer(1, 0.512, 0.4),
        dataset=dataclasses.replace(curve.dataset, name=HOSTILE[1]),
        model_pooling=HOSTILE[2],
    )
    board = invented([words], [measured(model("tiny"), words)])
    files = render_site(board.benchmark, board.outcomes, board.resamples, {("tiny", "words"): shown})
    page = page_of(files["models/tiny.html"])
    assert HOSTILE[0] in page.text
    assert HOSTILE[2] in page.text
    assert [chart.one("title").text.endswith(HOSTILE[1]) for chart in charts_of(page)] == [True, True]
    (section,) = [each for each in page.all("section") if each.attributes.get("aria-labelledby") == "layers"]
    assert not section.all("script")
    rows = section.one("tbody").all("tr")
    assert [row.one("th").text for row in rows] == ["0", "1"]
    assert "0.512 0.502–0.522" in " ".join(rows[1].text.split())
    bare = render_site(board.benchmark, board.outcomes, board.resamples)["models/tiny.html"]
    assert b"Layer by layer" not in bare


def test_a_damaged_curve_stops_the_rendering_with_its_name(run: Run, words: Dataset, tmp_path: Path) -> None:
    write_benchmark(tmp_path, [words])
    assert run("build", "-j", 1).code == DONE
    path = LayerStore(tmp_path / "results").path("character-n-grams", "words")
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    ran = run("render")
    assert ran.code == REFUSED
    assert "words.json: not a layer curve" in ran.err
