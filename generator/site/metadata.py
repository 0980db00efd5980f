"""What the site says of itself to machines: heads of pages, data sets, a list of pages, how to cite it."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from xml.etree import ElementTree

from generator.datasets import Dataset
from generator.datasets.tables import unmarked
from generator.languages import language
from generator.leaderboard import Leaderboard, Standing
from generator.shown import decimal
from generator.site import exports, links
from generator.site.figures import json_in_script
from generator.visible import visible

SITEMAP_SCHEMA = "http://www.sitemaps.org/schemas/sitemap/0.9"
STUDY = "arXiv:2601.09732"

CROISSANT = "http://mlcommons.org/croissant/"
CROISSANT_CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": CROISSANT,
    "dct": "http://purl.org/dc/terms/",
    "sc": "https://schema.org/",
    **{
        name: f"cr:{name}"
        for name in (
            "citeAs", "column", "equivalentProperty", "extract", "field", "fileObject", "fileProperty", "fileSet",
            "format", "includes",
            "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex",
            "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform",
        )
    },
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "rai": "http://mlcommons.org/croissant/RAI/",
}  # fmt: skip
"""The context that Croissant 1.0 prescribes (https://docs.mlcommons.org/croissant/docs/croissant-spec.html)."""


@dataclass(frozen=True)
class About:
    """The site as its metadata name it."""

    title: str
    description: str
    base_url: str
    """Where the site will stand, with a slash at its end; empty where nobody has said."""
    updated: str
    """The day of the newest result; empty when there is none."""


@dataclass(frozen=True)
class Head:
    """What the head of one page says to other sites; addresses are absolute, as those need them, or empty."""

    canonical: str
    image: str
    structured: str
    """JSON-LD that a script element may hold, empty where a page has none."""


def head(path: str, about: About, board: Leaderboard) -> Head:
    """The head of the page at ``path``."""
    structured = _structured(path, about, board)
    return Head(
        links.absolute(path, about.base_url) if about.base_url else "",
        links.absolute(_card(path), about.base_url) if about.base_url else "",
        json_in_script(structured) if structured else "",
    )


def _card(path: str) -> str:
    """The card that stands for a page: its model's, its dataset's or the site's."""
    room, name = PurePosixPath(path).parent.name, PurePosixPath(path).stem
    kinds = {"models": "model", "pairs": "model", "datasets": "dataset"}
    return links.card(kinds[room], name.partition("--")[0]) if room in kinds else links.card()


def _structured(path: str, about: About, board: Leaderboard) -> dict[str, Any] | None:
    if path == links.HOME:
        return _present({"@context": "https://schema.org", **_catalogue(about, board)})
    dataset = next((each for each in board.datasets if path == links.dataset_page(each.slug)), None)
    if dataset is None:
        return None
    catalogue = {"@type": "DataCatalog", "name": about.title, "url": _address(links.HOME, path, about)}
    described = _described(dataset, path, about)
    return _present({"@context": "https://schema.org", **described, "includedInDataCatalog": _present(catalogue)})


def _catalogue(about: About, board: Leaderboard) -> dict[str, Any]:
    return {
        "@type": "DataCatalog",
        "name": about.title,
        "description": about.description,
        "url": about.base_url,
        "dateModified": about.updated,
        "dataset": [_present(_described(dataset, links.HOME, about)) for dataset in board.datasets],
    }


def _described(dataset: Dataset, page: str, about: About) -> dict[str, Any]:
    files = {"text/csv": links.dataset_file, "application/ld+json": links.croissant_file}
    return {
        "@type": "Dataset",
        "name": dataset.card.name,
        "description": description(dataset),
        "url": _address(links.dataset_page(dataset.slug), page, about),
        "license": licence_address(dataset.card.licence),
        "inLanguage": list(dataset.languages),
        "isAccessibleForFree": True,
        "identifier": f"sha256:{dataset.digest}",
        "distribution": [
            {"@type": "DataDownload", "encodingFormat": kind, "contentUrl": _address(file(dataset.slug), page, about)}
            for kind, file in files.items()
        ],
    }


def _address(target: str, page: str, about: About) -> str:
    return links.absolute(target, about.base_url) if about.base_url else links.relative(target, page)


def _present(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if value not in ("", [])}


def description(dataset: Dataset) -> str:
    """What a dataset is, in its card's words or in figures."""
    size = f"{len(dataset.concepts):,} concepts in {len(dataset.languages)} languages"
    return dataset.card.description or f"{dataset.card.name}: {size}."


def licence_address(licence: str) -> str:
    """Where a licence is written down when it is given by its SPDX identifier; else the text itself.

    >>> licence_address("CC-BY-4.0"), licence_address("ask us first")
    ('https://spdx.org/licenses/CC-BY-4.0', 'ask us first')
    """
    return (
        f"https://spdx.org/licenses/{licence}"
        if re.fullmatch(r"[A-Za-z0-9.]+(-[A-Za-z0-9.]+)+|MIT", licence)
        else licence
    )


def croissant_files(board: Leaderboard, about: About) -> dict[str, bytes]:
    """By path: the Croissant 1.0 metadata of each dataset (Akhtar et al., arXiv 2403.19546)."""
    lists = exports.dataset_files(board)
    return {
        links.croissant_file(dataset.slug): _document(
            croissant(dataset, lists[links.dataset_file(dataset.slug)], about)
        )
        for dataset in board.datasets
    }


def croissant(dataset: Dataset, word_list: bytes, about: About) -> dict[str, Any]:
    """A dataset in the words of Croissant: its file, and its concepts with a field a language.

    Args:
        dataset: what is described.
        word_list: its published CSV file.
        about: the site; its address is where the file will be had from, beside this document when it has none.
    """
    path = links.dataset_file(dataset.slug)
    name = PurePosixPath(path).name
    headers = next(csv.reader([word_list.decode().partition("\n")[0]]))
    n_languages = len(dataset.languages)
    meanings = {
        **dataset.card.columns,
        "id": "The identifier of the concept.",
        "category": "What the concept is about.",
        "note": "A note on the concept.",
    }
    fields = [
        *(_field(header, meanings[unmarked(header)]) for header in headers[:-n_languages]),
        *(
            _field(header, f"Renderings in {language(tag).name}.", repeated=_repeats(dataset, tag))
            for tag, header in zip(dataset.languages, headers[-n_languages:], strict=True)
        ),
    ]
    for field in fields:
        field["source"]["fileObject"] = {"@id": name}
    return _present(
        {
            "@context": CROISSANT_CONTEXT,
            "@type": "sc:Dataset",
            "conformsTo": f"{CROISSANT}1.0",
            "name": dataset.card.name,
            "description": description(dataset),
            "license": licence_address(dataset.card.licence),
            "url": _address(links.dataset_page(dataset.slug), links.croissant_file(dataset.slug), about),
            "citeAs": f"{dataset.card.name}, a word list of {about.title}, SHA-256 {dataset.digest}",
            "creator": {"@type": "Organization", "name": about.title},
            "datePublished": about.updated,
            "inLanguage": list(dataset.languages),
            "distribution": [
                {
                    "@type": "cr:FileObject",
                    "@id": name,
                    "name": name,
                    "description": "The word list: a row a concept, a column a language, alternatives set apart by |. "
                    "An apostrophe before a cell that begins with =, +, - or @ is no part of it.",
                    "contentUrl": links.absolute(path, about.base_url) if about.base_url else name,
                    "encodingFormat": "text/csv",
                    "contentSize": f"{len(word_list)} B",
                    "sha256": hashlib.sha256(word_list).hexdigest(),
                }
            ],
            "recordSet": [
                {
                    "@type": "cr:RecordSet",
                    "@id": "concepts",
                    "name": "concepts",
                    "key": {"@id": "concepts/id"},
                    "field": fields,
                }
            ],
        }
    )


def _field(column: str, told: str, *, repeated: bool = False) -> dict[str, Any]:
    source: dict[str, Any] = {"extract": {"column": column}}
    return {
        "@type": "cr:Field",
        "@id": f"concepts/{column}",
        "name": column,
        "description": told,
        "dataType": "sc:Text",
        **({"repeated": True} if repeated else {}),
        "source": {**source, "transform": {"separator": "|"}} if repeated else source,
    }


def _repeats(dataset: Dataset, tag: str) -> bool:
    """Whether a cell of a language holds several renderings; readers may take a column of digits for numbers else."""
    return any(len(concept.renderings.get(tag, ())) > 1 for concept in dataset.concepts)


def _document(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def sitemap(paths: Iterable[str], base_url: str) -> bytes:
    """The list of pages for search engines (https://www.sitemaps.org/protocol.html)."""
    root = ElementTree.Element("urlset", xmlns=SITEMAP_SCHEMA)
    for path in sorted(paths):
        ElementTree.SubElement(ElementTree.SubElement(root, "url"), "loc").text = links.absolute(path, base_url)
    ElementTree.indent(root, " ")
    text: str = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def index_for_language_models(board: Leaderboard, about: About) -> bytes:
    """The site in Markdown, as https://llmstxt.org proposes: what it is, its numbers as files, its pages."""

    def line(name: str, path: str, told: str) -> str:
        return f"- [{_plain(name)}]({links.absolute(path, about.base_url)}): {_plain(told)}"

    lines = [
        f"# {_plain(about.title)}",
        "",
        f"> {_plain(about.description)}",
        "",
        "Semantic Affinity (SA) is 1 / (1 + V/H): V the mean cosine distance between the translations of a concept, H",
        "that between the words of one language. Higher is better aligned. Read it beside its null, what chance gives",
        "for the same vectors: `null_sa` in the files. Controls are synthetic models with known answers, never ranked.",
        "",
        "## Data",
        "",
        line("Leaderboard, CSV", f"{exports.LEADERBOARD}.csv", "one record a model and dataset"),
        line("Leaderboard, JSON", f"{exports.LEADERBOARD}.json", "the same"),
        line("Leaderboard, Parquet", f"{exports.LEADERBOARD}.parquet", "the same, typed"),
        line("Log of changes", links.HISTORY, "what changed from day to day"),
        line("Manifest", links.MANIFEST, "every file with its SHA-256"),
        "",
        "## Pages",
        "",
        line("Methods", links.METHODS, "formulas, references, and what the numbers do not say"),
        line("Domains", links.DOMAINS, "what a domain costs each model"),
        line("Claims", links.CLAIMS, "what papers claim, held against the results"),
        line("Downloads", links.DOWNLOADS, "everything as files"),
        line("Releases", links.RELEASES, "frozen copies to cite"),
        "",
        "## Datasets",
        "",
        *(line(d.card.name, links.dataset_page(d.slug), description(d)) for d in board.datasets),
        "",
        "## Models",
        "",
        *(line(s.model.name, links.model_page(s.model.slug), _scores(board, s)) for s in board.standings),
    ]
    return ("\n".join(lines) + "\n").encode()


def _scores(board: Leaderboard, standing: Standing) -> str:
    known = {d.card.name: result.affinity.value for d in board.scored if (result := standing.cells[d.slug].result)}
    told = [f"{name} {decimal(value)}" for name, value in known.items() if value is not None]
    return f"SA {', '.join(told)}" if told else "not measured"


def _plain(text: str) -> str:
    """Text on one line with nothing that Markdown would take for markup."""
    return re.sub(r"([\\`*_\[\]<>#|])", r"\\\1", visible(" ".join(text.split())))


def citation(about: About, version: str) -> bytes:
    """How to cite the benchmark, in the Citation File Format 1.2.0.

    Args:
        about: the site.
        version: of Isogloss, which it is made with.
    """
    told = {
        "cff-version": "1.2.0",
        "message": "If you use these results, please cite them and the study that introduced Semantic Affinity.",
        "type": "dataset",
        "title": about.title,
        "abstract": about.description,
        "authors": [{"name": about.title}],
        "url": about.base_url,
        "version": about.updated,
        "date-released": about.updated,
        "references": [
            {
                "type": "software",
                "title": "Isogloss",
                "version": version,
                "authors": [{"name": "The Isogloss developers"}],
            },
            {
                "type": "article",
                "title": STUDY,
                "authors": [{"family-names": "Gong"}],
                "identifiers": [{"type": "other", "value": STUDY}],
            },
        ],
    }
    # YAML reads JSON, but for a few characters that JSON need not escape.
    text = json.dumps(_present(told), ensure_ascii=False, indent=1)
    return (NO_YAML.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n").encode()


NO_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
"""What YAML refuses or takes for a line break where JSON takes it as it is."""
