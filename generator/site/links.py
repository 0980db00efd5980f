"""Addresses of pages, and links between them: always relative, so a site works from a folder or any sub-path."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

HOME = "index.html"
DOMAINS = "domains.html"
CLAIMS = "claims.html"
COMPARE = "compare.html"
COMPANIONS = "companions.html"
METHODS = "methods.html"
DOWNLOADS = "downloads.html"
NOT_FOUND = "404.html"
DATA = "data"


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


def result_file(model: str, dataset: str) -> str:
    """The result file of a pair, as published."""
    return f"data/results/{model}/{dataset}.json"


def dataset_file(dataset: str) -> str:
    """The word list of a dataset, as published."""
    return f"data/datasets/{dataset}.csv"


def comparison(models: Sequence[str]) -> str:
    """The comparison of models by their slugs.

    >>> comparison(["labse", "e5"])
    'compare.html#models=labse,e5'
    """
    return f"{COMPARE}#models={','.join(models)}"


def words_data(dataset: str) -> str:
    """The words of a dataset, as scripts load them."""
    return f"{DATA}/words/{dataset}.js"


def pair_data(model: str, dataset: str) -> str:
    """The concepts and the map of a pair, as scripts load them."""
    return f"{DATA}/pairs/{model}--{dataset}.js"


def scores_data(model: str, dataset: str) -> str:
    """The scores of a pair and their resamples, as scripts load them."""
    return f"{DATA}/scores/{model}--{dataset}.js"


def relative(target: str, page: str) -> str:
    """The link from one page of the site to another of its files.

    >>> relative("models/labse.html", "datasets/modern.html")
    '../models/labse.html'
    >>> relative("index.html#controls", "index.html")
    'index.html#controls'
    """
    path, hash_sign, anchor = target.partition("#")
    return posixpath.relpath(path, posixpath.dirname(page) or ".") + hash_sign + anchor
