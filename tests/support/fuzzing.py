"""Damage files at random, and say what reading them must give: the right result, or one line that is ours."""

import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from pipeline.errors import NstpipeError
from pipeline.extractor import weight_files
from pipeline.extractor.layers import LAYERS
from pipeline.jobs.record.entries import Entry, Facts
from pipeline.jobs.record.journal import FILE_NAME, Journal
from pipeline.pictures import images
from pipeline.settings.choice import Choice
from pipeline.settings.settings import Settings
from pipeline.video import clip as clips
from tests.support.clips import Sound, write_clip
from tests.support.pictures import noise
from tests.support.weight_files import KERNELS, write_npz, write_published

HEADER_BYTES = 256
"""A third of several changes are among the first so many bytes: there lie the sizes that a file claims."""


@dataclass(frozen=True)
class Change:
    """One change: bits are flipped, bytes overwritten, inserted or removed, or the rest is cut off."""

    kind: str
    place: int
    data: bytes

    def of(self, whole: bytes) -> bytes:
        """The changed bytes."""
        place = self.place % (len(whole) + 1)
        before, after = whole[:place], whole[place:]
        match self.kind:
            case "flip":
                flipped = bytes(one ^ other for one, other in zip(after, self.data, strict=False))
                return before + flipped + after[len(flipped) :]
            case "overwrite":
                return before + self.data + after[len(self.data) :]
            case "insert":
                return before + self.data + after
            case "remove":
                return before + after[len(self.data) :]
            case _:
                return before


def changes(whole: bytes) -> st.SearchStrategy[list[Change]]:
    """One byte of a file where it is not empty; or one to four changes there, in its header, or anywhere."""
    filled = [place for place, byte in enumerate(whole) if byte]
    random.Random(0).shuffle(filled)  # Hypothesis prefers those in front
    places = st.one_of(
        st.integers(0, min(HEADER_BYTES, len(whole))), st.integers(0, len(whole)), st.sampled_from(filled)
    )
    data = st.one_of(
        st.binary(min_size=1, max_size=4),
        st.sampled_from([b"\xff" * 4, b"\x00" * 4, b"\x7f\xff\xff\xff", b"\x00" * 64, b"9" * 9]),
    )
    kinds = st.sampled_from(["flip", "overwrite", "insert", "remove", "cut"])
    one_byte = st.builds(Change, st.just("flip"), st.sampled_from(filled), st.binary(min_size=1, max_size=1))
    several = st.lists(st.builds(Change, kinds, places, data), min_size=1, max_size=4)
    return st.one_of(st.lists(one_byte, min_size=1, max_size=1), several)


def damaged(whole: bytes, changes: list[Change]) -> bytes:
    """``whole`` after the changes, one after the other."""
    for change in changes:
        whole = change.of(whole)
    return whole


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes:
        name: of the file, with its suffix.
        write: writes a whole one to a path.
        check: reads a damaged one: fails where the result is wrong, raises what reading raises.
    """

    name: str
    write: Callable[[Path], object]
    check: Callable[[Path], None]

    def whole(self, folder: Path) -> bytes:
        """The bytes of a whole file, written in ``folder``."""
        path = folder / self.name
        self.write(path)
        return path.read_bytes()

    def try_damaged(self, data: bytes, folder: Path) -> NstpipeError | None:
        """Read ``data`` as a file in ``folder``; the error, if it is refused as it must be."""
        path = folder / self.name
        path.write_bytes(data)
        try:
            self.check(path)
        except NstpipeError as error:
            message = str(error)
            assert message.isprintable(), f"not one line: {message!r}"
            assert len(message) <= min(error.longest, LONGEST), f"{len(message)} characters"
            return error
        return None


LONGEST = 2000
"""Characters of a message about a short path: every value in it is cut."""

PIXELS = noise(24, 20)


def _save(path: Path) -> None:
    Image.fromarray(PIXELS).save(path)


def _check_jpeg(path: Path) -> None:
    """Its bytes have no checksum: other pixels cannot be told from right ones."""
    picture = images.read(path)
    height, width = images.read_size(path)
    assert picture.pixels.shape == (height, width, 3) and picture.pixels.dtype == np.float32
    assert picture.pixels.min() >= 0 and picture.pixels.max() <= 255


def _check_png(path: Path) -> None:
    """Every chunk has a checksum: a picture that is read has the pixels that were written."""
    np.testing.assert_array_equal(images.read(path).pixels, PIXELS)


def _write_clip(path: Path) -> None:
    write_clip(path, size=(32, 48), frames=6, sounds=[Sound()])


def _check_clip(path: Path) -> None:
    clip = clips.probe(path)
    assert clip.frame_times and all(first < second for first, second in pairwise(clip.frame_times))
    count = 0
    for frame in clips.frames(clip.reading):
        assert frame.shape == (clip.height, clip.width, 3) and frame.dtype == np.uint8
        count += 1
    assert count == len(clip.frame_times)


FACTS = Facts(
    {"settings": {f"setting_{number}": [number, None] for number in range(30)}},
    kind="video",
    total=9,
    shots=(0, 4),
    gains={3: 0.5},
)
ENTRIES = {
    name: Entry(name, "done", sha256="cd" * 32, content="ef" * 32, steps=3, loss=0.5, ended_at=1.0)
    for name in ("1_s.png", "2_s.png")
}


def _write_journal(path: Path) -> None:
    path.unlink(missing_ok=True)
    with Journal(path.parent) as journal:
        journal.begin(FACTS)
        for entry in ENTRIES.values():
            journal.mark(entry)


def _check_journal(path: Path) -> None:
    """SQLite's pages have no checksum: values may differ, but are those of a journal."""
    with Journal(path.parent) as journal:
        facts, entries = journal.facts(), journal.entries()
    assert facts is None or (isinstance(facts.parts["settings"], dict) and 0 <= facts.total <= 5_000_000)
    for entry in entries.values():
        assert entry.state in ("done", "failed") and re.fullmatch("([0-9a-f]{64})?", entry.sha256)


PRESET = """\
description = "a preset"
extends = "balanced"
content_weight = 0.5
style_layers = { block1_conv1 = 0.5, block2_conv1 = 0.25 }
optimizer = "adam"
steps = [30, 20, 10]
size = 512

[sources]
steps = "ours"
"""


def _write_preset(path: Path) -> None:
    path.write_text(PRESET)


def _check_preset(path: Path) -> None:
    assert isinstance(Choice(str(path), {}).resolve().settings, Settings)


def _first_layers() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    return {layer: KERNELS[layer] for layer in LAYERS[:2]}


def _check_npz(path: Path) -> None:
    """Every array has a checksum, its name has none: what is read are arrays that were written."""
    written = {array.tobytes() for pair in _first_layers().values() for array in pair}
    kernels, _ = weight_files.read(path)
    assert all(array.tobytes() in written for pair in kernels.values() for array in pair)


def _check_h5(path: Path) -> None:
    """Its arrays have no checksum: values may differ, but are finite."""
    kernels, scales = weight_files.read(path)
    assert all(np.isfinite(array).all() for pair in kernels.values() for array in pair)
    assert all(scale > 0 for scale in scales.values())


FORMATS = {
    "jpeg": Format("a.jpg", _save, _check_jpeg),
    "png": Format("a.png", _save, _check_png),
    "mp4": Format("a.mp4", _write_clip, _check_clip),
    "journal": Format(FILE_NAME, _write_journal, _check_journal),
    "toml": Format("a.toml", _write_preset, _check_preset),
    "npz": Format("a.npz", lambda path: write_npz(path, _first_layers()), _check_npz),
    "h5": Format("a.h5", lambda path: write_published(path, _first_layers()), _check_h5),
}


@contextmanager
def bounded_memory(megabytes: int) -> Iterator[None]:
    """Fails if the resident memory of this process grows by more inside the block. Linux alone can say it."""
    clear, status = Path("/proc/self/clear_refs"), Path("/proc/self/status")
    try:
        clear.write_text("5")  # the peak counts from here
        before = _kilobytes(status.read_text(), "VmRSS")
    except OSError:
        yield
        return
    yield
    grown = (_kilobytes(status.read_text(), "VmHWM") - before) // 1024
    assert grown <= megabytes, f"memory grew by {grown} MB"


def _kilobytes(status: str, name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1])
