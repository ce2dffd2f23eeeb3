"""How much a plan stylises, by the headers of its files, and how long that takes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.base.arrays import Size
from pipeline.core.scales import usable_size
from pipeline.errors import NstpipeError
from pipeline.footage import sources
from pipeline.jobs.planning import estimates
from pipeline.jobs.planning.plan import Plan, VideoPlan
from pipeline.pictures import images
from pipeline.settings.settings import SMALLEST_SIDE, Settings


@dataclass(frozen=True)
class Workload:
    """The pictures of a plan, or the frames of its clip.

    Attributes:
        counts: of each size (height, width), upright: the pictures, or frames, that have it.
        of_a_clip: whether they are frames.
    """

    counts: Mapping[Size, int]
    of_a_clip: bool = False

    @classmethod
    def of(cls, plan: Plan) -> "Workload":
        """What can be read of the plan's files; a clip whose header gives no number of frames has one."""
        if isinstance(plan, VideoPlan):
            guess = sources.guess(plan.footage)
            return cls({guess.size: max(1, guess.frames)}, of_a_clip=True)
        counts: Counter[Size] = Counter()
        for item in plan.items:
            try:
                size = images.read_size(item.content)
            except NstpipeError:  # it will fail, and takes no time
                continue
            if min(size) >= SMALLEST_SIDE:
                counts[size] += 1
        return cls(counts)

    def seconds(self, settings: Settings, widths: Sequence[int], speed: float, workers: int = 1) -> float:
        """How long all of it takes; see :func:`.estimates.seconds_of_picture`."""
        workers = max(1, min(workers, sum(self.counts.values())))
        total = 0.0
        for size, count in self.counts.items():
            small = usable_size(size, settings.size)
            if self.of_a_clip:
                total += estimates.seconds_of_clip(settings, small, widths, speed, count, workers=workers)
            else:
                total += count * estimates.seconds_of_picture(settings, small, widths, speed, workers=workers)
        return total
