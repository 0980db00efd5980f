"""Write data.csv: the 214 Kangxi radicals, from the Unicode character data that Python brings."""

from __future__ import annotations

import csv
import unicodedata
from pathlib import Path

FIRST_CODE_POINT = 0x2F00
RADICALS = 214
NAME_PREFIX = "KANGXI RADICAL "
# The dictionary orders its radicals by strokes; each entry is the last radical of 1, 2, 3 … 17 strokes.
LAST_OF_STROKES = (6, 29, 60, 94, 117, 146, 166, 175, 186, 194, 200, 204, 208, 210, 211, 213, 214)


def rows() -> list[dict[str, str]]:
    """One row a radical; models know the unified ideograph better than the radical's own code point."""
    return [_row(number) for number in range(1, RADICALS + 1)]


def _row(number: int) -> dict[str, str]:
    radical = chr(FIRST_CODE_POINT + number - 1)
    strokes = 1 + sum(number > last for last in LAST_OF_STROKES)
    return {
        "id": f"radical-{number}",
        "category": f"{strokes} stroke{'s' if strokes > 1 else ''}",
        "note": unicodedata.name(radical).removeprefix(NAME_PREFIX).lower(),
        "codepoint": f"U+{ord(radical):04X}",
        "zh": unicodedata.normalize("NFKC", radical),
    }


def main() -> None:
    table = rows()
    with Path(__file__).with_name("data.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


if __name__ == "__main__":
    main()
