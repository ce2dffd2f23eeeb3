"""What a report gathers of a job."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import stylize_video
from pipeline.errors import InputError
from pipeline.jobs.record.entries import Entry
from pipeline.report import job_record
from pipeline.report.job_record import Snapshot
from tests.support import recorded_jobs
from tests.support.media import TINY, picture
from tests.support.recorded_jobs import snapshot


def test_pictures_come_in_the_order_of_the_plan_with_what_became_of_them() -> None:
    recorded_jobs.batch("out", ["b/2.png", "a/1.png"], failed={"c.png": "is damaged"}, left=["d.png"])
    recorded_jobs.with_losses(Path("out"), "a/1.png", [8, 4, 2])
    job = job_record.of(Path("out"))
    assert [(item.name, item.state) for item in job.items] == [
        ("b/2.png", "done"),
        ("a/1.png", "done"),
        ("c.png", "failed"),
        ("d.png", "left"),
    ]
    assert [item.output for item in job.items[:2]] == [Path("out/b/2.png"), Path("out/a/1.png")]
    assert [item.content for item in job.items[:2]] == [
        Path("photos/b/2.jpg").resolve(),
        Path("photos/a/1.jpg").resolve(),
    ]
    assert [[row["total"] for row in item.losses] for item in job.items] == [[], [8, 4, 2], [], []]
    assert (job.status.left, job.seconds, job.ended_at) == (1, 2.0 + 3.0, 1.6e9 + 1)
    assert job.plan.style_sets == ((Path("starry.jpg").resolve(),),)


def test_a_job_of_an_earlier_version_has_the_pictures_that_ended_and_no_contents() -> None:
    recorded_jobs.batch("out", ["b.png", "a.png"], left=["c.png"], contents=None, styles=None)
    job = job_record.of(Path("out"))
    assert [(item.name, item.content) for item in job.items] == [("a.png", None), ("b.png", None)]
    assert (job.status.left, job.plan.style_sets) == (1, ())


def test_snapshots_rise_by_their_steps_and_those_of_an_earlier_job_are_left_out() -> None:
    recorded_jobs.batch("out", ["a.png"], began_at=1000.0)
    folder = Path("out/a_snapshots")
    late = [snapshot(folder / f"step_{step:06}.png", 1000.5) for step in (1_000_000, 20)]
    snapshot(folder / "step_000010.png", 999.5)
    snapshot(folder / "step_20.jpg", 1001.0)
    (folder / "losses.csv").touch()
    (item,) = job_record.of(Path("out")).items
    assert item.snapshots == (Snapshot(20, late[1]), Snapshot(1_000_000, late[0]))


def test_a_video_has_its_frames_in_order() -> None:
    entries = [Entry(f"{number:06}.png", "done", loss=number) for number in (3, 1, 2)]
    output = recorded_jobs.begin(
        Path("in_s.mp4"), [*entries, Entry("output/x", "done")], kind="video", source="/in.mp4", total=5
    )
    snapshot(Path("in_s_snapshots/000001/step_000002.png"), 5.0)
    snapshot(Path("in_s_snapshots/000002/step_000002.png"), 5.0)
    job = job_record.of(output)
    assert [(item.name, item.entry.loss) for item in job.items] == [
        ("000001.png", 1),
        ("000002.png", 2),
        ("000003.png", 3),
    ]
    assert job.items[0].output == Path(".in_s.mp4.nstpipe/frames/000001.png")
    assert [len(item.snapshots) for item in job.items] == [1, 0, 0]
    assert job.plan.source == Path("/in.mp4")


@pytest.mark.parametrize("source", ["in", "in/%02d.png"])
def test_a_sequence_is_the_source_as_long_as_no_picture_changes(source: str) -> None:
    for number in (3, 4):
        picture(f"in/{number:02}.png", number)
    style = picture("starry.jpg", 9)
    output = stylize_video(source, [style], "out.mp4", **TINY).output
    assert job_record.of(output).has_its_source
    picture("in/04.png", 5)
    assert not job_record.of(output).has_its_source


def test_an_output_without_a_job_is_one_line() -> None:
    with pytest.raises(InputError, match="has no job for this output"):
        job_record.of(Path("out"))
    assert list(Path().iterdir()) == []


def test_a_record_is_not_changed_by_reading_it() -> None:
    recorded_jobs.batch("out", ["a.png"])
    files = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    job = job_record.of(Path("out"))
    assert replace(job) == job
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == files
