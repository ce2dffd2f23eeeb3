"""The loop over a shot's frames: what each frame is stylised from."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import pytest

from pipeline.core.frame_start import TemporalTerms
from pipeline.core.style_transfer import Pastiche
from pipeline.motion import shot_memory, shot_walk
from pipeline.motion.shot_walk import NextFrame, walk
from pipeline.settings.settings import Settings
from tests.support.fades import DIP, dimmed
from tests.support.moving import noisy, pan, textured, with_square
from tests.support.stylizing import make

SIZE = 96, 128


class Recorded:
    """Random pastiches; records what each is to be made from."""

    def __init__(self, done: Sequence[int] = (), size: tuple[int, int] = SIZE) -> None:
        self.done, self.size = set(done), size
        self.asked_for: list[tuple[int, NextFrame]] = []

    @property
    def frames(self) -> dict[int, NextFrame]:
        return dict(self.asked_for)

    def is_done(self, number: int) -> bool:
        return number in self.done

    def pixels(self, number: int) -> np.ndarray:
        assert number in self.done
        return np.random.default_rng(number).integers(0, 256, (*self.size, 3)).astype(np.float32)

    def loss(self, number: int) -> float:
        assert number in self.done
        return 7.5 + number

    def make(self, number: int, frame: NextFrame) -> None:
        self.asked_for.append((number, frame))
        self.done.add(number)


def walked(
    frames: Sequence[np.ndarray], mode: str = "flow", done: Sequence[int] = (), size: tuple[int, int] = SIZE
) -> Recorded:
    pastiches = Recorded(done, size)
    numbers = list(walk(frames, size, Settings(temporal=mode), pastiches))
    assert numbers == list(range(len(frames)))
    return pastiches


def busy(count: int) -> list[np.ndarray]:
    """A still scene with noise; in a corner a square moves to the right."""
    return [noisy(with_square(textured(1), 4 * n, 64, 24), n) for n in range(count)]


def halved(frame: np.ndarray) -> np.ndarray:
    """At half the size: the mean of each four pixels."""
    return frame.reshape(SIZE[0] // 2, 2, SIZE[1] // 2, 2, 3).mean((1, 3))


@pytest.mark.parametrize("mode", ["none", "init", "flow"])
def test_the_first_frame_starts_from_its_content_which_is_not_rounded(mode: str) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
    first = walked([frame], mode, size=(SIZE[0] // 2, SIZE[1] // 2)).frames[0]
    desired = halved(frame)
    assert (desired % 1 != 0).any()
    np.testing.assert_allclose(first.content, desired, atol=1e-3)
    assert (first.init, first.terms, first.repeats) == (None, None, False)


def test_later_frames_along_the_flow_have_whole_levels_and_no_noise_in_still_places() -> None:
    frames = busy(4)
    made = walked(frames).frames
    still, moving = np.s_[:50], np.s_[68:84, 16:26]
    for number in (1, 2, 3):
        content = made[number].content
        assert content.dtype == np.float32
        np.testing.assert_array_equal(content, content.round())
        np.testing.assert_array_equal(content[still], frames[0][still])
    np.testing.assert_array_equal(made[2].content[moving], frames[2][moving])
    assert (frames[3][still] != frames[0][still]).any()


def test_contents_are_rounded_to_the_nearest_level() -> None:
    frames = [np.full((*SIZE, 3), shade, np.uint8) for shade in (40, 90)]
    for frame in frames:
        frame[::2, ::2] += 3  # the mean of four pixels is 0.75 more
    content = walked(frames, size=(SIZE[0] // 2, SIZE[1] // 2)).frames[1].content
    np.testing.assert_array_equal(np.unique(content), [91])


def test_without_temporal_terms_each_frame_starts_from_its_own_content() -> None:
    frames = busy(3)
    made = walked(frames, "none").frames
    for number, frame in enumerate(frames):
        np.testing.assert_array_equal(made[number].content, frame)
        assert (made[number].init, made[number].terms, made[number].repeats) == (None, None, False)


def test_in_mode_init_a_frame_starts_from_the_last_pastiche_and_is_not_held() -> None:
    frames = [*busy(3), busy(3)[-1]]
    pastiches = walked(frames, "init")
    for number in (1, 2, 3):  # the last is the same as the one before, which this mode does not look at
        frame = pastiches.frames[number]
        np.testing.assert_array_equal(frame.content, frames[number])
        np.testing.assert_array_equal(frame.init, pastiches.pixels(number - 1))
        assert (frame.terms, frame.repeats) == (None, False)


def test_a_frame_that_changes_by_noise_alone_repeats_the_last_pastiche() -> None:
    still = textured(1)
    frames = [still, noisy(still, 1), noisy(still, 2), with_square(still, 50), with_square(still, 50)]
    pastiches = walked(frames)
    assert [pastiches.frames[number].repeats for number in range(5)] == [False, True, True, False, True]
    for number in (1, 2, 4):
        np.testing.assert_array_equal(pastiches.frames[number].init, pastiches.pixels(number - 1))
        assert pastiches.frames[number].terms is None


def test_a_frame_along_the_flow_is_held_in_units_of_the_first_frames_loss() -> None:
    made = walked(busy(3)).frames
    assert [made[number].terms.unit for number in (1, 2)] == [7.5, 7.5]


def test_places_that_stand_still_start_from_the_last_pastiche() -> None:
    pastiches = walked(busy(5))
    for number in (1, 2, 3, 4):
        frame = pastiches.frames[number]
        np.testing.assert_array_equal(frame.init[:50], pastiches.pixels(number - 1)[:50])
        assert not frame.terms.changeable[:50].any()
        assert (frame.terms.init_share[:50] == 1).all()


@pytest.fixture
def gaps(monkeypatch: pytest.MonkeyPatch) -> list[dict[int, np.ndarray]]:
    """For each frame along the flow, the pastiches 1, 2 and 4 frames back as its memory receives them."""
    received: list[dict[int, np.ndarray]] = []
    start_and_hold = shot_memory.ShotMemory.start_and_hold

    def recorded(
        memory: shot_memory.ShotMemory, pastiche: Callable[[int], np.ndarray], unit: float
    ) -> tuple[np.ndarray, TemporalTerms]:
        available = [gap for gap in (1, 2, 4) if gap <= len(received) + 1]
        received.append({gap: pastiche(gap) for gap in available})
        return start_and_hold(memory, pastiche, unit)

    monkeypatch.setattr(shot_memory.ShotMemory, "start_and_hold", recorded)
    return received


def test_earlier_pastiches_are_those_one_two_and_four_frames_back(gaps: list[dict[int, np.ndarray]]) -> None:
    pastiches = walked(busy(6))
    assert [list(one) for one in gaps] == [[1], [1, 2], [1, 2], [1, 2, 4], [1, 2, 4]]
    for number, one in enumerate(gaps, start=1):
        for gap, pixels in one.items():
            np.testing.assert_array_equal(pixels, pastiches.pixels(number - gap))


@pytest.mark.parametrize("gap", [1, 2, 4])
def test_a_place_gets_the_pastiche_of_the_last_frame_in_which_it_was_visible(gap: int) -> None:
    """A square stands in front of it from ``gap - 1`` frames ago, and is gone in the last frame."""
    background = textured(1)
    frames = [background] * 2 + [with_square(background, 50)] * (gap - 1)
    frames += [with_square(background, 4, 8, 14)]  # something changes, so that the frame is made
    pastiches = walked(frames)
    last = len(frames) - 1
    uncovered = np.s_[38:54, 56:72]
    start = pastiches.frames[last].init
    assert np.abs(start - pastiches.pixels(last - gap))[uncovered].mean() < 5
    others = {1, 2, 3, 4} - {gap}
    for other in (other for other in others if other <= last):
        assert np.abs(start - pastiches.pixels(last - other))[uncovered].mean() > 60


@pytest.mark.parametrize("mode", ["none", "init", "flow"])
@pytest.mark.parametrize("done", [range(1), range(5), (0, 1, 2, 3, 5, 6)])
def test_a_walk_over_frames_that_are_done_gives_the_others_the_same_starts(
    mode: str, done: Sequence[int]
) -> None:
    frames = [noisy(frame, number, 1.0) for number, frame in enumerate(pan(4) + busy(4))]
    whole, rest = walked(frames, mode), walked(frames, mode, done)
    assert [number for number, _ in rest.asked_for] == [n for n in range(8) if n not in done]
    for number, frame in rest.asked_for:
        desired = whole.frames[number]
        assert frame.repeats == desired.repeats
        np.testing.assert_array_equal(frame.content, desired.content)
        np.testing.assert_array_equal(frame.init, desired.init)
        assert (frame.terms is None) == (desired.terms is None)
        for part in () if frame.terms is None else vars(frame.terms):
            np.testing.assert_array_equal(getattr(frame.terms, part), getattr(desired.terms, part))


def test_frames_before_the_first_that_is_not_done_cost_no_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are only added to the memory; pastiches are read only for the frame that is made."""
    read: list[int] = []
    pixels = Recorded.pixels
    monkeypatch.setattr(Recorded, "pixels", lambda self, number: read.append(number) or pixels(self, number))
    starts: list[int] = []
    start_and_hold = shot_memory.ShotMemory.start_and_hold
    monkeypatch.setattr(
        shot_memory.ShotMemory,
        "start_and_hold",
        lambda *arguments: starts.append(1) or start_and_hold(*arguments),
    )
    pastiches = walked(busy(6), done=range(5))
    assert list(pastiches.frames) == [5]
    assert len(starts) == 1
    assert set(read) <= {4, 3, 1} and 4 in read


def test_a_walk_makes_no_more_frames_than_its_caller_takes() -> None:
    pastiches, taken = Recorded(), []

    def frames() -> Iterator[np.ndarray]:
        for number, frame in enumerate(busy(5)):
            taken.append(number)
            yield frame

    steps = walk(frames(), SIZE, Settings(temporal="flow"), pastiches)
    assert (next(steps), next(steps)) == (0, 1)
    assert (taken, list(pastiches.frames)) == ([0, 1], [0, 1])


class Darkens:
    """Instead of style transfer: pixels are 0.1 of the start; the loss is the content's mean."""

    def __init__(self, **settings: object) -> None:
        self.settings = Settings(**settings)
        self.units: list[float] = []

    def stylize(self, content, init=None, terms=None, *, on_step=None) -> Pastiche:
        if terms is not None:
            self.units.append(terms.unit)
        pixels = (content if init is None else init) * np.float32(0.1)
        return Pastiche(pixels, 1, {"total": float(content.mean())})


def test_pastiches_in_memory_are_rounded_like_files_unless_rounded_is_false() -> None:
    frames = [np.full((*SIZE, 3), shade, np.uint8) for shade in (46, 146)]
    rounded = list(shot_walk.stylized(Darkens(temporal="init"), frames))
    exact = list(shot_walk.stylized(Darkens(temporal="init"), frames, rounded=False))
    assert [np.unique(pixels).tolist() for pixels in rounded] == [[5], [0]]  # 4.6 and 0.5, to even
    np.testing.assert_allclose([pixels.max() for pixels in exact], [4.6, 0.46], rtol=1e-5)


def test_pastiches_in_memory_repeat_and_are_held_in_the_unit_of_the_first() -> None:
    stylizer, frames = Darkens(temporal="flow"), busy(3)
    made = list(shot_walk.stylized(stylizer, [frames[0], *frames]))
    np.testing.assert_array_equal(made[1], made[0])
    assert stylizer.units == pytest.approx([frames[0].mean()] * 2, rel=1e-4)


def test_places_that_stand_still_keep_their_pixels_to_the_bit_and_the_rest_changes() -> None:
    """With the real core: the frame is optimised at full size, and places that stand still may not change."""
    stylizer = make(temporal="flow", scales=1, steps=3, optimizer="adam")
    made = list(shot_walk.stylized(stylizer, busy(4)))
    for before, now in pairwise(made):
        np.testing.assert_array_equal(now[:50], before[:50])
        assert (now[64:88] != before[64:88]).any()


def faded(frames: Sequence[np.ndarray], shares: Sequence[float], mode: str = "flow", done=()) -> Recorded:
    """The walk over the frames, each with its share of the light, which is also its gain."""
    pastiches = Recorded(done)
    gains = {number: share for number, share in enumerate(shares) if share < 1}
    list(walk(dimmed(frames, shares), SIZE, Settings(temporal=mode), pastiches, gains))
    return pastiches


@pytest.mark.parametrize("mode", ["none", "init", "flow"])
def test_frames_of_a_fade_are_stylised_in_the_usual_light(mode: str) -> None:
    frames, shares = pan(6), [0.25, 0.5, 0.75, 1, 0.75, 0.5]
    made = faded(frames, shares, mode).frames
    for number, (frame, share) in enumerate(zip(frames, shares, strict=True)):
        np.testing.assert_allclose(made[number].content, frame, atol=0.5 / share + 0.6)


@pytest.mark.parametrize("mode", ["none", "init", "flow"])
def test_frames_too_dark_to_be_stylised_repeat_the_last_pastiche_and_before_it_their_content(
    mode: str,
) -> None:
    shares = [0.0, 0.04, 0.5, 1.0, 0.05, 0.0, 0.5]
    frames = pan(len(shares))
    pastiches = faded(frames, shares, mode)
    made = pastiches.frames
    assert [number for number in made if made[number].repeats] == [0, 1, 4, 5]
    for number in (0, 1):
        np.testing.assert_array_equal(made[number].init, made[number].content)
    np.testing.assert_allclose(made[1].content * 0.04, frames[1] * 0.04, atol=0.51)
    assert made[2].init is None and made[2].terms is None
    for number in (4, 5):
        np.testing.assert_array_equal(made[number].init, pastiches.pixels(3))


def test_after_the_dark_a_frame_starts_from_the_last_that_was_stylised_in_units_of_the_first() -> None:
    shares = [0.0, 0.5, 1.0, 0.0, 0.0, 1.0]
    pastiches = faded([with_square(textured(1), 4 * n) for n in range(6)], shares)
    last = pastiches.frames[5]
    np.testing.assert_array_equal(last.init[70:], pastiches.pixels(2)[70:])
    assert not last.terms.changeable[70:].any()
    assert last.terms.unit == 8.5
    assert faded(pan(6), shares, "init").frames[5].init is not None
    np.testing.assert_array_equal(faded(pan(6), shares, "init").frames[5].init, pastiches.pixels(2))


def test_a_still_scene_that_dips_to_black_keeps_its_pastiche() -> None:
    pastiches = faded([textured(1)] * len(DIP), DIP)
    made = pastiches.frames
    assert [made[number].repeats for number in made] == [False] + [True] * (len(DIP) - 1)
    for number in range(1, len(DIP)):
        assert any((made[number].init == pastiches.pixels(earlier)).all() for earlier in range(number))


def test_a_still_scene_that_fades_in_may_change_everywhere_until_it_is_lit() -> None:
    shares = [1 / 8, 1 / 4, 1 / 2, 1.0, 1.0, 1 / 2, 1 / 4]
    made = faded([textured(1)] * len(shares), shares).frames
    assert [made[number].repeats for number in made] == [False] * 4 + [True] * 3
    for number in (1, 2, 3):
        assert (made[number].terms.changeable == 1).all()
        assert made[number].terms.init_share.min() == 1
        np.testing.assert_allclose(made[number].terms.weights, 0.25, rtol=1e-3)


def test_places_are_not_taken_for_changed_by_a_level_that_an_encoder_drops_in_the_dark() -> None:
    """Brightened by 8 or 12, a level is as much as a real change in full light."""
    shares = [1.0, 1 / 8, 1 / 12]
    lit, *dark = dimmed([textured(1)] * 3, shares)
    frames = [lit, *(np.maximum(frame, 1) - 1 for frame in dark)]
    pastiches = Recorded()
    list(walk(frames, SIZE, Settings(), pastiches, dict(enumerate(shares))))
    assert [pastiches.frames[number].repeats for number in range(3)] == [False, True, True]


@pytest.mark.parametrize("mode", ["none", "init", "flow"])
@pytest.mark.parametrize("done", [range(1), range(4), (0, 1, 2, 3, 5, 6), range(9)])
def test_a_walk_over_a_fade_that_goes_on_gives_the_same_starts(mode: str, done: Sequence[int]) -> None:
    frames = [noisy(frame, number, 1.0) for number, frame in enumerate(pan(6) + busy(6))]
    shares = [0.0, 0.2, 0.6, 1.0, 0.5, 0.1, 0.0, 0.0, 0.1, 0.5, 1.0, 1.0]
    whole, rest = faded(frames, shares, mode), faded(frames, shares, mode, done)
    for number, frame in rest.asked_for:
        desired = whole.frames[number]
        assert frame.repeats == desired.repeats
        np.testing.assert_array_equal(frame.content, desired.content)
        np.testing.assert_array_equal(frame.init, desired.init)
        for part in () if frame.terms is None else vars(frame.terms):
            np.testing.assert_array_equal(getattr(frame.terms, part), getattr(desired.terms, part))
