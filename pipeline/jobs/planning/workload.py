"""How much a plan stylises, by the headers of its files, and how long that takes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.base.arrays import Size
from pipeline.base.speed import Speed
from pipeline.core.scales import usable_size
from pipeline.errors import NstpipeError
from pipeline.extractor.layers import Architecture
from pipeline.footage import sources
from pipeline.jobs.planning import item_cost
from pipeline.jobs.planning.plan import Plan, VideoPlan
from pipeline.jobs.planning.step_cost import CoreSeconds
from pipeline.pictures import images
from pipeline.settings.settings import SMALLEST_SIDE, Settings


@dataclass(frozen=True)
class Workload:
    """The pictures of a plan, or the frames of its clip.

    Attributes:
        counts: of each size (height, width), upright: the pictures, or frames, that have it.
        of_a_clip: whether they are frames.
        styles: pictures of styles, all style sets together.
    """

    counts: Mapping[Size, int]
    of_a_clip: bool = False
    styles: int = 1

    @classmethod
    def of(cls, plan: Plan) -> "Workload":
        """What can be read of the plan's files; a clip whose header gives no number of frames has one."""
        if isinstance(plan, VideoPlan):
            guess = sources.guess(plan.footage)
            return cls({guess.size: max(1, guess.frames)}, of_a_clip=True, styles=plan.styles)
        counts: Counter[Size] = Counter()
        for item in plan.items:
            try:
                size = images.read_size(item.content)
            except NstpipeError:  # it will fail, and takes no time
                continue
            if min(size) >= SMALLEST_SIDE:
                counts[size] += 1
        return cls(counts, styles=plan.styles)

    def cost(self, settings: Settings, network: Architecture, speed: Speed, workers: int = 1) -> CoreSeconds:
        """What all of it costs, without what the program and its processes do before.

        Args:
            settings: with a precision that is not ``auto``.
            workers: processes that stylise.
        """
        total = CoreSeconds()
        for source, count in self.counts.items():
            size = usable_size(source, settings.size)
            new = item_cost.of_new_size(settings, size, network, speed, self.styles)
            total += new * min(workers, count)
            if self.of_a_clip:
                first, following = (
                    item_cost.of_frame(settings, size, source, network, speed, following=later).whole
                    for later in (False, True)
                )
                total += first + following * (count - 1)
            else:
                total += item_cost.of_picture(settings, size, source, network, speed).whole * count
        return total

    def seconds(self, settings: Settings, network: Architecture, speed: Speed, workers: int = 1) -> float:
        """How long that lasts where ``workers`` processes stylise."""
        workers = self.workers(workers)
        return self.cost(settings, network, speed, workers).lasting(speed.cores, workers)

    def workers(self, workers: int) -> int:
        """How many of ``workers`` have anything to do."""
        return max(1, min(workers, sum(self.counts.values())))


def cost_of_run(
    parts: Sequence[tuple[Workload, Settings]], network: Architecture, speed: Speed, workers: int = 1
) -> CoreSeconds:
    """What a run of the program costs that does all of these, each with its settings.

    Args:
        workers: processes that stylise; more than there are pictures or frames are not used.
    """
    workers = max(1, min(workers, sum(sum(work.counts.values()) for work, _ in parts)))
    of_a_clip = any(work.of_a_clip for work, _ in parts)
    of_process = item_cost.of_process(parts[0][1], network, speed, of_a_clip=of_a_clip)
    of_program = item_cost.of_program(speed, processes=workers, of_a_clip=of_a_clip)
    costs = (work.cost(settings, network, speed, workers) for work, settings in parts)
    return sum(costs, of_program + of_process * workers)
