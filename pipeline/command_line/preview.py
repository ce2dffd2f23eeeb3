"""``--preview``: ``preview.png`` beside the output, the picture that is being stylised.

It is removed at the end of the run: what it showed is in the output, or in the next run's preview.
"""

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.base.messages import shown
from pipeline.base.resizing import resize, size_to_fit
from pipeline.core.style_transfer import StepInfo
from pipeline.errors import NstpipeError, OutputError
from pipeline.jobs.planning import output_names
from pipeline.jobs.record import lock
from pipeline.jobs.record.input_files import Stamp, stamp_of
from pipeline.pictures import images, writing

NAME = "preview.png"

SECONDS = 5.0
"""Between two previews, at least."""

PAUSE = 50.0
"""Between two previews, at least, in times that writing the last one took: so all take at most 2 %."""

LONGEST_SIDE = 1024
"""Of a preview, in pixels."""

TAG = "nstpipe preview"
"""Key of the PNG text that says of which output, by its name, a file is a preview."""


class Preview:
    """The preview of a job. Use it as a context manager around the job."""

    def __init__(self, output: Path, inputs: Iterable[Path] = ()) -> None:
        """A preview beside the ``output`` of a job that reads ``inputs``."""
        self._output = output
        self._inputs = inputs
        self._path = output.with_name(NAME)
        self._written: Stamp = ()
        self._next = 0.0

    def __enter__(self) -> Self:
        """Remove the preview that a killed run left.

        Raises:
            OutputError: there is a file of that name that is no preview, an input of the job, or the preview
                of another job that runs.
        """
        if self._path == self._output:
            raise OutputError(f"{shown(self._path)}: is the preview's name; name another output with -o")
        if os.path.lexists(self._path):
            self._remove_earlier()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the preview, if it is the one that was written last."""
        if stamp_of(self._path) == self._written:
            with contextlib.suppress(OSError):  # there may be none
                self._path.unlink()

    def take(self, info: StepInfo, warn: Callable[[str], None]) -> None:
        """Write the picture after a step, if the last preview is old enough.

        An error costs the preview, not the job: ``warn`` is called, and no other preview is written.
        """
        began = time.monotonic()
        if began < self._next:
            return
        try:
            self._write(info)
        except (NstpipeError, OSError) as error:
            warn(f"no more previews: {error}")
            self._next = float("inf")
        else:
            self._next = began + max(SECONDS, PAUSE * (time.monotonic() - began))

    def _write(self, info: StepInfo) -> None:
        if os.path.lexists(self._path) and stamp_of(self._path) != self._written:
            raise OutputError(f"{shown(self._path)}: was written by another program")
        pixels = info.image()
        small = resize(pixels, size_to_fit(pixels.shape[:2], LONGEST_SIDE))
        writing.write(self._path, small, tags={TAG: json.dumps(self._output.name)})
        self._written = stamp_of(self._path)

    def _remove_earlier(self) -> None:
        name = _output_of(self._path)
        if name is None:
            raise OutputError(
                f"{shown(self._path)}: already exists and is no preview by nstpipe; "
                "rename it, or leave out --preview"
            )
        if any(map(self._path.samefile, filter(os.path.exists, self._inputs))):
            raise OutputError(
                f"{shown(self._path)}: is an input of this job; remove or rename it, or leave out --preview"
            )
        other = self._path.with_name(name)
        if not lock.is_locked(output_names.job_folder_in_use(other)):
            self._path.unlink()
        elif other != self._output:  # of the same output the job itself says that it runs already
            raise OutputError(
                f"{shown(self._path)}: is the preview of {shown(other)}, whose job runs; "
                "leave out --preview, or wait for it"
            )


def _output_of(path: Path) -> str | None:
    """The name of the output that the file is a preview of; None where it is no preview."""
    if path.is_symlink():  # a preview is written as a file of its own
        return None
    try:
        name = json.loads(images.read_tags(path).get(TAG, "null"))
    except ValueError:
        return None
    return name if isinstance(name, str) and name and Path(name).name == name else None
