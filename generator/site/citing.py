"""A model's numbers in the forms that papers and the Hugging Face Hub take."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from generator.results import Estimate, PairResult
from generator.shown import decimal

PAPER = """@misc{gong2025semantic,
  author = {Gong, Wen G.},
  title = {Benchmarking Cross-Lingual Semantic Alignment in Multilingual Embeddings},
  year = {2025},
  eprint = {2601.09732},
  archivePrefix = {arXiv}
}
"""
"""The paper that introduced Semantic Affinity."""

DIGEST_SHOWN = 16
"""Hexadecimal digits of a dataset's digest that tell it apart in print."""
OWNER = "ORG"
"""Stands for the owner of a word list on the Hub, which nobody here can know."""
DECIMALS = 4

_TEX = str.maketrans(
    {
        **{character: f"\\{character}" for character in "&%$#_"},
        # BibTeX counts braces whether a backslash stands before them or not.
        "{": "\\textbraceleft{}",
        "}": "\\textbraceright{}",
        "\\": "\\textbackslash{}",
        "~": "\\textasciitilde{}",
        "^": "\\textasciicircum{}",
    }
)


def bibtex(title: str, results: Sequence[PairResult], url: str) -> str:
    """BibTeX entries for a model's numbers on this site and for the paper that introduced the measure.

    Args:
        title: the benchmark's.
        results: of one model, at least one, each with a score.
        url: of the model's page, empty where the site's address is not known.
    """
    model, created = results[0].model, max(result.provenance.created for result in results)
    scores = ";\n    ".join(
        f"{_in_print(r.affinity)} on {_tex(r.dataset.name)}, {_digest(r, DIGEST_SHOWN)}" for r in results
    )
    revision = f", revision {_tex(model.revision)}" if model.revision else ""
    fields = {
        "author": f"{{{_tex(title)}}}",
        "title": f"{{{_tex(model.name)}}}: cross-lingual alignment by Semantic Affinity",
        "year": created[:4],
        "howpublished": f"{_tex(title)}, measured {created}{revision}",
        **({"url": url} if url else {}),
        "note": scores,
    }
    body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@misc{{isogloss-{model.slug}-{created},\n{body}\n}}\n\n{PAPER}"


def model_index(title: str, results: Sequence[PairResult], url: str) -> str:
    """The ``model-index`` of a Hugging Face model card: SA and its null on each dataset, as YAML.

    Format: modelcard.md of huggingface/hub-docs. Arguments as for `bibtex`.
    """
    source = {"source": {"name": title, "url": url}} if url else {}
    return _document(
        {"model-index": [{"name": results[0].model.name, "results": [_indexed(r, source) for r in results]}]}
    )


def eval_results(title: str, results: Sequence[PairResult], url: str) -> str:
    """A file for the ``.eval_results`` folder of a Hugging Face model: SA on each dataset, as YAML.

    Format: eval_results.yaml of huggingface/hub-docs. Arguments as for `bibtex`.
    """
    return _document(
        [
            {
                "dataset": {"id": f"{OWNER}/{result.dataset.slug}", "task_id": "semantic_affinity"},
                "value": _rounded(result.affinity.value),
                "date": result.provenance.created,
                **({"source": {"url": url, "name": title}} if url else {}),
                "notes": f"{_in_print(result.affinity)}, chance {decimal(_null(result))}; {_digest(result)}",
            }
            for result in results
        ]
    )


def _indexed(result: PairResult, source: Mapping[str, Any]) -> dict[str, Any]:
    known = {"semantic_affinity": result.affinity.value, "null_sa": _null(result)}
    names = {"semantic_affinity": "Semantic Affinity (SA)", "null_sa": "SA that chance gives"}
    return {
        "task": {"type": "feature-extraction", "name": "Cross-lingual alignment"},
        "dataset": {
            "type": f"{OWNER}/{result.dataset.slug}",
            "name": result.dataset.name,
            "revision": result.dataset.digest,
        },
        "metrics": [
            {"type": key, "value": _rounded(value), "name": names[key]}
            for key, value in known.items()
            if value is not None
        ],
        **source,
    }


def _in_print(estimate: Estimate) -> str:
    ends = "" if estimate.low is None else f" ({decimal(estimate.low)} to {decimal(estimate.high)})"
    return f"SA {decimal(estimate.value)}{ends}"


def _null(result: PairResult) -> float | None:
    return result.measures.null_sa if result.measures else None


def _digest(result: PairResult, digits: int | None = None) -> str:
    return f"sha256 {result.dataset.digest[:digits]}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DECIMALS)


def _tex(text: str) -> str:
    return " ".join(text.translate(_TEX).split())


def _document(value: Any) -> str:
    return "\n".join(_yaml(value)) + "\n"


def _yaml(value: Any) -> Iterator[str]:
    """The lines of a value as block-style YAML."""
    if isinstance(value, list):
        for item in value:
            first, *others = _yaml(item)
            yield f"- {first}"
            yield from (f"  {line}" for line in others)
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, (dict, list)):
                yield f"{key}:"
                yield from (f"  {line}" for line in _yaml(item))
            else:
                yield f"{key}: {_scalar(item)}"
    else:
        yield _scalar(value)


def _scalar(value: str | float | None) -> str:
    """A text or number as JSON, which YAML takes, with what does not print escaped as YAML escapes it."""
    written = json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in written)
