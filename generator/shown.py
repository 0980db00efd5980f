"""Numbers as readers see them, in the terminal and on pages."""

from __future__ import annotations


def decimal(value: float | None, places: int = 3) -> str:
    """A number as shown, "–" for none.

    >>> decimal(0.43984), decimal(None), decimal(-0.0001)
    ('0.440', '–', '0.000')
    """
    if value is None:
        return "–"
    return f"{round(value, places) + 0.0:.{places}f}".replace("-", "−")


def signed(value: float) -> str:
    """A difference as shown.

    >>> signed(0.0642), signed(-0.0642), signed(-0.0001)
    ('+0.064', '−0.064', '+0.000')
    """
    return f"{round(value, 3) + 0.0:+.3f}".replace("-", "−")


def percent(value: float, places: int = 0) -> str:
    """A share of one as shown.

    >>> percent(0.254), percent(-0.0312, 1), percent(-0.0001)
    ('25 %', '−3.1 %', '0 %')
    """
    return f"{decimal(100 * value, places)} %"


def short_count(value: int | None) -> str:
    """A large count in two or three digits.

    >>> short_count(22_713_216), short_count(7_600_000_000), short_count(512), short_count(None)
    ('23 M', '7.6 B', '512', '–')
    """
    if value is None:
        return "–"
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "K")):
        if value >= 0.9995 * size:  # what is rounded up to a unit is shown in that unit
            scaled = value / size
            return f"{scaled:.1f} {letter}" if scaled < 9.95 and letter == "B" else f"{scaled:.0f} {letter}"
    return str(value)


def file_size(n_bytes: int) -> str:
    """A file's size as shown.

    >>> file_size(812), file_size(24_300), file_size(1_240_000)
    ('812 B', '24 kB', '1.2 MB')
    """
    if n_bytes < 1000:
        return f"{n_bytes} B"
    return f"{n_bytes / 1e3:.0f} kB" if n_bytes < 999_500 else f"{n_bytes / 1e6:.1f} MB"
