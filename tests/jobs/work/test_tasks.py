"""What a process keeps from one task to the next."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import TooLargeError
from pipeline.jobs.planning import planner
from pipeline.jobs.planning.plan import Item
from pipeline.jobs.work.item_maker import ItemMaker
from pipeline.jobs.work.messages import Began, Failed, Stepped
from pipeline.jobs.work.tasks import PictureTask, TaskInputs, TaskRunner
from pipeline.settings.settings import Settings
from pipeline.video import clip as clips
from pipeline.video.decoding.reading import Reading
from tests.support.media import TINY, clip, picture, scene
from tests.support.tiny_weights import tiny_weights


@pytest.fixture
def inputs() -> TaskInputs:
    plan = planner.of_image(picture("photo.png", 1), [picture("s.jpg", 2)])
    styles = [[scene(seed).astype(np.float32)] for seed in (2, 3)]
    return TaskInputs(Settings(**TINY), styles, tiny_weights(), ItemMaker(plan, "a job's"))


@pytest.fixture
def decodes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The first frame that is read, for each time that a clip is opened."""
    starts: list[int] = []
    frames = clips.frames

    def counted(reading: Reading, start: int = 0) -> Iterator[np.ndarray]:
        starts.append(start)
        yield from frames(reading, start)

    monkeypatch.setattr(clips, "frames", counted)
    return starts


def _reading(name: str, frames: int) -> Reading:
    return clips.probe(clip(name, frames=frames)).reading


def test_shots_in_order_decode_the_clip_once(inputs: TaskInputs, decodes: list[int]) -> None:
    source, runner = _reading("in.mp4", 9), TaskRunner(inputs)
    whole = list(clips.frames(source))
    decodes.clear()
    for first, count in ((0, 2), (2, 1), (5, 4)):
        taken = [frame for _, frame in zip(range(count), runner.frames(source, first), strict=False)]
        np.testing.assert_array_equal(taken, whole[first : first + count])
    assert decodes == [0]


def test_an_earlier_shot_or_another_clip_is_opened_again(inputs: TaskInputs, decodes: list[int]) -> None:
    source, other, runner = _reading("in.mp4", 6), _reading("other.mp4", 3), TaskRunner(inputs)
    whole = list(clips.frames(source))
    decodes.clear()
    for reading, first in ((source, 4), (source, 1), (other, 0), (source, 5)):
        frame = next(runner.frames(reading, first))
        if reading == source:
            np.testing.assert_array_equal(frame, whole[first])
    assert decodes == [4, 1, 0, 5]


def test_a_style_set_keeps_its_stylizer_until_another_is_needed(inputs: TaskInputs) -> None:
    runner = TaskRunner(inputs)
    first = runner.stylizer(0)
    assert runner.stylizer(0) is first
    assert runner.stylizer(1) is not first


def test_a_picture_that_needs_more_than_its_workers_memory_fails_alone(inputs: TaskInputs) -> None:
    messages: list[object] = []
    poor = TaskInputs(inputs.settings, inputs.styles, inputs.weights, inputs.maker, memory=2**20)
    task = PictureTask(Item("o.png", Path("o.png"), Path("photo.png")))
    task.run(TaskRunner(poor), messages.append)
    began, failed = messages
    assert isinstance(began, Began) and isinstance(failed, Failed)
    assert isinstance(failed.error, TooLargeError) and "fewer --workers" in failed.reason


def test_an_error_of_the_caller_is_not_the_pictures(inputs: TaskInputs) -> None:
    """Such as that of an observer which prints where nothing can be printed."""
    messages: list[object] = []

    def on_message(message: object) -> None:
        messages.append(message)
        if isinstance(message, Stepped):
            raise BrokenPipeError

    task = PictureTask(Item("o.png", Path("o.png"), Path("photo.png")))
    with pytest.raises(BrokenPipeError):
        task.run(TaskRunner(inputs), on_message)
    assert not any(isinstance(message, Failed) for message in messages)
