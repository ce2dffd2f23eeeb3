"""A comparison on tiny weights: its cells, its files, and a run that was stopped goes on."""

import csv
import hashlib
import importlib.util
import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

import pipeline
from pipeline.base import atomic
from pipeline.core import loss_graphs
from pipeline.core.loss_graphs import LossGraphs
from pipeline.errors import (
    InputError,
    JobDiffersError,
    LockedError,
    NstpipeError,
    OutputError,
    StoppedError,
)
from pipeline.experiments import cells, common_measure, comparison, comparison_plot
from pipeline.extractor import weights
from pipeline.extractor.layers import LAYERS
from pipeline.extractor.weights import Weights
from pipeline.jobs.record.lock import held
from pipeline.pictures import images, sheets, writing
from pipeline.settings.choice import Choice
from pipeline.settings.settings import DEFAULT_STYLE_LAYERS
from tests.support.killing import workers_of
from tests.support.media import picture
from tests.support.observers import RecordingObserver, StopsAt
from tests.support.tiny_weights import tiny_weights

FOLDER = Path("photo_compared")
NAMES = ["optimizer=adam.png", "optimizer=lbfgs.png"]
DRAWN = ["losses.png", "sheet.png", "table.csv"]
FLAGS = {
    "size": "32",
    "steps": "3",
    "scales": "1",
    "weights": "tiny.npz",
    "device": "cpu",
    "content_layers": "block1_conv2",
    "style_layers": "block1_conv1",
}


@pytest.fixture(autouse=True)
def quick_plot(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Drawing the curves takes most of the time: but in one test the plot is one number of the results."""
    if request.function is not test_cells_are_what_the_same_settings_make_of_one_picture:
        picture = np.zeros((20, 20, 3), np.float32)
        monkeypatch.setattr(comparison_plot, "pixels", lambda results: picture + len(results))


@pytest.fixture(autouse=True)
def shallow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pictures, and weights of two layers: deep ones take a second to trace."""
    monkeypatch.setattr(common_measure, "STYLE_LAYERS", LAYERS[:1])
    monkeypatch.setattr(common_measure, "CONTENT_LAYER", LAYERS[1])
    full = tiny_weights(seed=1)
    kernels = {layer: full.kernels[layer] for layer in LAYERS[:2]}
    weights.write_npz(Path("tiny.npz"), Weights("random", kernels, {}, "two layers", "tiny"))
    picture("photo.png", 1, 24, 32)
    picture("style.png", 2, 32, 32)


def run(
    sweeps=("optimizer=adam,lbfgs",),
    observer=None,
    folder=None,
    force=False,
    styles=("style.png",),
    workers=1,
    **flags: str,
):
    swept = [sweep.partition("=")[0] for sweep in sweeps]
    flags = {name: value for name, value in (FLAGS | flags).items() if name not in swept}
    grid = cells.grid([Path(style) for style in styles], None, sweeps, flags)
    told: list[str] = []
    outcome = comparison.run(
        Path("photo.png"),
        grid,
        folder,
        observer or RecordingObserver(),
        force=force,
        workers=workers,
        tell=told.append,
    )
    return outcome, told


def pixels(path: str | Path) -> np.ndarray:
    return images.read(Path(path)).pixels


def files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(FOLDER.iterdir())}


def table(folder: Path = FOLDER) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "table.csv").read_text().splitlines()))


def test_cells_are_what_the_same_settings_make_of_one_picture() -> None:
    outcome, (text,) = run()
    assert (outcome.output, outcome.done, outcome.stylized, outcome.failed) == (FOLDER, 2, 2, ())
    assert sorted(files()) == sorted([*NAMES, *DRAWN])
    settings = {name: value for name, value in FLAGS.items() if name not in ("weights", "device")}
    pipeline.stylize_image(
        "photo.png", "style.png", "alone.png", optimizer="lbfgs", weights="tiny.npz", device="cpu", **settings
    )
    np.testing.assert_array_equal(pixels(FOLDER / NAMES[1]), pixels("alone.png"))
    for optimizer, row in zip(("adam", "lbfgs"), table(), strict=True):
        assert (row["cell"], row["steps"]) == (f"optimizer={optimizer}", "3")
        assert float(row["full_size_passes"]) == 3
        terms = [float(row[name]) for name in ("content", "style", "tv")]
        assert float(row["loss"]) == pytest.approx(sum(terms), rel=1e-4)
        assert f"optimizer={optimizer} " in text
    plot = pixels(FOLDER / "losses.png")
    assert plot.shape[1] == comparison_plot.WIDTH * comparison_plot.DPI
    assert np.unique(plot.reshape(-1, 3), axis=0).shape[0] > 20


def test_the_common_measure_in_the_table_is_that_of_the_written_picture() -> None:
    run()
    extractor = weights.load(Path("tiny.npz"), "file")
    measure = common_measure.CommonMeasure(pixels("photo.png"), pixels("style.png"), extractor, "cpu")
    for name, row in zip(NAMES, table(), strict=True):
        measured = {"content": float(row["common_content"]), "style": float(row["common_style"])}
        assert measured == pytest.approx(measure.of(pixels(FOLDER / name)), rel=1e-4)


def test_the_sheet_shows_the_inputs_and_the_cells() -> None:
    run()
    sheet = pixels(FOLDER / "sheet.png")
    width = sheet.shape[1] // 4
    for number, name in enumerate(["photo.png", None, *(FOLDER / name for name in NAMES)]):
        left = number * width + (width - 32) // 2
        shown = sheet[sheets.LABEL + sheets.BORDER :][:24, left : left + 32]
        if name is not None:
            np.testing.assert_array_equal(shown, pixels(name))


@pytest.mark.parametrize(("sweep", "count"), [("strength=30,50,70", 1), ("pooling=max,avg", 2)])
def test_cells_share_their_compiled_graphs_where_these_fit(
    sweep: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    class Counted(LossGraphs):
        def __init__(self, *given) -> None:
            made.append(given)
            super().__init__(*given)

    monkeypatch.setattr(loss_graphs, "LossGraphs", Counted)
    run([sweep])
    assert len(made) == count + 1  # and those of the common measure


def test_all_losses_of_a_cell_are_written_before_its_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is killed at any moment leaves no complete picture without them."""
    written: list[Path] = []
    write_bytes = atomic.write_bytes

    def recorded(path: Path, data: bytes) -> None:
        written.append(path)
        write_bytes(path, data)

    monkeypatch.setattr(atomic, "write_bytes", recorded)
    run()
    kinds = [path.parent.name for path in written if path.name not in DRAWN]
    assert kinds == 2 * ["losses", "losses", FOLDER.name]


def test_a_run_that_was_stopped_goes_on_with_the_missing_cells() -> None:
    run(folder=Path("whole"))
    with pytest.raises(StoppedError):
        run(observer=StopsAt(1))
    assert sorted(files()) == NAMES[:1]
    temporary = [
        folder / f"{atomic.PARTIAL_PREFIX}{atomic._host()}-99999999-left"
        for folder in (FOLDER, Path(f".{FOLDER}.nstpipe/losses"))
    ]
    for path in temporary:
        path.touch()
    before = (FOLDER / NAMES[0]).stat().st_mtime_ns
    observer = RecordingObserver()
    assert run(observer=observer)[0].stylized == 1
    assert not any(path.exists() for path in temporary)
    assert (observer.begun, [entry.name for entry in observer.entries]) == ([(2, 1)], NAMES[1:])
    assert (FOLDER / NAMES[0]).stat().st_mtime_ns == before
    for name in [*NAMES, "sheet.png"]:
        assert (FOLDER / name).read_bytes() == (Path("whole") / name).read_bytes()
    assert all(float(row["seconds"]) >= 0 for row in table())


def test_what_is_complete_is_not_made_again_and_what_is_drawn_stays_the_same() -> None:
    _, told = run()
    before, observer = files(), RecordingObserver()
    outcome, again = run(observer=observer)
    assert (outcome.stylized, outcome.done, observer.begun) == (0, 2, [(2, 2)])
    assert (files(), again) == (before, told)
    (FOLDER / NAMES[0]).write_bytes(before[NAMES[0]][:-100])
    (FOLDER / "sheet.png").unlink()
    assert run()[0].stylized == 1
    assert {name: files()[name] for name in (*NAMES, "sheet.png")} == {
        name: before[name] for name in (*NAMES, "sheet.png")
    }


def test_a_larger_grid_keeps_the_cells_that_are_there() -> None:
    run()
    before = files()
    outcome, _ = run(["optimizer=sgd,adam,lbfgs"])
    assert (outcome.stylized, outcome.done, len(table())) == (1, 3, 3)
    assert {name: files()[name] for name in NAMES} == {name: before[name] for name in NAMES}
    assert pixels(FOLDER / "sheet.png").shape != pixels_of(before["sheet.png"]).shape


def pixels_of(data: bytes) -> np.ndarray:
    Path("copy.png").write_bytes(data)
    return pixels("copy.png")


def test_cells_of_other_settings_or_styles_are_kept_unless_forced() -> None:
    run()
    before = files()
    with pytest.raises(JobDiffersError, match=r"optimizer=adam.png: was made with other settings.*--force"):
        run(steps="2")
    picture("style.png", 3, 32, 32)
    with pytest.raises(JobDiffersError, match="was made with other settings"):
        run()
    assert files() == before
    assert run(force=True)[0].stylized == 2
    assert files()[NAMES[0]] != before[NAMES[0]]


@pytest.mark.parametrize("name", [NAMES[1], *DRAWN])
def test_a_file_of_the_user_is_kept_unless_forced(name: str) -> None:
    FOLDER.mkdir()
    if name == "table.csv":
        (FOLDER / name).write_text("a,b\n1,2\n")
    else:
        writing.write(FOLDER / name, np.zeros((20, 20, 3), np.float32))
    before, observer = files(), RecordingObserver()
    with pytest.raises(OutputError, match=f"{name}: already exists and was not made by nstpipe; --force"):
        run(observer=observer)
    assert (files(), observer.begun) == (before, [])
    run(force=True)
    assert files()[name] != before[name]


@pytest.mark.parametrize("force", [False, True])
def test_the_style_itself_is_never_overwritten(force: bool) -> None:
    FOLDER.mkdir()
    (FOLDER / "sheet.png").hardlink_to("style.png")
    before = Path("style.png").read_bytes()
    with pytest.raises(OutputError, match="style.png: is the style itself; name another folder with -o"):
        run(force=force)
    assert Path("style.png").read_bytes() == before


def test_a_cell_whose_loss_diverges_ends_no_other() -> None:
    observer = RecordingObserver()
    outcome, (text,) = run(["content_weight=1e39,1"], observer)
    assert [entry.name for entry in outcome.failed] == ["content_weight=1e39.png"]
    assert "no longer finite" in outcome.failed[0].reason
    assert (outcome.done, [entry.state for entry in observer.entries]) == (1, ["failed", "done"])
    assert [row["cell"] for row in table()] == ["content_weight=1"]
    assert "content_weight=1e39" not in text


def test_a_grid_of_two_axes_has_a_row_for_each_value_of_the_first() -> None:
    run(["strength=20,80", "steps=1,2,3"])
    assert [row["steps"] for row in table()] == ["1", "2", "3"] * 2
    sheet = pixels(FOLDER / "sheet.png")
    row = sheets.LABEL + 24 + 2 * sheets.BORDER
    margin = sheets.width_of("strength=20")
    width = (sheet.shape[1] - margin) // 3
    assert sheet.shape[0] == 3 * row
    for number, name in enumerate(["strength=20 steps=1", "strength=80 steps=3"]):
        top = (1 + number) * row + sheets.LABEL + sheets.BORDER
        left = margin + 2 * number * width + (width - 32) // 2
        np.testing.assert_array_equal(sheet[top : top + 24, left : left + 32], pixels(FOLDER / f"{name}.png"))


@pytest.fixture
def starry() -> Path:
    return picture("starry.png", 5, 32, 32)


def test_several_styles_are_an_axis_and_each_is_on_the_sheet(starry: Path) -> None:
    run(["steps=2,3"], styles=["style.png", "starry.png"])
    names = [f"style={style} steps={steps}" for style in ("style", "starry") for steps in (2, 3)]
    assert [row["cell"] for row in table()] == names
    run(["steps=2,3"], folder=Path("alone"), styles=["starry.png"])
    for one, steps in zip(names[2:], (2, 3), strict=True):
        np.testing.assert_array_equal(pixels(FOLDER / f"{one}.png"), pixels(f"alone/steps={steps}.png"))
    sheet = pixels(FOLDER / "sheet.png")
    row, margin = sheet.shape[0] // 2, sheets.width_of("style=starry")
    width = (sheet.shape[1] - margin) // 4
    assert row == sheets.LABEL + 24 + 2 * sheets.BORDER
    for number, name in enumerate(["style.png", "starry.png"]):
        top = number * row + sheets.LABEL + sheets.BORDER

        def at(column: int, wide: int, top: int = top) -> np.ndarray:
            left = margin + column * width + (width - wide) // 2
            return sheet[top : top + 24, left : left + wide]

        np.testing.assert_array_equal(at(0, 32), pixels("photo.png"))
        desired = cv2.resize(pixels(name), (24, 24), interpolation=cv2.INTER_AREA)
        assert np.abs(at(1, 24) - desired).max() < 2  # in the tile of the content, 24 high, it is square
        for column, cell in enumerate(names[2 * number : 2 * number + 2], 2):
            np.testing.assert_array_equal(at(column, 32), pixels(FOLDER / f"{cell}.png"))


def test_each_cell_is_measured_against_its_own_style_and_has_no_rival_of_another(starry: Path) -> None:
    _, (text,) = run([], styles=["style.png", "starry.png"])
    extractor = weights.load(Path("tiny.npz"), "file")
    for name, row in zip(["style", "starry"], table(), strict=True):
        measure = common_measure.CommonMeasure(pixels("photo.png"), pixels(f"{name}.png"), extractor, "cpu")
        desired = measure.of(pixels(FOLDER / f"style={name}.png"))
        measured = {"content": float(row["common_content"]), "style": float(row["common_style"])}
        assert measured == pytest.approx(desired, rel=1e-4)
        assert not [column for column in row if column.startswith("seconds to")]
    assert "seconds to the final loss" not in text


def test_content_style_and_cell_are_a_row_where_styles_are_the_only_axis(starry: Path) -> None:
    run([], styles=["style.png", "starry.png"])
    sheet = pixels(FOLDER / "sheet.png")
    row, width = sheet.shape[0] // 2, sheet.shape[1] // 3
    for number, name in enumerate(["style", "starry"]):
        for column, path in {0: Path("photo.png"), 2: FOLDER / f"style={name}.png"}.items():
            top, left = number * row + sheets.LABEL + sheets.BORDER, column * width + (width - 32) // 2
            np.testing.assert_array_equal(sheet[top : top + 24, left : left + 32], pixels(path))
        of_style = sheet[number * row + sheets.LABEL : (number + 1) * row, width : 2 * width]
        assert of_style.min() < 200  # no tile is empty


def test_a_style_that_cannot_be_read_or_too_little_memory_ends_no_other_cell(starry: Path) -> None:
    Path("text.png").write_text("no picture")
    Path("cut.png").write_bytes(starry.read_bytes()[:-200])
    observer = RecordingObserver()
    outcome, _ = run(["memory=1,4GB"], observer, styles=["text.png", "cut.png", "starry.png"])
    assert {entry.name: entry.reason.partition(":")[0] for entry in outcome.failed} == {
        **{f"style=text memory={memory}.png": "text.png" for memory in ("1", "4GB")},
        **{f"style=cut memory={memory}.png": "cut.png" for memory in ("1", "4GB")},
        "style=starry memory=1.png": "photo.png",
    }
    assert "even in tiles" in outcome.failed[-1].reason
    assert (outcome.done, [row["cell"] for row in table()]) == (1, ["style=starry memory=4GB"])
    assert sorted(files()) == ["losses.png", "sheet.png", "style=starry memory=4GB.png", "table.csv"]
    starry.unlink()
    with pytest.raises(InputError, match=r"text.png: "):
        run(["memory=1,4GB"], styles=["text.png"])


class Replaces(RecordingObserver):
    """Writes another picture to a file once the first cell is done."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    def item_ended(self, entry) -> None:
        super().item_ended(entry)
        if len(self.entries) == 1:
            picture(self.path, 8, 24, 32)


@pytest.mark.parametrize("name", ["style.png", "photo.png"])
def test_what_changes_while_cells_are_made_or_between_two_runs_is_noticed(name: str) -> None:
    before = Path(name).read_bytes()
    outcome, _ = run(observer=Replaces(name))
    assert [entry.name for entry in outcome.failed] == NAMES[1:]
    assert outcome.failed[0].reason.startswith(f"{name}: changed while the job ran")
    with pytest.raises(JobDiffersError, match=r"adam.png: was made with other settings or weights, or of"):
        run()
    Path(name).write_bytes(before)
    outcome, _ = run()
    assert (outcome.stylized, outcome.done, outcome.failed) == (1, 2, ())


def test_a_second_run_in_the_same_folder_is_refused() -> None:
    with (
        held(Path(f".{FOLDER}.nstpipe"), FOLDER),
        pytest.raises(LockedError, match=rf"photo_compared: .* held by process {os.getpid()} on .*; wait"),
    ):
        run()
    assert not FOLDER.exists()
    assert run(observer=Tries())[0].done == 2
    assert not list(Path(f".{FOLDER}.nstpipe").glob("*lock*"))


class Tries(RecordingObserver):
    """Tries another run while the first has begun."""

    def began(self, total: int, done: int) -> None:
        super().began(total, done)
        with pytest.raises(LockedError):
            run()


def test_the_parts_of_a_cells_fingerprint_are_these() -> None:
    """A version with other parts would not take the pictures that this one made."""
    run(["optimizer=adam"], precision="float32")
    tag = json.loads(images.read_tags(FOLDER / NAMES[0])["nstpipe"])
    settings = Choice(None, {**FLAGS, "optimizer": "adam", "precision": "float32"}).resolve().settings
    parts = {
        "pixels version": 3,
        "settings": settings.that_change_pixels(of_a_video=False),
        "weights": weights.load(Path("tiny.npz"), "file").fingerprint,
        "input": hashlib.sha256(Path("photo.png").read_bytes()).hexdigest(),
        "style": hashlib.sha256(Path("style.png").read_bytes()).hexdigest(),
    }
    assert tag["job"] == hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def test_a_cell_whose_name_is_too_long_for_a_file_is_refused() -> None:
    layers = ",".join(f"{layer}={number}.123456789" for number, layer in enumerate(LAYERS[:11], 1))
    with pytest.raises(OutputError, match=r"the name is \d+ bytes too long; shorten the values"):
        run([f"style_layers={layers};block1_conv1"])


class Interrupts(RecordingObserver):
    """Does something, once, when a cell is done and workers are busy."""

    def __init__(self, what) -> None:
        super().__init__()
        self.what, self.pending = what, True

    def waiting(self) -> None:
        if self.entries and self.pending:
            self.pending = False
            self.what()


def stop() -> None:
    raise StoppedError("stopped by the test")


@pytest.mark.slow
def test_workers_make_the_same_pictures_also_after_a_death_and_a_stop(monkeypatch) -> None:
    """A cell diverges. The layers are those of workers, which know no patch."""
    monkeypatch.setattr(common_measure, "STYLE_LAYERS", DEFAULT_STYLE_LAYERS)
    monkeypatch.setattr(common_measure, "CONTENT_LAYER", "block4_conv2")
    weights.write_npz(Path("full.npz"), tiny_weights(seed=1))
    given = {"sweeps": ["content_weight=1e39,1,2,3"], "weights": "full.npz", "steps": "40"}
    failed = run(**given, folder=Path("alone"))[0].failed
    with pytest.raises(NstpipeError, match="a worker process died.*fewer --workers"):
        run(**given, workers=2, observer=Interrupts(lambda: workers_of(os.getpid())[0].kill()))
    with pytest.raises(StoppedError):
        run(**given, workers=2, observer=Interrupts(stop))
    assert workers_of(os.getpid()) == []
    outcome, _ = run(**given, workers=2)
    assert (outcome.done, outcome.failed) == (3, failed)
    for name in ("sheet.png", *(f"content_weight={number}.png" for number in (1, 2, 3))):
        assert (FOLDER / name).read_bytes() == Path("alone", name).read_bytes()
    columns = [name for name in table()[0] if "seconds" not in name]
    for row, alone in zip(table(), table(Path("alone")), strict=True):
        assert [row[name] for name in columns] == [alone[name] for name in columns]
    curves = [sorted(Path(f".{name}.nstpipe/losses").iterdir()) for name in ("photo_compared", "alone")]
    assert [path.name for path in curves[0]] == [path.name for path in curves[1]]
    assert len(curves[0]) >= 2 * 3


def test_without_matplotlib_there_is_no_plot_and_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    observer = RecordingObserver()
    outcome, _ = run(observer=observer)
    assert (outcome.done, sorted(files())) == (2, sorted([*NAMES, "sheet.png", "table.csv"]))
    assert observer.warnings == [comparison.INSTALL]


def test_losses_that_were_lost_leave_gaps_in_the_table() -> None:
    run()
    for path in Path().glob(".photo_compared*/losses/*"):
        path.unlink()
    outcome, _ = run()
    assert outcome.stylized == 0
    assert [(row["seconds"], row["steps"], row["content"]) for row in table()] == [("", "3", "")] * 2
    assert all(row["loss"] and row["common_style"] for row in table())
    assert comparison_plot.is_possible()
