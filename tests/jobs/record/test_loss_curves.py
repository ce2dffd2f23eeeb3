"""The losses of a picture, step by step, in the job's folder."""

from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.errors import StoppedError
from pipeline.jobs.record import folder_files, loss_curves
from pipeline.jobs.record.loss_curves import LossCurve

FOLDER = Path(".out.nstpipe")


def recorded(steps: int) -> tuple:
    path = loss_curves.path_of(FOLDER, "a.png")
    with LossCurve(path) as curve:
        for step in range(1, steps + 1):
            losses = {"total": 1 / step, "style": 0.5 / step, "style block1_conv1": 9.0}
            curve.add(step, 1 + step // 100, step * 0.25, losses)
    return loss_curves.read(path)


def test_every_step_of_a_short_picture_is_recorded_without_single_layers() -> None:
    assert recorded(3) == (
        {"step": 1, "scale": 1, "seconds": 0.25, "total": 1, "style": 0.5},
        {"step": 2, "scale": 1, "seconds": 0.5, "total": 0.5, "style": 0.25},
        {"step": 3, "scale": 1, "seconds": 0.75, "total": 0.3333333, "style": 0.1666667},
    )


@pytest.mark.parametrize("steps", [255, 256, 257, 4000, 100_001])
def test_of_many_steps_the_first_the_last_and_evenly_spaced_ones_are_recorded(steps: int) -> None:
    numbers = [row["step"] for row in recorded(steps)]
    assert loss_curves.MOST_ROWS / 2 <= len(numbers) <= loss_curves.MOST_ROWS
    assert (numbers[0], numbers[-1]) == (1, steps)
    gaps = {after - before for before, after in pairwise(numbers[:-1])}
    assert len(gaps) == 1


def test_a_picture_that_is_stopped_has_the_losses_until_then() -> None:
    path = loss_curves.path_of(FOLDER, "a.png")
    with pytest.raises(StoppedError), LossCurve(path) as curve:
        curve.add(1, 1, 0.5, {"total": 2.0})
        raise StoppedError
    assert loss_curves.read(path) == ({"step": 1, "scale": 1, "seconds": 0.5, "total": 2},)


def test_nothing_is_written_without_a_path_or_a_step() -> None:
    with LossCurve(None) as curve:
        curve.add(1, 1, 0.5, {"total": 2.0})
    with LossCurve(loss_curves.path_of(FOLDER, "a.png")):
        pass
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"step,total\n1,x\n", b"step,total\n1\n", b"a\n\0,1\n1,2,3\n"]
)
def test_a_damaged_file_has_no_rows(content: bytes) -> None:
    path = loss_curves.path_of(FOLDER, "a.png")
    assert loss_curves.read(path) == ()
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert loss_curves.read(path) == ()


def test_losses_are_removed_by_their_names_and_other_files_stay() -> None:
    recorded(1)
    (FOLDER / "losses" / "mine.csv").touch()
    folder_files.remove(FOLDER)
    assert [path.name for path in (FOLDER / "losses").iterdir()] == ["mine.csv"]
    (FOLDER / "losses" / "mine.csv").unlink()
    folder_files.remove_losses(FOLDER)
    assert not (FOLDER / "losses").exists()
