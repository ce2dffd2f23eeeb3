"""The exception tree. Every message is one line that says what is wrong and what to do.

The command line catches :class:`NstpipeError` alone and exits with its ``exit_code``.
"""


class NstpipeError(Exception):
    """Base of everything that nstpipe raises on purpose."""

    exit_code = 1


class SettingsError(NstpipeError):
    """A setting, preset, layer or option that cannot be."""

    exit_code = 2


class InputError(NstpipeError):
    """A picture, video, style or folder that is missing or cannot be read."""

    exit_code = 10


class OutputError(NstpipeError):
    """The output cannot be written there, or something stands in its place."""


class DamagedJournalError(OutputError):
    """A job's journal cannot be read any more."""


class WeightsError(NstpipeError):
    """The extractor's weights are missing, damaged or of the wrong layout."""


class DivergedError(NstpipeError):
    """The loss or its gradient stopped being finite; no picture was written."""


class TooLargeError(NstpipeError):
    """The work would need more memory than this machine has free."""


class LockedError(NstpipeError):
    """Another process holds the job."""

    exit_code = 11


class DiskFullError(NstpipeError):
    """The disk filled up; what was finished is kept."""

    exit_code = 12


class JobDiffersError(NstpipeError):
    """A job of ours stands there, with other settings, styles, weights or input."""

    exit_code = 13


class StoppedError(NstpipeError):
    """The user asked to stop (Ctrl-C); what was finished is kept."""

    exit_code = 130


class FailedItemsError(NstpipeError):
    """The job ended, but some of its items failed."""

    exit_code = 3
