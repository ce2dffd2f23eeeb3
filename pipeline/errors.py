"""The exceptions. Every message is one line: what is wrong, then what to do.

The command line catches only :class:`NstpipeError` and exits with its ``exit_code``.
"""


class NstpipeError(Exception):
    """Base class of all exceptions of nstpipe."""

    exit_code = 1
    longest = 4000
    """Characters of the message; the middle of a longer one, some value of a file, is left out."""

    def __init__(self, message: str = "") -> None:
        if len(message) > self.longest:
            half = self.longest // 2
            message = f"{message[:half]}…{message[-half:]}"
        super().__init__(message)


class SettingsError(NstpipeError):
    """A setting, preset, layer or option does not exist or has an invalid value."""

    exit_code = 2


class InputError(NstpipeError):
    """A picture, video, style or folder is missing or cannot be read."""

    exit_code = 10


class OutputError(NstpipeError):
    """The output cannot be written, or already exists and was not made by nstpipe."""


class DamagedJournalError(OutputError):
    """The journal of a job is damaged."""


class WeightsError(NstpipeError):
    """The extractor's weights are missing, damaged or of the wrong layout."""


class FetchError(WeightsError):
    """The weights could not be fetched; ``reason`` says why in a few words, without what to do."""

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


class DivergedError(NstpipeError):
    """The loss or its gradient is not finite; no picture was written."""


class TooLargeError(NstpipeError):
    """The job needs more memory than this machine has free."""


class LockedError(NstpipeError):
    """Another process works on the job."""

    exit_code = 11


class DiskFullError(NstpipeError):
    """The disk is full; finished items are kept."""

    exit_code = 12


class JobDiffersError(NstpipeError):
    """The output belongs to a job with other settings, styles, weights or input."""

    exit_code = 13


class StoppedError(NstpipeError):
    """The user stopped the job (Ctrl-C); finished items are kept."""

    exit_code = 130


class FailedItemsError(NstpipeError):
    """The job ended; some of its items failed."""

    exit_code = 3
    longest = 2**31
    """The message names every one."""


class NstpipeWarning(UserWarning):
    """Something that costs no work: a log that cannot be written, a disk that cannot be told to sync."""
