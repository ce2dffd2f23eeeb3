"""What a job tells the caller while it runs. The base is silent; the command line's draws bars."""

from typing import TYPE_CHECKING

from pipeline.core.style_transfer import StepInfo
from pipeline.jobs.journal import Entry

if TYPE_CHECKING:
    from pipeline.jobs.plan import Item


class Observer:
    """Override what you want to hear of. To raise :class:`~pipeline.errors.StoppedError` stops the job."""

    def began(self, total: int, done: int) -> None:
        """The job has ``total`` items, of which ``done`` were finished before."""

    def nothing_left(self, total: int) -> None:
        """The job was finished before."""

    def item_began(self, item: "Item") -> None:
        """An item is being stylised."""

    def step(self, info: StepInfo) -> None:
        """A step of the current item ended."""

    def waiting(self) -> None:
        """Workers are busy; called every now and then, since nothing is told of their steps."""

    def item_ended(self, entry: Entry) -> None:
        """An item was written and marked, or failed."""

    def assembling(self, frame: int, frames: int) -> None:
        """Frame number ``frame`` of the video was encoded."""

    def fetching(self, received: int, total: int) -> None:
        """Bytes of the weights file that have come so far."""

    def say(self, message: str) -> None:
        """Something worth knowing."""

    def warn(self, message: str) -> None:
        """Something is not as it should be, and the job goes on."""
