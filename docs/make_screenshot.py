"""Make docs/screenshot.png from the site in site/: run `make site`, then `.venv/bin/python docs/make_screenshot.py`."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
VIEW: ViewportSize = {"width": 1180, "height": 980}
PAGES = ("index.html", "pairs/all-minilm-l6-v2--modern-concepts.html#map-heading")


def main() -> None:
    images = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=VIEW, color_scheme="light")
        for name in PAGES:
            page.goto(f"{(ROOT / 'site').as_uri()}/{name}")
            page.wait_for_timeout(1500)
            images.append(Image.open(io.BytesIO(page.screenshot())))
        browser.close()
    sheet = Image.new("RGB", (sum(image.width for image in images), images[0].height), "white")
    for i, image in enumerate(images):
        sheet.paste(image, (i * images[0].width, 0))
    sheet.resize((sheet.width * 2 // 3, sheet.height * 2 // 3), Image.Resampling.LANCZOS).save(
        ROOT / "docs" / "screenshot.png", optimize=True
    )


if __name__ == "__main__":
    main()
