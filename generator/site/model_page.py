"""A model's page: what its numbers say over all datasets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from generator.comparison import rival
from generator.domains import DomainScore, ModelDomains
from generator.languages import Language, language
from generator.layers import Curves
from generator.leaderboard import Leaderboard, Standing
from generator.published import Source, figures_of
from generator.ranks import Verdict
from generator.results import ConceptRecord, Estimate, LanguagePair, ModelRecord, PairResult, Provenance
from generator.results import Rival as RivalRecord
from generator.site import badge, citing, links
from generator.site.figures import shown_concepts
from generator.site.language_pairs import HeatRows, by_affinity, heat_rows
from generator.site.layer_figures import LayerSection, layer_sections
from generator.site.metadata import About
from generator.site.model_verdict import verdict
from generator.site.pages import BoardCell, Link, Page, PublishedRow, Score, Word
from generator.site.parts import (
    OBJECTIVES,
    SHOWN_LANGUAGES,
    board_cell,
    drawing_of,
    newest,
    published_rows,
    rank_interval,
    words_of,
)

SHOWN_CONCEPTS = 8
"""How many hardest and easiest concepts a model's page lists for each dataset."""
SHOWN_RIVALS = 2
"""How many wrong concepts are listed below a hard one."""
SHOWN_PAIRS = 10
"""How many best and worst pairs of languages stand in for a table that would be too wide."""
"""Steps of colour from the lowest SA of a table to its highest."""


@dataclass(frozen=True)
class Lead:
    """By how much a page's model is ahead of another on a dataset."""

    difference: Estimate
    """Of SA, negative for one behind; the interval holds for all pairs of models at once."""
    verdict: Verdict | None
    """None without resamples."""
    compare: str
    """Where the two stand side by side."""


@dataclass(frozen=True)
class NeighbourRow:
    """The page's model, or one ranked next to it on a dataset."""

    model: Link
    rank: int | None
    rank_interval: str
    score: Score
    lead: Lead | None
    """None for the page's model itself."""


@dataclass(frozen=True)
class PairRow:
    """Two languages in a list."""

    a: Language
    b: Language
    sa: Estimate
    n: int


@dataclass(frozen=True)
class LanguagePairs:
    """How well each two languages align: a table of all, or the ends of the list where there are too many."""

    n: int
    """Pairs of languages with a value."""
    rows: HeatRows
    """A row and a column a language, None on the diagonal; empty where there are too many."""
    best: tuple[PairRow, ...]
    worst: tuple[PairRow, ...]
    """Worst first; both empty where there is a table."""


@dataclass(frozen=True)
class RivalRow:
    """A wrong concept that lies nearer than the right one, and the direction in which it does by most."""

    label: Word
    wins: int
    a: Language
    b: Language
    asked: tuple[Word, ...]
    """The concept in the language ``a``."""
    found: tuple[Word, ...]
    """What lies nearer in the language ``b``."""
    similarity: float
    right: float


@dataclass(frozen=True)
class PlacedConcept:
    """A concept with its renderings, and what retrieval finds in the place of its translations."""

    id: str
    label: Word
    renderings: tuple[tuple[Word, ...], ...]
    sa: float
    on_map: bool
    """Whether the map of the pair's page shows its words."""
    directions: int
    """Directed pairs of the languages that render it."""
    retrieved: float | None
    """Share of them in which its translation comes first."""
    rivals: tuple[RivalRow, ...]


@dataclass(frozen=True)
class ModelSection:
    """A model on one dataset."""

    dataset: Link
    slug: str
    domain: str
    cell: BoardCell
    counts: bool
    """Whether the dataset counts towards the overall place."""
    drop: Estimate | None
    """The share of SA lost from the reference dataset to this one; None on the reference itself and without scores."""
    drawing: str | None
    pairs: LanguagePairs
    hardest: tuple[PlacedConcept, ...]
    easiest: tuple[PlacedConcept, ...]


@dataclass(frozen=True)
class SpreadRow:
    """A language's spread in each dataset's column."""

    language: Language
    spreads: tuple[Estimate, ...]
    distinct: tuple[str, ...]
    """Words with a vector of their own, such as "82 of 341"."""


@dataclass(frozen=True)
class Snippet:
    """A text to copy."""

    id: str
    name: str
    use: str
    """Where it goes."""
    text: str


@dataclass(frozen=True)
class ModelPage(Page):
    """One model over all datasets."""

    template = "model.html"
    model: ModelRecord
    objective: str
    place: int | None
    place_interval: str
    n_ranked: int
    verdict: str
    headline: ModelSection | None
    """The dataset that the page speaks of first: the reference, or another where the model has no score there."""
    is_reference: bool
    neighbours: tuple[NeighbourRow, ...]
    """The models ranked just above and below on that dataset, with the model between them; empty for one alone."""
    compare: Link | None
    """The comparison to begin with where there are no neighbours; None where there is nothing to compare."""
    sections: tuple[ModelSection, ...]
    """One a dataset."""
    spread_datasets: tuple[str, ...]
    spreads: tuple[SpreadRow, ...]
    published: tuple[PublishedRow, ...]
    provenance: Provenance | None
    layers: tuple[LayerSection, ...]
    badge: Link | None
    """Its picture and what it says; None, like the snippets, without a score and for controls."""
    snippets: tuple[Snippet, ...]


def model_pages(
    board: Leaderboard, about: About, domains: Sequence[ModelDomains], published: Sequence[Source], curves: Curves
) -> list[ModelPage]:
    """A page for every model.

    Args:
        board: every model on every dataset.
        about: the site, which others cite.
        domains: from `generator.domains.model_domains`.
        published: figures from papers.
        curves: the stored layer curves.
    """
    scores = {each.standing.model.slug: each.scores for each in domains}
    return [
        _model_page(board, standing, about, scores.get(standing.model.slug, {}), published, curves)
        for standing in board.standings
    ]


def _model_page(
    board: Leaderboard,
    standing: Standing,
    about: About,
    scores: Mapping[str, DomainScore],
    published: Sequence[Source],
    curves: Curves,
) -> ModelPage:
    """The page of a model as it was when last measured."""
    model = standing.model
    measured = [result for cell in standing.cells.values() if (result := cell.result)]
    latest = newest(measured)
    headline = headline_of(board, standing)
    sections = tuple(_model_section(board, standing, d.slug, scores) for d in board.datasets)
    neighbours = _neighbours(board, standing, headline.dataset.slug) if headline else ()
    other = None if neighbours else rival(board, standing)
    # The spread within a language tells most on the lists that a model is ranked by.
    counting = [board.dataset(slug) for slug in board.overall]
    drops = {
        board.dataset(slug).card.name: score.drop
        for slug, score in scores.items()
        if score.drop and slug in board.overall
    }
    cited = headline if standing.ranked else None
    return ModelPage(
        links.model_page(model.slug),
        model.name,
        f"How {model.name} aligns languages: Semantic Affinity, maps and concepts.",
        latest.model if latest else model,
        OBJECTIVES.get(model.objective, model.objective),
        standing.place,
        rank_interval(standing.placing),
        sum(s.ranked and s.place is not None for s in board.standings),
        verdict(standing, headline, drops),
        next((s for s in sections if headline and s.slug == headline.dataset.slug), None),
        headline is not None and headline.dataset.slug == board.reference,
        neighbours,
        Link(other.name, links.comparison((model.slug, other.slug))) if other else None,
        sections,
        tuple(dataset.card.name for dataset in counting),
        _spread_rows([standing.cells[dataset.slug].result for dataset in counting]),
        published_rows(board, figures_of(published, model.name)),
        latest.provenance if latest else None,
        layer_sections(model.slug, board.datasets, curves),
        Link(_badge_text(board, standing, cited, about.title), links.badge(model.slug)) if cited else None,
        _snippets(board, standing, cited, about) if cited else (),
    )


def model_badges(board: Leaderboard, title: str) -> dict[str, bytes]:
    """The badge of every ranked model with a score, by its path."""
    return {
        links.badge(standing.model.slug): badge.badge(
            title,
            badge.message(board, standing, result),
            f"{title}: {standing.model.name}, {badge.message(board, standing, result)}; SA on {result.dataset.name}, "
            f"measured {result.provenance.created}",
        ).encode()
        for standing in board.standings
        if standing.ranked and (result := headline_of(board, standing))
    }


def headline_of(board: Leaderboard, standing: Standing) -> PairResult | None:
    """The result that stands for a model: on the reference dataset, or the first other one with a score."""
    slugs = dict.fromkeys((board.reference, *board.overall, *(dataset.slug for dataset in board.scored)))
    results = (standing.cells[slug].result for slug in slugs if slug)
    return next((result for result in results if result and result.affinity.value is not None), None)


def _model_section(
    board: Leaderboard, standing: Standing, slug: str, scores: Mapping[str, DomainScore]
) -> ModelSection:
    dataset, result = board.dataset(slug), standing.cells[slug].result
    score = scores.get(slug)
    hardest, easiest = _extremes(result) if result else ((), ())
    return ModelSection(
        Link(dataset.card.name, links.dataset_page(slug)),
        slug,
        dataset.card.domain,
        board_cell(board, standing, slug),
        slug in board.overall,
        score.drop.raw if score and score.drop else None,
        drawing_of(standing, slug),
        language_pairs(result),
        hardest,
        easiest,
    )


def _neighbours(board: Leaderboard, standing: Standing, slug: str) -> tuple[NeighbourRow, ...]:
    """The model with those just above and below it on a dataset; empty where it is alone, and for controls."""
    ranked = [s for s in board.on(slug) if s.cells[slug].rank is not None]
    if standing not in ranked or len(ranked) < 2:
        return ()
    place = ranked.index(standing)
    near = ((other, board_cell(board, other, slug)) for other in ranked[max(place - 1, 0) : place + 2])
    return tuple(
        NeighbourRow(
            Link(other.model.name, links.model_page(other.model.slug)),
            cell.rank,
            cell.rank_interval,
            cell.score,
            None if other is standing else _lead(board, standing, other, slug),
        )
        for other, cell in near
        if cell.score
    )


def _lead(board: Leaderboard, standing: Standing, other: Standing, slug: str) -> Lead:
    compare = links.comparison((standing.model.slug, other.model.slug))
    ranking = board.rankings[slug]
    # Nothing is compared unless all models of the dataset have resamples.
    if ranking.models:
        found = ranking.difference(standing.model.slug, other.model.slug)
        return Lead(Estimate(found.value, found.low, found.high), found.verdict, compare)
    own, theirs = (s.cells[slug].result for s in (standing, other))
    values = [result.affinity.value or 0.0 for result in (own, theirs) if result]
    return Lead(Estimate(values[0] - values[-1]), None, compare)


def language_pairs(result: PairResult | None) -> LanguagePairs:
    """Every pair of languages of a result; the best and the worst only where there are too many for a table."""
    if result is None:
        return LanguagePairs(0, (), (), ())
    known = by_affinity(result.language_pairs)
    if len(result.dataset.languages) <= SHOWN_LANGUAGES:
        return LanguagePairs(len(known), heat_rows(result, result.dataset.languages), (), ())
    rows = [_pair_row(pair) for _, pair in known]
    shown = min(SHOWN_PAIRS, len(rows) // 2)
    return LanguagePairs(len(known), (), tuple(rows[:shown]), tuple(reversed(rows[len(rows) - shown :])))


def _pair_row(pair: LanguagePair) -> PairRow:
    return PairRow(language(pair.a), language(pair.b), Estimate(pair.sa, pair.low, pair.high), pair.n)


def _extremes(result: PairResult) -> tuple[tuple[PlacedConcept, ...], tuple[PlacedConcept, ...]]:
    """The concepts with the lowest values, hardest first, and as many with the highest, easiest first."""
    on_map = {concept.id for concept in shown_concepts(result)}
    by_id = {concept.id: concept for concept in result.concepts}
    known = sorted((concept.sa, concept.id) for concept in result.concepts if concept.sa is not None)
    shown = min(SHOWN_CONCEPTS, len(known) // 2)
    ends = known[:shown], known[: -shown - 1 : -1]
    hardest, easiest = (
        tuple(_placed_concept(by_id[name], sa, name in on_map, by_id, result.dataset.languages) for sa, name in end)
        for end in ends
    )
    return hardest, easiest


def _placed_concept(
    concept: ConceptRecord, sa: float, on_map: bool, by_id: Mapping[str, ConceptRecord], tags: Sequence[str]
) -> PlacedConcept:
    n = len(concept.renderings)
    return PlacedConcept(
        concept.id,
        _label(concept),
        words_of(concept.renderings, tags[:SHOWN_LANGUAGES]),
        sa,
        on_map,
        n * (n - 1),
        concept.retrieved,
        tuple(_rival_row(concept, each, by_id[each.concept]) for each in concept.rivals[:SHOWN_RIVALS]),
    )


def _rival_row(concept: ConceptRecord, found: RivalRecord, wrong: ConceptRecord) -> RivalRow:
    (asked,), (answer,) = words_of(concept.renderings, [found.a]), words_of(wrong.renderings, [found.b])
    ends = language(found.a), language(found.b)
    return RivalRow(_label(wrong), found.wins, *ends, asked, answer, found.similarity, found.right)


def _label(concept: ConceptRecord) -> Word:
    """A concept's name for readers: its English rendering, or the first there is."""
    tag = "en" if "en" in concept.renderings else next(iter(concept.renderings))
    return Word(concept.renderings[tag][0], tag, language(tag).direction)


def _spread_rows(results: Sequence[PairResult | None]) -> tuple[SpreadRow, ...]:
    tags = dict.fromkeys(tag for result in results if result for tag in result.languages)
    rows = []
    for tag in tags:
        records = [result.languages.get(tag) if result else None for result in results]
        rows.append(
            SpreadRow(
                language(tag),
                tuple(Estimate(r.intra_spread, r.low, r.high) if r else Estimate(None) for r in records),
                tuple(f"{r.n_distinct_vectors or 0:,} of {r.n_renderings:,}" if r else "" for r in records),
            )
        )
    return tuple(rows)


def _badge_text(board: Leaderboard, standing: Standing, result: PairResult, title: str) -> str:
    return f"{title}: {badge.message(board, standing, result)}"


def _snippets(board: Leaderboard, standing: Standing, headline: PairResult, about: About) -> tuple[Snippet, ...]:
    """What others copy of a model's page."""
    scored = [
        result
        for slug in board.overall
        if (result := standing.cells[slug].result) and result.affinity.value is not None and result is not headline
    ]
    results = [headline, *scored]
    page, image = (
        links.absolute(path, about.base_url)
        for path in (links.model_page(standing.model.slug), links.badge(standing.model.slug))
    )
    url = page if about.base_url else ""
    alt = _badge_text(board, standing, headline, about.title)
    given = about.title, results, url
    below = "" if about.base_url else " Put the address of the site before both paths."
    return (
        Snippet("bibtex", "BibTeX", "The numbers of this page, and the paper behind SA.", citing.bibtex(*given)),
        Snippet("badge-markdown", "Badge in Markdown", f"For a README.{below}", badge.as_markdown(image, page, alt)),
        Snippet("badge-html", "Badge in HTML", f"For a page of your own.{below}", badge.as_html(image, page, alt)),
        Snippet(
            "model-index",
            "Hugging Face model card",
            f"For the metadata of README.md; {citing.OWNER} stands for whoever publishes the word lists on the Hub.",
            citing.model_index(*given),
        ),
        Snippet(
            "eval-results",
            "Hugging Face evaluation results",
            f"For a file in .eval_results; {citing.OWNER} must have registered the lists as benchmarks on the Hub.",
            citing.eval_results(*given),
        ),
    )
