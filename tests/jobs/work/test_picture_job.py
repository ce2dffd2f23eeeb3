"""Jobs of pictures, from the Python functions that the command line calls."""

import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline import Observer, Rules, StepInfo, stylize_folder, stylize_image
from pipeline.base import resizing
from pipeline.errors import (
    DivergedError,
    InputError,
    JobDiffersError,
    LockedError,
    OutputError,
    StoppedError,
)
from pipeline.jobs.planning import planner
from pipeline.jobs.record import status
from pipeline.jobs.record.entries import Entry
from pipeline.jobs.record.journal import Journal
from pipeline.jobs.record.lock import held
from pipeline.jobs.work import runs
from pipeline.pictures import images
from pipeline.settings.choice import Choice
from tests.support import ROOT
from tests.support.machines import with_flags
from tests.support.media import TINY, picture
from tests.support.observers import RecordingObserver, StopsAt


def test_a_picture_is_stylised() -> None:
    content, style = picture("photo.jpg", 1), picture("starry.jpg", 2)
    outcome = stylize_image(content, [style], **TINY | {"steps": 8})
    assert (outcome.output, outcome.done, outcome.stylized) == (Path("photo_starry.png"), 1, 1)
    pastiche = np.asarray(Image.open(outcome.output)).astype(float)
    untouched = resizing.resize(images.read(content).pixels, (24, 32))
    assert pastiche.shape == (24, 32, 3)
    assert 1 < np.abs(pastiche - untouched).mean() < 100


def test_the_same_again_does_nothing() -> None:
    content, style = picture("photo.jpg", 1), picture("starry.jpg", 2)
    first = stylize_image(content, [style], **TINY)
    stamp = first.output.stat().st_mtime_ns
    observer = RecordingObserver()
    assert stylize_image(content, [style], observer=observer, **TINY).stylized == 0
    assert observer.begun == [(1, 1)]
    assert first.output.stat().st_mtime_ns == stamp


def test_force_redoes_a_finished_job_to_the_same_bytes() -> None:
    content, style = picture("photo.jpg", 1), picture("starry.jpg", 2)
    before = stylize_image(content, [style], **TINY).output.read_bytes()
    outcome = stylize_image(content, [style], rules=Rules(force=True), **TINY)
    assert outcome.stylized == 1
    assert outcome.output.read_bytes() == before


def test_other_settings_are_refused_by_name_and_restart_takes_them() -> None:
    content, style = picture("photo.jpg", 1), picture("starry.jpg", 2)
    stylize_image(content, [style], **TINY)
    with pytest.raises(JobDiffersError, match=r"steps was \[2\] and is \[3\]; --restart"):
        stylize_image(content, [style], **TINY | {"steps": 3})
    assert stylize_image(content, [style], rules=Rules(restart=True), **TINY | {"steps": 3}).stylized == 1


@pytest.mark.parametrize(("changed", "message"), [("photo.png", "input"), ("starry.png", "styles")])
def test_a_changed_input_or_style_is_refused(changed: str, message: str) -> None:
    content, style = picture("photo.png", 1), picture("starry.png", 2)
    stylize_image(content, [style], "out.png", **TINY)
    picture(changed, 3)
    with pytest.raises(JobDiffersError, match=f"the {message} changed"):
        stylize_image(content, [style], "out.png", **TINY)


def test_an_output_that_is_not_ours_is_refused_unless_forced() -> None:
    content, style = picture("photo.jpg", 1), picture("starry.jpg", 2)
    picture("out.png", 9)
    before = Path("out.png").read_bytes()
    with pytest.raises(OutputError, match="out.png.*not made by nstpipe.*--force"):
        stylize_image(content, [style], "out.png", **TINY)
    assert Path("out.png").read_bytes() == before
    assert stylize_image(content, [style], "out.png", rules=Rules(force=True), **TINY).stylized == 1


@pytest.mark.parametrize("harm", ["missing", "damaged"])
def test_a_finished_picture_that_is_missing_or_damaged_is_redone_with_a_warning(harm: str) -> None:
    content, style = picture("photo.jpg", 1), picture("starry.jpg", 2)
    output = stylize_image(content, [style], **TINY).output
    before = output.read_bytes()
    output.unlink() if harm == "missing" else output.write_bytes(before[:-100])
    observer = RecordingObserver()
    assert stylize_image(content, [style], observer=observer, **TINY).stylized == 1
    assert "missing or damaged" in observer.warnings[0]
    assert output.read_bytes() == before


def test_a_picture_that_was_written_but_not_marked_is_adopted() -> None:
    content, style = picture("photo.jpg", 1), picture("starry.jpg", 2)
    stylize_image(content, [style], **TINY)
    with Journal(Path(".photo_starry.png.nstpipe")) as journal:
        before = journal.entries()["photo_starry.png"]
        journal.forget("photo_starry.png")
    assert stylize_image(content, [style], **TINY).stylized == 0
    with Journal(Path(".photo_starry.png.nstpipe")) as journal:
        after = journal.entries()["photo_starry.png"]
    assert (after.sha256, after.content, after.loss) == (before.sha256, before.content, before.loss)


def test_a_job_that_is_held_is_refused_and_its_holder_named() -> None:
    content, style = picture("photo.jpg", 1), picture("starry.jpg", 2)
    with (
        held(Path(".photo_starry.png.nstpipe"), Path("photo_starry.png")),
        pytest.raises(LockedError, match=f"process {os.getpid()} on"),
    ):
        stylize_image(content, [style], **TINY)


def test_a_stopped_folder_resumes_where_it_was() -> None:
    for number in range(3):
        picture(f"photos/{number}.png", number)
    style = picture("starry.jpg", 9)
    with pytest.raises(StoppedError):
        stylize_folder("photos", [style], observer=StopsAt(1), **TINY)
    observer = RecordingObserver()
    outcome = stylize_folder("photos", [style], observer=observer, **TINY)
    assert observer.begun == [(3, 1)]
    assert observer.foreseen_items == [entry.name for entry in observer.entries] != []
    assert (outcome.done, outcome.stylized) == (3, 2)
    whole = stylize_folder("photos", [style], "whole", **TINY)
    for path in sorted(Path("photos_starry").iterdir()):
        assert path.read_bytes() == (whole.output / path.name).read_bytes()


def test_the_status_of_a_stopped_folder_counts_what_is_left_by_its_size() -> None:
    """A picture of a sixteenth of the pixels is left; then it is removed."""
    picture("photos/a.png", 1, 96, 128)
    picture("photos/b.png", 2, 24, 32)
    style, settings = picture("starry.jpg", 9), TINY | {"size": 128, "steps": 30}
    with pytest.raises(StoppedError):
        stylize_folder("photos", [style], observer=StopsAt(1), **settings)
    stopped = status.of(Path("photos_starry"))
    assert stopped.seconds_left is not None
    assert 0 < stopped.seconds_left < 0.7 * stopped.seconds_each
    Path("photos/b.png").unlink()
    stylize_folder("photos", [style], **settings)
    with Journal(Path(".photos_starry.nstpipe")) as journal:
        facts = journal.facts()
    assert facts is not None and facts.expected is not None
    assert list(facts.expected) == ["a_starry.png"]


def test_bad_pictures_fail_and_the_others_are_made() -> None:
    picture("photos/good.jpg", 1)
    picture("photos/sub/also good.png", 2)
    Path("photos/empty.jpg").touch()
    Path("photos/text.jpg").write_text("I am not a picture")
    Path("photos/truncated.png").write_bytes(picture("whole.png", 3).read_bytes()[:-900])
    picture("photos/small.png", 4, 1, 1)
    outcome = stylize_folder("photos", [picture("starry.jpg", 9)], **TINY)
    assert outcome.done == 2
    reasons = {entry.name: f"{entry.name}: {entry.reason}" for entry in outcome.failed}
    assert sorted(reasons) == [
        "empty_starry.png",
        "small_starry.png",
        "text_starry.png",
        "truncated_starry.png",
    ]
    for name, reason in reasons.items():
        assert name.removesuffix("_starry.png") in reason
        assert "\n" not in reason


@pytest.mark.slow
def test_half_a_jpeg_among_a_hundred_costs_itself_alone() -> None:
    for number in range(100):
        picture(f"photos/{number:02}.jpg", number)
    half = Path("photos/50.jpg")
    whole = half.read_bytes()
    half.write_bytes(whole[: len(whole) // 2])
    style = picture("starry.jpg", 999)
    outcome = stylize_folder("photos", [style], **TINY)
    ((name, reason),) = ((entry.name, entry.reason) for entry in outcome.failed)
    assert (outcome.done, name) == (99, "50_starry.png")
    assert "50.jpg: is damaged or cut short" in reason
    assert not (outcome.output / name).exists()
    half.write_bytes(whole)
    outcome = stylize_folder("photos", [style], **TINY)
    assert (outcome.done, outcome.stylized, outcome.failed) == (100, 1, ())


def test_failed_and_new_pictures_are_made_by_the_next_run() -> None:
    picture("photos/good.jpg", 1)
    Path("photos/bad.png").write_text("not yet a picture")
    style = picture("starry.jpg", 9)
    assert len(stylize_folder("photos", [style], **TINY).failed) == 1
    picture("photos/bad.png", 2)
    picture("photos/new.jpg", 3)
    outcome = stylize_folder("photos", [style], **TINY)
    assert (outcome.done, outcome.stylized, outcome.failed) == (3, 2, ())


def test_a_failure_is_forgotten_with_the_picture_that_was_removed() -> None:
    picture("photos/good.jpg", 1)
    Path("photos/bad.png").write_text("not a picture")
    style = picture("starry.jpg", 9)
    stylize_folder("photos", [style], **TINY)
    Path("photos/bad.png").unlink()
    outcome = stylize_folder("photos", [style], **TINY)
    assert (outcome.done, outcome.failed) == (1, ())
    with Journal(Path(".photos_starry.nstpipe")) as journal:
        assert list(journal.entries()) == ["good_starry.png"]


def test_a_picture_that_changed_since_is_refused_by_name() -> None:
    picture("photos/a.png", 1)
    style = picture("starry.jpg", 9)
    stylize_folder("photos", [style], **TINY)
    picture("photos/a.png", 2)
    with pytest.raises(JobDiffersError, match="photos/a.png: changed since"):
        stylize_folder("photos", [style], **TINY)


def test_an_unreadable_style_ends_the_job_at_once() -> None:
    picture("photos/a.png", 1)
    Path("starry.jpg").write_text("I am not a painting")
    with pytest.raises(InputError, match="starry.jpg"):
        stylize_folder("photos", ["starry.jpg"], **TINY)


def test_a_diverged_picture_is_not_written() -> None:
    content, style = picture("photo.jpg", 1), picture("starry.jpg", 2)
    with pytest.raises(DivergedError, match="finite|diverged"):
        stylize_image(content, [style], **TINY | {"style_weight": 1e38, "optimizer": "adam"})
    assert not Path("photo_starry.png").exists()


def test_every_style_or_all_blended() -> None:
    picture("photos/a.png", 1)
    styles = [picture("starry.jpg", 8), picture("scream.jpg", 9)]
    each = stylize_folder("photos", styles, "each", **TINY).output
    blended = stylize_folder("photos", styles, "blended", blend=True, style_weights="1,0", **TINY).output
    assert sorted(path.name for path in each.iterdir()) == ["a_scream.png", "a_starry.png"]
    first = images.read(each / "a_starry.png").pixels
    assert (images.read(blended / "a_starry+scream.png").pixels == first).all()
    assert (images.read(each / "a_scream.png").pixels != first).any()


def test_alpha_is_carried_over_and_jpeg_is_written() -> None:
    alpha = np.tile(np.linspace(0, 255, 48).astype(np.uint8), (36, 1))
    with Image.open(picture("opaque.png", 1)) as opaque:
        opaque.putalpha(Image.fromarray(alpha))
        opaque.save("photo.png")
    style = picture("starry.jpg", 2)
    pastiche = images.read(stylize_image("photo.png", [style], **TINY).output)
    assert pastiche.alpha is not None
    assert pastiche.alpha[0, 0] < 10 < 240 < pastiche.alpha[0, -1]
    stylize_image("photo.png", [style], "out.jpg", **TINY)
    with Image.open("out.jpg") as written:
        assert (written.format, written.size) == ("JPEG", (32, 24))


def test_snapshots_and_losses_are_saved_on_request() -> None:
    content, style = picture("photo.jpg", 1), picture("starry.jpg", 2)
    stylize_image(content, [style], snapshot_every=2, **TINY | {"steps": 5})
    folder = Path("photo_starry_snapshots")
    assert sorted(path.name for path in folder.iterdir()) == [
        "losses.csv",
        "step_000002.png",
        "step_000004.png",
    ]
    header, *rows = (folder / "losses.csv").read_text().splitlines()
    assert header.startswith("step,scale,seconds,")
    assert {"total", "content", "style", "tv"} <= set(header.split(","))
    assert [row.split(",")[0] for row in rows] == ["1", "2", "3", "4", "5"]


def test_a_killed_run_has_the_losses_up_to_its_last_snapshot() -> None:
    table, rows = Path("photo_starry_snapshots/losses.csv"), {}

    class Reads(Observer):
        def step(self, info: StepInfo) -> None:
            rows[info.step] = len(table.read_text().splitlines()) - 1 if table.exists() else 0

    content, style = picture("photo.jpg", 1), picture("starry.jpg", 2)
    stylize_image(content, [style], snapshot_every=2, observer=Reads(), **TINY | {"steps": 5})
    assert rows == {1: 0, 2: 2, 3: 2, 4: 4, 5: 4}


@pytest.mark.parametrize("name", ["with space.png", "new\nline.png", "größe.png", "-dash.png", "a%b#c.png"])
def test_names_of_any_kind(name: str) -> None:
    picture(Path("photos", name), 1)
    outcome = stylize_folder("photos", [picture("starry.jpg", 2)], **TINY)
    assert (outcome.done, outcome.failed) == (1, ())
    assert (outcome.output / f"{Path(name).stem}_starry.png").exists()


def test_a_style_that_is_too_small_ends_the_job_before_any_picture() -> None:
    picture("photos/a.png", 1)
    picture("photos/b.png", 2)
    styles = [picture("starry.png", 8), picture("tiny.png", 9, 8, 8)]
    with pytest.raises(InputError, match="tiny.png: is too small, at 8x8 pixels"):
        stylize_folder("photos", styles, **TINY)
    assert not Path("photos_starry+tiny").exists()


def test_a_forced_job_that_was_stopped_resumes_and_adopts_no_old_files() -> None:
    for number in range(3):
        picture(f"photos/{number}.png", number)
    style = picture("starry.jpg", 9)
    stylize_folder("photos", [style], **TINY)
    with pytest.raises(StoppedError):
        stylize_folder("photos", [style], rules=Rules(force=True), observer=StopsAt(1), **TINY)
    assert stylize_folder("photos", [style], rules=Rules(force=True), **TINY).stylized == 2


def test_a_restarted_job_that_was_stopped_resumes_with_the_same_line() -> None:
    for number in range(3):
        picture(f"photos/{number}.png", number)
    style, other = picture("starry.jpg", 9), TINY | {"steps": 3}
    stylize_folder("photos", [style], **TINY)
    with pytest.raises(StoppedError):
        stylize_folder("photos", [style], rules=Rules(restart=True), observer=StopsAt(1), **other)
    assert stylize_folder("photos", [style], rules=Rules(restart=True), **other).stylized == 2


@pytest.mark.parametrize("rules", [Rules(restart=True), Rules(force=True)])
def test_a_discarded_job_that_is_stopped_at_its_first_item_still_owns_its_output(rules: Rules) -> None:
    content, style = picture("photo.jpg", 1), picture("starry.jpg", 9)
    before = stylize_image(content, [style], **TINY).output.read_bytes()
    other = TINY | {"steps": 3} if rules.restart else TINY
    with pytest.raises(StoppedError):
        stylize_image(content, [style], rules=rules, observer=StopsAt(0), **other)
    assert Path("photo_starry.png").read_bytes() == before
    assert stylize_image(content, [style], **other).stylized == 1


def test_a_narrower_choice_of_pictures_forgets_nothing() -> None:
    picture("photos/a.png", 1)
    picture("photos/b.png", 2)
    style = picture("starry.jpg", 9)
    stylize_folder("photos", [style], "out", suffix=".jpg", **TINY)
    assert stylize_folder("photos", [style], "out", suffix=".jpg", include=["a*"], **TINY).done == 1
    assert stylize_folder("photos", [style], "out", suffix=".jpg", **TINY).stylized == 0


def test_restart_replaces_a_journal_that_cannot_be_read() -> None:
    content, style = picture("photo.jpg", 1), picture("starry.jpg", 2)
    stylize_image(content, [style], **TINY)
    Path(".photo_starry.png.nstpipe/journal.sqlite3").write_text("no journal " * 100)
    with pytest.raises(OutputError, match="not a readable journal.*--restart"):
        stylize_image(content, [style], **TINY)
    assert stylize_image(content, [style], rules=Rules(restart=True), **TINY).done == 1


def test_a_job_that_fails_before_its_first_item_leaves_no_folder() -> None:
    style = picture("starry.jpg", 2)
    Path("photo.png").touch()
    with pytest.raises(InputError, match="photo.png: is empty"):
        stylize_image("photo.png", [style], **TINY)
    assert not Path(".photo_starry.png.nstpipe").exists()
    picture("photo.png", 1)
    assert stylize_image("photo.png", [style], **TINY).stylized == 1


def test_another_picture_for_the_same_output_is_refused() -> None:
    style = picture("starry.jpg", 2)
    stylize_image(picture("photo.png", 1), [style], **TINY)
    with pytest.raises(JobDiffersError, match="was made from .*photo.png; -o makes another"):
        stylize_image(picture("photo.jpg", 3), [style], **TINY)


def test_auto_keeps_the_weights_that_the_job_was_begun_with() -> None:
    picture("photos/a.png", 1)
    style = picture("starry.jpg", 9)
    stylize_folder("photos", [style], **TINY)
    picture("photos/b.png", 2)
    observer = RecordingObserver()
    outcome = stylize_folder("photos", [style], observer=observer, **TINY | {"weights": "auto"})
    assert outcome.stylized == 1
    assert outcome.weights.startswith("builtin")
    assert "begun with the builtin weights" in observer.warnings[0]


def recorded_precision() -> str | None:
    with Journal(Path(".photos_starry.nstpipe")) as journal:
        facts = journal.facts()
    assert facts is not None
    return facts.parts["settings"].get("precision")


@pytest.mark.parametrize(
    ("first", "second", "precision"),
    [("fpu avx512_bf16", "fpu", "bfloat16"), ("fpu", "fpu avx512_bf16", "float32")],
)
def test_a_job_keeps_the_precision_of_the_machine_that_began_it(
    first: str, second: str, precision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        picture(f"photos/{number}.png", number)
    style = picture("starry.jpg", 9)
    with_flags(first, tmp_path, monkeypatch)
    with pytest.raises(StoppedError):
        stylize_folder("photos", [style], observer=StopsAt(1), **TINY)
    with_flags(second, tmp_path, monkeypatch)
    foreseen = partial(runs.foreseen, planner.of_folder(Path("photos"), [style]), Choice(None, TINY))
    assert foreseen(Rules()).precision == precision != foreseen(Rules(restart=True)).precision
    assert stylize_folder("photos", [style], **TINY).stylized == 1
    assert recorded_precision() == precision
    assert stylize_folder("photos", [style], **TINY).stylized == 0
    assert stylize_folder("photos", [style], rules=Rules(force=True), **TINY).stylized == 2
    assert recorded_precision() == precision
    assert stylize_folder("photos", [style], rules=Rules(restart=True), **TINY).stylized == 2
    assert recorded_precision() != precision


def test_a_job_of_a_version_that_knew_no_precision_goes_on_in_float32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture("photos/1.png", 1)
    style = picture("starry.jpg", 9)
    stylize_folder("photos", [style], precision="float32", **TINY)
    with Journal(Path(".photos_starry.nstpipe")) as journal:
        facts = journal.facts()
        assert facts is not None
        old = {name: value for name, value in facts.parts["settings"].items() if name != "precision"}
        journal.update(parts={**facts.parts, "settings": old})
    picture("photos/2.png", 2)
    with_flags("fpu avx512_bf16", tmp_path, monkeypatch)
    assert stylize_folder("photos", [style], **TINY).stylized == 1
    with pytest.raises(JobDiffersError, match="precision was float32 and is bfloat16"):
        stylize_folder("photos", [style], precision="bfloat16", **TINY)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system cannot pin a process")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_bytes_do_not_depend_on_the_number_of_cores(precision: str) -> None:
    picture("photo.jpg", 1, 96, 128)
    picture("starry.jpg", 2, 96, 128)
    code = (
        "import os, sys; os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:int(sys.argv[1])]);"
        "from pipeline import stylize_image;"
        "few = {'size': 128, 'scales': 1, 'steps': 6, 'weights': 'builtin', 'precision': sys.argv[3]};"
        "stylize_image('photo.jpg', ['starry.jpg'], sys.argv[2], **few)"
    )
    for cores in (1, 2):
        environ = os.environ | {"PYTHONPATH": str(ROOT)}
        words = [str(cores), f"{cores}.png", precision]
        subprocess.run([sys.executable, "-c", code, *words], check=True, env=environ)
    assert (images.read(Path("1.png")).pixels == images.read(Path("2.png")).pixels).all()


class Removes(RecordingObserver):
    """Removes the outputs, as somebody might, once two are done."""

    def __init__(self, removed: Path) -> None:
        super().__init__()
        self.removed = removed

    def item_ended(self, entry: Entry) -> None:
        super().item_ended(entry)
        if len(self.entries) == 2:
            shutil.rmtree(self.removed)


def test_an_output_folder_that_is_removed_meanwhile_is_not_done() -> None:
    for number in range(4):
        picture(f"photos/{number}.jpg", number)
    style = picture("s.jpg", 9)
    with pytest.raises(
        OutputError, match="^out/0_s.png and 1 more: was made and is gone.*; type the same line again"
    ):
        stylize_folder("photos", [style], "out", observer=Removes(Path("out")), **TINY)
    assert {path.name for path in Path("out").iterdir()} == {"2_s.png", "3_s.png"}
    told = status.of(Path("out"))
    assert (told.done, told.left, told.finished) == (2, 2, False)
    assert stylize_folder("photos", [style], "out", **TINY).stylized == 2
    assert len(list(Path("out").iterdir())) == 4


def test_a_failed_picture_is_not_a_removed_one() -> None:
    picture("photos/a.jpg", 1)
    Path("photos/bad.jpg").write_text("no picture")
    outcome = stylize_folder("photos", [picture("s.jpg", 2)], "out", **TINY)
    assert (outcome.done, len(outcome.failed)) == (1, 1)


def test_a_job_folder_that_is_removed_meanwhile_is_one_line() -> None:
    for number in range(4):
        picture(f"photos/{number}.jpg", number)
    style = picture("s.jpg", 9)
    with pytest.raises(OutputError, match="removed or moved while the job ran.*; type the same line again"):
        stylize_folder("photos", [style], "out", observer=Removes(Path(".out.nstpipe")), **TINY)
