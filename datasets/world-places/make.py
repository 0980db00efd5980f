"""Write data.csv: names of the ISO 3166-1 territories from CLDR, by way of Babel.

Prints how many names languages write alike, in the sentences that the card has to hold.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from itertools import combinations
from pathlib import Path

from babel import Locale
from countryinfo import CountryInfo

CORE = ("en", "zh", "es", "fr", "de", "ru", "ko", "ar", "ja", "sw")
OTHERS = (
    "af am az be bg bn ca cs cy da el et eu fa fi ga gl he hi hu hy ind is it ka kk lt lv mk mn mr my nb nl "
    "pa pl pt ro si sk sl sq sr sv ta te th ti tr uk uz vi"
)
LANGUAGES = (*CORE, *OTHERS.split())
# UN M49 has Antarctica as a region of its own; countryinfo gives these two none.
REGIONS = {"AQ": "Antarctica", "HM": "Oceania"}
# A hint where a line may end, which CLDR has in some names.
BRACKETS = re.compile(r"\s*[(（][^)）]*[)）]")
ZERO_WIDTH_SPACE = "\u200b"

Row = dict[str, str]


def rows() -> list[Row]:
    countries = [country for country in CountryInfo.all().values() if "region" in country]  # Wales has none
    regions = {country["ISO"]["alpha2"]: country["region"] for country in countries} | REGIONS
    codes = sorted(regions.keys() & Locale.parse("en").territories.keys())  # CLDR names no former countries
    names = {tag: _names(Locale.parse("id" if tag == "ind" else tag), codes) for tag in LANGUAGES}
    return [
        {"id": f"place-{code.lower()}", "category": regions[code], **{tag: names[tag][code] for tag in LANGUAGES}}
        for code in codes
    ]


def _names(locale: Locale, codes: list[str]) -> Row:
    """A language's names by code, without what brackets add to them, as in "Myanmar (Burma)".

    Where only the brackets tell two names apart, as of the two Congos in Chinese, they stay.
    """
    full = {
        code: unicodedata.normalize("NFC", locale.territories[code].replace(ZERO_WIDTH_SPACE, "")) for code in codes
    }
    bare = {code: BRACKETS.sub("", name) for code, name in full.items()}
    count = Counter(bare.values())
    return {code: bare[code] if count[bare[code]] == 1 else full[code] for code in codes}


def identical(table: list[Row]) -> str:
    """How many names are the same string in two languages, in words for the card."""
    share = {(a, b): sum(row[a] == row[b] for row in table) / len(table) for a, b in combinations(LANGUAGES, 2)}
    some = sorted((pair for pair in share if share[pair]), key=lambda pair: -share[pair])
    core = [pair for pair in some if set(pair) <= set(CORE)]
    mean = sum(share.values()) / len(share)

    def listed(pairs: list[tuple[str, str]]) -> str:
        return ", ".join(f"{a}-{b} {share[a, b]:.1%}" for a, b in pairs)

    return (
        f"Names that are the same string in two languages: {mean:.1%} on average over {len(share):,} pairs, none at "
        f"all in {len(share) - len(some):,} of them. Most: {listed(some[:5])}; fewest, where any: {listed(some[-5:])}. "
        f"Among the ten core languages: {listed(core)}; none in their other {45 - len(core)} pairs."
    )


def main() -> None:
    table = rows()
    with Path(__file__).with_name("data.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
    print(identical(table))


if __name__ == "__main__":
    main()
