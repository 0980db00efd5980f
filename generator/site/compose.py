"""From the leaderboard to pages: every decision about what a page says is made here, none in a template."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from generator.comparison import rival
from generator.datasets import Dataset
from generator.datasets.quality import dataset_report
from generator.languages import Language, language
from generator.layers import Curves
from generator.leaderboard import Leaderboard, Standing, tiers
from generator.levels import collapse
from generator.measures.catalogue import CATALOGUE, MeasureInfo
from generator.measures.resampling import Interval
from generator.published import Figure, Source, figures_of
from generator.ranks import Placing, Ranking
from generator.results import Estimate, PairResult, Resamples
from generator.site import links
from generator.site.figures import map_json, shown_concepts, shown_points
from generator.site.layer_figures import layer_sections
from generator.site.marks import marks
from generator.site.pages import (
    BoardCell,
    BoardRow,
    CompanionRow,
    ConceptRow,
    DatasetPage,
    DatasetSummary,
    FailedPairPage,
    GeometryRow,
    HomePage,
    LanguagePairRow,
    LegendEntry,
    Link,
    MethodsPage,
    ModelPage,
    ModelSection,
    PairCell,
    PairPage,
    PublishedRow,
    ReportRow,
    Score,
    SpreadRow,
    Step,
    Word,
)
from generator.site.traps import N_CONCEPTS, chart_legend, traps
from generator.site.worked_example import worked_example

SHOWN_CONCEPTS = 8
"""How many hardest and easiest concepts a model's page lists."""

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


def home_page(board: Leaderboard, title: str, description: str) -> HomePage:
    """The home page: every model on every dataset."""
    rows = [(standing, board_row(board, standing)) for standing in board.standings]
    return HomePage(
        links.HOME,
        title,
        description,
        tuple(_summary(board, dataset) for dataset in board.scored),
        tuple(_summary(board, dataset) for dataset in board.datasets if not dataset.card.translated),
        tuple(row for standing, row in rows if standing.ranked),
        tuple(row for standing, row in rows if not standing.ranked),
        len(board.overall) > 1,
    )


def model_page(
    board: Leaderboard, standing: Standing, published: Sequence[Source] = (), curves: Curves | None = None
) -> ModelPage:
    """A model's page; it shows the model as it was when last measured."""
    model = standing.model
    measured = [result for cell in standing.cells.values() if (result := cell.result)]
    latest = _newest(measured)
    other = rival(board, standing)
    # The spread within a language tells most on the lists that a model is ranked by.
    counting = [board.dataset(slug) for slug in board.overall]
    return ModelPage(
        links.model_page(model.slug),
        model.name,
        f"How {model.name} aligns languages: Semantic Affinity, maps and concepts.",
        latest.model if latest else model,
        OBJECTIVES.get(model.objective, model.objective),
        standing.place,
        _rank_interval(standing.placing),
        sum(s.ranked and s.place is not None for s in board.standings),
        _verdict(standing, measured),
        tuple(_model_section(board, standing, d.slug) for d in board.datasets),
        tuple(dataset.card.name for dataset in counting),
        _spread_rows([standing.cells[dataset.slug].result for dataset in counting]),
        published_rows(board, figures_of(published, model.name)),
        latest.provenance if latest else None,
        layers=layer_sections(model.slug, board.datasets, curves or {}),
        compare=Link(other.name, links.comparison((model.slug, other.slug))) if other else None,
    )


def dataset_page(
    board: Leaderboard, slug: str, resamples: Resamples | None = None, confidence: float = 0.95
) -> DatasetPage:
    """A dataset's page; a concept's SA there is its mean over the ranked models."""
    dataset = board.dataset(slug)
    card = dataset.card
    rows = tuple(board_row(board, standing, only=slug) for standing in board.on(slug))
    results = [r for s in board.standings if s.ranked and (r := s.cells[slug].result)]
    difficulty = _mean_affinities(results)
    told = {
        "Domain": card.domain,
        "Level": card.level,
        "Size": f"{len(dataset.concepts):,} concepts in {len(dataset.languages)} languages",
        "What it probes": card.probes,
        "How it was made": card.provenance,
        "Licence": card.licence,
        "Link": card.link,
    }
    infos, geometry_rows = _geometry(board, slug, resamples or {}, confidence)
    words = next((d for d in board.scored if d.slug == board.reference), None)
    concepts = tuple(
        ConceptRow(
            c.id,
            _label(c.id, c.renderings),
            c.category,
            _shown_words(c.renderings, dataset.languages, translated=card.translated),
            difficulty.get(c.id),
            None,
            tuple(c.extra.get(name, "") for name in card.columns),
            c.note,
        )
        for c in dataset.concepts
    )
    return DatasetPage(
        links.dataset_page(slug),
        card.name,
        card.description or f"{card.name}: {len(dataset.concepts)} concepts in {len(dataset.languages)} languages.",
        card.name,
        tuple((name, value) for name, value in told.items() if value),
        card.weaknesses,
        dataset.digest,
        links.dataset_file(slug),
        _languages(dataset.languages),
        card.translated,
        board.rankings[slug].resolution if slug in board.rankings else None,
        rows,
        infos,
        geometry_rows,
        Link(words.card.name, links.dataset_page(words.slug)) if words else Link("", links.HOME),
        tuple(
            ReportRow(
                language(report.tag),
                report.n_renderings,
                report.missing,
                len(report.duplicates),
                report.identical,
                len(report.mixed),
                report.renormalised,
            )
            for report in dataset_report(dataset)
        ),
        tuple(card.columns.items()),
        any(concept.note for concept in dataset.concepts),
        _headings(dataset.languages, translated=card.translated),
        concepts,
        len(results),
    )


def pair_pages(board: Leaderboard) -> list[PairPage | FailedPairPage]:
    """A page for every pair that was measured or failed."""
    pages: list[PairPage | FailedPairPage] = []
    for standing in board.standings:
        for dataset in board.datasets:
            cell = standing.cells[dataset.slug]
            model_link = Link(standing.model.name, links.model_page(standing.model.slug))
            dataset_link = Link(dataset.card.name, links.dataset_page(dataset.slug))
            if cell.result:
                categories = {concept.id: concept.category for concept in dataset.concepts}
                n_ranked = sum(s.cells[dataset.slug].rank is not None for s in board.standings)
                pages.append(_pair_page(cell.result, cell.rank, n_ranked, model_link, dataset_link, categories))
            elif cell.failure:
                pages.append(
                    FailedPairPage(
                        links.pair_page(standing.model.slug, dataset.slug),
                        f"{standing.model.name} on {dataset.card.name}",
                        f"{standing.model.name} could not be measured on {dataset.card.name}.",
                        model_link,
                        dataset_link,
                        cell.failure,
                        links.result_file(standing.model.slug, dataset.slug),
                    )
                )
    return pages


def methods_page(board: Leaderboard) -> MethodsPage:
    """The methods page, with the settings and versions of the newest result."""
    results = [r for s in board.standings for cell in s.cells.values() if (r := cell.result)]
    latest = _newest(results)
    parameters = latest.provenance.parameters if latest else {}
    flat = {**parameters, **{f"map {k}": v for k, v in (parameters.get("layout") or {}).items()}}
    return MethodsPage(
        links.METHODS,
        "Methods",
        "How Semantic Affinity and the maps are computed, and what they do not say.",
        worked_example(),
        traps(),
        chart_legend(),
        N_CONCEPTS,
        f"{flat['map landmarks']:,}" if "map landmarks" in flat else "many",
        tuple((name.replace("_", " "), str(value)) for name, value in flat.items() if name != "layout"),
        tuple(latest.provenance.versions.items()) if latest else (),
    )


def board_row(board: Leaderboard, standing: Standing, only: str | None = None) -> BoardRow:
    """A model's row of the leaderboard, or of one dataset's."""
    model = standing.model
    slugs = [only] if only else [dataset.slug for dataset in board.scored]
    return BoardRow(
        Link(model.name, links.model_page(model.slug)),
        OBJECTIVES.get(model.objective, model.objective),
        model.parameters,
        standing.place if only is None else standing.cells[only].rank,
        _rank_interval(standing.placing),
        standing.placing.best if standing.placing else None,
        standing.placing.group if standing.placing else None,
        _with_interval(standing.mean_rank, standing.mean_rank_interval),
        _with_interval(standing.mean_sa, standing.mean_sa_interval),
        f"{sum(standing.cells[slug].result is not None for slug in board.overall)} of {len(board.overall)}",
        tuple(_board_cell(board, standing, slug) for slug in slugs),
        _drawing(standing, only) if only else None,
    )


def _newest(results: Sequence[PairResult]) -> PairResult | None:
    return max(results, key=lambda result: result.provenance.created, default=None)


def _with_interval(value: float | None, interval: Interval | None) -> Estimate:
    return Estimate(value, interval.low, interval.high) if interval else Estimate(value)


def _board_cell(board: Leaderboard, standing: Standing, slug: str) -> BoardCell:
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
        _rank_interval(cell.placing),
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


def _rank_interval(placing: Placing | None) -> str:
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


def _pair_page(
    result: PairResult,
    rank: int | None,
    n_ranked: int,
    model: Link,
    dataset: Link,
    categories: Mapping[str, str],
) -> PairPage:
    labels = {c.id: _label(c.id, c.renderings) for c in result.concepts}
    on_map = {concept.id for concept in shown_concepts(result)}
    drawn = result.map if result.map and result.map.points else None
    return PairPage(
        links.pair_page(result.model.slug, result.dataset.slug),
        f"{model.text} on {dataset.text}",
        f"Semantic Affinity and map of {model.text} on {dataset.text}.",
        model,
        dataset,
        score_of(result),
        rank,
        n_ranked,
        result,
        map_json(result, labels, "map") if drawn else None,
        "" if drawn else (result.map.undefined if result.map else "No map was asked for"),
        len(drawn.points) if drawn else 0,
        len(shown_points(result)) if drawn else 0,
        links.pair_drawing(result.model.slug, result.dataset.slug),
        drawn.quality if drawn else None,
        _legend(result),
        _languages(result.dataset.languages),
        _headings(result.dataset.languages, translated=result.measures is not None),
        tuple(
            ConceptRow(
                c.id,
                labels[c.id],
                categories.get(c.id, ""),
                _shown_words(c.renderings, result.dataset.languages, translated=result.measures is not None),
                c.sa,
                c.spread,
                on_map=c.id in on_map,
            )
            for c in sorted(result.concepts, key=lambda c: (c.sa is None, c.sa or 0, c.id))
        ),
        _pair_table(result),
        _companion_rows(result.measures.companions if result.measures else {}),
        tuple(info for key, info in CATALOGUE.items() if key in result.directed),
        tuple(info for key, info in CATALOGUE.items() if key in result.pair_companions),
        _language_pair_rows(result),
        _companion_rows(result.geometry),
        links.result_file(result.model.slug, result.dataset.slug),
    )


def _summary(board: Leaderboard, dataset: Dataset) -> DatasetSummary:
    return DatasetSummary(
        dataset.card.name,
        links.dataset_page(dataset.slug),
        dataset.card.domain,
        len(dataset.concepts),
        _languages(dataset.languages),
        dataset.slug in board.overall,
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


def _model_section(board: Leaderboard, standing: Standing, slug: str) -> ModelSection:
    dataset = board.dataset(slug)
    result = standing.cells[slug].result
    on_map = {concept.id for concept in shown_concepts(result)} if result else set()
    known = sorted((c for c in result.concepts if c.sa is not None), key=lambda c: (c.sa or 0, c.id)) if result else []
    rows = [
        ConceptRow(
            c.id,
            _label(c.id, c.renderings),
            "",
            _shown_words(c.renderings, dataset.languages, translated=True),
            c.sa,
            c.spread,
            on_map=c.id in on_map,
        )
        for c in known
    ]
    shown = min(SHOWN_CONCEPTS, len(rows) // 2)
    return ModelSection(
        Link(dataset.card.name, links.dataset_page(slug)),
        _board_cell(board, standing, slug),
        _drawing(standing, slug),
        tuple(rows[:shown]),
        tuple(reversed(rows[len(rows) - shown :])),
    )


def _drawing(standing: Standing, slug: str) -> str | None:
    result = standing.cells[slug].result
    has_map = result and result.map and result.map.points
    return links.pair_drawing(standing.model.slug, slug) if has_map else None


def _spread_rows(results: Sequence[PairResult | None]) -> tuple[SpreadRow, ...]:
    tags = dict.fromkeys(tag for result in results if result for tag in result.languages)
    rows = []
    for tag in tags:
        records = [result.languages.get(tag) if result else None for result in results]
        rows.append(
            SpreadRow(
                language(tag),
                tuple(Estimate(r.intra_spread, r.low, r.high) if r else Estimate(None) for r in records),
                tuple(f"{r.n_distinct_vectors:,} of {r.n_renderings:,}" if r else "" for r in records),
            )
        )
    return tuple(rows)


def _verdict(standing: Standing, measured: Sequence[PairResult]) -> str:
    """What the numbers say, in a sentence or two."""
    if not measured:
        return "This model has not been measured here."
    if not standing.ranked:
        return standing.model.note
    scored = [r.measures for r in measured if r.measures]
    if not scored:
        return "This model was measured on word lists without translations only, so it has no score."
    lifts = [lift for measures in scored if (lift := measures.chance_corrected) is not None]
    lift = sum(lifts) / len(lifts) if lifts else 0.0
    reached = {tiers(measures)[0] for measures in scored}
    strength = {"strong": "strongly", "moderate": "moderately", "none": "hardly"}
    degrees = " to ".join(strength[tier] for tier in ("none", "moderate", "strong") if tier in reached).capitalize()
    nearer = (
        f"translations lie {lift:.0%} nearer to each other than words of different meaning do"
        if lift > 0
        else "translations lie no nearer to each other than words of different meaning do"
    )
    return f"{degrees} aligns languages: across them, {nearer}."


def _mean_affinities(results: Sequence[PairResult]) -> dict[str, float]:
    """By concept id: the mean SA over results."""
    found: dict[str, list[float]] = {}
    for result in results:
        for concept in result.concepts:
            if concept.sa is not None:
                found.setdefault(concept.id, []).append(concept.sa)
    return {concept: sum(values) / len(values) for concept, values in found.items()}


def _legend(result: PairResult) -> tuple[LegendEntry, ...]:
    look = marks(result.dataset.languages)
    return tuple(
        LegendEntry(language(tag), look[tag], result.languages[tag].n_renderings) for tag in result.dataset.languages
    )


def _pair_table(result: PairResult) -> tuple[tuple[Language, tuple[PairCell | None, ...]], ...]:
    """A row and a column a language; None on the diagonal."""
    values = [pair.sa for pair in result.language_pairs if pair.sa is not None]
    low, high = min(values, default=0.0), max(values, default=1.0)
    cells = {}
    for pair in result.language_pairs:
        share = (pair.sa - low) / (high - low) if pair.sa is not None and high > low else 0.5
        cells[pair.a, pair.b] = cells[pair.b, pair.a] = PairCell(pair.sa, pair.n, round(100 * share))
    tags = result.dataset.languages
    return tuple((language(a), tuple(cells.get((a, b)) for b in tags)) for a in tags)


def _geometry(
    board: Leaderboard, slug: str, resamples: Resamples, confidence: float
) -> tuple[tuple[MeasureInfo, ...], tuple[GeometryRow, ...]]:
    """The measures of a list of letters, signs or numbers that some model has, and the models with them."""
    found: list[tuple[Standing, Mapping[str, Estimate]]] = []
    for standing in board.on(slug):
        result = standing.cells[slug].result
        if result and result.geometry:
            words = standing.cells[board.reference].result if board.reference else None
            model = standing.model.slug
            drawn = (resamples.get((model, slug), {}), resamples.get((model, board.reference), {}))
            ratio = collapse(result, words, *drawn, confidence) if words else Estimate(None)
            found.append((standing, {"collapse_ratio": ratio, **result.geometry}))
    shown = [
        info
        for key, info in CATALOGUE.items()
        if any(measures.get(key, Estimate(None)).value is not None for _, measures in found)
    ]
    rows = tuple(
        GeometryRow(
            Link(standing.model.name, links.model_page(standing.model.slug)),
            links.pair_page(standing.model.slug, slug),
            standing.ranked,
            tuple(measures.get(info.key, Estimate(None)) for info in shown),
        )
        for standing, measures in found
    )
    return tuple(shown), rows


def _companion_rows(estimates: Mapping[str, Estimate]) -> tuple[CompanionRow, ...]:
    """Measures with a value, in the order of the catalogue."""
    return tuple(
        CompanionRow(info, estimates[key])
        for key, info in CATALOGUE.items()
        if key in estimates and estimates[key].value is not None
    )


def _language_pair_rows(result: PairResult) -> tuple[LanguagePairRow, ...]:
    """Pairs of the languages that tables show, the best aligned first."""
    shown = set(result.dataset.languages[:SHOWN_LANGUAGES])
    columns = [result.pair_companions[key] for key in CATALOGUE if key in result.pair_companions]
    rows = [
        LanguagePairRow(
            language(pair.a),
            language(pair.b),
            pair.n,
            Estimate(pair.sa, pair.low, pair.high),
            tuple(result.directed[key][i] for key in CATALOGUE if key in result.directed),
            tuple(Estimate(column.value[i], column.low[i], column.high[i]) for column in columns),
        )
        for i, pair in enumerate(result.language_pairs)
        if {pair.a, pair.b} <= shown
    ]
    return tuple(sorted(rows, key=lambda row: -(row.affinity.value or 0)))


def _label(concept: str, renderings: Mapping[str, Sequence[str]]) -> str:
    """A concept's name for readers: its English rendering, or the first there is."""
    words = renderings.get("en") or next(iter(renderings.values()), (concept,))
    return words[0]


def _words(renderings: Mapping[str, Sequence[str]], tags: Sequence[str]) -> tuple[tuple[Word, ...], ...]:
    return tuple(tuple(Word(text, tag, language(tag).direction) for text in renderings.get(tag, ())) for tag in tags)


def _headings(tags: Sequence[str], *, translated: bool) -> tuple[str, ...]:
    return tuple(language(tag).name for tag in tags[:SHOWN_LANGUAGES]) if translated else ("Sign",)


def _shown_words(
    renderings: Mapping[str, Sequence[str]], tags: Sequence[str], *, translated: bool
) -> tuple[tuple[Word, ...], ...]:
    """A group a heading: a language's words, or all there are where nothing is translated."""
    if translated:
        return _words(renderings, tags[:SHOWN_LANGUAGES])
    return (tuple(word for group in _words(renderings, tags) for word in group),)


def _languages(tags: Sequence[str]) -> tuple[Language, ...]:
    return tuple(language(tag) for tag in tags)
