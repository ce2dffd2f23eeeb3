"""A file that the job did not write, by its content, is never overwritten without --force."""

import contextlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from pipeline import Observer, Rules, StepInfo, stylize_folder, stylize_image, stylize_video
from pipeline.errors import OutputError, StoppedError
from pipeline.jobs.planning.plan import BatchPlan, Item, VideoPlan
from pipeline.jobs.record import fingerprint
from pipeline.jobs.record.entries import Entry, Facts
from pipeline.jobs.record.journal import Journal
from pipeline.jobs.work.done_items import Decision, decide
from pipeline.jobs.work.item_maker import ItemMaker
from pipeline.jobs.work.job import Job
from pipeline.jobs.work.ownership import content_of, replaceable
from pipeline.pictures import images, writing
from tests.support.jobs import KEEP
from tests.support.media import TINY, clip, picture
from tests.support.observers import RecordingObserver, StopsAt

WAYS_OUT = "--force overwrites it, -o writes elsewhere$"
CHANGED = f"was changed after nstpipe made it; {WAYS_OUT}"
FOREIGN = f"already exists and was not made by nstpipe; {WAYS_OUT}"
FORCE, RESTART = Rules(force=True), Rules(restart=True)


@pytest.fixture
def style() -> Path:
    return picture("starry.jpg", 9)


def edit(path: Path) -> bytes:
    """Change some pixels as an editor does, which keeps the text of a PNG; the bytes of the edited file."""
    with Image.open(path) as image:
        pixels, text = np.asarray(image).copy(), PngImagePlugin.PngInfo()
        for name, value in image.info.items():
            if isinstance(value, str):
                text.add_itxt(name, value)
    pixels[:9, :9] = 255 - pixels[:9, :9]
    options = {"pnginfo": text} if path.suffix == ".png" else {}
    Image.fromarray(pixels).save(path, **options)
    return path.read_bytes()


@pytest.mark.parametrize("name", ["out.png", "out.jpg"])
def test_a_picture_that_was_edited_is_kept(style: Path, name: str) -> None:
    content, output = picture("photo.png", 1), Path(name)
    stylize_image(content, [style], output, **TINY)
    original, edited = output.read_bytes(), edit(output)
    for rules, settings in ((Rules(), {}), (RESTART, {}), (RESTART, {"steps": 3})):
        with pytest.raises(OutputError, match=CHANGED):
            stylize_image(content, [style], output, rules=rules, **TINY | settings)
        assert output.read_bytes() == edited
    output.write_bytes(original)  # the job was not discarded
    assert stylize_image(content, [style], output, **TINY).stylized == 0
    output.write_bytes(edited)
    assert stylize_image(content, [style], output, rules=FORCE, **TINY).stylized == 1
    assert output.read_bytes() == original


def test_a_refused_line_with_force_allows_nothing_later(style: Path) -> None:
    content = picture("photo.png", 1)
    output = stylize_image(content, [style], **TINY).output
    edited = edit(output)
    with contextlib.suppress(Exception):
        stylize_image(content, [style], rules=FORCE, **TINY | {"steps": 3})
    with pytest.raises(OutputError, match=CHANGED):
        stylize_image(content, [style], **TINY)
    assert output.read_bytes() == edited


@pytest.mark.parametrize("rules", [Rules(), RESTART])
def test_a_file_that_came_after_a_job_was_begun_is_kept(style: Path, rules: Rules) -> None:
    content, output = picture("photo.png", 1), Path("photo_starry.png")
    settings = TINY | ({"steps": 3} if rules.restart else {})
    with pytest.raises(StoppedError):
        stylize_image(content, [style], observer=StopsAt(0), **TINY)
    mine = picture(output, 5).read_bytes()
    with pytest.raises(OutputError, match=FOREIGN):
        stylize_image(content, [style], rules=rules, **settings)
    assert output.read_bytes() == mine
    both = Rules(force=True, restart=rules.restart)
    assert stylize_image(content, [style], rules=both, **settings).stylized == 1


def test_what_force_gave_up_may_be_overwritten_by_the_resumed_line_and_nothing_else(style: Path) -> None:
    """The line that is printed after Ctrl-C has no --force."""
    content, output = picture("photo.png", 1), Path("photo_starry.png")
    mine = picture(output, 5).read_bytes()
    with pytest.raises(StoppedError):
        stylize_image(content, [style], rules=FORCE, observer=StopsAt(0), **TINY)
    other = picture(output, 6).read_bytes()
    with pytest.raises(OutputError, match=FOREIGN):
        stylize_image(content, [style], **TINY)
    assert output.read_bytes() == other
    output.write_bytes(mine)
    assert stylize_image(content, [style], **TINY).stylized == 1


class Writes(RecordingObserver):
    """Calls a function once, at the first step of the job, or when it assembles."""

    def __init__(self, what: Callable[[], object], *, assembling: bool = False) -> None:
        super().__init__()
        self.pending, self.at_end = [what], assembling

    def step(self, info: StepInfo) -> None:
        if self.pending and not self.at_end:
            self.pending.pop()()

    def assembling(self, frame: int, frames: int) -> None:
        if self.pending and self.at_end:
            self.pending.pop()()


def test_in_a_batch_a_file_of_others_costs_only_its_item(style: Path) -> None:
    for number in range(4):
        picture(f"photos/{number}.png", number)
    with pytest.raises(StoppedError):
        stylize_folder("photos", [style], suffix=".jpg", observer=StopsAt(2), **TINY)
    first, third, last = (Path(f"photos_starry/{number}_starry.jpg") for number in (0, 2, 3))
    original, edited, mine = first.read_bytes(), edit(first), picture(third, 5).read_bytes()
    observer = Writes(lambda: picture(last, 6))
    outcome = stylize_folder("photos", [style], suffix=".jpg", observer=observer, **TINY)
    assert (outcome.done, outcome.stylized) == (1, 0)
    assert [entry.name for entry in outcome.failed] == [first.name, third.name, last.name]
    assert sorted(entry.name for entry in observer.entries) == [first.name, third.name, last.name]
    reasons = [entry.reason.partition(": ")[2] for entry in outcome.failed]
    assert reasons == [CHANGED[:-1], FOREIGN[:-1], FOREIGN[:-1]]
    assert (first.read_bytes(), third.read_bytes(), last.read_bytes()) == (
        edited,
        mine,
        picture("same.jpg", 6).read_bytes(),
    )
    first.write_bytes(original)
    third.unlink()
    last.unlink()
    outcome = stylize_folder("photos", [style], suffix=".jpg", **TINY)
    assert (outcome.done, outcome.stylized, outcome.failed) == (4, 2, ())


def test_a_batch_that_only_has_files_of_others_left_is_not_called_finished(style: Path) -> None:
    picture("photos/a.png", 1)
    picture("photos/b.png", 2)
    output = stylize_folder("photos", [style], **TINY).output
    edit(output / "a_starry.png")
    said: list[int] = []

    class Hears(Observer):
        nothing_left = staticmethod(said.append)

    assert len(stylize_folder("photos", [style], observer=Hears(), **TINY).failed) == 1
    assert said == []


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_picture_that_was_renamed_but_not_marked_is_the_jobs(
    style: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in a job that discarded an earlier one; a JPEG has no tag to be known by."""
    picture("photos/a.png", 1)
    picture("photos/b.png", 2)

    def run(**arguments: object) -> int:
        return stylize_folder("photos", [style], suffix=suffix, **TINY | arguments).stylized

    def killed(self: Journal, entry: object) -> None:
        raise StoppedError("killed before the mark")

    run()
    for rules, again in ((Rules(), {}), (RESTART, {})):
        with monkeypatch.context() as patch, pytest.raises(StoppedError):
            patch.setattr(Journal, "mark", killed)
            run(rules=RESTART, steps=3)
        assert run(rules=rules, steps=3, **again) == 2
    before = {path.name: path.read_bytes() for path in Path("photos_starry").iterdir()}
    shutil.rmtree("photos_starry")
    run(steps=3)
    assert {path.name: path.read_bytes() for path in Path("photos_starry").iterdir()} == before


def test_a_picture_whose_journal_vanished_is_adopted_only_with_its_own_pixels(style: Path) -> None:
    content, folder = picture("photo.png", 1), Path(".photo_starry.png.nstpipe")
    output = stylize_image(content, [style], **TINY).output
    original = output.read_bytes()
    shutil.rmtree(folder)
    assert stylize_image(content, [style], rules=FORCE, **TINY).stylized == 0
    for fault in (edit, without_hash):
        fault(output)
        assert "nstpipe" in images.read_tags(output)
        shutil.rmtree(folder)
        assert stylize_image(content, [style], rules=FORCE, **TINY).stylized == 1
        assert output.read_bytes() == original


def without_hash(path: Path) -> None:
    """Rewrite a picture as versions wrote it that stored no hash of its pixels."""
    tag = images.read_tags(path)["nstpipe"].partition(', "levels"')[0] + "}"
    writing.write(path, images.read(path).pixels, tags={"nstpipe": tag})


def test_a_picture_of_an_earlier_version_that_was_not_marked_is_adopted(style: Path) -> None:
    content = picture("photo.png", 1)
    output = stylize_image(content, [style], **TINY).output
    without_hash(output)
    before = output.read_bytes()
    with Journal(Path(".photo_starry.png.nstpipe")) as journal:
        journal.forget(output.name)
    assert stylize_image(content, [style], **TINY).stylized == 0
    assert output.read_bytes() == before


def test_a_picture_of_a_version_with_fewer_settings_that_was_not_marked_is_adopted(style: Path) -> None:
    content = picture("photo.png", 1)
    output = stylize_image(content, [style], **TINY).output
    with Journal(Path(".photo_starry.png.nstpipe")) as journal:
        facts = journal.facts()
        assert facts is not None
        settings = {name: value for name, value in facts.parts["settings"].items() if name != "precision"}
        parts = {**facts.parts, "settings": settings}
        journal.update(parts=parts)
        journal.forget(output.name)
    tag = json.loads(images.read_tags(output)["nstpipe"]) | {"job": fingerprint.of_parts(parts)}
    writing.write(output, images.read(output).pixels, tags={"nstpipe": json.dumps(tag)})
    before = output.read_bytes()
    assert stylize_image(content, [style], **TINY).stylized == 0
    assert output.read_bytes() == before


@pytest.mark.parametrize("dangling", [False, True])
def test_a_link_at_the_output_is_the_users_and_force_replaces_the_link_alone(
    style: Path, dangling: bool
) -> None:
    content, output, target = picture("photo.png", 1), Path("out.png"), Path("elsewhere.png")
    before = None if dangling else picture(target, 5).read_bytes()
    output.symlink_to(target)
    with pytest.raises(OutputError, match=FOREIGN):
        stylize_image(content, [style], output, **TINY)
    assert stylize_image(content, [style], output, rules=FORCE, **TINY).stylized == 1
    assert not output.is_symlink()
    assert (target.read_bytes() if target.exists() else None) == before


@pytest.fixture
def jpeg_job() -> Iterator[tuple[Item, Journal, Callable[[Sequence[Item]], Decision]]]:
    """A JPEG that a job made, which carries no tag; the job's journal; what a run decides about items."""
    item = Item("a.jpg", Path("out/a.jpg"), picture("photos/a.png", 1))
    maker = ItemMaker(BatchPlan(Path("photos"), Path("out"), ((Path("s.png"),),), (item,)), "12ab" * 16)
    sha256 = content_of(picture(item.output, 2))
    with Journal(Path("out")) as journal:
        journal.mark(Entry(item.name, "done", sha256=sha256 or ""))

        def decision(items: Sequence[Item] = (item,)) -> Decision:
            return decide(items, journal, maker, adopts=True, in_own_folder=False, warn=lambda message: None)

        yield item, journal, decision


def test_a_damaged_picture_stays_the_jobs_when_the_run_that_makes_it_again_is_killed(jpeg_job) -> None:
    item, _, decision = jpeg_job
    item.output.write_bytes(item.output.read_bytes()[:-100])
    content = content_of(item.output)
    for _ in range(3):
        assert (decision().left, decision().refused) == ({item: content}, {})
    picture(item.output, 5)
    assert list(decision().refused) == [item]


def test_a_picture_that_was_away_for_a_run_is_still_the_jobs(jpeg_job) -> None:
    item, _, decision = jpeg_job
    item.output.rename("elsewhere.jpg")
    assert decision().left == {item: None}
    Path("elsewhere.jpg").rename(item.output)
    assert decision().left == {item: content_of(item.output)}


def test_a_picture_that_failed_and_whose_content_was_away_for_a_run_is_still_the_jobs(jpeg_job) -> None:
    item, journal, decision = jpeg_job
    whole = item.output.read_bytes()
    picture(item.output, 5)
    journal.mark(replace(journal.entries()[item.name], state="failed", reason="another's file"))
    assert decision([]).left == {}
    assert journal.entries() == {}
    item.output.write_bytes(whole)
    assert decision().left == {item: content_of(item.output)}


def test_a_finished_picture_that_was_moved_and_linked_is_done(style: Path) -> None:
    content = picture("photo.png", 1)
    output = stylize_image(content, [style], **TINY).output
    output.rename("elsewhere.png")
    output.symlink_to("elsewhere.png")
    assert stylize_image(content, [style], **TINY).stylized == 0
    assert output.is_symlink()


def test_restart_over_a_damaged_journal_overwrites_what_says_that_nstpipe_wrote_it(style: Path) -> None:
    content, output = picture("photo.png", 1), Path("out.png")
    stylize_image(content, [style], output, **TINY)
    journal = Path(".out.png.nstpipe/journal.sqlite3")
    journal.write_text("no journal " * 100)
    edited = edit(output)
    with pytest.raises(OutputError, match=FOREIGN):
        stylize_image(content, [style], output, rules=RESTART, **TINY)
    assert output.read_bytes() == edited


def test_a_damaged_video_stays_the_jobs_when_the_run_that_makes_it_again_is_killed() -> None:
    output, parts = clip("out.mp4", frames=3), {"settings": {}, "styles": []}
    plan = VideoPlan(Path("in.mp4"), output, ((Path("s.png"),),))
    named = [(output.name, output)]
    with Journal(Path()) as journal:
        journal.begin(Facts(parts))
        job = Job(plan, journal, parts, Observer(), logging.getLogger("test"))
        job.record_output(named)
        whole = output.read_bytes()
        for content in (whole[:-99], bytes(len(whole)), whole):
            output.write_bytes(content)
            assert job.replaceable(named) == {output: content_of(output)}
        output.write_bytes(whole[:-99])
        for _ in range(2):
            job.forget_output(named, job.replaceable(named))
        for name in ("mine.mp4", "mine.mkv"):
            output.write_bytes(clip(name, frames=4).read_bytes()[:-99])
            with pytest.raises(OutputError, match=FOREIGN):
                job.replaceable(named)
        output.write_bytes(whole)
        assert job.replaceable(named) == {output: content_of(output)}


def test_a_video_that_was_replaced_is_kept(style: Path) -> None:
    source, output = clip("in.mp4", frames=2), Path("in_starry.mp4")
    stylize_video(source, [style], rules=KEEP, **TINY)
    original, mine = output.read_bytes(), source.read_bytes()
    output.write_bytes(mine)
    for rules, settings in ((Rules(), {}), (RESTART, {}), (RESTART, {"steps": 3})):
        with pytest.raises(OutputError, match=CHANGED):
            stylize_video(source, [style], rules=rules, **TINY | settings)
        assert output.read_bytes() == mine
    assert Path(".in_starry.mp4.nstpipe/frames/000002.png").exists()
    stylize_video(source, [style], rules=FORCE, **TINY)
    assert output.read_bytes() == original


@pytest.mark.parametrize("assembling", [False, True])
def test_a_file_that_comes_while_a_video_is_made_is_kept_and_so_are_the_frames(
    style: Path, assembling: bool
) -> None:
    source, output = clip("in.mp4", frames=2), Path("in_starry.mp4")
    observer = Writes(lambda: shutil.copy(source, output), assembling=assembling)
    with pytest.raises(OutputError, match=FOREIGN):
        stylize_video(source, [style], observer=observer, **TINY)
    assert output.read_bytes() == source.read_bytes()
    with pytest.raises(OutputError, match=FOREIGN):
        stylize_video(source, [style], **TINY)
    output.unlink()
    assert stylize_video(source, [style], **TINY).stylized == 0


def test_a_video_that_was_renamed_but_not_recorded_is_the_jobs(
    style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = clip("in.mp4", frames=2)

    def killed(self: Job, outputs: object) -> None:
        raise StoppedError("killed before the record")

    with monkeypatch.context() as patch, pytest.raises(StoppedError):
        patch.setattr(Job, "record_output", killed)
        stylize_video(source, [style], **TINY)
    before = Path("in_starry.mp4").read_bytes()
    assert stylize_video(source, [style], **TINY).stylized == 0
    assert Path("in_starry.mp4").read_bytes() == before
    edited = source.read_bytes()
    Path("in_starry.mp4").write_bytes(edited)
    with pytest.raises(OutputError, match=CHANGED):
        stylize_video(source, [style], **TINY)


def test_the_content_of_what_is_no_file() -> None:
    """A pipe is not opened, which would wait for ever; two links are two contents."""
    os.mkfifo("pipe.png")
    Path("dangling.png").symlink_to("a")
    Path("link.png").symlink_to("pipe.png")
    Path("folder.png").mkdir()
    contents = [content_of(Path(f"{name}.png")) for name in ("pipe", "dangling", "link", "missing")]
    assert contents[3] is None
    assert len(set(contents)) == 4
    for name in ("pipe", "dangling", "link", "folder"):
        with pytest.raises(OutputError, match=FOREIGN):
            replaceable(Path(f"{name}.png"), allowed=())
