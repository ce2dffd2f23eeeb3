"""What a decoder does in its process is one line about the clip, and costs nothing else."""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import InputError, OutputError, TooLargeError
from pipeline.video import clip as clips
from pipeline.video import isolation
from pipeline.video.writing import encoding, sound
from tests.support import isolated_work as work
from tests.support.clips import Sound, split, write_clip

CLIP = Path("folder/a\nb.mp4")


def test_a_crash_is_one_line_that_names_the_clip():
    with pytest.raises(
        InputError, match=r"^folder/a\\nb.mp4: its decoder crashed \(SIGSEGV\); copy it again, or convert it"
    ):
        isolation.call(CLIP, work.crash)


def test_a_kill_is_put_down_to_memory():
    with pytest.raises(InputError, match=r"its decoder was killed \(SIGKILL\), perhaps because memory"):
        list(isolation.iterate(CLIP, work.die, 2))


def test_no_progress_is_one_line():
    with pytest.raises(InputError, match="its decoder made no progress for 1 s; copy it again"):
        list(isolation.iterate(CLIP, work.slow_items, stall_seconds=1.0))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces a limit on memory")
@pytest.mark.parametrize("function", [work.endless_picture, work.endless_bytes])
def test_memory_that_runs_out_is_one_line(function):
    with pytest.raises(TooLargeError, match="decoding it needs more memory than is free; close other"):
        isolation.call(CLIP, function)


def test_memory_that_runs_out_in_ffmpeg_is_one_line():
    with pytest.raises(TooLargeError, match="decoding it needs more memory than is free"):
        list(isolation.iterate(CLIP, work.no_memory_in_ffmpeg))


def test_other_errors_stay_what_they_are():
    with pytest.raises(OutputError, match="^no room; make some$"):
        isolation.call(CLIP, work.refuse)
    with pytest.raises(RuntimeError, match="error: OpenCV"):
        isolation.call(CLIP, work.wrong_type)


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (work.crash_after_one, OutputError, r"its encoder crashed \(SIGSEGV\); type the same line again"),
        (work.slow_items, OutputError, "its encoder made no progress for 1 s; type the same line again"),
        (work.no_memory_in_ffmpeg, TooLargeError, "encoding it needs more memory than is free; close other"),
    ],
)
def test_what_happens_while_encoding_is_said_of_the_output(tmp_path, monkeypatch, function, error, message):
    """In place of the encoder, ``function`` runs in its process."""
    path = write_clip(tmp_path / "a.mp4", frames=1)
    monkeypatch.setattr(encoding, "_write", function)
    monkeypatch.setattr(encoding, "STALL_SECONDS", 1.0)
    with pytest.raises(error, match=f"out.mp4: {message}"):
        encoding.assemble([path], clips.probe(path), tmp_path / "out.mp4", sound.MuxPlan("mp4"))


def test_an_encoder_that_is_killed_leaves_no_file(tmp_path, monkeypatch):
    """The process is killed from outside after some frames, as the kernel would."""
    path = write_clip(tmp_path / "a.mp4", frames=60, sounds=[Sound(seconds=2.4)])
    monkeypatch.setattr(encoding, "_write", work.wait_after_one)
    clip, pictures = clips.probe(path), split(path, tmp_path / "frames")
    before = sorted(tmp_path.iterdir())

    def kill(number: int) -> None:
        for process in work.isolated_children():
            os.kill(process, signal.SIGKILL)

    with pytest.raises(OutputError, match="out.mp4: its encoder was killed"):
        encoding.assemble(pictures, clip, tmp_path / "out.mp4", on_frame=kill)
    assert sorted(tmp_path.iterdir()) == before


def test_every_loop_over_a_clip_shows_progress(tmp_path):
    """A clip of hours takes minutes to probe, which is no stall."""
    path = write_clip(tmp_path / "a.mp4", frames=40, sounds=[Sound()])
    packets_of_sound = 24  # half a second of AAC

    assert isolation.call(path, work.beats_in, clips._probe, path) >= 40 + packets_of_sound + 39
    clip = clips.probe(path)
    for decoder in ("opencv", "pyav"):
        reading = replace(clip.reading, decoder=decoder)
        assert isolation.call(path, work.beats_in, clips._frames, reading, 30) >= 30
    assert isolation.call(path, work.beats_in, sound._try_mux, clip, tmp_path / "b.mp4") >= packets_of_sound
