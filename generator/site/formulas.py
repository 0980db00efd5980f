"""Formulas as MathML, which browsers set without a script."""

from __future__ import annotations

from functools import cache

from markupsafe import Markup


@cache
def formula(latex: str, display: str = "inline") -> Markup:
    """A LaTeX formula of ours as a MathML element; ``display`` is "inline" or "block"."""
    from latex2mathml.converter import convert

    return Markup(convert(latex, display=display))  # noqa: S704 - built from our own templates' formulas only
