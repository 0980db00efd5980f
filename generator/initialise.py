"""A new benchmark of one's own: a config and a small word list, ready to build."""

from __future__ import annotations

from pathlib import Path

from generator.errors import Fault, InputError
from generator.files import write_atomically

BENCHMARK = """\
# A benchmark of your own. Paths are relative to this file; `isogloss check` names every mistake in it.

groups = ["offline"]     # models that need no download; `isogloss list models` shows all
models = []              # more models: "hf:ORG/NAME", "precomputed:FILE", or a path to a model folder
seed = 42

[site]
title = "My benchmark"
description = "Which models align my words?"
# text = "A word on this benchmark, shown on its home page."
# footer = "Run by …"
# logo = "logo.svg"
# base_url = "https://example.org/my-benchmark/"     # for previews, feeds and search engines
# colours = { accent = "#8a1c5c" }

# Pages of your own go into templates/ beside this file, style rules into templates/static/extra.css.

[[datasets]]
path = "datasets/example"

# A loose file needs no folder; its card can stand here:
# [[datasets]]
# path = "my-words.csv"
# card = { name = "My words", domain = "medicine", licence = "CC-BY-4.0" }
"""

CARD = """\
name = "Example"
domain = "modern"
level = "word"
languages = ["en", "de", "zh", "ar"]
licence = "CC0-1.0"
description = "A few words to begin with. Replace them with your own."
provenance = "Written as an example."
"""

WORDS = """\
# One row is one meaning. A column is a language, headed by its BCP-47 tag; `|` separates true synonyms.
id,category,en,de,zh,ar
water,nature,water,Wasser,水,ماء
fire,nature,fire,Feuer,火,نار
sun,nature,sun,Sonne,太阳,شمس
moon,nature,moon,Mond,月亮,قمر
house,artefacts,house,Haus,房子,بيت|منزل
book,artefacts,book,Buch,书,كتاب
key,artefacts,key,Schlüssel,钥匙,مفتاح
window,artefacts,window,Fenster,窗户,نافذة|شباك
mother,kinship,mother,Mutter,母亲|妈妈,أم
friend,social,friend,Freund,朋友,صديق
dog,animals,dog,Hund,狗,كلب
horse,animals,horse,Pferd,马,حصان
bread,food,bread,Brot,面包,خبز
salt,food,salt,Salz,盐,ملح
hand,body,hand,Hand,手,يد
heart,body,heart,Herz,心脏,قلب
"""

FILES = {
    "benchmark.toml": BENCHMARK,
    ".gitignore": "# Made from results/, which is worth keeping.\n/site/\n",
    "datasets/example/dataset.toml": CARD,
    "datasets/example/data.csv": WORDS,
}


def initialise(folder: Path) -> list[Path]:
    """Write a benchmark into ``folder`` and return its files.

    Raises InputError, writing nothing, when one of them is there already with other content.
    """
    paths = {folder / name: content.encode() for name, content in FILES.items()}
    taken = [
        Fault(str(path), "there is such a file already", "Choose another folder")
        for path, content in paths.items()
        if path.exists() and not (path.is_file() and path.read_bytes() == content)
    ]
    if taken:
        raise InputError(taken)
    for path, content in paths.items():
        write_atomically(path, content)
    return list(paths)
