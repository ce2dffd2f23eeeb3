"""The frames of a shot: each starts from those before it, and none from those of another shot."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline import Rules, stylize_video
from pipeline.jobs.record.journal import Journal
from pipeline.jobs.work.item_maker import ItemMaker
from pipeline.motion.shot_memory import ShotMemory
from pipeline.pictures import images
from tests.support.clips import write_clip
from tests.support.jobs import FRAMES, KEEP, SMOOTHED, digests
from tests.support.media import TINY, clip, picture, scene
from tests.support.observers import RecordingObserver

LOSSLESS = {"size": (32, 48), "codec": "ffv1", "pixel_format": "bgr0", "colour": None, "options": {}}
"""For frames that are to be the same to the bit; in a Matroska file."""


def sliding(index: int, size: tuple[int, int]) -> np.ndarray:
    """A scene over which a camera moves, a pixel a frame."""
    return np.ascontiguousarray(scene(7, size[0], size[1] + 12)[:, index : index + size[1]])


def pixels(folder: Path = FRAMES) -> list[np.ndarray]:
    """The pixels of each frame; the bytes of a file also hold its job's fingerprint."""
    return [images.read(path).pixels for path in sorted(folder.iterdir())]


def steps() -> list[int]:
    """The steps of each frame."""
    with Journal(FRAMES.parent) as journal:
        return [entry.steps for _, entry in sorted(journal.entries().items())]


def test_the_temporal_modes_differ_from_the_second_frame_on() -> None:
    source, style = clip("in.mp4", frames=3), picture("starry.jpg", 2)
    frames = {}
    for mode in ("none", "init", "flow"):
        stylize_video(source, [style], f"{mode}.mp4", rules=KEEP, temporal=mode, **TINY)
        frames[mode] = pixels(Path(f".{mode}.mp4.nstpipe/frames"))
    for one, other in (("none", "init"), ("init", "flow"), ("none", "flow")):
        assert (frames[one][0] == frames[other][0]).all()
        assert np.abs(frames[one][2] - frames[other][2]).max() > 1


def test_without_a_temporal_mode_each_frame_is_like_a_shot_of_its_own() -> None:
    source, style = clip("in.mp4", frames=3), picture("starry.jpg", 2)
    stylize_video(source, [style], rules=KEEP, temporal="none", **TINY)
    assert steps() == [2, 2, 2]
    Path("shots.txt").write_text("1\n2\n3\n")
    stylize_video(source, [style], "shots.mp4", shots="shots.txt", rules=KEEP, **TINY)
    np.testing.assert_array_equal(pixels(), pixels(Path(".shots.mp4.nstpipe/frames")))


def test_a_larger_temporal_weight_holds_a_frame_more() -> None:
    source = write_clip(Path("in.mp4"), size=(32, 48), frames=2, picture=sliding)
    settings = TINY | {"size": 48, "steps": 20, "optimizer": "lbfgs"}
    moved = {}
    for weight in (0.0, 1e6):
        output = f"held {weight}.mp4"
        stylize_video(
            source, [picture("starry.jpg", 2)], output, rules=KEEP, temporal_weight=weight, **settings
        )
        first, second = pixels(Path(f".{output}.nstpipe/frames"))
        moved[weight] = np.abs(first[6:-6, 7:-6] - second[6:-6, 6:-7]).mean()
    assert moved[1e6] < 0.5 * moved[0.0]


@pytest.mark.parametrize("mode", ["none", "init", "flow"])
def test_damaged_frames_are_redone_to_the_same_bytes(mode: str) -> None:
    source, style = clip("in.mp4", frames=8), picture("starry.jpg", 2)
    settings = SMOOTHED | {"temporal": mode}
    stylize_video(source, [style], rules=KEEP, **settings)
    frames = digests(FRAMES)
    (FRAMES / "000003.png").write_bytes(b"not a picture")
    (FRAMES / "000007.png").unlink()
    Path("in_starry.mp4").unlink()
    observer = RecordingObserver()
    assert stylize_video(source, [style], rules=KEEP, observer=observer, **settings).stylized == 2
    assert digests(FRAMES) == frames
    for name in ("000003.png", "000007.png"):
        assert any(name in warning for warning in observer.warnings)


def still(path: str | Path, pictures: str = "aaabbc") -> Path:
    """A clip of still pictures, each letter one of its own, without loss."""

    def view(index: int, size: tuple[int, int]) -> np.ndarray:
        return scene(ord(pictures[index]), *size)

    return write_clip(Path(path), frames=len(pictures), picture=view, **LOSSLESS)


def test_a_frame_that_repeats_the_last_takes_no_steps_and_has_its_pixels() -> None:
    stylize_video(still("in.mkv"), [picture("starry.jpg", 2)], "in_starry.mp4", rules=KEEP, **TINY)
    assert steps() == [2, 0, 0, 1, 0, 1]
    frames = pixels()
    for repeated in (1, 2, 4):
        np.testing.assert_array_equal(frames[repeated], frames[repeated - 1])
    for new in (3, 5):
        assert np.abs(frames[new] - frames[new - 1]).mean() > 1
    with Journal(FRAMES.parent) as journal:
        losses = [entry.loss for _, entry in sorted(journal.entries().items())]
    assert losses[0] == losses[1] == losses[2] > 0


def test_a_repeated_frame_is_redone_to_the_same_bytes() -> None:
    source, style = still("in.mkv"), picture("starry.jpg", 2)
    stylize_video(source, [style], "in_starry.mp4", rules=KEEP, **TINY)
    frames = digests(FRAMES)
    for number in (2, 4):
        (FRAMES / f"{number:06}.png").unlink()
    Path("in_starry.mp4").unlink()
    stylize_video(source, [style], "in_starry.mp4", rules=KEEP, **TINY)
    assert digests(FRAMES) == frames


def test_a_frame_gets_the_pastiches_and_the_content_of_the_shot_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Earlier pastiches as they were written, the first frame's loss, and its content without noise."""
    starts, contents = [], []
    start_and_hold, make = ShotMemory.start_and_hold, ItemMaker.make

    def recorded_start(self: ShotMemory, pastiche: Callable[[int], np.ndarray], unit: float) -> object:
        gaps = [gap for gap in (1, 2, 4) if gap <= len(starts) + 1]
        starts.append(({gap: pastiche(gap).copy() for gap in gaps}, unit, self.frame.copy()))
        return start_and_hold(self, pastiche, unit)

    def recorded_make(
        self: ItemMaker, item: object, stylizer: object, content: images.Picture, **others: object
    ) -> object:
        contents.append(content.pixels.copy())
        return make(self, item, stylizer, content, **others)

    monkeypatch.setattr(ShotMemory, "start_and_hold", recorded_start)
    monkeypatch.setattr(ItemMaker, "make", recorded_make)
    rng = np.random.default_rng(0)

    def view(index: int, size: tuple[int, int]) -> np.ndarray:
        frame = scene(7, *size) // 2 + rng.integers(0, 3, (*size, 3), dtype=np.uint8)
        frame[8:16, 4 + 5 * index : 12 + 5 * index] = 250
        return frame

    write_clip(Path("in.mkv"), frames=7, picture=view, **LOSSLESS)
    stylize_video("in.mkv", [picture("s.jpg", 2)], "in_starry.mp4", rules=KEEP, **TINY | {"size": 48})
    frames = pixels()
    with Journal(FRAMES.parent) as journal:
        loss = journal.entries()["000001.png"].loss
    assert len(starts) == 6
    for number, (pastiches, unit, frame) in enumerate(starts, start=1):
        assert unit == loss
        assert list(pastiches) == [gap for gap in (1, 2, 4) if gap <= number]
        for gap, pastiche in pastiches.items():
            np.testing.assert_array_equal(pastiche, frames[number - gap])
        np.testing.assert_array_equal(contents[number], frame)
    np.testing.assert_array_equal(contents[6][24:, :20], contents[1][24:, :20])


def test_shots_begin_where_the_list_says() -> None:
    source, style = clip("in.mp4", frames=6), picture("starry.jpg", 2)
    stylize_video(source, [style], rules=KEEP, **TINY)
    whole = pixels()
    Path("shots.txt").write_text("3\n5\n")
    stylize_video(source, [style], shots="shots.txt", rules=Rules(keep_frames=True, restart=True), **TINY)
    assert steps() == [2, 1, 2, 1, 2, 1]
    cut = pixels()
    for same in (0, 1):
        np.testing.assert_array_equal(whole[same], cut[same])
    assert (whole[2] != cut[2]).any()


@pytest.mark.parametrize("mode", ["init", "flow"])
def test_no_frame_follows_across_a_cut(mode: str) -> None:
    """The second shot of a clip has the pixels that it has as a clip of its own."""
    style = picture("starry.jpg", 2)
    Path("shots.txt").write_text("4\n")
    write_clip(Path("long.mkv"), frames=6, picture=sliding, **LOSSLESS)
    write_clip(Path("short.mkv"), frames=3, picture=lambda index, size: sliding(index + 3, size), **LOSSLESS)
    stylize_video("long.mkv", [style], "long.mp4", shots="shots.txt", rules=KEEP, temporal=mode, **TINY)
    stylize_video("short.mkv", [style], "short.mp4", rules=KEEP, temporal=mode, **TINY)
    long, short = (pixels(Path(f".{name}.mp4.nstpipe/frames")) for name in ("long", "short"))
    np.testing.assert_array_equal(long[3:], short)


def test_the_first_frame_of_a_shot_takes_all_steps() -> None:
    shots = [scene(1, 32, 64), scene(2, 32, 64)]

    def view(index: int, size: tuple[int, int]) -> np.ndarray:
        shot, moved = divmod(index, 16)
        return np.ascontiguousarray(shots[shot][:, moved : moved + 48])

    source = write_clip(Path("in.mp4"), size=(32, 48), frames=32, picture=view)
    stylize_video(source, [picture("starry.jpg", 2)], rules=KEEP, **SMOOTHED)
    with Journal(FRAMES.parent) as journal:
        entries = list(journal.entries().values())
        assert journal.facts().shots == (0, 16)
    assert [entry.steps for entry in entries] == 2 * [4, *15 * [2]]
