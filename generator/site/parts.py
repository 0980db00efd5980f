"""What several pages say alike: scores, rows of a board, words, published figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from generator.languages import Language, language
from generator.leaderboard import Leaderboard, Standing, tiers
from generator.measures.catalogue import CATALOGUE
from generator.measures.resampling import Interval
from generator.published import Figure, Source
from generator.ranks import Placing, Ranking
from generator.results import Estimate, PairResult
from generator.site import links
from generator.site.pages import BoardCell, BoardRow, CompanionRow, Link, PublishedRow, Score, Step, Word

SHOWN_LANGUAGES = 16
"""How many languages a table of words has columns for; the files have all."""


OBJECTIVES = {
    "translation-pairs": "translation pairs",
    "contrastive": "contrastive",
    "mlm": "masked language model",
    "next-token": "next-token prediction",
    "instruction": "instruction-tuned",
    "surface": "spelling only (baseline)",
    "control": "control",
    "": "not stated",
}


def board_row(board: Leaderboard, standing: Standing, only: str | None = None) -> BoardRow:
    """A model's row of the leaderboard, or of one dataset's."""
    model = standing.model
    slugs = [only] if only else [dataset.slug for dataset in board.scored]
    return BoardRow(
        Link(model.name, links.model_page(model.slug)),
        OBJECTIVES.get(model.objective, model.objective),
        model.parameters,
        standing.place if only is None else standing.cells[only].rank,
        rank_interval(standing.placing),
        standing.placing.best if standing.placing else None,
        standing.placing.group if standing.placing else None,
        with_interval(standing.mean_rank, standing.mean_rank_interval),
        with_interval(standing.mean_sa, standing.mean_sa_interval),
        f"{sum(standing.cells[slug].result is not None for slug in board.overall)} of {len(board.overall)}",
        tuple(board_cell(board, standing, slug) for slug in slugs),
        drawing_of(standing, only) if only else None,
    )


def newest(results: Sequence[PairResult]) -> PairResult | None:
    return max(results, key=lambda result: result.provenance.created, default=None)


def with_interval(value: float | None, interval: Interval | None) -> Estimate:
    return Estimate(value, interval.low, interval.high) if interval else Estimate(value)


def board_cell(board: Leaderboard, standing: Standing, slug: str) -> BoardCell:
    cell = standing.cells[slug]
    has_page = cell.result or cell.failure
    reasons = {
        "failed": cell.failure.error.message if cell.failure else "",
        "outdated": "Measured on an older version of this dataset",
        "missing": "",
    }
    return BoardCell(
        cell.state,
        links.pair_page(standing.model.slug, slug) if has_page else None,
        cell.rank,
        rank_interval(cell.placing),
        cell.placing.best if cell.placing else None,
        cell.placing.group if cell.placing else None,
        _step(board.rankings.get(slug), standing.model.slug),
        score_of(cell.result) if cell.result else None,
        reasons.get(cell.state, ""),
    )


def _step(ranking: Ranking | None, model: str) -> Step | None:
    if ranking is None or model not in ranking.models[1:]:
        return None
    difference = ranking.difference(model, ranking.models[ranking.models.index(model) - 1])
    return Step(Estimate(difference.value, difference.low, difference.high), difference.verdict)


def rank_interval(placing: Placing | None) -> str:
    return f"{placing.rank_low}–{placing.rank_high}" if placing else ""


def score_of(result: PairResult) -> Score | None:
    """SA with its companions; None where there is nothing to translate."""
    measures, estimate = result.measures, result.affinity
    if measures is None or estimate.value is None:
        return None
    return Score(
        estimate.value,
        estimate.low,
        estimate.high,
        measures.estimate("null_sa"),
        measures.estimate("chance_corrected"),
        measures.centred_sa,
        measures.offset_penalty,
        tiers(measures),
    )


def published_rows(board: Leaderboard, figures: Iterable[tuple[Source, Figure]]) -> tuple[PublishedRow, ...]:
    """Published figures as rows, linked to the models that have a page."""
    pages = {standing.model.name: links.model_page(standing.model.slug) for standing in board.standings}
    return tuple(
        PublishedRow(
            figure.subject,
            next((Link(name, pages[name]) for name in figure.models if name in pages), None),
            figure.quantity,
            figure.scope,
            shown_figure(figure),
            source_link(source),
            figure.locator,
            figure.note,
        )
        for source, figure in figures
    )


def source_link(source: Source) -> Link:
    """A paper by its authors and year."""
    return Link(f"{', '.join(source.authors)} ({source.year})", source.link)


def shown_figure(figure: Figure) -> str:
    """A published number, range or bound as a reader sees it.

    >>> shown_figure(Figure("LaBSE", "semantic affinity", "map", "caption", value=0.807))
    '0.807'
    >>> shown_figure(Figure("mBERT", "semantic affinity", "all", "abstract", high=0.5))
    'below 0.50'
    """

    def shown(value: float) -> str:
        if figure.quantity == "relative drop":
            return f"{value:.0%}".replace("%", " %")
        return f"{value:.2f}" if round(value, 2) == value else f"{value:g}"

    if figure.value is not None:
        return shown(figure.value)
    if figure.low is None and figure.high is not None:
        return f"below {shown(figure.high)}"
    if figure.high is None and figure.low is not None:
        return f"above {shown(figure.low)}"
    return f"{shown(figure.least)} to {shown(figure.most)}"


def drawing_of(standing: Standing, slug: str) -> str | None:
    result = standing.cells[slug].result
    has_map = result and result.map and result.map.points
    return links.pair_drawing(standing.model.slug, slug) if has_map else None


def companion_rows(estimates: Mapping[str, Estimate]) -> tuple[CompanionRow, ...]:
    """Measures with a value, in the order of the catalogue."""
    return tuple(
        CompanionRow(info, estimates[key])
        for key, info in CATALOGUE.items()
        if key in estimates and estimates[key].value is not None
    )


def concept_label(concept: str, renderings: Mapping[str, Sequence[str]]) -> str:
    """A concept's name for readers: its English rendering, or the first there is."""
    words = renderings.get("en") or next(iter(renderings.values()), (concept,))
    return words[0]


def naming_word(renderings: Mapping[str, Sequence[str]]) -> Word:
    """The word that `concept_label` names a concept by, with its language."""
    tag = "en" if renderings.get("en") else next(iter(renderings))
    return Word(renderings[tag][0], tag, language(tag).direction)


def words_of(renderings: Mapping[str, Sequence[str]], tags: Sequence[str]) -> tuple[tuple[Word, ...], ...]:
    return tuple(tuple(Word(text, tag, language(tag).direction) for text in renderings.get(tag, ())) for tag in tags)


def word_headings(tags: Sequence[str], *, translated: bool) -> tuple[str, ...]:
    return tuple(language(tag).name for tag in tags[:SHOWN_LANGUAGES]) if translated else ("Sign",)


def shown_words(
    renderings: Mapping[str, Sequence[str]], tags: Sequence[str], *, translated: bool
) -> tuple[tuple[Word, ...], ...]:
    """A group a heading: a language's words, or all there are where nothing is translated."""
    if translated:
        return words_of(renderings, tags[:SHOWN_LANGUAGES])
    return (tuple(word for group in words_of(renderings, tags) for word in group),)


def languages_of(tags: Sequence[str]) -> tuple[Language, ...]:
    return tuple(language(tag) for tag in tags)
