"""What a job reports to its caller while it runs. The base class ignores all of it."""

from collections.abc import Mapping

from pipeline.core.style_transfer import StepInfo
from pipeline.jobs.planning.item_times import ItemTime
from pipeline.jobs.planning.plan import Item
from pipeline.jobs.record.entries import Entry


class Observer:
    """Override the methods that you need. Raising :class:`~pipeline.errors.StoppedError` stops the job."""

    def began(self, total: int, done: int) -> None:
        """The job has ``total`` items, of which ``done`` were done before."""

    def foreseen(self, times: Mapping[str, ItemTime]) -> None:
        """How long each item that is left takes beside the others, by name; called before the first begins.

        Items that cannot be read are not among them.
        """

    def nothing_left(self, total: int) -> None:
        """The job was finished before."""

    def item_began(self, item: Item) -> None:
        """An item is being stylised."""

    def step(self, info: StepInfo) -> None:
        """A step of the current item ended. Items of worker processes report no steps."""

    def waiting(self) -> None:
        """Other processes are busy: workers, or a clip's decoder; called several times a second."""

    def item_ended(self, entry: Entry) -> None:
        """An item was written and marked, or failed."""

    def assembling(self, frame: int, frames: int) -> None:
        """Frame number ``frame`` of the video was encoded."""

    def fetching(self, received: int, total: int) -> None:
        """``received`` of ``total`` bytes of the weights file arrived; ``total`` is 0 where it is unknown."""

    def say(self, message: str) -> None:
        """A piece of information for the user."""

    def warn(self, message: str) -> None:
        """A warning for the user; the job continues."""
