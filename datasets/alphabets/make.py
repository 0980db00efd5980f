"""Write data.csv: the letters of 26 scripts, from the exemplar characters of gflanguages."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import langcodes
from gflanguages import LoadLanguages  # type: ignore[import-untyped]

# Languages whose index characters, what a dictionary files its words under, are the alphabet of their script.
INDEXED = (
    "en_Latn el_Grek hy_Armn ka_Geor he_Hebr ar_Arab am_Ethi hi_Deva bn_Beng pa_Guru gu_Gujr or_Orya "
    "ta_Taml te_Telu kn_Knda ml_Mlym si_Sinh th_Thai lo_Laoo km_Khmr my_Mymr bo_Tibt"
)
# Words of Unicode names that say what a character is, not which one.
GENERIC = {"SMALL", "LETTER", "CHARACTER", "SYLLABLE"}


def letters() -> dict[str, list[str]]:
    """The letters of each script, in lower case; what needs two code points is left out.

    Four scripts need more than an index: the Russian one lacks ъ and ь, the Japanese has only the heads of the
    kana rows, the Korean only consonants.
    """
    exemplars = {key: language.exemplar_chars for key, language in LoadLanguages().items()}
    found = {key.split("_")[1]: exemplars[key].index.lower().split() for key in INDEXED.split()}
    found["Cyrl"] = exemplars["ru_Cyrl"].base.split()
    initials, vowels, *_ = exemplars["ko_Kore"].auxiliary.split()  # two ranges of parts of syllables, then Hanja
    parts = [chr(c) for span in (initials, vowels) for c in range(ord(span[0]), ord(span[-1]) + 1)]
    found["Hang"] = [unicodedata.lookup("HANGUL LETTER " + unicodedata.name(part).split()[2]) for part in parts]
    plain = [c for c in exemplars["ja_Hira"].base.split() if not unicodedata.decomposition(c)]
    found["Hira"] = [c for c in plain if "SMALL" not in unicodedata.name(c)]
    found["Kana"] = [unicodedata.lookup(unicodedata.name(c).replace("HIRAGANA", "KATAKANA")) for c in found["Hira"]]
    return {script: [c for c in characters if len(c) == 1] for script, characters in found.items()}


def rows() -> Iterator[dict[str, str]]:
    """One row a letter, rendered in its script's column only."""
    for script, characters in letters().items():
        for letter in characters:
            name = unicodedata.name(letter)
            words = [word for word in name.split()[1:] if word not in GENERIC]
            yield {
                "id": "-".join([script, *words]).lower(),
                "category": langcodes.Language.get(f"und-{script}").script_name(),
                "note": name.lower(),
                f"und-{script}": letter,
            }


def main() -> None:
    table = list(rows())
    with Path(__file__).with_name("data.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for row in table for name in row)), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


if __name__ == "__main__":
    main()
