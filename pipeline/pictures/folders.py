"""Find the pictures below a folder."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from pipeline.base.files import check_folder
from pipeline.base.messages import shown
from pipeline.errors import InputError

_COMMON = {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".tif", ".tiff", ".bmp", ".gif"}
_RARE = {".apng", ".mpo", ".ppm", ".pgm", ".pbm", ".pnm", ".avif", ".jp2", ".j2k", ".tga", ".heic", ".heif"}
EXTENSIONS = frozenset(_COMMON | _RARE)
"""Of pictures. HEIC cannot be read, but an error is better than pictures that are missing in the output."""

RAW = {
    *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".gpr", ".iiq", ".kdc", ".mef"),
    *(".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw"),
    ".x3f",
}
"""Extensions of raw photographs."""

_DRAWN = {".ai", ".eps", ".svg", ".psd", ".psb", ".xcf", ".kra", ".exr", ".hdr", ".pcx", ".dds", ".qoi"}
_OTHERS = {".jxl", ".jxr", ".wdp", ".hif", ".heics", ".avifs", ".djvu"}
UNREAD = frozenset(RAW | _DRAWN | _OTHERS)
"""Extensions of pictures that are not read. A folder of photographs often holds both .cr2 and .jpg of each,
so they are left out, and their number is named in a message."""

CLIPS = frozenset(
    {".mp4", ".mov", ".m4v", ".mkv", ".avi", ".webm", ".mts", ".m2ts", ".mpg", ".mpeg", ".wmv", ".3gp"}
)
"""Extensions of clips, which are left out of a folder's pictures and named in a message as well."""

SYSTEM_FOLDERS = frozenset(
    {
        "@eadir",  # Synology: thumbnails
        "#recycle",
        "#snapshot",
        "@recycle",  # QNAP
        "@recently-snapshot",
        "__macosx",  # in archives made by macOS: a file of attributes for each picture
        "$recycle.bin",  # Windows
        "recycler",
        "system volume information",
        "lost+found",  # Linux
    }
)
"""Folders, in small letters, that programs make for copies and deleted files. They are left out unless a glob
of ``include`` names them. Those that begin with a dot, such as .Trash-1000 and .thumbnails, always are."""


def walk(
    folder: Path,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    skip: Iterable[Path] = (),
    warn: Callable[[str], None] = lambda message: None,
) -> list[Path]:
    """The pictures below ``folder``, by their extensions: paths relative to it, sorted as text.

    Files and folders whose name begins with a dot are left out, and so are :data:`SYSTEM_FOLDERS`. Links are
    followed, but not into a folder that contains them. A subfolder that cannot be read is left out, and
    ``warn`` is called; so it is for pictures that are not read and for clips.

    Args:
        folder: the folder to walk.
        include: globs; if any is given, only pictures that match one are taken (see :func:`matches`).
        exclude: globs; pictures and folders that match one are left out.
        skip: folders below ``folder`` that are not entered, such as the output.
        warn: called with one line for each subfolder that cannot be read, and for what is left out.

    Raises:
        InputError: ``folder`` is missing, not a folder, or cannot be read.
    """
    check_folder(folder)
    names = _names(folder)
    include, exclude = tuple(include), tuple(exclude)
    skipped = {os.path.realpath(path) for path in skip}
    left_out: Counter[str] = Counter()

    def is_included(place: Path) -> bool:
        return not include or any(matches(place, glob) for glob in include)

    def pictures_in(folder: Path, relative: Path, names: list[str], above: frozenset[str]) -> Iterator[Path]:
        for name in names:
            path, place = folder / name, relative / name
            if name.startswith(".") or any(matches(place, glob) for glob in exclude):
                continue
            # Not Path.is_dir, which raises where a folder above cannot be entered.
            if os.path.isdir(path):
                real = os.path.realpath(path)
                is_left_out = name.lower() in SYSTEM_FOLDERS and not _names_it(include, name)
                if real not in above and real not in skipped and not is_left_out:
                    yield from pictures_in(path, place, _names(path, warn), above | {real})
            elif is_included(place):
                if path.suffix.lower() in EXTENSIONS:
                    yield place
                elif path.suffix.lower() in UNREAD | CLIPS:
                    left_out[path.suffix.lower()] += 1

    pictures = pictures_in(folder, Path(), names, frozenset({os.path.realpath(folder)}))
    pictures_in_order = sorted(pictures, key=Path.as_posix)
    for kinds, advice in (
        (UNREAD, "nstpipe does not read these; convert them to PNG or JPEG first"),
        (CLIPS, "nstpipe video takes clips"),
    ):
        counts = ", ".join(f"{left_out[kind]} {kind}" for kind in sorted(kinds & left_out.keys()))
        if counts:
            warn(f"{shown(folder)}: left out: {counts}: {advice}")
    return pictures_in_order


def _names_it(globs: Iterable[str], folder: str) -> bool:
    return any(folder.lower() in glob.lower().split("/") for glob in globs)


def matches(place: Path, glob: str) -> bool:
    """Whether ``glob`` matches ``place`` (a relative path) or a folder above it. Case does not matter.

    A glob without a slash matches a name at any depth: ``*.jpg``, ``drafts``. A glob with a slash is matched
    from the top: ``2024/*.jpg``, ``2024/**/beach*``. ``*``, ``?`` and ``[...]`` match within one name; ``**``
    matches any number of folders.
    """
    # By hand, since pathlib has ``**`` only from Python 3.13 on (PurePath.full_match).
    parts = [part for part in glob.lower().split("/") if part not in ("", ".")]
    anywhere = ["**"] if "/" not in glob.rstrip("/") else []
    return bool(parts) and _match([part.lower() for part in place.parts], [*anywhere, *parts, "**"])


def _match(names: list[str], globs: list[str]) -> bool:
    if not globs:
        return not names
    if globs[0] == "**":
        return _match(names, globs[1:]) or (bool(names) and _match(names[1:], globs))
    return bool(names) and fnmatchcase(names[0], globs[0]) and _match(names[1:], globs[1:])


def _names(folder: Path, warn: Callable[[str], None] | None = None) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError as error:
        message = f"{shown(folder)}: cannot be read ({error.strerror}); check its permissions"
        if warn is None:
            raise InputError(message) from error
        warn(message)
        return []
