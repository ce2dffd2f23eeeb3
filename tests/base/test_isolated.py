"""Functions in a process of their own: results, items, errors, and each way in which it can fail."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil
import pytest

from pipeline.base import isolated
from pipeline.base.isolated import CrashedError, NoMemoryError, StalledError
from pipeline.base.isolated_process import END_SECONDS, ChildProcess
from pipeline.errors import InputError, OutputError, StoppedError
from tests.support import ROOT
from tests.support import isolated_work as work


def gone(pid: int, seconds: float = 10) -> bool:
    """Whether a process ends within ``seconds``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def test_a_function_runs_in_another_process() -> None:
    assert isolated.call(work.add, 20, 22) == 42
    assert isolated.call(work.process_id) != os.getpid()


def test_the_process_is_kept_for_the_next_call() -> None:
    assert isolated.call(work.process_id) == isolated.call(work.process_id)


def test_the_process_loads_no_tensorflow_and_starts_quickly() -> None:
    began = time.monotonic()
    modules = isolated.call(work.modules)
    assert time.monotonic() - began < 5  # 0.3 s on an idle machine
    assert "cv2" in modules
    assert not {"tensorflow", "keras", "scipy", "pipeline.api"} & {*modules}


def test_arrays_arrive_whole_and_can_be_written() -> None:
    frames = list(isolated.iterate(work.pictures, 300, (3, 5)))
    assert [frame[0, 0, 0] for frame in frames] == [number % 256 for number in range(300)]
    assert all(frame.shape == (3, 5, 3) and (frame == frame[0, 0, 0]).all() for frame in frames)
    frames[0][:] = 9
    assert frames[1].flags.writeable


def test_what_a_function_emits_comes_before_its_result() -> None:
    emitted = []
    assert isolated.call(work.emit_pictures, 300, on_item=emitted.append) == 300
    assert [number for number, _ in emitted] == list(range(300))
    assert all((picture == number % 256).all() for number, picture in emitted)


def test_what_a_function_emits_does_no_harm_where_nobody_wants_it() -> None:
    assert isolated.call(work.emit_pictures, 3) == 3
    assert work.emit_pictures(3) == 3  # in this process


def test_an_error_about_what_a_function_emits_ends_its_process() -> None:
    def refuse(item: object) -> None:
        raise StoppedError("enough")

    with pytest.raises(StoppedError, match="enough"):
        isolated.call(work.emit_pictures, 10**6, on_item=refuse)
    assert not work.isolated_children()


def test_a_call_that_has_emitted_is_not_made_again() -> None:
    """A child that served a call before and dies at once is replaced; but nothing is to be seen twice."""
    emitted: list[int] = []
    isolated.call(work.add, 1, 1)
    with pytest.raises(CrashedError):
        isolated.call(work.emit_one_and_crash, on_item=emitted.append)
    assert emitted == [1]


def test_relative_paths_mean_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        assert isolated.call(os.getcwd) == str(tmp_path / name)


def test_a_current_folder_that_was_removed_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(InputError, match="^the current folder cannot be read .*; change to a folder that"):
        isolated.call(work.add, 1, 1)


def test_the_process_works_ahead_but_not_far(tmp_path: Path) -> None:
    with closing(isolated.iterate(work.marked, 50, tmp_path)) as items:
        assert next(items)[0, 0, 0] == 0
        deadline = time.monotonic() + 10
        while int((tmp_path / "made").read_text() or 0) < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.2)
        assert 3 <= int((tmp_path / "made").read_text()) <= 5
        assert [item[0, 0, 0] for item in items] == list(range(1, 50))


def test_an_iterator_that_is_left_ends_its_process() -> None:
    items = isolated.iterate(work.pictures, 10**6)
    next(items)
    (process,) = work.isolated_children()
    items.close()
    assert gone(process) and not work.isolated_children()


@pytest.mark.parametrize(
    ("function", "cause"),
    [(work.crash, "SIGSEGV"), (work.abort, "SIGABRT"), (work.leave, "exit status 7")],
)
def test_a_crash_is_an_error_with_its_cause(function, cause) -> None:
    with pytest.raises(CrashedError, match=cause):
        isolated.call(function)
    assert isolated.call(work.add, 1, 1) == 2


def test_items_before_a_crash_arrive() -> None:
    items = isolated.iterate(work.die, 3)
    assert [next(items) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(CrashedError, match="SIGKILL"):
        next(items)


def test_a_process_damaged_by_an_earlier_call_is_replaced() -> None:
    damaged = isolated.call(work.process_id)
    assert isolated.call(work.crash_if_used, damaged) != damaged


def test_a_process_that_ended_while_idle_is_replaced() -> None:
    idle = isolated.call(work.process_id)
    os.kill(idle, signal.SIGKILL)
    assert isolated.call(work.process_id) != idle


def test_errors_of_nstpipe_and_of_the_system_keep_their_kind() -> None:
    with pytest.raises(OutputError, match="^no room; make some$"):
        isolated.call(work.refuse)
    with pytest.raises(OSError) as caught:
        isolated.call(work.full_disk)
    assert (caught.value.errno, caught.value.strerror) == (28, os.strerror(28))


def test_another_error_tells_where_it_arose() -> None:
    with pytest.raises(RuntimeError, match="ZeroDivisionError: a fault") as caught:
        isolated.call(work.fail)
    assert "in fail" in caught.value.__notes__[0]


def test_no_progress_ends_the_process() -> None:
    began = time.monotonic()
    with pytest.raises(StalledError):
        isolated.call(work.sleep, 600.0, stall_seconds=0.6)
    assert time.monotonic() - began < 10
    assert not work.isolated_children()


def test_progress_is_what_counts_not_the_time() -> None:
    isolated.call(work.process_id)  # so that it need not be started
    assert isolated.call(work.sleep_with_beats, 2.4, 0.1, stall_seconds=1.6) == "done"


def test_a_slow_caller_is_no_stall() -> None:
    isolated.call(work.process_id)
    items = isolated.iterate(work.pictures, 6, (1000, 1000), stall_seconds=1.0)
    next(items)
    time.sleep(1.4)
    assert len(list(items)) == 5


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces a limit on memory")
def test_more_memory_than_is_free_is_an_error() -> None:
    """Twice what is free; without a limit the pages would be handed out and the machine would swap."""
    with pytest.raises(NoMemoryError):
        isolated.call(work.hoard, 2e-9 * psutil.virtual_memory().total)
    assert isolated.call(work.hoard, 0.05) == 50_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces a limit on memory")
def test_the_process_may_take_what_is_free_and_no_more() -> None:
    """A kept process gets a new limit with each request: what is free then, not what was left before."""
    for _ in range(2):
        room, free = isolated.call(work.room_for_data)
        assert 0.5 * free < room < 1.5 * free
        assert room > 100e6
        isolated.call(work.leave_room_for_data, 10_000_000)


def test_what_libraries_print_does_not_reach_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    isolated.call(work.chatter)
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_signals_are_left_to_the_parent() -> None:
    assert isolated.call(work.ignored_signals) == "alive"
    process = isolated.call(work.process_id)
    assert os.getpgid(process) != os.getpgid(0)  # a Ctrl-C at the terminal goes to the whole group


def test_what_is_called_while_waiting_may_stop_it(tmp_path: Path) -> None:
    def check() -> None:
        if (tmp_path / "process").is_file():
            raise StoppedError("stopped")

    with isolated.while_waiting(check), pytest.raises(StoppedError):
        isolated.call(work.tell_and_sleep, tmp_path / "process")
    assert gone(int((tmp_path / "process").read_text()))


def test_an_interrupt_ends_it_at_once(tmp_path: Path) -> None:
    told = tmp_path / "process"

    def interrupt() -> None:
        while not (told.is_file() and told.read_text()):
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        isolated.call(work.tell_and_sleep, told)
    assert gone(int(told.read_text()))


def test_a_killed_parent_leaves_no_process(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from pipeline.base import isolated; "
        "from tests.support import isolated_work as work; isolated.call(work.tell_and_sleep, Path('process'))"
    )
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    told = tmp_path / "process"
    with subprocess.Popen([sys.executable, "-c", code], env=environ) as parent:
        while not (told.is_file() and told.read_text()):
            assert parent.poll() is None
            time.sleep(0.02)
        parent.kill()
    assert gone(int(told.read_text()))


def test_an_idle_process_ends_by_itself() -> None:
    process = isolated.call(work.end_when_idle_for, 0.2)
    deadline = time.monotonic() + 10
    while psutil.pid_exists(process):  # a zombie exists, too
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert isolated.call(work.add, 1, 2) == 3


def test_two_threads_have_a_process_each() -> None:
    results: list[list[int]] = []

    def read() -> None:
        frames = isolated.iterate(work.pictures, 40, (50, 60))
        results.append([int(frame[0, 0, 0]) for frame in frames])

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [list(range(40))] * 2
    assert np.shape(results) == (2, 40)


AT_EXIT = """
from pipeline.base import isolated
from tests.support import isolated_work as work
items = isolated.iterate(work.pictures, 10**6)
print(next(items).shape, flush=True)
"""


@pytest.mark.parametrize(
    ("code", "status"), [(AT_EXIT, 0), (AT_EXIT + "for item in items: raise SystemExit(3)", 3)]
)
def test_python_ends_while_an_iterator_is_open(code: str, status: int) -> None:
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    result = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, timeout=30)
    assert (result.returncode, result.stdout.strip(), result.stderr) == (status, b"(4, 6, 3)", b"")


def test_a_process_that_is_gone_can_be_ended_again() -> None:
    child = ChildProcess()
    child.kill()
    began = time.monotonic()
    child.kill()
    assert time.monotonic() - began < END_SECONDS / 2
