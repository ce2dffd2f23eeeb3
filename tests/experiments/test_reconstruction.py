"""Reconstructions on tiny weights: they approach what they match, and a run that was stopped goes on."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.losses import style_target
from pipeline.errors import InputError, JobDiffersError, LockedError, OutputError, StoppedError
from pipeline.experiments import objectives, reconstruction
from pipeline.experiments.objectives import Kind
from pipeline.extractor import weights
from pipeline.extractor.vgg import Extractor
from pipeline.jobs.record.lock import held
from pipeline.jobs.work.runs import Outcome
from pipeline.pictures import images, sheets, writing
from tests.support import ROOT
from tests.support.extracting import compared
from tests.support.media import picture
from tests.support.observers import RecordingObserver, StopsAt
from tests.support.tiny_weights import tiny_weights

CONTENT = ["content_block1_conv1.png", "content_block2_conv1.png"]
STYLE = ["style_blocks_1-1.png", "style_blocks_1-2.png"]
FOLDER = Path("photo_reconstructed")


@pytest.fixture(autouse=True)
def photo(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A picture, and the file of tiny weights; their first layer has channels enough to hold the picture.

    A figure has two layers: deep ones take a second to trace.
    """
    monkeypatch.setattr(objectives, "LAYERS", objectives.LAYERS[:2])
    weights.write_npz(Path("tiny.npz"), tiny_weights(widths=(16, 8, 8, 8, 8)))
    return picture("photo.png", 1, 24, 32)


def run(
    kinds: Sequence[Kind] = ("content",),
    observer=None,
    folder=None,
    force=False,
    image="photo.png",
    **flags: object,
) -> Outcome:
    settings = {"size": 32, "steps": 2, "weights": "tiny.npz", "device": "cpu", **flags}
    return reconstruction.run(
        Path(image), kinds, folder, settings, observer or RecordingObserver(), force=force
    )


def pixels(path: str | Path) -> np.ndarray:
    return images.read(Path(path)).pixels


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def rms(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.sqrt(np.mean((one - other) ** 2)))


def test_the_first_layer_gives_the_picture_back() -> None:
    """From noise that is 60 levels away."""
    outcome = run(steps=60)
    assert (outcome.output, outcome.done, outcome.stylized) == (FOLDER, 2, 2)
    assert rms(pixels(FOLDER / CONTENT[0]), pixels("photo.png")) < 4


def test_the_grams_of_the_style_are_approached_and_the_places_are_lost() -> None:
    observer = RecordingObserver()
    run(["style"], observer, steps=40)
    extractor = Extractor(weights.load(Path("tiny.npz"), "file"), "avg")
    photo = compared(extractor, pixels("photo.png"))
    made = compared(extractor, pixels(FOLDER / STYLE[1]))
    for block in (1, 2):
        own, other = (np.asarray(style_target(one[f"block{block}_conv1"])) for one in (photo, made))
        assert np.linalg.norm(own - other) < 0.05 * np.linalg.norm(own)
    assert rms(pixels(FOLDER / STYLE[1]), pixels("photo.png")) > 30
    assert all(entry.loss < 0.01 for entry in observer.entries)


def test_each_figure_has_a_sheet_that_begins_with_the_picture() -> None:
    run(["content", "style"])
    assert sorted(bytes_of(FOLDER)) == sorted([*CONTENT, *STYLE, "content.png", "style.png"])
    for sheet, names in (("content.png", CONTENT), ("style.png", STYLE)):
        tiles = [pixels("photo.png"), *(pixels(FOLDER / name) for name in names)]
        for number, tile in enumerate(tiles):
            top, left = sheets.LABEL + sheets.BORDER, sheets.BORDER + number * (32 + 2 * sheets.BORDER)
            np.testing.assert_array_equal(pixels(FOLDER / sheet)[top : top + 24, left : left + 32], tile)


def test_the_observer_hears_of_every_picture_and_step() -> None:
    steps = []

    class Steps(RecordingObserver):
        def step(self, info) -> None:
            steps.append(info.step)

    observer = Steps()
    run(observer=observer)
    assert observer.begun == [(2, 0)]
    assert [entry.name for entry in observer.entries] == CONTENT
    assert steps == [1, 2] * 2


def test_a_run_that_was_stopped_goes_on_with_the_missing_pictures() -> None:
    run(folder=Path("whole"))
    with pytest.raises(StoppedError):
        run(observer=StopsAt(1))
    assert sorted(bytes_of(FOLDER)) == CONTENT[:1]
    before = (FOLDER / CONTENT[0]).stat().st_mtime_ns
    observer = RecordingObserver()
    assert run(observer=observer).stylized == 1
    assert (observer.begun, [entry.name for entry in observer.entries]) == ([(2, 1)], CONTENT[1:])
    assert (FOLDER / CONTENT[0]).stat().st_mtime_ns == before
    assert bytes_of(FOLDER) == bytes_of(Path("whole"))


def test_nothing_is_left_beside_the_picture_and_the_folder() -> None:
    before = set(os.listdir())
    run()
    assert set(os.listdir()) - before == {FOLDER.name}


def test_a_temporary_file_that_a_killed_run_left_is_removed() -> None:
    run()
    before = bytes_of(FOLDER)
    code = (
        "import os, sys, pathlib; from pipeline.base import atomic\n"
        "atomic.replacing(pathlib.Path(sys.argv[1])).__enter__().touch(); os._exit(0)"
    )
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code, FOLDER / "content.png"], check=True, env=environ)
    assert len(bytes_of(FOLDER)) == len(before) + 1
    run()
    assert bytes_of(FOLDER) == before


def test_what_is_damaged_or_lost_is_made_again_and_no_more_unless_forced() -> None:
    run()
    before, observer = bytes_of(FOLDER), RecordingObserver()
    assert (run(observer=observer).stylized, observer.begun) == (0, [(2, 2)])
    (FOLDER / CONTENT[0]).write_bytes(before[CONTENT[0]][:-200])
    assert run().stylized == 1
    assert bytes_of(FOLDER) == before
    (FOLDER / "content.png").unlink()
    assert run().stylized == 0
    assert bytes_of(FOLDER) == before
    assert run(force=True).stylized == 2
    assert bytes_of(FOLDER) == before


@pytest.mark.parametrize("name", [CONTENT[1], "content.png"])
def test_a_file_of_the_user_is_kept_unless_forced(name: str) -> None:
    FOLDER.mkdir()
    writing.write(FOLDER / name, np.zeros((20, 20, 3), np.float32))
    before, observer = bytes_of(FOLDER), RecordingObserver()
    with pytest.raises(OutputError, match=f"{name}: already exists and was not made by nstpipe; --force"):
        run(observer=observer)
    assert (bytes_of(FOLDER), observer.begun) == (before, [])
    run(force=True)
    assert pixels(FOLDER / name).std() > 10


def test_a_sheet_that_the_user_writes_meanwhile_is_kept() -> None:
    class WritesTheSheet(RecordingObserver):
        def item_ended(self, entry) -> None:
            (FOLDER / "content.png").write_text("mine")

    for _ in range(2):  # where there is none, and where there is ours
        with pytest.raises(OutputError, match="content.png: already exists and was not made by nstpipe"):
            run(observer=WritesTheSheet())
        assert (FOLDER / "content.png").read_text() == "mine"
        (FOLDER / "content.png").unlink()
        run()
        (FOLDER / CONTENT[0]).unlink()


def test_pictures_of_other_settings_or_weights_are_kept() -> None:
    weights.write_npz(Path("other.npz"), tiny_weights(seed=3))
    run()
    before = bytes_of(FOLDER)
    for change in ({"steps": 3}, {"seed": 5}, {"pooling": "max"}, {"weights": "other.npz"}):
        with pytest.raises(JobDiffersError, match="block1_conv1.png: was made with other settings.*--force"):
            run(**change)
    assert bytes_of(FOLDER) == before


def test_pictures_of_another_picture_are_kept() -> None:
    run()
    picture("photo.png", 2, 24, 32)
    with pytest.raises(JobDiffersError, match="or of another picture"):
        run()


@pytest.mark.parametrize("force", [False, True])
def test_the_picture_itself_is_never_overwritten(force: bool) -> None:
    picture("content.png", 3)
    before = Path("content.png").read_bytes()
    with pytest.raises(OutputError, match="content.png: is the picture itself; name another folder with -o"):
        run(image="content.png", folder=Path("."), force=force)
    assert Path("content.png").read_bytes() == before


def test_a_missing_picture_and_a_file_in_the_folder_s_place_are_errors() -> None:
    with pytest.raises(OutputError, match="tiny.npz: is a file; name a folder"):
        run(folder=Path("tiny.npz"))
    Path("photo.png").unlink()
    with pytest.raises(InputError, match="photo.png: no such file"):
        run()
    assert not FOLDER.exists()


class Replaces(RecordingObserver):
    """Writes another picture to the file once the first is reconstructed."""

    def item_ended(self, entry) -> None:
        super().item_ended(entry)
        if len(self.entries) == 1:
            picture("photo.png", 8, 24, 32)


def test_a_picture_that_changes_meanwhile_ends_the_run() -> None:
    with pytest.raises(InputError, match=r"photo.png: changed while the job ran"):
        run(observer=Replaces())
    assert sorted(bytes_of(FOLDER)) == CONTENT[:1]


def test_a_second_run_in_the_same_folder_is_refused() -> None:
    with held(Path(f".{FOLDER}.nstpipe"), FOLDER), pytest.raises(LockedError, match="held by process"):
        run()
