"""Make docs/screenshot.png from the site in site/: run `make site`, then `.venv/bin/python docs/make_screenshot.py`."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
VIEW: ViewportSize = {"width": 1180, "height": 900}
COLUMNS = 2
PAIR = "all-minilm-l6-v2--modern-concepts"
SHOTS: tuple[tuple[str, Literal["light", "dark"], str], ...] = (
    ("index.html", "light", "header"),
    (f"pairs/{PAIR}.html#concept=horse", "dark", "#map-heading"),
    ("models/all-minilm-l6-v2.html", "dark", "header"),
    ("concepts.html#modern-concepts/horse", "light", "header"),
)
"""Pages, their theme, and what stands at the top."""
TO_TOP = "(wanted) => document.querySelector(wanted).scrollIntoView({ behavior: 'instant' })"


def main() -> None:
    images = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, theme, top in SHOTS:
            page = browser.new_page(viewport=VIEW, color_scheme=theme)
            page.goto(f"{(ROOT / 'site').as_uri()}/{name}")
            page.wait_for_timeout(2500)
            page.evaluate(TO_TOP, top)
            page.wait_for_timeout(1000)
            images.append(Image.open(io.BytesIO(page.screenshot())))
        browser.close()
    width, height = images[0].size
    sheet = Image.new("RGB", (COLUMNS * width, len(images) // COLUMNS * height), "white")
    for i, image in enumerate(images):
        sheet.paste(image, (i % COLUMNS * width, i // COLUMNS * height))
    sheet.resize((sheet.width * 2 // 3, sheet.height * 2 // 3), Image.Resampling.LANCZOS).save(
        ROOT / "docs" / "screenshot.png", optimize=True
    )


if __name__ == "__main__":
    main()
