"""Write data.csv: numbers in words, from num2words2."""

from __future__ import annotations

import csv
from pathlib import Path

from num2words2 import num2words

LANGUAGES = ("en", "zh", "es", "fr", "de", "ru", "ko", "ar", "ja", "sw")
ROUND = (*range(200, 1000, 100), 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 1_000_000, 1_000_000_000)
# Arabic asks for ألفًا after the tens; the library writes ألف.
LEFT_OUT = {("ar", 20_000), ("ar", 50_000)}


def rows() -> list[dict[str, str]]:
    return [_row(value) for value in (*range(101), *ROUND)]


def _row(value: int) -> dict[str, str]:
    words = {tag: "" if (tag, value) in LEFT_OUT else _in_words(value, tag) for tag in LANGUAGES}
    return {"id": f"n-{value}", "category": category(value), "value": str(value), **words, "zxx": str(value)}


def _in_words(value: int, tag: str) -> str:
    return str(num2words(value, lang=tag))  # type: ignore[no-untyped-call]


def category(value: int) -> str:
    """Which of four parts a number belongs to."""
    if value < 10:
        return "units"
    if value < 20:
        return "teens"
    return "tens" if value < 100 else "round"


def main() -> None:
    table = rows()
    with Path(__file__).with_name("data.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


if __name__ == "__main__":
    main()
