import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.pictures.folders import matches, walk


def tree(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def pictures_in(folder: Path, **options: object) -> list[str]:
    return [path.as_posix() for path in walk(folder, **options)]


def test_recursive_and_sorted_by_the_text_of_the_path(tmp_path: Path) -> None:
    tree(tmp_path, "b.png", "a/z.jpg", "a.jpg", "a/b/c.png", "B.png", "10.png", "9.png")
    assert pictures_in(tmp_path) == ["10.png", "9.png", "B.png", "a.jpg", "a/b/c.png", "a/z.jpg", "b.png"]


def test_pictures_by_extension_in_any_case(tmp_path: Path) -> None:
    tree(tmp_path, "a.JPG", "b.jpeg", "c.Png", "d.webp", "e.tiff", "f.bmp", "g.gif", "h.HEIC")
    pictures = pictures_in(tmp_path)
    tree(tmp_path, "x.txt", "png", "y.mp4", "z.png.part", "Thumbs.db", "no extension")
    assert pictures_in(tmp_path) == pictures
    assert len(pictures) == 8


def test_hidden_files_and_folders_are_left_out(tmp_path: Path) -> None:
    tree(tmp_path, ".a.png", ".job.nstpipe/frames/1.png", "._b.png", "sub/.c.png", "sub/d.png")
    assert pictures_in(tmp_path) == ["sub/d.png"]


def test_folder_that_is_named_like_a_picture_is_entered(tmp_path: Path) -> None:
    tree(tmp_path, "album.png/a.jpg")
    assert pictures_in(tmp_path) == ["album.png/a.jpg"]


def test_hidden_folder_can_be_walked_itself(tmp_path: Path) -> None:
    assert pictures_in(tree(tmp_path / ".hidden", "a.png")) == ["a.png"]


def test_nothing_found(tmp_path: Path) -> None:
    assert walk(tmp_path) == []


@pytest.mark.parametrize("name", ["gone", "gone/below", "x" * 300])
def test_missing_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"no such folder( \(File name too long\))?; check the path"):
        walk(tmp_path / name)


def test_file_instead_of_a_folder(tmp_path: Path) -> None:
    tree(tmp_path, "a\n.png")
    with pytest.raises(InputError, match=r"a\\n\.png: is not a folder; nstpipe image takes single pictures"):
        walk(tmp_path / "a\n.png")


def test_skipped_folders_are_not_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, "a.png", "out/b.png", "sub/out/c.png", "sub/d.png")
    assert pictures_in(tmp_path, skip=[tmp_path / "out"]) == ["a.png", "sub/d.png", "sub/out/c.png"]
    monkeypatch.chdir(tmp_path)
    relative = [Path("sub/../out"), Path("sub/out"), Path("gone")]
    assert pictures_in(Path(), skip=relative) == ["a.png", "sub/d.png"]


def test_the_folder_itself_is_walked_even_if_skipped(tmp_path: Path) -> None:
    assert pictures_in(tree(tmp_path, "a.png"), skip=[tmp_path]) == ["a.png"]


def test_loops_of_links_end(tmp_path: Path) -> None:
    tree(tmp_path, "a.png", "sub/b.png")
    (tmp_path / "sub" / "up").symlink_to(tmp_path)
    (tmp_path / "sub" / "here").symlink_to(tmp_path / "sub")
    (tmp_path / "sub" / "itself").symlink_to(tmp_path / "sub" / "itself")
    assert pictures_in(tmp_path) == ["a.png", "sub/b.png"]


def test_linked_folders_and_pictures_are_found(tmp_path: Path) -> None:
    tree(tmp_path / "elsewhere", "a.png")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "album").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "photos" / "b.png").symlink_to(tmp_path / "elsewhere" / "a.png")
    (tmp_path / "photos" / "broken.png").symlink_to(tmp_path / "gone.png")  # its reader says what is wrong
    assert pictures_in(tmp_path / "photos") == ["album/a.png", "b.png", "broken.png"]


def test_folder_that_cannot_be_read_is_left_out_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, "a.png", "closed\n/b.png", "open/c.png")
    listdir = os.listdir

    def refusing(folder: Path) -> list[str]:  # permissions do not stop the superuser
        if Path(folder).name == "closed\n":
            raise PermissionError(13, "Permission denied")
        return listdir(folder)

    monkeypatch.setattr(os, "listdir", refusing)
    warnings: list[str] = []
    assert pictures_in(tmp_path, warn=warnings.append) == ["a.png", "open/c.png"]
    assert warnings == [f"{tmp_path}/closed\\n: cannot be read (Permission denied); check its permissions"]
    assert pictures_in(tmp_path) == ["a.png", "open/c.png"]
    with pytest.raises(InputError, match="cannot be read"):
        walk(tmp_path / "closed\n")


def test_excluded_folder_is_not_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, "a.png", "drafts/b.png")
    entered: list[str] = []
    listdir = os.listdir
    monkeypatch.setattr(os, "listdir", lambda folder: entered.append(Path(folder).name) or listdir(folder))
    assert pictures_in(tmp_path, exclude=["drafts"]) == ["a.png"]
    assert entered == [tmp_path.name]


@pytest.mark.parametrize(
    ("options", "desired"),
    [
        ({"include": ["*.jpg"]}, ["2023/a.JPG", "2024/x/b.jpg", "c.jpg"]),
        ({"include": ["2024"]}, ["2024/d.png", "2024/x/b.jpg"]),
        ({"include": ["2024/*.png", "c.*"]}, ["2024/d.png", "c.jpg"]),
        ({"exclude": ["*.jpg"]}, ["2024/d.png"]),
        ({"exclude": ["2024/x"]}, ["2023/a.JPG", "2024/d.png", "c.jpg"]),
        ({"include": ["202?"], "exclude": ["*/x/**"]}, ["2023/a.JPG", "2024/d.png"]),
        ({"include": ["nothing"]}, []),
    ],
)
def test_include_and_exclude(tmp_path: Path, options: dict[str, list[str]], desired: list[str]) -> None:
    tree(tmp_path, "2023/a.JPG", "2024/x/b.jpg", "2024/d.png", "c.jpg")
    assert pictures_in(tmp_path, **options) == desired


@pytest.mark.parametrize(
    ("glob", "place", "desired"),
    [
        ("*.jpg", "a.jpg", True),
        ("*.jpg", "x/y/a.JPG", True),
        ("*.jpg", "a.jpeg", False),
        ("[ab].png", "b.png", True),
        ("[!ab].png", "b.png", False),
        ("?.png", "bb.png", False),
        ("drafts", "drafts/a.png", True),
        ("drafts/", "x/drafts/a.png", True),
        ("drafts", "my drafts/a.png", False),
        ("/drafts", "x/drafts/a.png", False),
        ("./drafts", "drafts/a.png", True),
        ("x/*.png", "x/a.png", True),
        ("x/*.png", "x/y/a.png", False),
        ("x/*.png", "y/x/a.png", False),
        ("x/**/a.png", "x/a.png", True),
        ("x/**/a.png", "x/y/z/a.png", True),
        ("**/y/*", "x/y/a.png", True),
        ("x/**", "x/y/a.png", True),
        ("**", "a.png", True),
        ("a b.png", "a b.png", True),
        ("*.png", "two\nlines.png", True),
        ("", "a.png", False),
        ("/", "a.png", False),
    ],
)
def test_globs(glob: str, place: str, desired: bool) -> None:
    assert matches(Path(place), glob) is desired


@given(st.lists(st.text("ab*?[]!/.", max_size=8), min_size=1, max_size=3), st.sampled_from(["a/b.png", "ab"]))
def test_no_glob_raises(globs: list[str], place: str) -> None:
    assert all(matches(Path(place), glob) in (True, False) for glob in globs)


@pytest.mark.parametrize("name", ["a b.png", "two\nlines.png", "-o.png", "żółw 亀.png", "*.png"])
def test_names(tmp_path: Path, name: str) -> None:
    assert pictures_in(tree(tmp_path, f"sub/{name}")) == [f"sub/{name}"]


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="names are Unicode there")
def test_name_that_is_not_unicode(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    assert pictures_in(tree(tmp_path, name)) == [name]


def told(folder: Path, **options: object) -> tuple[list[str], list[str]]:
    """The pictures, and what ``warn`` was called with."""
    warnings: list[str] = []
    return pictures_in(folder, warn=warnings.append, **options), warnings


def test_what_is_not_read_is_counted_in_one_line_by_kind(tmp_path: Path) -> None:
    tree(tmp_path, "a.jpg", "a.CR2", "sub/b.cr2", "c.psd", "d.dng", "notes.txt", "Thumbs.db", ".e.cr2")
    pictures, warnings = told(tmp_path)
    assert pictures == ["a.jpg"]
    assert warnings == [
        f"{tmp_path}: left out: 2 .cr2, 1 .dng, 1 .psd: nstpipe does not read these; "
        "convert them to PNG or JPEG first"
    ]


def test_clips_are_told_and_where_nothing_is_left_out_nothing_is_told(tmp_path: Path) -> None:
    tree(tmp_path, "a.jpg", "b.tga", "notes.txt")
    assert told(tmp_path) == (["a.jpg", "b.tga"], [])
    tree(tmp_path, "IMG_1.MOV", "c.mp4")
    assert told(tmp_path)[1] == [f"{tmp_path}: left out: 1 .mov, 1 .mp4: nstpipe video takes clips"]


def test_only_what_the_globs_take_counts_as_left_out(tmp_path: Path) -> None:
    tree(tmp_path, "a.jpg", "a.nef", "b.nef", "drafts/c.nef", "@eaDir/d.nef", "out/e.nef")
    assert told(tmp_path, include=["*.jpg"])[1] == []
    warnings = told(tmp_path, exclude=["b.*", "drafts"], skip=[tmp_path / "out"])[1]
    assert len(warnings) == 1 and ": left out: 1 .nef: " in warnings[0]


@pytest.mark.parametrize(
    "name",
    [
        "@eaDir",
        "__MACOSX",
        "$RECYCLE.BIN",
        "System Volume Information",
        ".Trash-1000",
        "lost+found",
        "#recycle",
    ],
)
def test_folders_of_copies_and_deleted_files_are_left_out(tmp_path: Path, name: str) -> None:
    tree(tmp_path, "a.jpg", f"{name}/b.jpg", f"sub/{name.lower()}/a.jpg/SYNOPHOTO_THUMB_M.jpg")
    assert pictures_in(tmp_path) == ["a.jpg"]
    assert pictures_in(tmp_path, include=["*"]) == ["a.jpg"]
    assert pictures_in(tmp_path / name) == ["b.jpg"]
    if not name.startswith("."):
        assert f"{name}/b.jpg" in pictures_in(tmp_path, include=["*.jpg", name])
        assert pictures_in(tmp_path, include=[f"{name}/*"]) == [f"{name}/b.jpg"]


def test_ordinary_folders_are_taken_whatever_they_resemble(tmp_path: Path) -> None:
    tree(tmp_path, "thumbs/a.jpg", "recycle/a.jpg", "@home/a.jpg", "eaDir/a.jpg")
    assert len(pictures_in(tmp_path)) == 4
