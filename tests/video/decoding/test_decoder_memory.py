"""Clips whose frames need more memory than there is: one line, before or while they are decoded."""

import errno
import os
import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import pytest

from pipeline.base import memory
from pipeline.errors import TooLargeError
from pipeline.video.decoding import decoder_memory
from pipeline.video.decoding.containers import open_container, reason, video_stream
from pipeline.video.writing import lost_features
from pipeline.video.writing.aac import AacTrack
from pipeline.video.writing.metadata import Metadata
from pipeline.video.writing.null_file import NullFile
from tests.support import ROOT
from tests.support.clips import Sound, write_clip


def huge_clip(path: Path) -> Path:
    """An AVI whose header says 16000x16000; its frames are of another size, which no test gets to read."""
    write_clip(path, codec="ffv1", pixel_format="bgr0", colour=None, options={}, frames=2)
    data = bytearray(path.read_bytes())
    place = data.index(b"strf") + 12
    data[place : place + 8] = struct.pack("<ii", 16000, 16000)
    path.write_bytes(data)
    return path


def shots(path: Path, limit: int) -> subprocess.CompletedProcess[str]:
    """Run ``nstpipe shots`` in a process that may allocate ``limit`` bytes, as may its children."""
    code = f"import resource; resource.setrlimit(resource.RLIMIT_DATA, ({limit}, {limit}))\n"
    code += f"from cli import main; main(['shots', {str(path)!r}])"
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


def test_the_need_grows_with_the_frames_and_not_with_the_file(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert 7e9 < decoder_memory.needed((16000, 16000)) < 9e9  # measured: 7.6 GB
    assert decoder_memory.needed((1080, 1920)) < 250e6


def test_a_clip_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    path = huge_clip(tmp_path / "a.avi")
    monkeypatch.setattr(decoder_memory, "free_memory", lambda: 5 * 10**9)
    message = r"a.avi: frames of 16000x16000 pixels need about \d+\.\d GB to decode, 5\.0 GB are free"
    with pytest.raises(TooLargeError, match=message), open_container(path) as container:
        video_stream(container, path)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces a limit on memory")
def test_under_a_limit_a_clip_that_fits_is_read_and_another_is_one_line(tmp_path):
    """Both with 100 MB beyond what the libraries take."""
    in_all, for_a_core = memory.LEAST_TO_DECODE["RLIMIT_DATA"]
    limit = in_all + for_a_core * (os.cpu_count() or 1) + 100 * 2**20
    assert shots(write_clip(tmp_path / "small.mp4"), limit).returncode == 0

    path = huge_clip(tmp_path / "a.avi")
    ended = shots(path, limit)

    assert ended.returncode == TooLargeError.exit_code
    assert ended.stderr.startswith(f"nstpipe: {path}: frames of 16000x16000 pixels need about")
    assert len(ended.stderr.splitlines()) == 1


def test_memory_that_runs_out_is_no_damage_of_the_file():
    with pytest.raises(MemoryError):
        reason(av.FFmpegError(errno.ENOMEM, "Cannot allocate memory"))
    assert reason(av.FFmpegError(errno.EINVAL, "Invalid data\nfound")) == "Invalid data"


class Packet:
    """One whose decoding fails with the error of a number."""

    def __init__(self, number):
        self.number = number

    def decode(self):
        av.error.err_check(-self.number)


def test_memory_that_runs_out_in_a_packet_is_no_damage_of_the_file(tmp_path, monkeypatch):
    """Else there would be silence, or no word of transparency, where the file has sound and transparency."""
    path = write_clip(tmp_path / "a.mp4", sounds=[Sound()])
    with av.open(str(path)) as source, av.open(NullFile(), "w", format="mp4") as target:
        track = AacTrack(source.streams.audio[0], target, Fraction(0))
        assert track.packets(Packet(errno.EINVAL)) == []
        with pytest.raises(MemoryError):
            track.packets(Packet(errno.ENOMEM))

    monkeypatch.setattr(lost_features, "demuxed", lambda *_: [Packet(errno.EINVAL), Packet(errno.ENOMEM)])
    with pytest.raises(MemoryError):
        lost_features.of_clip(path, Metadata(), Metadata(), "mp4", [1])
