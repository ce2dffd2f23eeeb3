"""Videos from and to sequences of pictures, as whole jobs."""

import shutil
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from pipeline import Outcome, Rules, Settings, stylize_folder, stylize_image, stylize_video
from pipeline.errors import InputError, JobDiffersError, LockedError, NstpipeError, OutputError, StoppedError
from pipeline.jobs.planning import planner
from pipeline.jobs.planning.output_names import job_folder
from pipeline.jobs.record import fingerprint, input_files, lock, other_jobs
from pipeline.jobs.record.journal import Journal
from pipeline.pictures import images
from pipeline.video import clip as clips
from tests.jobs.work.test_changing_inputs import MESSAGE, At, overwritten
from tests.support.clips import seconds_of
from tests.support.fades import DIP, dimmed
from tests.support.media import TINY, clip, picture, scene
from tests.support.observers import RecordingObserver, StopsAt

IN, OUT = "frames/%04d.png", "styled/%04d.png"
FRAMES = Path("styled/.%04d.png.nstpipe/frames")
FAST = TINY | {"temporal": "none", "content_layers": "block1_conv2", "style_layers": "block1_conv1"}
FORCE, RESTART, KEEP = Rules(force=True), Rules(restart=True), Rules(keep_frames=True)
NAMES = [f"{number}.png" for number in (1001, 1002, 1004)]


def frames_in(folder: str = "frames", numbers: tuple[int, ...] = (1001, 1002, 1004)) -> None:
    """Pictures of a scene over which a camera moves."""
    wide = scene(7, 32, 48 + 2 * len(numbers))
    Path(folder).mkdir()
    for step, number in enumerate(numbers):
        Image.fromarray(wide[:, 2 * step : 2 * step + 48]).save(f"{folder}/{number:04}.png")


def run(source: str = IN, output: str | None = OUT, **others: object) -> Outcome:
    return stylize_video(source, [picture("starry.jpg", 2)], output, **FAST | others)


def styled() -> dict[str, bytes]:
    """The pictures that were made."""
    return {path.name: path.read_bytes() for path in sorted(Path("styled").glob("*.png"))}


def test_a_sequence_becomes_a_sequence_of_the_same_numbers() -> None:
    frames_in()
    observer = RecordingObserver()
    assert run(rules=KEEP, observer=observer).done == 3
    assert list(styled()) == NAMES
    for name, frame in zip(NAMES, sorted(FRAMES.iterdir()), strict=True):
        np.testing.assert_array_equal(images.read(Path("styled") / name).pixels, images.read(frame).pixels)
    assert [line.partition(";")[0] for line in observer.warnings] == [f"{IN}: number 1003 is missing"]
    run()
    assert not FRAMES.exists()


def test_a_sequence_becomes_a_clip_of_exactly_its_rate() -> None:
    frames_in()
    observer = RecordingObserver()
    outcome = run(output=None, fps="23.976", observer=observer)
    assert outcome.output == Path("frames_starry.mp4")
    made = clips.probe(outcome.output)
    assert seconds_of(made) == [Fraction(n * 1001, 24000) for n in range(4)]
    assert made.sound is None and len(observer.warnings) == 1
    with av.open(str(outcome.output)) as container:
        assert container.streams.video[0].average_rate == Fraction(24000, 1001)


def test_without_a_rate_a_clip_has_25_frames_a_second_and_one_line_says_so() -> None:
    frames_in("shot", (1, 2))
    observer = RecordingObserver()
    outcome = run("shot", output=None, observer=observer)
    assert seconds_of(clips.probe(outcome.output))[1] == Fraction(1, 25)
    assert observer.warnings == ["shot: is shown at 25 frames a second; --fps sets another rate"]


def test_a_clip_becomes_a_sequence_that_counts_from_1() -> None:
    observer = RecordingObserver()
    run(str(clip("in.mp4", frames=2)), "styled/a_%03d.jpg", observer=observer)
    assert sorted(path.name for path in Path("styled").glob("*.jpg")) == ["a_001.jpg", "a_002.jpg"]
    (line,) = observer.warnings
    assert line.startswith("in.mp4: a sequence of pictures keeps no sound") and "25 frames a second" in line


def test_the_pictures_of_a_fade_are_dimmed() -> None:
    Path("frames").mkdir()
    for number, frame in enumerate(dimmed([scene(7, 32, 48)] * len(DIP), DIP)):
        Image.fromarray(frame).save(f"frames/{number:04}.png")
    run()
    luma = np.array([images.read(path).pixels.mean() for path in sorted(Path("styled").glob("*.png"))])
    np.testing.assert_allclose(luma / luma.max(), DIP, atol=0.03)
    assert luma[DIP.index(0.0)] == 0


@pytest.mark.parametrize("ending", [".png", ".jpg", ".mp4"])
def test_transparency_is_kept_or_one_line_says_that_it_is_lost(ending: str) -> None:
    frames_in()
    alpha = np.zeros((32, 48), np.uint8)
    alpha[:, 24:] = 255
    for path in Path("frames").iterdir():
        with Image.open(path) as image:
            image.putalpha(Image.fromarray(alpha))
            image.save(path)
    observer = RecordingObserver()
    output = Path("a.mp4" if ending == ".mp4" else f"styled/%04d{ending}")
    run(output=str(output), fps=24, observer=observer)
    lost = [line for line in observer.warnings if "transparency" in line]
    assert len(lost) == (ending != ".png")
    if ending == ".png":
        made = images.read(Path("styled/1002.png")).alpha
        assert made is not None
        assert (made[:, :14] == 0).all() and (made[:, -14:] == 255).all()  # 32 pixels wide


@pytest.mark.parametrize("count", [1, 3])
def test_a_job_that_is_stopped_while_pictures_are_written_ends_in_the_same_bytes(count: int) -> None:
    class Killed(BaseException):
        pass

    def kill() -> None:
        raise Killed

    frames_in()
    run()
    whole = styled()
    shutil.rmtree("styled")
    with pytest.raises(Killed):
        run(observer=At("assembling", kill, count))
    assert list(styled()) == NAMES[:count]
    assert run().stylized == 0
    assert styled() == whole


def test_a_stopped_job_resumes_to_the_same_bytes() -> None:
    frames_in()
    run(temporal="flow")
    whole = styled()
    with pytest.raises(StoppedError):
        run(rules=RESTART, observer=StopsAt(2), temporal="flow")
    assert run(temporal="flow").stylized == 1
    assert styled() == whole
    assert run(temporal="flow").stylized == 0


@pytest.mark.parametrize("fault", ["removed", "cut"])
def test_a_picture_that_is_lost_is_made_again(fault: str) -> None:
    frames_in()
    run()
    whole, lost = styled(), Path("styled/1002.png")
    if fault == "removed":
        lost.unlink()
    else:
        lost.write_bytes(lost.read_bytes()[:200])
    observer = RecordingObserver()
    run(observer=observer)
    assert "missing or damaged; it is made again" in observer.warnings[0]
    assert styled() == whole


@pytest.mark.parametrize("name", ["1002.png", "0001.png"])
def test_a_picture_of_the_users_is_kept(name: str) -> None:
    frames_in()
    mine = picture(f"styled/{name}", 5).read_bytes()
    with pytest.raises(OutputError, match=f"styled/{name}: already exists and was not made by nstpipe;"):
        run()
    assert not FRAMES.parent.exists()
    assert (Path("styled") / name).read_bytes() == mine
    observer = RecordingObserver()
    run(rules=FORCE, observer=observer)
    assert ((Path("styled") / name).read_bytes() == mine) == (name == "0001.png")
    others = [line for line in observer.warnings if "not of this job" in line]
    assert len(others) == (name == "0001.png")


def test_a_picture_that_was_edited_or_came_meanwhile_is_kept() -> None:
    frames_in()
    run()
    edited = picture("styled/1002.png", 5).read_bytes()
    for rules in (Rules(), RESTART):
        with pytest.raises(OutputError, match="1002.png: was changed after nstpipe made it; --force"):
            run(rules=rules)
    assert Path("styled/1002.png").read_bytes() == edited
    run(rules=FORCE)
    for path in Path("styled").glob("*.png"):
        path.unlink()
    comes = At("assembling", lambda: picture("styled/1002.png", 5))
    with pytest.raises(OutputError, match="1002.png: already exists"):
        run(rules=FORCE, observer=comes)
    assert Path("styled/1002.png").read_bytes() == edited


def test_force_holds_when_the_forced_job_was_stopped() -> None:
    """A frame's own name in the journal must not end what --force allowed for a picture of that name."""
    frames_in("frames", (1, 2))
    picture("styled/000001.png", 5)
    with pytest.raises(StoppedError):
        run(output="styled/%06d.png", rules=FORCE, observer=StopsAt(1))
    assert run(output="styled/%06d.png").stylized == 1


@pytest.mark.parametrize(("moment", "count"), [("began", 1), ("step", 3), ("assembling", 1)])
def test_a_picture_that_is_replaced_meanwhile_stops_the_job(moment: str, count: int) -> None:
    frames_in()
    changes = At(moment, overwritten(Path("frames/1004.png"), picture("other.png", 9, 32, 48)), count)
    with pytest.raises(InputError, match=MESSAGE.format("frames/1004.png")):
        run(observer=changes)
    assert "1004.png" not in styled()


def parts(output: str, fps: float | None = None) -> dict[str, object]:
    plan = planner.of_video(Path(IN), [picture("starry.jpg", 2)], Path(output), fps=fps)
    return fingerprint.of_job(Settings(), "weights", plan, input_files.of(plan.input_files).sha256)


@pytest.mark.parametrize("change", ["pixels", "name", "more", "fewer"])
def test_another_sequence_is_another_job(change: str) -> None:
    frames_in()
    before, last = parts(OUT), Path("frames/1004.png")
    assert parts(OUT) == before
    if change == "pixels":
        picture(last, 9, 32, 48)
    elif change == "name":
        last.rename("frames/1003.png")
    elif change == "more":
        shutil.copy(last, "frames/1005.png")
    else:
        last.unlink()
    assert fingerprint.differences(before, parts(OUT)) == ["the input changed"]


def test_another_rate_is_another_job_only_of_a_clip() -> None:
    frames_in()
    assert parts(OUT, 24) == parts(OUT, 30) == parts(OUT)
    assert parts("a.mp4") == parts("a.mp4", 25)
    assert fingerprint.differences(parts("a.mp4"), parts("a.mp4", 24)) == ["the frame rate changed"]


def test_a_changed_sequence_is_refused_and_restarted() -> None:
    frames_in()
    run()
    Path("frames/1004.png").unlink()
    with pytest.raises(JobDiffersError, match="the input changed; --restart"):
        run()
    observer = RecordingObserver()
    assert run(rules=RESTART, observer=observer).stylized == 2
    assert observer.warnings[-1].startswith("styled/1004.png: named alike, but not of this job;")


def test_two_jobs_do_not_make_one_picture() -> None:
    frames_in()
    with lock.held(job_folder(Path("styled/1002.png")), Path("styled/1002.png")):
        other_jobs.claim(job_folder(Path("styled/1002.png")), [Path("styled/1002.png")])
        with pytest.raises(LockedError, match="1002.png: is being made by the job of styled/1002.png"):
            run()
    photo = picture("photo.png", 3)
    with pytest.raises(LockedError, match="1002.png: is being made by the job of styled/%04d.png"):
        run(observer=At("step", lambda: stylize_image(photo, ["starry.jpg"], "styled/1002.png", **FAST)))
    run()
    with pytest.raises(
        OutputError, match="1002.png: already exists and was made by the job of styled/%04d.png"
    ):
        stylize_image(photo, ["starry.jpg"], "styled/1002.png", **FAST)


def test_a_batch_leaves_out_the_pictures_that_a_video_became() -> None:
    frames_in()
    run()
    picture("styled/photo.png", 3)
    assert stylize_folder("styled", ["starry.jpg"], "others", **FAST).done == 1


def test_a_damaged_journal_does_not_cost_the_pictures() -> None:
    frames_in()
    run()
    with Journal(FRAMES.parent) as journal:
        journal.connection.execute("UPDATE facts SET value = 'x' WHERE name = 'total'")
    with pytest.raises(OutputError, match="--restart"):
        run()
    assert run(rules=RESTART).stylized == 3


@pytest.mark.parametrize(
    ("source", "output", "message"),
    [
        (IN, "frames/%04d.png", "frames/1001.png: is one of the inputs"),
        ("frames", "frames/s_%04d.png", "frames/s_%04d.png: lies in the input's folder"),
        (IN, "styled", "styled: files without a suffix cannot be written; .* such as %04d.png"),
        (IN, "styled/a.png", ".*a.png: .png files cannot be written; .* such as %04d.png"),
    ],
)
def test_an_output_that_cannot_be_is_one_line(source: str, output: str, message: str) -> None:
    frames_in()
    with pytest.raises(NstpipeError, match=message) as caught:
        planner.of_video(Path(source), [picture("starry.jpg", 2)], Path(output))
    assert "\n" not in str(caught.value)


def test_a_damaged_picture_is_named_before_anything_is_stylised() -> None:
    frames_in()
    path = Path("frames/1004.png")
    path.write_bytes(path.read_bytes()[:-300])
    observer = RecordingObserver()
    with pytest.raises(InputError, match="^frames/1004.png: "):
        run(observer=observer)
    assert observer.entries == []


@pytest.mark.parametrize(
    ("source", "output", "default"),
    [
        ("frames/%04d.png", None, "frames_starry.mp4"),
        ("frames/shot_%04d.png", None, "frames/shot_starry.mp4"),
        ("frames/", None, "frames_starry.mp4"),
        ("frames/%04d.png", ".", "frames_starry.mp4"),
    ],
)
def test_default_names(source: str, output: str | None, default: str) -> None:
    frames_in()
    shutil.copy("frames/1001.png", "frames/shot_0001.png")
    style = picture("starry.jpg", 2)
    plan = planner.of_video(Path(source), [style], Path(output) if output else None)
    assert plan.output == Path(default)
