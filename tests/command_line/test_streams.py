"""Standard streams that are closed, full or left by their reader: work is done and kept all the same."""

import os
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest

import cli
from pipeline.command_line.progress import Progress
from pipeline.command_line.streams import GuardedStream, guarded, print_lines, print_traceback, warn
from pipeline.errors import NstpipeWarning
from pipeline.jobs.record import status
from pipeline.jobs.record.entries import Entry
from tests.support import ROOT
from tests.support.media import FLAGS, picture

ESCAPE = "\x1b[31mred\x9b0m"


@contextmanager
def full() -> Iterator[TextIO]:
    """A stream to a full disk."""
    stream = open("/dev/full", "w", encoding="utf-8", buffering=1)  # noqa: SIM115
    try:
        yield stream
    finally:
        _drop(stream)


@contextmanager
def left() -> Iterator[TextIO]:
    """A pipe whose reader is gone."""
    reads, writes = os.pipe()
    os.close(reads)
    stream = open(writes, "w", encoding="utf-8", buffering=1)  # noqa: SIM115
    try:
        yield stream
    finally:
        _drop(stream)


@contextmanager
def closed() -> Iterator[TextIO]:
    """A stream that was closed."""
    stream = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    stream.close()
    yield stream


def _drop(stream: TextIO) -> None:
    with open(os.devnull, "wb") as null:
        os.dup2(null.fileno(), stream.fileno())
    stream.close()


broken = pytest.mark.parametrize("broken", [full, left, closed])


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments))
    return int(ended.value.code or 0)


@broken
def test_a_batch_goes_on_without_standard_error(broken, monkeypatch, capsys) -> None:
    """Failures, too, are only told there: the code and the journal still have them."""
    for number in range(3):
        picture(f"photos/{number}.jpg", number)
    picture("s.jpg", 9)
    with broken() as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        assert run("batch", "photos", "s.jpg", "-o", "out", *FLAGS) == 0
        Path("photos/bad.jpg").write_text("no picture")
        assert run("batch", "photos", "s.jpg", "-o", "out", *FLAGS) == 3
    assert re.fullmatch("out: 3 done in .*\n", capsys.readouterr().out)
    assert len(list(Path("out").iterdir())) == 3
    job = status.of(Path("out"))
    assert (job.done, [entry.name for entry in job.failed]) == (3, ["bad_s.png"])


@broken
def test_a_progress_bar_costs_nothing(broken, monkeypatch) -> None:
    with broken() as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        with guarded():
            progress = Progress(lambda: None, terminal=True)
            progress.began(2, 1)
            progress.fetching(1, 2)
            progress.assembling(1, 2)
            progress.warn("a warning")
            progress.item_ended(Entry("a", "done"))
            progress.close()


NO_SPACE = "nstpipe: standard output cannot be written (No space left on device)\n"


@pytest.mark.parametrize(("broken", "code", "complaint"), [(full, 1, NO_SPACE), (left, 0, "")])
@pytest.mark.parametrize("arguments", [["image", "a.jpg", "s.jpg", *FLAGS], ["status"], ["--help"]])
def test_standard_output_that_cannot_be_written(
    arguments: list[str], broken, code: int, complaint: str, monkeypatch, capsys
) -> None:
    picture("a.jpg", 1)
    picture("s.jpg", 2)
    with broken() as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert run(*arguments) == code
    assert Path("a_s.png").exists() == (arguments[0] == "image")
    lines = [line for line in capsys.readouterr().err.splitlines(True) if "loss" not in line]
    assert "".join(lines) == complaint


def shell(line: str, *, prelude: str = "import cli; cli.main()") -> subprocess.CompletedProcess[str]:
    """Run ``line`` in a shell; ``$nstpipe`` is the command."""
    environ = os.environ | {"PYTHONPATH": str(ROOT), "PYTHON": sys.executable, "CODE": prelude}
    environ.pop("PYTHONUNBUFFERED", None)
    line = line.replace("nstpipe", '"$PYTHON" -c "$CODE"')
    return subprocess.run(["sh", "-c", line], env=environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("line", "code", "printed", "complaint"),
    [
        ("nstpipe presets show nope 2>&-", 2, "", ""),
        ("nstpipe presets show nope 2>/dev/full", 2, "", ""),
        ("nstpipe --version >&- 2>&- <&-", 0, "", ""),
        ("nstpipe --version >/dev/full", 1, "", NO_SPACE),
        ("{ nstpipe presets show balanced; echo $? >&2; } | true", 0, "", "0\n"),
    ],
)  # fmt: skip
def test_a_process_ends_with_its_code(line: str, code: int, printed: str, complaint: str) -> None:
    """Python itself would end with 120 where it cannot flush a stream at its exit."""
    ended = shell(line)
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, printed, complaint)


def test_no_file_gets_the_number_of_a_closed_stream() -> None:
    """A library's message would be written into it. Worker processes inherit the null device."""
    prelude = (
        "import os, subprocess, sys\n"
        "from pipeline.command_line.streams import guarded\n"
        "with guarded():\n"
        "    assert os.open('file', os.O_WRONLY | os.O_CREAT) > 2\n"
        "    check = 'import os; [os.fstat(n) for n in range(3)]'\n"
        "    sys.exit(subprocess.run([sys.executable, '-c', check]).returncode)\n"
    )
    assert shell("nstpipe >&- 2>&- <&-", prelude=prelude).returncode == 0


def test_a_stream_is_as_before_and_warnings_are_shown_as_before_afterwards() -> None:
    before = sys.stdout, sys.stderr, warnings.showwarning
    with guarded():
        assert sys.stdout.fileno() == before[0].fileno()
    assert (sys.stdout, sys.stderr, warnings.showwarning) == before


def test_a_disk_that_has_space_again_gets_the_later_lines(tmp_path: Path) -> None:
    with open("/dev/full", "w", encoding="utf-8", buffering=1) as stream, (tmp_path / "log").open("w") as log:
        guarded_stream = GuardedStream(stream)
        print("lost or late", file=guarded_stream)
        os.dup2(log.fileno(), stream.fileno())
        print("after", file=guarded_stream)
    assert "after" in (tmp_path / "log").read_text()


def test_letters_that_standard_output_cannot_encode_are_escaped(tmp_path: Path, monkeypatch) -> None:
    with (tmp_path / "out").open("w", encoding="ascii") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        with guarded():
            print("größe")
    assert (tmp_path / "out").read_text() == "gr\\xf6\\xdfe\n"


def test_control_characters_never_reach_the_terminal(capsys) -> None:
    with guarded():
        print_lines(f"one {ESCAPE}\ntwo")
        warn(f"three\n{ESCAPE}")
        print_traceback(ValueError(ESCAPE))
        progress = Progress(lambda: None)
        progress.say(ESCAPE)
        progress.warn(ESCAPE)
        progress.item_ended(Entry(ESCAPE, "failed", reason=ESCAPE))
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn(ESCAPE, NstpipeWarning, stacklevel=1)
            warnings.warn(ESCAPE, stacklevel=1)
    out, err = capsys.readouterr()
    shown = r"\x1b[31mred\x9b0m"
    assert out == f"one {shown}\ntwo\n"
    assert err.splitlines()[0] == f"nstpipe: three\\n{shown}"
    assert not set(err + out) & set("\x1b\x9b")
    assert f"nstpipe: {shown}" in err.splitlines()
    assert err.count(shown) == 8
