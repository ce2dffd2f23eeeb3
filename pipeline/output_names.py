"""What outputs are called: each a name of its own, whatever the inputs are called. Compared without regard
to case, since some file systems see none."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import OutputError
from pipeline.naming import shown

LONGEST_NAME = 255
"""Bytes that a file's name may have on the file systems in use."""

LONGEST_LABEL = 100
"""Bytes of the joined names of styles in a default name, above which they are counted instead."""

_JOB_FOLDER = ".{}.nstpipe"


def job_folder(output: Path) -> Path:
    """The folder of the job that makes ``output``, beside it."""
    return output.with_name(_JOB_FOLDER.format(output.name))


def output_of(folder: Path) -> Path:
    """What the job of ``folder`` makes: the inverse of :func:`job_folder`."""
    before, after = _JOB_FOLDER.split("{}")
    return folder.with_name(folder.name[len(before) : -len(after)])


def check_length(output: Path) -> Path:
    """Return ``output`` if its job's folder can be made beside it.

    Raises:
        OutputError: its name is too long, or it has none.
    """
    if not output.name:
        raise OutputError(f"{shown(output)}: cannot be an output; name another with -o")
    over = len(os.fsencode(job_folder(output).name)) - LONGEST_NAME
    if over > 0:
        raise OutputError(f"{shown(output)}: the name is {over} bytes too long; name a shorter one with -o")
    return output


def joined(styles: Sequence[Path]) -> str:
    """The styles' names for a default name: ``starry+scream``; of very many only the first."""
    label = "+".join(style.stem for style in styles)
    if len(os.fsencode(label)) <= LONGEST_LABEL or len(styles) == 1:
        return label
    return f"{styles[0].stem}+{len(styles) - 1}-more"


def distinct(names: Sequence[str]) -> list[str]:
    """The names in order, those that are taken numbered: ``a, b, a`` becomes ``a, b, a-2``.

    A name that occurs once is never changed, so that one which looks numbered keeps it by right.
    """
    counts = Counter(name.casefold() for name in names)
    taken = {name for name, count in counts.items() if count == 1}
    return [name if counts[name.casefold()] == 1 else _free(name, taken) for name in names]


def _free(name: str, taken: set[str]) -> str:
    """``name`` or the first of ``name-2``, ``name-3``, … that is not taken; it is then."""
    free, number = name, 1
    while free.casefold() in taken:
        number += 1
        free = f"{name}-{number}"
    taken.add(free.casefold())
    return free


def of_pastiches(pictures: Sequence[Path], labels: Sequence[str], suffix: str) -> list[Path]:
    """The relative path of each picture in each style, label by label.

    ``sub/photo.jpg`` in ``starry`` is ``sub/photo_starry.png``. Pictures of one stem keep their endings:
    ``photo_jpg_starry.png``.
    """
    stems = Counter(picture.with_suffix("").as_posix().casefold() for picture in pictures)
    names = [
        f"{_stem(picture, alone=stems[picture.with_suffix('').as_posix().casefold()] == 1)}_{label}"
        for label in labels
        for picture in pictures
    ]
    return [Path(name + suffix) for name in distinct(names)]


def _stem(picture: Path, *, alone: bool) -> str:
    stem = picture.with_suffix("").as_posix()
    return stem if alone else f"{stem}_{picture.suffix[1:]}"
