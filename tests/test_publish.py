"""Putting a site in place: readers find a whole one at every moment, and nobody else's files are lost."""

from __future__ import annotations

import hashlib
import json
import stat
import threading
from pathlib import Path

import pytest
from site_fixtures import files_in

from generator.errors import InputError
from generator.files import UnwritableError
from generator.site import publish as publishing
from generator.site.publish import publish


def site_of(version: str, *more: str) -> dict[str, bytes]:
    """A small site; every file of it names its version."""
    paths = ("index.html", "models/a.html", "data/results/a/words.json", *more)
    files = {path: f"{path} of {version}".encode() for path in paths}
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    return {**files, "manifest.json": json.dumps({"schema": 1, "files": digests}).encode()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "public" / "site"


@pytest.fixture(params=["exchange", "no exchange"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the atomic exchange of folders that Linux has, and without."""
    if request.param == "no exchange":
        monkeypatch.setattr(publishing, "_exchanged", lambda *_: False)


def beside(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.parent.iterdir())


# What the folder holds afterwards


@pytest.mark.usefixtures("either_way")
def test_a_site_is_replaced_by_the_next_one_whole(folder: Path) -> None:
    first, second = site_of("one", "models/gone.html"), site_of("two", "models/new.html")
    publish(first, folder)
    assert files_in(folder) == first
    publish(second, folder)
    assert files_in(folder) == second
    assert beside(folder) == ["site"]


@pytest.mark.usefixtures("either_way")
def test_folders_that_lost_their_last_file_go_too(folder: Path) -> None:
    publish(site_of("one", "pairs/a--b.html"), folder)
    publish(site_of("two"), folder)
    assert not (folder / "pairs").exists()


@pytest.mark.usefixtures("either_way")
def test_what_is_not_ours_survives(folder: Path, tmp_path: Path) -> None:
    publish(site_of("one", "models/gone.html"), folder)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.txt").write_text("not to be copied")
    (folder / "CNAME").write_text("example.org")
    (folder / ".nojekyll").touch()
    (folder / "models" / "mine" / "deep").mkdir(parents=True)
    (folder / "models" / "mine" / "deep" / "note.txt").write_text("mine")
    (folder / "models" / "mine" / "deep" / "note.txt").chmod(0o640)
    (folder / "uploads" / "empty").mkdir(parents=True)
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "dangling").symlink_to("nowhere")
    publish(site_of("two"), folder)
    kept = {path: content for path, content in files_in(folder).items() if path not in site_of("two")}
    assert kept == {"CNAME": b"example.org", ".nojekyll": b"", "models/mine/deep/note.txt": b"mine"}
    assert stat.S_IMODE((folder / "models/mine/deep/note.txt").stat().st_mode) == 0o640
    assert (folder / "uploads" / "empty").is_dir()
    assert [(folder / name).readlink() for name in ("linked", "dangling")] == [tmp_path / "elsewhere", Path("nowhere")]
    assert files_in(tmp_path / "elsewhere") == {"secret.txt": b"not to be copied"}


def test_foreign_files_survive_many_builds(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "CNAME").write_text("example.org")
    for i in range(4):
        publish(site_of(str(i)), folder)
        assert files_in(folder) == {**site_of(str(i)), "CNAME": b"example.org"}


@pytest.mark.parametrize("manifest", [b"", b"[]", b"{}", b'{"files": 3}', b"\xff\xfe", b"null"])
def test_a_damaged_manifest_makes_every_file_foreign(folder: Path, manifest: bytes) -> None:
    publish(site_of("one"), folder)
    (folder / "manifest.json").write_bytes(manifest)
    with pytest.raises(InputError, match=r"index\.html"):
        publish(site_of("two"), folder)
    assert files_in(folder) == {**site_of("one"), "manifest.json": manifest}


def test_published_files_can_be_read_by_others(folder: Path) -> None:
    publish(site_of("one"), folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_a_link_to_a_folder_keeps_being_one(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    folder.parent.mkdir()
    folder.symlink_to(tmp_path / "real")
    publish(site_of("one"), folder)
    assert folder.is_symlink()
    assert files_in(tmp_path / "real") == site_of("one")


# What is refused


COLLISIONS = {
    "a file where a page goes": ("models/a.html", "file"),
    "a file where a folder goes": ("models", "file"),
    "a link where a folder goes": ("models", "link"),
    "a link where a page goes": ("models/a.html", "link"),
    "a folder where a page goes": ("index.html/inside.txt", "file"),
    "an empty folder where a page goes": ("index.html", "folder"),
}


@pytest.mark.parametrize(("path", "kind"), COLLISIONS.values(), ids=COLLISIONS.keys())
def test_what_stands_in_the_way_is_named_and_nothing_is_written(
    folder: Path, tmp_path: Path, path: str, kind: str
) -> None:
    target = folder / path
    target.parent.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    {
        "file": lambda: target.write_text("mine"),
        "folder": target.mkdir,
        "link": lambda: target.symlink_to(tmp_path / "elsewhere"),
    }[kind]()
    before = sorted(folder.rglob("*"))
    with pytest.raises(InputError, match="will not replace it") as refused:
        publish(site_of("one"), folder)
    assert [fault.file for fault in refused.value.faults] == [str(target)]
    assert sorted(folder.rglob("*")) == before
    assert (target.read_text() if kind == "file" else "mine") == "mine"
    assert files_in(tmp_path / "elsewhere") == {}
    assert beside(folder) == ["site"]


def test_every_file_in_the_way_is_named_at_once(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in ("index.html", "manifest.json"):
        (folder / name).write_text("mine")
    with pytest.raises(InputError) as refused:
        publish(site_of("one"), folder)
    assert [Path(fault.file).name for fault in refused.value.faults] == ["index.html", "manifest.json"]


def test_an_empty_folder_of_the_sites_own_name_is_in_nobodys_way(folder: Path) -> None:
    (folder / "models").mkdir(parents=True)
    publish(site_of("one"), folder)
    assert files_in(folder) == site_of("one")


def test_a_file_is_no_place_for_a_site(folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("a file")
    with pytest.raises(InputError, match="this is a file, not a folder"):
        publish(site_of("one"), folder)
    assert folder.read_text() == "a file"
    assert beside(folder) == ["site"]


# Kills and readers


@pytest.mark.usefixtures("either_way")
def test_what_a_killed_run_left_is_cleared(folder: Path) -> None:
    publish(site_of("one"), folder)
    for leftover in (".site.new-abc123", ".site.new-xyz.old"):
        (folder.parent / leftover / "models").mkdir(parents=True)
        (folder.parent / leftover / "models" / "half.html").write_text("half")
    neighbours = [folder.parent / name for name in (".site.newer", "site.new-1", ".other.new-1")]
    for neighbour in neighbours:
        neighbour.mkdir()
    publish(site_of("two"), folder)
    assert files_in(folder) == site_of("two")
    assert beside(folder) == sorted(["site", *(neighbour.name for neighbour in neighbours)])


def test_a_folder_may_be_called_what_elsewhere_is_a_pattern(tmp_path: Path) -> None:
    folder, other = tmp_path / "[a]", tmp_path / ".a.new-abc123"
    publish(site_of("one"), folder)
    folder.rename(tmp_path / ".[a].new-abc.old")
    (tmp_path / ".[a].new-abc").mkdir()
    other.mkdir()
    publish(site_of("two"), folder)
    assert files_in(folder) == site_of("two")
    assert beside(folder) == sorted([other.name, folder.name]), "what another site's run writes stays"


def test_a_kill_between_two_renames_loses_nobodys_files(folder: Path) -> None:
    """Without an atomic exchange the old site stands aside for an instant."""
    publish(site_of("one", "models/gone.html"), folder)
    (folder / "CNAME").write_text("example.org")
    folder.rename(folder.with_name(".site.new-abc.old"))
    folder.with_name(".site.new-abc").mkdir()
    publish(site_of("two"), folder)
    assert files_in(folder) == {**site_of("two"), "CNAME": b"example.org"}
    assert beside(folder) == ["site"]


def test_a_run_that_fails_leaves_the_old_site_and_nothing_beside_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(site_of("one"), folder)
    written: list[Path] = []

    def full(path: Path, content: bytes) -> int:
        written.append(path)
        if len(written) == 3:
            raise OSError("no space left on device")
        return original(path, content)

    original = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UnwritableError, match="no space left"):
        publish(site_of("two"), folder)
    assert len(written) == 3
    assert files_in(folder) == site_of("one")
    assert beside(folder) == ["site"]


def test_a_reader_finds_a_whole_site_at_every_moment(folder: Path) -> None:
    """The reader believes an index only when the manifest was the same before and after reading it."""
    publish(site_of("0"), folder)
    done = threading.Event()
    seen: set[bytes] = set()
    faults: list[str] = []

    def read() -> None:
        while not done.is_set():
            try:
                before = (folder / "manifest.json").read_bytes()
                index = (folder / "index.html").read_bytes()
                after = (folder / "manifest.json").read_bytes()
            except OSError as error:
                faults.append(repr(error))
                continue
            if before == after:
                seen.add(index)
                if json.loads(before)["files"]["index.html"] != hashlib.sha256(index).hexdigest():
                    faults.append(f"{index!r} under the manifest of another version")

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for version in range(1, 150):
            publish(site_of(str(version), *(f"pairs/{i}.html" for i in range(version % 7))), folder)
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert faults == []
    assert len(seen) > 5, "the readers ran beside the writer"
