"""Jobs of videos: chained frames, resume to the same bytes, the clip's times and sound."""

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from pipeline import Rules, stylize_video
from pipeline.errors import InputError, JobDiffersError, StoppedError
from pipeline.footage import sources
from pipeline.jobs.planning import output_names
from pipeline.jobs.record.journal import Journal
from pipeline.jobs.work.observer import Observer
from pipeline.motion import light
from pipeline.video import clip as clips
from pipeline.video.shots import shot_detection
from tests.support.clips import write_clip, write_sound_only
from tests.support.jobs import FRAMES, KEEP, SMOOTHED, digests
from tests.support.media import TINY, clip, picture, scene
from tests.support.observers import RecordingObserver, StopsAt


def test_a_clip_is_stylised_with_its_times_and_sound() -> None:
    source, style = clip("in.mp4"), picture("starry.jpg", 2)
    outcome = stylize_video(source, [style], **TINY)
    assert (outcome.output, outcome.done) == (Path("in_starry.mp4"), 5)
    assert not FRAMES.exists()
    with av.open(str(outcome.output)) as pastiche, av.open(str(source)) as original:
        stream = pastiche.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert [frame.time for frame in pastiche.decode(video=0)] == [
            frame.time for frame in original.decode(video=0)
        ]
        assert pastiche.streams.audio[0].codec_context.name == "aac"


@pytest.mark.parametrize("settings", [TINY, SMOOTHED])
def test_a_stopped_job_resumes_to_the_same_bytes(settings: dict[str, object]) -> None:
    source, style = clip("in.mp4"), picture("starry.jpg", 2)
    whole = stylize_video(source, [style], rules=KEEP, **settings).output.read_bytes()
    frames = digests(FRAMES)
    with pytest.raises(StoppedError):
        stylize_video(source, [style], rules=Rules(restart=True), observer=StopsAt(3), **settings)
    assert len(digests(FRAMES)) == 3
    observer = RecordingObserver()
    outcome = stylize_video(source, [style], rules=KEEP, observer=observer, **settings)
    assert (observer.begun, outcome.stylized) == ([(5, 3)], 2)
    assert observer.foreseen_items == [entry.name for entry in observer.entries] != []
    assert digests(FRAMES) == frames
    assert outcome.output.read_bytes() == whole


def test_another_list_of_shots_is_another_job() -> None:
    source, style = clip("in.mp4", frames=3), picture("starry.jpg", 2)
    Path("shots.txt").write_text("1\n2\n")
    stylize_video(source, [style], shots="shots.txt", **TINY)
    Path("shots.txt").write_text("# the same, in other words\n2 0:00:00.04\n")
    assert stylize_video(source, [style], shots="shots.txt", **TINY).stylized == 0
    Path("shots.txt").write_text("3\n")
    for shots in ("shots.txt", None):
        with pytest.raises(JobDiffersError, match="the shots changed") as caught:
            stylize_video(source, [style], shots=shots, **TINY)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [("4\n", "the list of shots names frame 4, and the clip has 3"), ("1\ncut\n", "shots.txt: 'cut'")],
)
def test_a_list_that_does_not_fit_is_named_and_leaves_nothing(text: str, message: str) -> None:
    source, style = clip("in.mp4", frames=3), picture("starry.jpg", 2)
    Path("shots.txt").write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        stylize_video(source, [style], shots="shots.txt", **TINY)
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in Path().iterdir()) == ["in.mp4", "shots.txt", "starry.jpg"]


def test_a_finished_video_is_not_redone_and_a_removed_one_is() -> None:
    source, style = clip("in.mp4", frames=2), picture("starry.jpg", 2)
    output = stylize_video(source, [style], **TINY).output
    before = output.read_bytes()
    assert stylize_video(source, [style], **TINY).stylized == 0
    output.unlink()
    observer = RecordingObserver()
    assert stylize_video(source, [style], observer=observer, **TINY).stylized == 2
    assert len(observer.warnings) == 1
    assert output.read_bytes() == before


def test_a_damaged_video_is_assembled_again() -> None:
    source, style = clip("in.mp4", frames=2), picture("starry.jpg", 2)
    output = stylize_video(source, [style], rules=KEEP, **TINY).output
    before = output.read_bytes()
    output.write_bytes(before[:-100])
    observer = RecordingObserver()
    assert stylize_video(source, [style], rules=KEEP, observer=observer, **TINY).stylized == 0
    assert ["missing or damaged" in warning for warning in observer.warnings] == [True]
    assert output.read_bytes() == before


def test_a_finished_video_whose_journal_claims_millions_of_frames_is_still_finished() -> None:
    source, style = clip("in.mp4", frames=2), picture("starry.jpg", 2)
    output = stylize_video(source, [style], **TINY).output
    with Journal(output_names.job_folder(output)) as journal:
        journal.update(total=3_000_000)
    outcome = stylize_video(source, [style], **TINY)
    assert (outcome.done, outcome.stylized) == (2, 0)


class StopsWhileWaiting(Observer):
    """Wants to stop as soon as it is asked."""

    def waiting(self) -> None:
        raise StoppedError("stopped")


def test_a_job_stops_while_its_clip_is_probed() -> None:
    """Without waiting for the end of a clip that may have none."""
    source, style = clip("in.mp4", frames=2), picture("starry.jpg", 2)
    with pytest.raises(StoppedError):
        stylize_video(source, [style], observer=StopsWhileWaiting(), **TINY)
    assert not FRAMES.exists()


def test_another_clip_is_refused() -> None:
    source, style = clip("in.mp4", frames=2), picture("starry.jpg", 2)
    stylize_video(source, [style], **TINY)
    clip("in.mp4", frames=3)
    with pytest.raises(JobDiffersError, match="the input changed"):
        stylize_video(source, [style], **TINY)


def test_odd_sizes_and_no_sound() -> None:
    source = write_clip(Path("in.mkv"), size=(33, 45), frames=3, codec="ffv1", pixel_format="bgr0")
    outcome = stylize_video(source, [picture("starry.jpg", 2)], **TINY | {"size": 45})
    with av.open(str(outcome.output)) as pastiche:
        assert (pastiche.streams.video[0].height, pastiche.streams.video[0].width) == (34, 46)
        assert not pastiche.streams.audio
        assert sum(1 for _ in pastiche.decode(video=0)) == 3


def test_a_file_without_pictures_is_named() -> None:
    style = picture("starry.jpg", 2)
    write_sound_only(Path("in.m4a"))
    Path("text.mp4").write_text("I am not a video")
    Path("empty.mp4").touch()
    for name in ("in.m4a", "text.mp4", "empty.mp4"):
        with pytest.raises(InputError, match=name) as caught:
            stylize_video(name, [style], **TINY)
        assert "\n" not in str(caught.value)


def test_snapshots_of_frames_lie_beside_the_clip() -> None:
    source, style = clip("in.mp4", frames=2), picture("starry.jpg", 2)
    stylize_video(source, [style], snapshot_every=1, **TINY | {"optimizer": "sgd", "frame_steps": 1})
    snapshots = sorted(
        path.relative_to(".").as_posix() for path in Path("in_starry_snapshots").rglob("*.png")
    )
    assert snapshots == [
        "in_starry_snapshots/000001/step_000001.png",
        "in_starry_snapshots/000001/step_000002.png",
        "in_starry_snapshots/000002/step_000001.png",
    ]


def _interlaced(name: str) -> Path:
    def view(number: int, size: tuple[int, int]) -> np.ndarray:
        return scene(7 + number, *size)

    return write_clip(Path(name), size=(32, 48), frames=3, fields="tff", picture=view)


def test_an_interlaced_clip_is_stylised_from_its_own_pictures() -> None:
    """Not from black ones, which all would give one pastiche."""
    source, style = _interlaced("in.mp4"), picture("starry.jpg", 2)
    outcome = stylize_video(source, [style], rules=KEEP, **TINY)
    assert outcome.done == 3
    for number, path in enumerate(sorted(FRAMES.glob("*.png"))):
        with Image.open(path) as pastiche:
            like = scene(7 + number, 32, 48)
            pixels = np.asarray(pastiche.convert("RGB").resize((48, 32)), float)
        assert np.corrcoef(pixels.ravel(), like.ravel())[0, 1] > 0.8


@pytest.mark.parametrize(("is_interlaced", "passes"), [(False, 1), (True, 2)])
def test_a_clip_is_decoded_once_more_after_probing(
    is_interlaced: bool, passes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its shots and light are measured while it is probed; those of an interlaced one need a pass more."""
    source, style = (_interlaced if is_interlaced else clip)("in.mp4"), picture("starry.jpg", 2)
    starts: list[int] = []
    frames = clips.frames
    monkeypatch.setattr(
        clips, "frames", lambda reading, start=0: starts.append(start) or frames(reading, start)
    )

    outcome = stylize_video(source, [style], **TINY)

    assert outcome.done > 2
    assert starts == [0] * passes


def test_what_is_measured_of_a_clip_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """As its whole frames have it: a cut, then a fade."""
    scenes = [scene(seed, 60, 160) for seed in (1, 2)]

    def with_a_cut_and_a_fade(index: int, size: tuple[int, int]) -> np.ndarray:
        picture = scenes[index // 30][: size[0], index : index + size[1]]
        return picture if index < 50 else (picture * max(0.1, 1 - (index - 50) / 8)).astype(np.uint8)

    source = write_clip(Path("in.mp4"), size=(60, 80), frames=60, picture=with_a_cut_and_a_fade)
    style = picture("starry.jpg", 2)
    with pytest.raises(StoppedError):
        stylize_video(source, [style], observer=StopsAt(1), **TINY)
    with Journal(Path(".in_starry.mp4.nstpipe")) as journal:
        facts = journal.facts()
    assert facts is not None and facts.gains
    assert facts.shots == tuple(shot_detection.first_frames(clips.frames(source))) == (0, 30)
    lights = [light.of(frame) for frame in clips.frames(source)]
    assert facts.gains == light.gains_of_clip(lights, facts.shots)
    assert facts.expected is not None
    assert facts.expected["first"] > facts.expected["following"] > 0

    monkeypatch.setattr(sources, "survey", None)  # nothing is measured again
    with pytest.raises(StoppedError):
        stylize_video(source, [style], observer=StopsAt(2), **TINY)


@pytest.mark.parametrize("finished", [False, True])
def test_a_job_whose_frames_an_earlier_version_read_otherwise_is_not_mixed(finished: bool) -> None:
    source, style = _interlaced("in.mp4"), picture("starry.jpg", 2)
    with pytest.raises(StoppedError):
        stylize_video(source, [style], observer=StopsAt(2), **TINY)
    with Journal(Path(".in_starry.mp4.nstpipe")) as journal:
        journal.update(reader=None, finished=finished)  # as a version without that field leaves it
    with pytest.raises(JobDiffersError, match="--restart") as caught:
        stylize_video(source, [style], **TINY)
    assert "\n" not in str(caught.value)
    assert stylize_video(source, [style], rules=Rules(restart=True), **TINY).stylized == 3


def test_restart_begins_anew_where_another_version_read_the_clip_by_the_other_decoder() -> None:
    """Resuming would find that the frames differ and advise --restart again."""
    source, style = clip("in.mp4", frames=2), picture("starry.jpg", 2)
    with pytest.raises(StoppedError):
        stylize_video(source, [style], observer=StopsAt(1), **TINY)
    with Journal(Path(".in_starry.mp4.nstpipe")) as journal:
        journal.update(reader="pyav 1", version="0.0.1")
    with pytest.raises(JobDiffersError, match="--restart"):
        stylize_video(source, [style], **TINY)
    assert stylize_video(source, [style], rules=Rules(restart=True), **TINY).stylized == 2


@pytest.mark.parametrize("frames", [0, 1])
def test_a_finished_video_that_was_away_while_it_was_begun_again_is_made_again(frames: int) -> None:
    """Its frames were forgotten then, so that a file with the right bytes has no frames to count."""
    source, style = clip("in.mp4", frames=2), picture("starry.jpg", 2)
    output = stylize_video(source, [style], **TINY).output
    whole = output.read_bytes()
    output.rename("elsewhere.mp4")
    with pytest.raises(StoppedError):
        stylize_video(source, [style], observer=StopsAt(1), **TINY)
    if not frames:  # as if it was killed before the first was marked
        with Journal(Path(".in_starry.mp4.nstpipe")) as journal:
            journal.forget("000001.png")
    Path("elsewhere.mp4").rename(output)
    outcome = stylize_video(source, [style], **TINY)
    assert (outcome.done, output.read_bytes()) == (2, whole)
    assert outcome.stylized >= 1
    assert not FRAMES.exists()
    assert stylize_video(source, [style], **TINY).stylized == 0


def test_a_job_that_an_earlier_version_began_on_an_ordinary_clip_goes_on() -> None:
    source, style = clip("in.mp4", frames=3), picture("starry.jpg", 2)
    with pytest.raises(StoppedError):
        stylize_video(source, [style], observer=StopsAt(2), **TINY)
    with Journal(Path(".in_starry.mp4.nstpipe")) as journal:
        journal.update(reader=None)
    outcome = stylize_video(source, [style], **TINY)
    assert (outcome.done, outcome.stylized) == (3, 1)


def test_a_job_that_stopped_before_its_first_frame_measures_the_clip_again() -> None:
    """The shots and the light that an earlier version measured were those of black frames."""
    source, style = _interlaced("in.mp4"), picture("starry.jpg", 2)
    folder = Path(".in_starry.mp4.nstpipe")
    with pytest.raises(StoppedError):
        stylize_video(source, [style], observer=StopsAt(2), **TINY)
    with Journal(folder) as journal:
        for name in journal.entries():
            journal.forget(name)
        journal.update(reader=None, shots=(0, 1, 2), gains={1: 0.5})
    for path in FRAMES.glob("*.png"):
        path.unlink()
    stylize_video(source, [style], **TINY)
    with Journal(folder) as journal:
        facts = journal.facts()
    assert facts is not None
    assert (facts.gains, facts.reader) == ({}, "pyav 1")
