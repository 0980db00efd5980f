"""What all tests share: nothing is downloaded, and no test sees what another has cached."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

# Before anything imports huggingface_hub, which reads it once.
os.environ["HF_HUB_OFFLINE"] = "1"

# A shell that runs the tests in the background has them ignore Ctrl-C, and so would all that they start.
if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

from generator.datasets import Card, Concept, Dataset

# A Hindi letter that NFC takes apart, Arabic with vowel signs, a letter with a mark that no single character
# holds, an emoji of several joined people; alternatives and gaps.
WORDS: dict[str, dict[str, str]] = {
    "water": {"en": "water", "zh": "水", "ar": "ماء", "hi": "पानी|जल", "sw": "maji"},
    "fire": {"en": "fire", "zh": "火", "ar": "نار", "hi": "आग", "sw": "moto"},
    "sun": {"en": "sun|☀️", "zh": "太阳", "ar": "شَمْس", "hi": "सूरज|सूर्य", "sw": "jua"},
    "moon": {"en": "moon", "zh": "月亮", "ar": "قمر", "hi": "चाँद", "sw": "mwezi"},
    "house": {"en": "house|home", "zh": "房子|家", "ar": "بيت", "hi": "घर", "sw": "nyumba"},
    "book": {"en": "book", "zh": "书", "ar": "كتاب", "hi": "किताब", "sw": "kitabu"},
    "mother": {"en": "mother", "zh": "母亲|妈妈", "ar": "أم", "hi": "माँ", "sw": "mama"},
    "tree": {"en": "tree", "zh": "树", "ar": "شجرة", "hi": "पेड़", "sw": "mti"},
    "coffee-house": {"en": "café", "zh": "咖啡馆", "ar": "مقهى", "hi": "", "sw": "mkahawa"},
    "heart": {"en": "heart|❤️", "zh": "心", "ar": "قلب", "hi": "दिल", "sw": "moyo"},
    "family": {"en": "family|👨‍👩‍👧", "zh": "家庭", "ar": "عائلة", "hi": "परिवार", "sw": ""},
    "unknown": {"en": "x̣", "zh": "未知数", "ar": "مجهول", "hi": "अज्ञात", "sw": "isiyojulikana"},
}
LANGUAGES = ("en", "zh", "ar", "hi", "sw")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests in a browser take their time and show nothing of which lines run that others do not show."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.fixture(autouse=True)
def isolated_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a vectors cache that is this test's own."""
    folder = tmp_path / "isolated-cache"
    monkeypatch.setenv("ISOGLOSS_CACHE", str(folder))
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    return folder


@pytest.fixture(scope="session")
def word_list() -> Callable[..., Dataset]:
    """Make a dataset of up to twelve concepts in up to five languages and scripts, with alternatives and gaps."""

    def made(languages: Sequence[str] = LANGUAGES, n: int = len(WORDS), slug: str = "words") -> Dataset:
        concepts = tuple(
            Concept(key, {tag: tuple(cells[tag].split("|")) for tag in languages if cells[tag]}, category="test")
            for key, cells in list(WORDS.items())[:n]
        )
        return Dataset(slug, Card(slug.capitalize(), domain="modern", licence="CC0-1.0"), tuple(languages), concepts)

    return made


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Write a file into this test's folder: its name, then its content as text (kept as UTF-8) or bytes."""

    def written(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written
