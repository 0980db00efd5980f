"""What every measure is, in one place: pages, downloads and the methods page take their words from here.

In the formulas x_c and y_c are the unit vectors of concept c in two languages a and b, n is the number of concepts
that both render, [·] is 1 where the condition holds and 0 elsewhere, and r_b(x) is the mean cosine of x with its ten
nearest words of language b.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Better = Literal["higher", "lower", "neither"]


@dataclass(frozen=True)
class Reference:
    """Where a measure comes from."""

    text: str
    """Authors and year."""
    link: str


@dataclass(frozen=True)
class MeasureInfo:
    """What a reader needs to know of one measure."""

    key: str
    """As in the result files."""
    name: str
    meaning: str
    """One sentence for readers who know no statistics."""
    formula: str
    """LaTeX, as `generator.site.formulas.formula` takes it."""
    pitfalls: str
    low: float | None
    """The least value it can take; None where there is no bound, or none that is the same for all lists."""
    high: float | None
    better: Better
    """Which way alignment, or order, grows; "neither" for what only describes."""
    references: tuple[Reference, ...] = ()
    """Empty for what is defined by this project."""
    decimals: int = 3

    @property
    def bounds(self) -> str:
        """The range in words.

        >>> CATALOGUE["retrieval_p1"].bounds, CATALOGUE["chance_corrected"].bounds, CATALOGUE["hubness"].bounds
        ('between 0 and 1', 'at most 1', 'without bounds')
        """
        if self.low is None:
            return "without bounds" if self.high is None else f"at most {self.high:g}"
        low = f"{self.low:g}".replace("-", "−")
        return f"at least {low}" if self.high is None else f"between {low} and {self.high:g}"


_GONG_AFFINITY = Reference("Gong, 2025", "https://arxiv.org/abs/2601.09732")
_GONG_LEVELS = Reference("Gong, 2025", "https://arxiv.org/abs/2601.09731")
_CONNEAU = Reference("Conneau et al., 2018", "https://arxiv.org/abs/1710.04087")
_ROY = Reference("Roy et al., 2020", "https://arxiv.org/abs/2004.05484")

_MEASURES = (
    MeasureInfo(
        "semantic_affinity",
        "Semantic Affinity",
        "How close the translations of a concept lie, measured by how far apart the words of one language lie: "
        "1 when translations coincide, 0.5 when they lie as far apart as any two words.",
        r"SA=\frac{1}{1+V/H}",
        "It depends on the topics of a list, on offsets between languages, and 0.5 is not what chance gives: "
        "compare models on one list, and read the null beside it.",
        0,
        1,
        "higher",
        (_GONG_AFFINITY,),
    ),
    MeasureInfo(
        "null_sa",
        "Null SA",
        "What SA would be if translations were dealt out at random: only what lies above it is alignment.",
        r"SA_0=\frac{1}{1+V_0/H}",
        "It is itself low when each language keeps to a region of its own, so a low null is no praise.",
        0,
        1,
        "neither",
    ),
    MeasureInfo(
        "chance_corrected",
        "Above chance",
        "How much closer translations lie than unrelated words of two languages: 0 for no closer, 1 for coinciding.",
        r"A=1-\frac{V}{V_0}",
        "It is a ratio: where unrelated words already lie close together, a small distance decides it.",
        None,
        1,
        "higher",
    ),
    MeasureInfo(
        "centred_sa",
        "Centred SA",
        "SA after every language has been moved to a common centre: what is left once the languages' own offsets "
        "are gone.",
        r"SA_c=\frac{1}{1+\tilde V/\tilde H},\quad\tilde u=\frac{u-\mu_l}{\|u-\mu_l\|}",
        "It shows what a model could do after a correction that few who use it make, and the centres come from this "
        "very list.",
        0,
        1,
        "higher",
    ),
    MeasureInfo(
        "offset_penalty",
        "Offset penalty",
        "What the offset between languages costs: centred SA less SA.",
        r"SA_c-SA",
        "It may be slightly negative, as centring also changes the spread of each language.",
        -1,
        1,
        "lower",
    ),
    MeasureInfo(
        "retrieval_p1",
        "Retrieval P@1",
        "How often the nearest word of the other language is the translation, both ways.",
        r"P@1=\frac{1}{n}\sum_c\frac{[s_c=0]}{1+e_c}",
        "The longer the list, the harder the task. Words that are spelt alike within a language cap it below 1; "
        "an offset between the languages may leave it at 1.",
        0,
        1,
        "higher",
        (Reference("Mikolov, Le and Sutskever, 2013", "https://arxiv.org/abs/1309.4168"),),
    ),
    MeasureInfo(
        "retrieval_mrr",
        "Retrieval MRR",
        "How far up the translation stands among the nearest words of the other language: 1 for first, ½ for "
        "second, ⅓ for third, averaged both ways.",
        r"MRR=\frac{1}{n}\sum_c\frac{1}{1+e_c}\sum_{j=0}^{e_c}\frac{1}{1+s_c+j}",
        "Mostly decided by the first places, and harder on longer lists, as P@1 is.",
        0,
        1,
        "higher",
        (Reference("Voorhees, 1999", "https://trec.nist.gov/pubs/trec8/papers/qa_report.pdf"),),
    ),
    MeasureInfo(
        "csls_p1",
        "CSLS P@1",
        "How often the translation is found when words that lie near everything are held back.",
        r"\text{CSLS}(x,y)=2\cos(x,y)-r_b(x)-r_a(y)",
        "The correction needs the whole list at once, which a search for single words does not have.",
        0,
        1,
        "higher",
        (_CONNEAU,),
    ),
    MeasureInfo(
        "mutual_precision",
        "Mutual neighbours",
        "Of the pairs of words that are each other's nearest in the other language, the share that are translations.",
        r"\frac{\left|\{c:x_c\leftrightarrow y_c\}\right|}{\left|\{(c,c'):x_c\leftrightarrow y_{c'}\}\right|}",
        "It says how far such pairs can be trusted, not how many there are: a model with few of them may score high.",
        0,
        1,
        "higher",
        (_CONNEAU,),
    ),
    MeasureInfo(
        "weak_alignment",
        "Weak alignment",
        "The share of concepts whose two words lie nearer to each other than either to any other word of the "
        "other language.",
        r"\frac{1}{n}\sum_c\left[x_c\cdot y_c>\max_{c'\neq c}\{x_c\cdot y_{c'},\,x_{c'}\cdot y_c\}\right]",
        "It never asks whether languages mix, only whether translations find each other; it falls as lists grow.",
        0,
        1,
        "higher",
        (Reference("Kargaran et al., 2025", "https://arxiv.org/abs/2410.05873"),),
    ),
    MeasureInfo(
        "strong_alignment",
        "Strong alignment",
        "The share of words whose every translation lies nearer than any other word of any language, its own included.",
        r"\frac{1}{N}\sum_{c,a}\left[\min_{b\neq a}u_{c,a}\cdot u_{c,b}>"
        r"\max_{c'\neq c,\,b}u_{c,a}\cdot u_{c',b}\right]",
        "Very strict: the more languages, the more translations must all come first, so lists with different "
        "numbers of languages do not compare.",
        0,
        1,
        "higher",
        (_ROY,),
    ),
    MeasureInfo(
        "margin",
        "Margin",
        "By how much translations lie nearer to each other than to their neighbourhoods.",
        r"\frac{1}{n}\sum_c\left(x_c\cdot y_c-\frac{r_b(x_c)+r_a(y_c)}{2}\right)",
        "Its size follows the spread of a model's cosines, so models whose cosines all lie close together score low "
        "however well they order them.",
        -2,
        2,
        "higher",
        (Reference("Artetxe and Schwenk, 2019", "https://arxiv.org/abs/1811.01136"),),
    ),
    MeasureInfo(
        "hubness",
        "Hubness",
        "Whether a few words turn up among the nearest of very many others: 0 when all turn up about equally often.",
        r"\frac{\frac{1}{n}\sum_i(N_i-\bar N)^3}{\left(\frac{1}{n}\sum_i(N_i-\bar N)^2\right)^{3/2}}",
        "A skewness, so a handful of words decides it; it grows with the length of a list.",
        None,
        None,
        "lower",
        (Reference("Radovanović, Nanopoulos and Ivanović, 2010", "https://jmlr.org/papers/v11/radovanovic10a.html"),),
        2,
    ),
    MeasureInfo(
        "language_separability",
        "Language separability",
        "How much the neighbours of a word are of its own language beyond what chance gives: 0 when languages mix, "
        "1 when they keep apart.",
        r"\frac{p-p_0}{1-p_0},\quad p_0=\frac{n_a-1}{n-1}",
        "It looks at the ten nearest words only: languages may overlap on the large scale and yet keep apart on the "
        "small one.",
        None,
        1,
        "lower",
        (Reference("Libovický, Rosa and Fraser, 2019", "https://arxiv.org/abs/1911.03310"),),
    ),
    MeasureInfo(
        "language_preference",
        "Language preference",
        "Whether words find their nearest foreign neighbour in one favoured language: 0 when all languages are found "
        "equally often, 1 when one takes all.",
        r"1-\frac{1}{L}\sum_a\frac{E_a}{\log(L-1)},\quad "
        r"E_a=-\sum_{b\neq a}q_{ab}\,\log q_{ab}+\frac{k_a-1}{2n_a}",
        "A preference may be the family of the language rather than a fault of the model. Undefined for two languages; "
        "few words may take it slightly below 0.",
        None,
        1,
        "lower",
        (_ROY,),
    ),
    MeasureInfo(
        "cka",
        "CKA",
        "Whether two languages arrange the same concepts alike, whatever the position and turn of each arrangement.",
        r"\frac{\text{HSIC}_u(X,Y)}{\sqrt{\text{HSIC}_u(X,X)\,\text{HSIC}_u(Y,Y)}}",
        "Blind to rotations: it can be 1 where no translation finds its partner. The usual, biased form rises with "
        "the number of dimensions; the debiased one used here may be slightly negative.",
        -1,
        1,
        "higher",
        (
            Reference("Kornblith et al., 2019", "https://arxiv.org/abs/1905.00414"),
            Reference("Song et al., 2012", "https://jmlr.org/papers/v13/song12a.html"),
            Reference("Murphy, Zylberberg and Fyshe, 2024", "https://arxiv.org/abs/2405.01012"),
        ),
    ),
    MeasureInfo(
        "rsa",
        "RSA",
        "Whether pairs of concepts that lie close in one language also lie close in the other.",
        r"\underset{i<j}{\text{corr}}\left(x_i\cdot x_j,\;y_i\cdot y_j\right)",
        "Blind to rotations and offsets between the languages, as CKA is, and mostly decided by the many pairs of "
        "unrelated concepts.",
        -1,
        1,
        "higher",
        (Reference("Kriegeskorte, Mur and Bandettini, 2008", "https://doi.org/10.3389/neuro.06.004.2008"),),
    ),
    MeasureInfo(
        "anisotropy",
        "Anisotropy",
        "The mean cosine of two random words: near 1, all vectors point the same way and a high cosine says nothing.",
        r"\frac{2}{n(n-1)}\sum_{i<j}u_i\cdot u_j",
        "Neither good nor bad by itself; it is the scale on which every cosine of the model is to be read.",
        -1,
        1,
        "neither",
        (Reference("Ethayarajh, 2019", "https://arxiv.org/abs/1909.00512"),),
    ),
    MeasureInfo(
        "identical_share",
        "Identical spelling",
        "The share of translations that are spelt alike, which any model gets right for free.",
        r"\frac{1}{n}\sum_c\left[\,c_a\cap c_b\neq\emptyset\,\right]",
        "A property of the list, not of the model; loanwords spelt differently are not counted.",
        0,
        1,
        "neither",
        (Reference("Smith et al., 2017", "https://arxiv.org/abs/1702.03859"),),
    ),
    MeasureInfo(
        "sa_without_identical",
        "SA without identical spellings",
        "SA over those translations that are not spelt alike.",
        r"\frac{1}{1+V_{\neq}/H}",
        "What is left out differs from one pair of languages to the next, so related languages lose most words.",
        0,
        1,
        "higher",
    ),
    MeasureInfo(
        "collapse_ratio",
        "Collapse ratio",
        "How far apart a model holds the items of this list, measured by how far apart it holds words: below 1, "
        "they crowd together.",
        r"\frac{H_{\text{level}}}{H_{\text{word}}}",
        "It compares two different lists, so the topics of the list of words matter too.",
        0,
        None,
        "neither",
        (_GONG_LEVELS,),
    ),
    MeasureInfo(
        "category_silhouette",
        "Category silhouette",
        "Whether items lie nearer to their own category than to the next one: 1 for tight, well separated "
        "categories, 0 for none.",
        r"\frac{1}{n}\sum_i\frac{b_i-a_i}{\max(a_i,b_i)}",
        "In many dimensions distances resemble each other and values stay small even for categories that "
        "neighbours tell apart well.",
        -1,
        1,
        "higher",
        (_GONG_LEVELS, Reference("Rousseeuw, 1987", "https://doi.org/10.1016/0377-0427(87)90125-7")),
    ),
    MeasureInfo(
        "category_purity",
        "Category purity",
        "How much the nearest neighbours of an item share its category beyond what chance gives: 0 for chance, "
        "1 for always.",
        r"\frac{p-p_0}{1-p_0}",
        "It looks at the nearest items only: ten, or as many as the category has others.",
        None,
        1,
        "higher",
        (_GONG_LEVELS,),
    ),
    MeasureInfo(
        "number_order",
        "Order of numbers",
        "Whether numbers that differ more lie further apart: 1 for perfectly ordered, 0 for no order.",
        r"\underset{i<j}{\rho}\left(\left|\log(1+z_i)-\log(1+z_j)\right|,\;1-u_i\cdot u_j\right)",
        "Values are compared on a logarithmic scale, on which 10 and 20 differ as much as 100 and 200; shared digits "
        "and shared words can make an order by themselves.",
        -1,
        1,
        "higher",
        (
            _GONG_LEVELS,
            Reference("AlquBoj et al., 2025", "https://arxiv.org/abs/2502.16147"),
        ),
    ),
    MeasureInfo(
        "number_path",
        "Path of numbers",
        "How long the steps are from each number to the next, measured by the distance of any two: near 0 for a "
        "smooth path, 1 for a walk at random.",
        r"\frac{\underset{i}{\text{mean}}\,d(t_i,t_{i+1})}{\underset{i<j}{\text{mean}}\,d(t_i,t_j)}",
        "Steps cross gaps of different size where a list skips numbers.",
        0,
        None,
        "lower",
        (_GONG_LEVELS,),
    ),
)

CATALOGUE: dict[str, MeasureInfo] = {info.key: info for info in _MEASURES}
"""Every measure by its key, in the order in which pages name them."""

AFFINITY = ("semantic_affinity", "null_sa", "chance_corrected", "centred_sa", "offset_penalty")
"""SA and what stands beside it wherever it is shown."""
LEVELS = ("collapse_ratio", "category_silhouette", "category_purity", "number_order", "number_path")
"""Measures of lists of letters, signs and numbers."""
COMPANIONS = tuple(key for key in CATALOGUE if key not in AFFINITY + LEVELS)
"""What SA alone cannot see."""
