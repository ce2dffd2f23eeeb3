"""Run nstpipe again and again in forked processes, each with a fault at one call that changes the disk.

    python -m tests.support.faulty_calls

reads runs as lines of JSON from standard input and answers each with a line. The calls are Python's
``fsync``, ``rename``, ``replace``, ``unlink``, ``rmdir``, and SQLite's ``write``, ``unlink``, ``ftruncate``;
they are counted from 1. TensorFlow is imported once, before the forks and before it starts its threads.
"""

import ctypes
import errno
import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from tests.support import ROOT

PYTHON_CALLS = ("fsync", "rename", "replace", "unlink", "remove", "rmdir")
SQLITE_CALLS = ("write", "pwrite", "pwrite64", "unlink", "ftruncate")

KILL_BEFORE, KILL_AFTER = "kill before", "kill after"

SIGNALS = "signals"
"""A signal every millisecond, which interrupts what the system lets be interrupted."""


@dataclass(frozen=True)
class Fault:
    """What happens at a call.

    Attributes:
        kind: :data:`KILL_BEFORE`, :data:`KILL_AFTER`, :data:`SIGNALS`, or the name of an error, such as
            ``EIO``, with which the call fails without having done anything.
        number: of the call; 0: every call whose name is ``name``.
        name: see ``number``.
    """

    kind: str
    number: int
    name: str = ""


@dataclass(frozen=True)
class Run:
    """How a run ended.

    Attributes:
        code: its exit code; the negative number of the signal that ended it.
        complaints: its standard error.
        calls: the names of its calls, such as ``fsync`` or ``sqlite write``; empty where it was killed.
    """

    code: int
    complaints: str
    calls: Sequence[str]


class Runs(AbstractContextManager["Runs"]):
    """The process that forks; ``run`` may be called any number of times."""

    def __enter__(self) -> Self:
        self._temporary = tempfile.TemporaryDirectory()  # for what TensorFlow leaves there when it is killed
        environ = os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": self._temporary.name}
        command = [sys.executable, "-m", "tests.support.faulty_calls"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()
        self._temporary.cleanup()

    def run(self, arguments: Sequence[str], folder: Path, fault: Fault | None = None) -> Run:
        """Run nstpipe's command line in ``folder``."""
        request = {"folder": str(folder), "arguments": list(arguments), "fault": fault and asdict(fault)}
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return Run(**json.loads(self._process.stdout.readline()))


class _Calls:
    """Counts the calls of this process, and puts the fault in."""

    def __init__(self, fault: Fault | None) -> None:
        self.names: list[str] = []
        self._fault = fault
        self._kept: list[Any] = []
        """What C calls: it must outlive the connections."""

    def install(self) -> None:
        for name in PYTHON_CALLS:
            setattr(os, name, self._wrapped(name, getattr(os, name)))
        self._install_in_sqlite()
        if self._fault is not None and self._fault.kind == SIGNALS:
            signal.signal(signal.SIGALRM, lambda *_: None)
            signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)

    def _wrapped(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*arguments: Any, **keywords: Any) -> Any:
            code = self._before(name)
            if code:
                raise OSError(code, os.strerror(code))
            try:
                return function(*arguments, **keywords)
            finally:
                self._after()

        return call

    def _before(self, name: str) -> int:
        """Count a call; the error with which it is to fail, or 0."""
        self.names.append(name)
        if self._fault is None or self._fault.kind == KILL_AFTER or not self._is_here(name):
            return 0
        if self._fault.kind == KILL_BEFORE:
            os.kill(os.getpid(), signal.SIGKILL)
        return int(getattr(errno, self._fault.kind))

    def _after(self) -> None:
        if self._fault is not None and self._fault.kind == KILL_AFTER and self._is_here(self.names[-1]):
            os.kill(os.getpid(), signal.SIGKILL)

    def _is_here(self, name: str) -> bool:
        assert self._fault is not None
        if self._fault.number:
            return len(self.names) == self._fault.number
        return name == self._fault.name

    def _install_in_sqlite(self) -> None:
        """Through the table of system calls that SQLite has for its own tests."""
        vfs = _vfs()
        for name in SQLITE_CALLS:
            original = vfs.contents.get(vfs, name.encode())
            if original:
                self._put(vfs, name, original)

    def _put(self, vfs: Any, name: str, original: int) -> None:
        prototype = _PROTOTYPES[name]
        function = prototype(original)

        def call(*arguments: Any) -> int:
            code = self._before(f"sqlite {name.removeprefix('p').removesuffix('64')}")
            if code:
                ctypes.set_errno(code)
                return -1
            result = function(*arguments)
            self._after()
            return result

        wrapped = prototype(call)
        self._kept.append(wrapped)
        vfs.contents.set(vfs, name.encode(), ctypes.cast(wrapped, ctypes.c_void_p))


class _Vfs(ctypes.Structure):
    pass


_POINTER = ctypes.POINTER(_Vfs)
_SET = ctypes.CFUNCTYPE(ctypes.c_int, _POINTER, ctypes.c_char_p, ctypes.c_void_p)
_GET = ctypes.CFUNCTYPE(ctypes.c_void_p, _POINTER, ctypes.c_char_p)
_Vfs._fields_ = [
    ("version_and_sizes", ctypes.c_int * 3),
    ("next_name_and_data", ctypes.c_void_p * 3),
    ("methods", ctypes.c_void_p * 13),
    ("set", _SET),
    ("get", _GET),
]  # sqlite3_vfs of sqlite3.h, version 3

_WRITE = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, use_errno=True)
_PWRITE = ctypes.CFUNCTYPE(
    ctypes.c_ssize_t, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64, use_errno=True
)
_PROTOTYPES = {
    "write": _WRITE,
    "pwrite": _PWRITE,
    "pwrite64": _PWRITE,
    "unlink": ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, use_errno=True),
    "ftruncate": ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int64, use_errno=True),
}


def _vfs() -> Any:
    import _sqlite3

    find = ctypes.CDLL(_sqlite3.__file__).sqlite3_vfs_find  # of whatever library the module is linked to
    find.restype, find.argtypes = _POINTER, [ctypes.c_char_p]
    return find(None)


def _serve() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    import cli  # noqa: F401
    from pipeline import api  # noqa: F401
    from pipeline.core import loading

    loading.stylizer_class()
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(_forked(request)), file=answers, flush=True)


def _forked(request: dict[str, Any]) -> dict[str, Any]:
    folder = Path(tempfile.gettempdir())  # not the run's: its disk may be full
    complaints, calls = folder / "complaints.txt", folder / "calls.json"
    calls.unlink(missing_ok=True)
    process = os.fork()
    if not process:
        _run(request, complaints, calls)
    _, status = os.waitpid(process, 0)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "complaints": complaints.read_text(),
        "calls": json.loads(calls.read_text()) if calls.exists() else [],
    }


def _run(request: dict[str, Any], complaints: Path, calls: Path) -> None:
    """Run the command line in this forked process, and end it."""
    code = 70
    try:
        os.dup2(os.open(complaints, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 2)
        os.chdir(request["folder"])
        counted = _Calls(Fault(**request["fault"]) if request["fault"] else None)
        counted.install()
        import cli

        try:
            cli.main(request["arguments"])
        except SystemExit as ended:
            code = int(ended.code or 0)
        finally:
            calls.write_text(json.dumps(counted.names))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
