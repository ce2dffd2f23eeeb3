"""How long the items of a job take beside each other; the progress measures how long they do take."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from pipeline.base import speed
from pipeline.base.arrays import Size
from pipeline.core.scales import usable_size
from pipeline.core.style_transfer import StepInfo
from pipeline.errors import NstpipeError
from pipeline.extractor.layers import Architecture
from pipeline.jobs.planning import item_cost
from pipeline.jobs.planning.item_cost import ItemCost
from pipeline.jobs.planning.plan import Item
from pipeline.jobs.planning.step_cost import CoreSeconds
from pipeline.pictures import images
from pipeline.settings.settings import SMALLEST_SIDE, Settings

SPEED = speed.REFERENCE
"""Only how the times of items compare with each other counts, so nothing is measured."""

PICTURE, FIRST, FOLLOWING = "picture", "first", "following"
"""The kinds of items: pictures; frames that follow no other, and those that do."""


@dataclass(frozen=True)
class ItemTime:
    """The time that an item is expected to take.

    Attributes:
        kind: one of the kinds, or nothing. What is wrong with the estimate of
            one item of a kind is wrong with the others, too.
        scales: the steps at each scale, coarse first, and the seconds of each of them.
        rest: seconds of all but steps, with what is done once where this item is the first that needs it.
        loading: seconds of the start of a process for it, which tell little of the items' time.
    """

    kind: str
    scales: tuple[tuple[int, float], ...]
    rest: float = 0.0
    loading: float = 0.0

    @property
    def starts_a_worker(self) -> bool:
        """Whether a process is started for it."""
        return self.loading > 0

    @property
    def seconds(self) -> float:
        """Of the item as a whole."""
        return self.loading + self.rest + sum(steps * seconds for steps, seconds in self.scales)

    def share_done(self, info: StepInfo) -> float:
        """The share of the item's time that has passed with the step of ``info``, 0 to 1.

        A frame may leave out coarse scales, and a scale may end before its last step.
        """
        if len(self.scales) < info.scales:  # nothing is known of the scales
            return info.step / info.steps
        scales = self.scales[-info.scales :]
        later = scales[info.scale :]
        steps_here = info.steps - info.step - sum(steps for steps, _ in later)
        left = steps_here * scales[info.scale - 1][1] + sum(steps * seconds for steps, seconds in later)
        whole = sum(steps * seconds for steps, seconds in scales)
        return min(1.0, max(0.0, 1 - left / whole))


UNKNOWN = ItemTime("", (), 1.0)
"""Of an item of which nothing is known: all count the same."""

FAILS = ItemTime("", ())
"""Of an item that cannot be read."""


def of_pictures(
    items: Iterable[Item], settings: Settings, network: Architecture, styles: int, workers: int
) -> dict[str, ItemTime]:
    """By the names of pictures; those that cannot be read are left out.

    Args:
        items: in the order in which they are stylised.
        settings: with a precision that is not ``auto``.
        styles: in each style set.
        workers: pictures at once, in processes of their own if there are several.
    """
    times: dict[str, ItemTime] = {}
    seen: set[tuple[int, Size]] = set()
    for item in items:
        try:
            source = images.read_size(item.content)
        except NstpipeError:  # it will fail, and takes no time
            continue
        if min(source) < SMALLEST_SIDE:
            continue
        size = usable_size(source, settings.size)
        cost, once = item_cost.of_picture(settings, size, source, network, SPEED), CoreSeconds()
        if (item.style_set, size) not in seen:
            seen.add((item.style_set, size))
            once += item_cost.of_new_size(settings, size, network, SPEED, styles)
        loading = _loading(settings, network) if 1 < workers > len(times) else 0.0
        times[item.name] = replace(_time(PICTURE, cost, once), loading=loading)
    return times


def of_frames(
    shots: Sequence[Sequence[str]],
    firsts: Collection[str],
    settings: Settings,
    sizes: tuple[Size, Size],
    network: Architecture,
    workers: int,
) -> dict[str, ItemTime]:
    """By the names of the frames that are left.

    Args:
        shots: the names of each shot's frames, the shots in the order in which they are stylised.
        firsts: those frames that follow no other.
        settings: with a precision that is not ``auto``.
        sizes: (height, width) of the clip and of the pastiches.
        workers: as for :func:`of_pictures`.
    """
    source, size = sizes
    costs = {
        following: item_cost.of_frame(settings, size, source, network, SPEED, following=following)
        for following in (False, True)
    }
    usual = {following: _time(_kind(following), cost, CoreSeconds()) for following, cost in costs.items()}
    times: dict[str, ItemTime] = {}
    for number, names in enumerate(shots):
        times |= {name: usual[name not in firsts] for name in names}
        if number >= workers:
            continue
        # The process that makes this shot makes its first picture of the size, and its first with a hold.
        added = {names[0]: item_cost.of_new_size(settings, size, network, SPEED)}
        held = next((name for name in names if name not in firsts), None)
        if held is not None and settings.temporal == "flow":
            added[held] = added.get(held, CoreSeconds()) + item_cost.of_hold(SPEED)
        for name, once in added.items():
            following = name not in firsts
            loading = _loading(settings, network) if workers > 1 and name == names[0] else 0.0
            times[name] = replace(_time(_kind(following), costs[following], once), loading=loading)
    return times


def _loading(settings: Settings, network: Architecture) -> float:
    return item_cost.of_process(settings, network, SPEED, of_a_clip=False).lasting(SPEED.cores)


def _kind(following: bool) -> str:
    return FOLLOWING if following else FIRST


def _time(kind: str, cost: ItemCost, once: CoreSeconds) -> ItemTime:
    scales = tuple((steps, step.lasting(SPEED.cores)) for steps, step in cost.scales)
    return ItemTime(kind, scales, (cost.rest + once).lasting(SPEED.cores))
