"""The names of outputs. Each is unique for any names of inputs.

Names are compared without regard to case and to the form of Unicode, since some file systems ignore them.
"""

import os
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pipeline.base.messages import shown
from pipeline.errors import OutputError

LONGEST_NAME = 255
"""Bytes that a file's name may have on common file systems."""

LONGEST_LABEL = 100
"""Bytes of the joined names of styles in a default name, above which they are counted instead."""

_JOB_FOLDER = ".{}.nstpipe"


def folded(name: str) -> str:
    """The same for names that some file system takes for the same, such as ``É`` in one letter or two."""
    return unicodedata.normalize("NFC", name).casefold()


def job_folder(output: Path) -> Path:
    """The folder of the job that makes ``output``, beside it."""
    return output.with_name(_JOB_FOLDER.format(output.name))


def job_folder_in_use(output: Path) -> Path:
    """The folder of the job that makes ``output``. Of a link to a folder it lies beside that folder.

    So a job is the same whichever way its output is named. It lies beside the link where one was begun there,
    or where no file can be made beside the folder.
    """
    beside = job_folder(output)
    if not (os.path.islink(output) and os.path.isdir(output)) or os.path.isdir(beside):
        return beside
    real = job_folder(Path(os.path.realpath(output)))
    return real if os.access(real.parent, os.W_OK) else beside


def output_of(folder: Path) -> Path:
    """What the job of ``folder`` makes: the inverse of :func:`job_folder`."""
    before, after = _JOB_FOLDER.split("{}")
    return folder.with_name(folder.name[len(before) : -len(after)])


def sequence_jobs_in(folder: Path) -> list[Path]:
    """The folders of the jobs that make pictures in ``folder`` named by a pattern, such as ``%04d.png``."""
    return [job for job in folder.glob(_JOB_FOLDER.format("*%*d*")) if os.path.isdir(job)]


def named(path: Path) -> Path:
    """``path``; for ``.`` and ``..``, which have no name, the folder that they stand for."""
    return path if path.name not in ("", "..") else Path(os.path.realpath(path))


def check_length(output: Path, remedy: str = "name a shorter one with -o") -> Path:
    """Return ``output`` if its job's folder can be made beside it.

    Args:
        remedy: what to do where its name is too long.

    Raises:
        OutputError: its name is too long, or it has none.
    """
    if not output.name:
        raise OutputError(f"{shown(output)}: cannot be an output; name another with -o")
    over = len(os.fsencode(job_folder(output).name)) - LONGEST_NAME
    if over > 0:
        raise OutputError(f"{shown(output)}: the name is {over} bytes too long; {remedy}")
    return output


def of_output(stem: str, styles: Sequence[Path], suffix: str = "") -> str:
    """A job's default name: ``photo_starry.png``; a name that gets too long names fewer styles."""
    others = len(os.fsencode(job_folder(Path(f"{stem}_{suffix}")).name))
    return f"{stem}_{joined(styles, min(LONGEST_LABEL, LONGEST_NAME - others))}{suffix}"


def joined(styles: Sequence[Path], longest: int = LONGEST_LABEL) -> str:
    """The styles in a default name: ``starry+scream``; above ``longest`` bytes the first and a count."""
    label = "+".join(style.stem for style in styles)
    if len(os.fsencode(label)) <= longest or len(styles) == 1:
        return label
    return f"{styles[0].stem}+{len(styles) - 1}-more"


def distinct(names: Sequence[str], plain: Sequence[str] | None = None) -> list[str]:
    """The names in order, made unique by numbers: ``a, b, a`` becomes ``a, b, a-2``.

    Unique names stay as they are, also those that look numbered. A name that was unique among the ``plain``
    names, before extensions were appended to some, stays, too. Only the rest get -2, -3.
    """
    plain = names if plain is None else plain
    once, once_plain = _once(names), _once(plain)
    kept = [
        folded(name) in once or (name == before and folded(name) in once_plain)
        for name, before in zip(names, plain, strict=True)
    ]
    taken = {folded(name) for name, keeps in zip(names, kept, strict=True) if keeps}
    return [name if keeps else _free(name, taken) for name, keeps in zip(names, kept, strict=True)]


def _once(names: Sequence[str]) -> set[str]:
    counts = Counter(folded(name) for name in names)
    return {name for name, count in counts.items() if count == 1}


def _free(name: str, taken: set[str]) -> str:
    """``name`` or the first of ``name-2``, ``name-3``, … that is not in ``taken``; adds it there."""
    free, number = name, 1
    while folded(free) in taken:
        number += 1
        free = f"{name}-{number}"
    taken.add(folded(free))
    return free


def of_pastiches(pictures: Sequence[Path], labels: Sequence[str], suffix: str) -> list[Path]:
    """The relative path of each picture in each style, label by label.

    ``sub/photo.jpg`` in ``starry`` is ``sub/photo_starry.png``. Pictures with the same stem keep their
    extensions: ``photo_jpg_starry.png``. Where names are the same even so, the picture whose stem is unique
    keeps its name.
    """
    stems = [picture.with_suffix("").as_posix() for picture in pictures]
    alone = _once(stems)
    longer = [
        stem if folded(stem) in alone else f"{stem}_{picture.suffix[1:]}"
        for stem, picture in zip(stems, pictures, strict=True)
    ]
    plain = [f"{stem}_{label}" for label in labels for stem in stems]
    names = [f"{stem}_{label}" for label in labels for stem in longer]
    return [Path(name + suffix) for name in distinct(names, plain)]
