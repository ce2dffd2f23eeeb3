"""Fades in whole jobs: the pastiche has the clip's light, and its bytes depend on nothing else."""

import contextlib
import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline import Outcome, Rules, stylize_video
from pipeline.errors import StoppedError
from pipeline.jobs.record.journal import Journal
from pipeline.jobs.work.job import Job
from pipeline.motion import light
from pipeline.pictures import images
from pipeline.video import clip as clips
from tests.support.clips import write_clip
from tests.support.fades import DIP, FADE_IN_AND_OUT, dimmed
from tests.support.jobs import KEEP, digests
from tests.support.media import TINY, picture, scene
from tests.support.observers import StopsAt

FRAMES = Path(".out.mp4.nstpipe/frames")
FOLDER = FRAMES.parent
SHORT_DIP = [1.0, 1.0, 0.6, 0.2, 0.0, 0.2, 0.6, 1.0, 1.0]


def fading(path: str, shares: list[float], *, moves: bool = True) -> Path:
    """A clip without loss over which a camera moves, a pixel a frame, or of a still."""
    wide = scene(7, 32, 48 + len(shares))
    views = [np.ascontiguousarray(wide[:, (left := n * moves) : left + 48]) for n in range(len(shares))]
    frames = dimmed(views, shares)
    return write_clip(
        Path(path),
        size=(32, 48),
        frames=len(shares),
        picture=lambda index, _: frames[index],
        codec="ffv1",
        pixel_format="bgr0",
        colour=None,
        options={},
    )


def run(source: str | Path, rules: Rules = KEEP, **others: object) -> Outcome:
    return stylize_video(source, [picture("starry.jpg", 2)], "out.mp4", rules=rules, **others | TINY)


def luma(path: Path) -> np.ndarray:
    """The mean luma of each frame of a clip."""
    return np.array([frame.mean((0, 1)) @ [0.299, 0.587, 0.114] for frame in clips.frames(path)])


@pytest.mark.parametrize("shares", [FADE_IN_AND_OUT, DIP])
@pytest.mark.parametrize("palette", ["own", "style"])
def test_a_pastiche_fades_as_its_clip_does(shares: list[float], palette: str) -> None:
    pastiche = luma(run(fading("in.mkv", shares, moves=False), content_palette=palette).output)
    np.testing.assert_allclose(pastiche / pastiche.max(), shares, atol=0.03)
    assert (pastiche[np.equal(shares, 0)] < 0.5).all()


def test_the_frames_of_a_job_are_in_the_shots_usual_light_and_the_gains_are_recorded() -> None:
    run(fading("in.mkv", SHORT_DIP, moves=False))
    frames = [images.read(path).pixels for path in sorted(FRAMES.iterdir())]
    for frame in frames[1:]:
        np.testing.assert_array_equal(frame, frames[0])
    with Journal(FOLDER) as journal:
        gains = journal.facts().gains
        entries = [entry for _, entry in sorted(journal.entries().items())]
    assert list(gains) == [2, 3, 4, 5, 6]
    np.testing.assert_allclose(list(gains.values()), SHORT_DIP[2:7], atol=0.01)
    assert [entry.steps for entry in entries] == [2] + [0] * 8


def test_a_shot_that_begins_black_is_held_in_units_of_its_first_stylised_frame() -> None:
    run(fading("in.mkv", [0.0, 0.0, 0.4, 0.8, 1.0]))
    with Journal(FOLDER) as journal:
        entries = [entry for _, entry in sorted(journal.entries().items())]
    assert [entry.steps for entry in entries] == [0, 0, 2, 1, 1]
    assert [entry.loss > 0 for entry in entries] == [False, False, True, True, True]


def test_a_fade_in_the_second_shot_is_that_shots() -> None:
    Path("shots.txt").write_text("4\n")
    shares = [1.0, 1.0, 1.0, 1.0, 0.5, 0.0, 0.5, 1.0]
    outcome = run(fading("in.mkv", shares), shots="shots.txt")
    with Journal(FOLDER) as journal:
        entries = [entry for _, entry in sorted(journal.entries().items())]
    assert [entry.steps for entry in entries] == [2, 1, 1, 2, 1, 0, 1, 1]
    assert luma(outcome.output)[5] < 0.5 < luma(outcome.output)[2]


@pytest.mark.parametrize("mode", ["none", "init", "flow"])
@pytest.mark.parametrize("stop", [2, 5])
def test_a_stopped_fade_resumes_to_the_same_bytes(mode: str, stop: int) -> None:
    source = fading("in.mkv", SHORT_DIP)
    whole = run(source, temporal=mode).output.read_bytes()
    frames = digests(FRAMES)
    with pytest.raises(StoppedError):
        run(source, Rules(restart=True), observer=StopsAt(stop), temporal=mode)
    assert len(digests(FRAMES)) == stop
    assert run(source, temporal=mode).output.read_bytes() == whole
    assert digests(FRAMES) == frames


def test_damaged_frames_of_a_fade_are_redone_to_the_same_bytes() -> None:
    source = fading("in.mkv", SHORT_DIP)
    whole, frames = run(source).output.read_bytes(), digests(FRAMES)
    for number in (3, 5, 6):
        (FRAMES / f"{number:06}.png").unlink()
    Path("out.mp4").unlink()
    assert run(source).output.read_bytes() == whole
    assert digests(FRAMES) == frames


def test_workers_make_the_bytes_that_one_process_makes() -> None:
    fading("in.mkv", [*SHORT_DIP, *SHORT_DIP[3:]])
    files = {}
    for count in (1, 2):
        Path(str(count)).mkdir()
        with contextlib.chdir(str(count)):
            shutil.copy("../in.mkv", ".")  # a second one would differ by Matroska's random identity
            Path("shots.txt").write_text("1\n10\n")
            run("in.mkv", Rules(keep_frames=True, workers=count), shots="shots.txt")
            files[count] = digests(FRAMES) | {"": hashlib.sha256(Path("out.mp4").read_bytes()).hexdigest()}
    assert files[1] == files[2]


@pytest.mark.parametrize("shots", [None, "shots.txt"])
def test_a_clips_light_is_measured_once(shots: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("shots.txt").write_text("1\n")
    source, recorded = fading("in.mkv", SHORT_DIP), []
    record = Job.record
    monkeypatch.setattr(
        Job, "record", lambda self, **changes: recorded.append(changes) or record(self, **changes)
    )
    with pytest.raises(StoppedError):
        run(source, observer=StopsAt(3), shots=shots)
    run(source, shots=shots)
    assert sum("gains" in changes for changes in recorded) == 1


def test_a_job_of_a_version_that_knew_no_fades_ends_as_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its frames have the clip's own light, and must not be dimmed once more."""
    source = fading("in.mkv", SHORT_DIP)
    with monkeypatch.context() as older:
        older.setattr(light, "gains_of_clip", lambda lights, firsts: {})
        whole = run(source).output.read_bytes()
        with pytest.raises(StoppedError):
            run(source, Rules(restart=True), observer=StopsAt(5))
    with Journal(FOLDER) as journal:
        journal.update(gains=None)
    assert run(source).output.read_bytes() == whole
