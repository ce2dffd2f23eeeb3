"""Find the pictures below a folder."""

import os
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from pipeline.base.files import check_folder
from pipeline.base.messages import shown
from pipeline.errors import InputError

_COMMON = {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".tif", ".tiff", ".bmp", ".gif"}
_RARE = {".apng", ".mpo", ".ppm", ".pgm", ".pbm", ".pnm", ".avif", ".jp2", ".j2k", ".heic", ".heif"}
EXTENSIONS = frozenset(_COMMON | _RARE)
"""Of pictures. HEIC cannot be read, but an error is better than pictures that are missing in the output."""


def walk(
    folder: Path,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    skip: Iterable[Path] = (),
    warn: Callable[[str], None] = lambda message: None,
) -> list[Path]:
    """The pictures below ``folder``, by their extensions: paths relative to it, sorted as text.

    Files and folders whose name begins with a dot are left out. Links are followed, but not into a folder
    that contains them. A subfolder that cannot be read is left out, and ``warn`` is called.

    Args:
        folder: the folder to walk.
        include: globs; if any is given, only pictures that match one are taken (see :func:`matches`).
        exclude: globs; pictures and folders that match one are left out.
        skip: folders below ``folder`` that are not entered, such as the output.
        warn: called with one line for each subfolder that cannot be read.

    Raises:
        InputError: ``folder`` is missing, not a folder, or cannot be read.
    """
    check_folder(folder)
    names = _names(folder)
    include, exclude = tuple(include), tuple(exclude)
    skipped = {os.path.realpath(path) for path in skip}

    def pictures_in(folder: Path, relative: Path, names: list[str], above: frozenset[str]) -> Iterator[Path]:
        for name in names:
            path, place = folder / name, relative / name
            if name.startswith(".") or any(matches(place, glob) for glob in exclude):
                continue
            # Not Path.is_dir, which raises where a folder above cannot be entered.
            if os.path.isdir(path):
                real = os.path.realpath(path)
                if real not in above and real not in skipped:
                    yield from pictures_in(path, place, _names(path, warn), above | {real})
            elif path.suffix.lower() in EXTENSIONS:
                yield place

    pictures = pictures_in(folder, Path(), names, frozenset({os.path.realpath(folder)}))
    included = (place for place in pictures if not include or any(matches(place, glob) for glob in include))
    return sorted(included, key=Path.as_posix)


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
