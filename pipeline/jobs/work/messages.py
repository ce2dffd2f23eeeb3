"""The messages of an executor while it runs tasks. Workers send all of them to their parent but Stepped."""

from dataclasses import dataclass

from pipeline.base.messages import one_line
from pipeline.core.style_transfer import StepInfo
from pipeline.errors import NstpipeError
from pipeline.jobs.planning.plan import Item
from pipeline.jobs.record.entries import Entry


@dataclass(frozen=True)
class Began:
    """An item is being stylised."""

    item: Item


@dataclass(frozen=True)
class Stepped:
    """A step of the current item ended; only tasks in this process report steps."""

    info: StepInfo


@dataclass(frozen=True)
class Waiting:
    """Other processes are at work; reported several times a second."""


@dataclass(frozen=True)
class Noted:
    """A note for the user, in one line; the task goes on."""

    note: str


@dataclass(frozen=True)
class Writing:
    """A file that carries no tag is about to be renamed into its place; this must be recorded first.

    Attributes:
        sha256: of its bytes (hex).
    """

    item: Item
    sha256: str


@dataclass(frozen=True)
class Done:
    """An item was written, whole and synced; it is not marked yet."""

    entry: Entry


@dataclass(frozen=True)
class Failed:
    """A task ended with an error.

    Attributes:
        item: the item that failed; None where the whole task did.
        error: what it raised.
        reason: the error in one line.
    """

    item: Item | None
    error: Exception
    reason: str

    @classmethod
    def of(cls, item: Item | None, error: Exception) -> "Failed":
        """The message about an error of a task."""
        text = str(error) if isinstance(error, NstpipeError) else f"{type(error).__name__}: {error}"
        return cls(item, error, one_line(" ".join(text.split())))


Message = Began | Stepped | Waiting | Noted | Writing | Done | Failed
