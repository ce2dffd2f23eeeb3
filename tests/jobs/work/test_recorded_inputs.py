"""What a job records beside what is done: where its inputs lie, and the losses of its pictures."""

import os
from pathlib import Path

from pipeline import Rules, stylize_folder, stylize_video
from pipeline.base.path_text import encoded
from pipeline.jobs.record import loss_curves
from pipeline.jobs.record.entries import Facts
from pipeline.jobs.record.journal import Journal
from tests.support.media import TINY, clip, picture

ODD = os.fsdecode(b"b \xff")


def facts_of(output: str) -> Facts:
    with Journal(Path(f".{output}.nstpipe"), read_only=True) as journal:
        facts = journal.facts()
    assert facts is not None
    return facts


def losses_of(output: str, name: str) -> tuple[loss_curves.Row, ...]:
    return loss_curves.read(loss_curves.path_of(Path(f".{output}.nstpipe"), name))


def test_a_folder_s_job_records_styles_contents_and_losses() -> None:
    styles = [picture("one.jpg", 1), picture("two.jpg", 2)]
    picture("photos/a.png", 3)
    picture("drawn.png", 4).rename(f"photos/{ODD}.png")
    stylize_folder("photos", styles, "out", **TINY)
    facts, here = facts_of("out"), encoded(Path.cwd())
    assert facts.styles == ((f"{here}/one.jpg",), (f"{here}/two.jpg",))
    assert facts.contents == {
        "a_one.png": f"{here}/photos/a.png",
        "b%20%FF_one.png": f"{here}/photos/b%20%FF.png",
        "a_two.png": f"{here}/photos/a.png",
        "b%20%FF_two.png": f"{here}/photos/b%20%FF.png",
    }
    rows = {name: losses_of("out", name) for name in ("a_one.png", f"{ODD}_one.png", "a_two.png")}
    assert {tuple(row["step"] for row in steps) for steps in rows.values()} == {(1, 2)}
    assert len({steps[-1]["total"] for steps in rows.values()}) == 3
    with Journal(Path(".out.nstpipe"), read_only=True) as journal:
        (loss,) = [entry.loss for name, entry in journal.entries().items() if name == "a_two.png"]
    assert abs(rows["a_two.png"][-1]["total"] - loss) <= 1e-6 * loss


def test_where_the_inputs_lie_is_recorded_anew_when_a_job_goes_on() -> None:
    style = picture("one.jpg", 1)
    picture("photos/a.png", 3)
    stylize_folder("photos", [style], "out", **TINY)
    os.renames("photos", "moved/photos")
    os.renames("one.jpg", "moved/one.jpg")
    picture("moved/photos/c.png", 5)
    outcome = stylize_folder("moved/photos", ["moved/one.jpg"], "out", **TINY)
    assert (outcome.done, outcome.stylized) == (2, 1)
    facts, here = facts_of("out"), encoded(Path.cwd() / "moved")
    assert facts.styles == ((f"{here}/one.jpg",),)
    assert facts.contents == {f"{name}_one.png": f"{here}/photos/{name}.png" for name in "ac"}


def test_the_losses_of_a_discarded_job_are_removed() -> None:
    style = picture("one.jpg", 1)
    picture("photos/a.png", 3)
    stylize_folder("photos", [style], "out", **TINY)
    assert losses_of("out", "a_one.png")
    Path("photos/a.png").write_text("no picture")
    stylize_folder("photos", [style], "out", rules=Rules(force=True, restart=True), **TINY)
    assert losses_of("out", "a_one.png") == ()


def test_a_video_records_its_styles_and_no_curve_of_each_frame() -> None:
    stylize_video(clip("in.mp4", frames=2), [picture("one.jpg", 1)], "out.mp4", **TINY)
    facts = facts_of("out.mp4")
    assert (facts.styles, facts.contents) == (((f"{encoded(Path.cwd())}/one.jpg",),), None)
    assert not Path(".out.mp4.nstpipe/losses").exists()
