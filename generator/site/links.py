"""Addresses of pages, and links between them: always relative, so a site works from a folder or any sub-path."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import quote

from generator.visible import visible

HOME = "index.html"
DOMAINS = "domains.html"
CLAIMS = "claims.html"
COMPARE = "compare.html"
CONCEPTS = "concepts.html"
SEARCH = "search.html"
COMPANIONS = "companions.html"
METHODS = "methods.html"
DOWNLOADS = "downloads.html"
RELEASES = "releases.html"
UNRELEASED = "releases/unreleased.html"
NOT_FOUND = "404.html"
MANIFEST = "manifest.json"
FEED = "feed.xml"
SITEMAP = "sitemap.xml"
CITATION = "CITATION.cff"
FOR_LANGUAGE_MODELS = "llms.txt"
HISTORY = "data/history.json"
DATA = "data"
MAP_DATA = "data/map.js"


def model_page(model: str) -> str:
    return f"models/{model}.html"


def dataset_page(dataset: str) -> str:
    return f"datasets/{dataset}.html"


def pair_page(model: str, dataset: str) -> str:
    """The page of a pair; slugs hold no double hyphen, so the name can be taken apart again."""
    return f"pairs/{model}--{dataset}.html"


def pair_drawing(model: str, dataset: str) -> str:
    """The map of a pair as a drawing."""
    return f"pairs/{model}--{dataset}.svg"


def badge(model: str) -> str:
    """A model's badge, to be shown elsewhere."""
    return f"models/{model}.svg"


def result_file(model: str, dataset: str) -> str:
    """The result file of a pair, as published: packed, since all of them plain would be half the site."""
    return f"data/results/{model}/{dataset}.json.gz"


def dataset_file(dataset: str) -> str:
    """The word list of a dataset, as published."""
    return f"data/datasets/{dataset}.csv"


def dataset_card(dataset: str) -> str:
    """The card of a dataset, as published."""
    return f"data/datasets/{dataset}.toml"


def croissant_file(dataset: str) -> str:
    """The Croissant metadata of a dataset."""
    return f"data/datasets/{dataset}.croissant.json"


def card(kind: str = "home", slug: str = "") -> str:
    """The picture that other sites show of the home page, or of a ``model`` or ``dataset``."""
    return f"cards/{kind}-{slug}.png" if slug else f"cards/{kind}.png"


def release(date: str) -> str:
    """The first page of a release, a site of its own."""
    return f"releases/{date}/{HOME}"


def release_changes(date: str) -> str:
    """What changed from the release before to this one."""
    return f"releases/{date}-changes.html"


def comparison(models: Sequence[str]) -> str:
    """The comparison of models by their slugs.

    >>> comparison(["labse", "e5"])
    'compare.html#models=labse,e5'
    """
    return f"{COMPARE}#models={','.join(models)}"


def concept(dataset: str, concept: str) -> str:
    """A concept of a dataset on the page of concepts, whose script knows it by its `visible` id.

    >>> concept("modern-concepts", "hot/cold")
    'concepts.html#modern-concepts/hot%2Fcold'
    """
    return f"{CONCEPTS}#{dataset}/{quote(visible(concept), safe='')}"


def concepts_data(dataset: str) -> str:
    """How every model places the concepts of a dataset, as scripts load it."""
    return f"{DATA}/concepts/{dataset}.js"


def words_data(dataset: str) -> str:
    """The words of a dataset, as scripts load them."""
    return f"{DATA}/words/{dataset}.js"


def pair_data(model: str, dataset: str) -> str:
    """The concepts and the map of a pair, as scripts load them."""
    return f"{DATA}/pairs/{model}--{dataset}.js"


def scores_data(model: str, dataset: str) -> str:
    """The scores of a pair and their resamples, as scripts load them."""
    return f"{DATA}/scores/{model}--{dataset}.js"


def languages_data(dataset: str) -> str:
    """The spreads of every model on a dataset by language, as scripts load them."""
    return f"{DATA}/languages/{dataset}.js"


@lru_cache(maxsize=4096)
def relative(target: str, page: str) -> str:
    """The link from one page of the site to another of its files.

    >>> relative("models/labse.html", "datasets/modern.html")
    '../models/labse.html'
    >>> relative("index.html#controls", "index.html")
    'index.html#controls'
    """
    path, hash_sign, anchor = target.partition("#")
    return posixpath.relpath(path, posixpath.dirname(page) or ".") + hash_sign + anchor


def absolute(page: str, base_url: str) -> str:
    """The address of a page on a site that stands at ``base_url``, relative to the home page where that is empty.

    >>> absolute("models/labse.html", "https://example.org/"), absolute("index.html", "https://example.org/")
    ('https://example.org/models/labse.html', 'https://example.org/')
    >>> absolute("index.html", "")
    'index.html'
    """
    return base_url if base_url and page == HOME else f"{base_url}{page}"
