"""The task that makes a pastiche of an experiment, in this process and in a worker's main function."""

import pickle
import signal
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import DivergedError, StoppedError
from pipeline.experiments import cells, common_measure, comparison, measures, stylising
from pipeline.experiments.stylising import PasticheInputs, PasticheTask
from pipeline.extractor.layers import LAYERS
from pipeline.extractor.weights import Weights
from pipeline.jobs.record import loss_curves
from pipeline.jobs.work.messages import Waiting
from pipeline.jobs.work.workers import WorkerProcesses
from pipeline.pictures import images
from tests.support import a_worker
from tests.support.media import picture
from tests.support.observers import RecordingObserver
from tests.support.tiny_weights import tiny_weights

FLAGS = {
    "size": "32",
    "scales": "1",
    "device": "cpu",
    "optimizer": "adam",
    "content_layers": "block1_conv2",
    "style_layers": "block1_conv1",
}


@pytest.fixture(autouse=True)
def shallow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A measure of two layers: deep ones take a second to trace."""
    monkeypatch.setattr(common_measure, "STYLE_LAYERS", LAYERS[:1])
    monkeypatch.setattr(common_measure, "CONTENT_LAYER", LAYERS[1])
    picture("photo.png", 1, 24, 32)
    picture("style.png", 2, 32, 32)
    picture("starry.png", 3, 32, 32)


def extractor() -> Weights:
    full = tiny_weights(seed=1)
    return Weights("random", {layer: full.kernels[layer] for layer in LAYERS[:2]}, {}, "two layers", "tiny")


def compared(folder: str, *sweeps: str, styles=("style.png",)) -> comparison.Comparison:
    grid = cells.grid(list(map(Path, styles)), None, sweeps, FLAGS)
    return comparison.Comparison(Path("photo.png"), grid, Path(folder), extractor())


def make(folder: str, *sweeps: str, observer=None, **options):
    made = compared(folder, *sweeps)
    left = made.left(force=False)
    watch = made.measures.watch
    observer = observer or RecordingObserver()
    return stylising.make(made.pastiches, left, extractor(), observer, watch=watch, **options)


def in_a_worker(made: comparison.Comparison, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Run a worker's main function in this process, over a real pipe; its messages."""
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    first = made.pastiches[0]
    watch = made.measures.watch
    inputs = PasticheInputs(first.settings, (), extractor(), first.output.maker, watch=watch)
    tasks = [PasticheTask(pastiche, None) for pastiche in made.pastiches]
    return a_worker.messages(inputs, [*tasks, "no task: it ends the worker"])


def curves(folder: str) -> dict[str, list[tuple[float, ...]]]:
    """The steps and values of each curve, by its file; the seconds differ from run to run."""
    kept = ("step", "total", "style", "content")
    paths = sorted(Path(f".{folder}.nstpipe/losses").iterdir())
    return {
        path.name: [tuple(row[name] for name in kept) for row in loss_curves.read(path)] for path in paths
    }


def test_a_worker_makes_the_pictures_and_the_curves_that_this_process_makes(monkeypatch) -> None:
    make("here", "steps=2,3")
    made = compared("there", "steps=2,3")
    messages = in_a_worker(made, monkeypatch)
    of_one = ["Began", "Waiting", "Waiting", "Done"]
    assert [type(message).__name__ for message in messages] == [
        *("Started", "Ready", *of_one, "Ready"),
        *(*of_one[:2], *of_one[1:], "Ready", "Failed"),
    ]
    for name in ("steps=2.png", "steps=3.png"):
        np.testing.assert_array_equal(*(images.read(Path(place, name)).pixels for place in ("here", "there")))
    assert all(pastiche.output.maker.adopted(pastiche.output.item) for pastiche in made.pastiches)
    assert curves("here") == curves("there")
    assert sorted(len(curve) for curve in curves("there").values()) == [2, 2, 3, 3]


def test_a_worker_makes_the_measure_of_each_style_once_and_only_when_it_is_needed(monkeypatch) -> None:
    made, count = compared("there", "steps=2,3", styles=["style.png", "starry.png"]), []

    class Counted(common_measure.CommonMeasure):
        def __init__(self, content, style, weights, device, like=None) -> None:
            count.append(like)
            super().__init__(content, style, weights, device, like)

    monkeypatch.setattr(measures, "CommonMeasure", Counted)
    pickle.dumps(made.measures.watch)
    assert count == []
    in_a_worker(made, monkeypatch)
    assert [like is None for like in count] == [True, False]


def test_a_cell_that_diverges_does_not_end_the_worker(monkeypatch) -> None:
    messages = in_a_worker(compared("there", "style_weight=1e38,1", "steps=2"), monkeypatch)
    (failed,) = [one for one in messages if type(one).__name__ == "Failed" and one.item is not None]
    assert (failed.item.name, type(failed.error)) == ("style_weight=1e38 steps=2.png", DivergedError)
    assert [path.name for path in Path("there").iterdir()] == ["style_weight=1 steps=2.png"]


def test_an_error_of_the_measure_ends_the_run_in_a_worker_as_here(monkeypatch) -> None:
    def broken(self, style, pastiche):
        raise StoppedError("no measure")

    monkeypatch.setattr(measures.Measures, "of", broken)
    with pytest.raises(StoppedError, match="no measure"):
        make("here", "steps=2,3", others_go_on=True)
    failed = in_a_worker(compared("there", "steps=2,3"), monkeypatch)[-1]
    assert (failed.item, type(failed.error), str(failed.error)) == (None, StoppedError, "no measure")


class Waits(RecordingObserver):
    waits = 0

    def waiting(self) -> None:
        self.waits += 1


def test_the_observer_hears_of_waiting_and_the_entries_come_in_the_order_of_the_cells(monkeypatch) -> None:
    """Workers end in any order."""

    def run(self, inputs, tasks, on_message) -> None:
        from pipeline.jobs.work.executor import ThisProcess

        assert (self._count, inputs.memory is not None) == (2, True)
        on_message(Waiting())
        ThisProcess().run(inputs, tasks[::-1], on_message)

    monkeypatch.setattr(WorkerProcesses, "run", run)
    observer = Waits()
    entries = make("here", "steps=2,3", observer=observer, workers=9)
    assert [entry.name for entry in entries] == ["steps=2.png", "steps=3.png"]
    assert [entry.name for entry in observer.entries] == ["steps=3.png", "steps=2.png"]
    assert observer.waits == 1


def test_one_cell_needs_no_worker(monkeypatch) -> None:
    monkeypatch.setattr(WorkerProcesses, "run", lambda *given: pytest.fail("a process was started"))
    assert len(make("here", "steps=2", workers=4)) == 1
