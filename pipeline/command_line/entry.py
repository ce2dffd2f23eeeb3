"""Run a command line: guard the streams, turn each error into one line and an exit code."""

import os
import sys
from pathlib import Path

import typer

from pipeline.command_line import streams
from pipeline.command_line.resume_line import line_to_resume
from pipeline.errors import NstpipeError, SettingsError, StoppedError, TooLargeError


def run(app: typer.Typer, arguments: list[str]) -> int:
    """Run a command of ``app``; the exit code. An error is one line on standard error."""
    with streams.guarded() as out:
        code = _exit_code(app, arguments)
        out.flush()
        if out.error and not out.reader_left:  # a reader that left, such as `head`, has what it wanted
            streams.warn(f"standard output cannot be written ({streams.reason(out.error)})")
            code = code or NstpipeError.exit_code
    return code


def _exit_code(app: typer.Typer, arguments: list[str]) -> int:
    """Run the command; print its error, if there is one."""
    try:
        return typer.main.get_command(app).main(arguments, prog_name="nstpipe", standalone_mode=False) or 0
    except NstpipeError as error:
        _complain(str(error), error, arguments)
        if isinstance(error, StoppedError):
            print(f"to resume: {line_to_resume(arguments)}", file=sys.stderr)
        return error.exit_code
    except typer.TyperException as error:
        _complain(f"{error.format_message()} (nstpipe --help)", error, arguments)
        return SettingsError.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return StoppedError.exit_code
    except (OSError, MemoryError) as error:
        reported = _of_system(error)
        _complain(str(reported), error, arguments)
        return reported.exit_code
    except Exception as error:
        message = f"{type(error).__name__}: {error}; this is a bug in nstpipe; -v shows where"
        _complain(message, error, arguments)
        return NstpipeError.exit_code


def _of_system(error: OSError | MemoryError) -> NstpipeError:
    """The error about what the system refused, where no better one says what it was for."""
    from pipeline.base import atomic
    from pipeline.base.messages import shown

    if isinstance(error, MemoryError):
        return TooLargeError("memory ran out; close other programs, or choose a smaller --size")
    path = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else Path()
    if atomic.is_disk_full(error):
        return atomic.disk_full(path)
    reason = f"{shown(path)}: {streams.reason(error)}"
    return NstpipeError(f"{reason}; check the disk and the permissions, then type the same line again")


def _complain(message: str, error: BaseException, arguments: list[str]) -> None:
    if {"-v", "--verbose"} & set(arguments):
        streams.print_traceback(error)
    streams.warn(" ".join(message.split()))
