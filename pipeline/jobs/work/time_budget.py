"""The night's budget: measure this machine by some steps, then choose what a job can be made with in time."""

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.base import speed
from pipeline.base.arrays import Size
from pipeline.base.messages import duration
from pipeline.base.speed import Speed
from pipeline.core import loading
from pipeline.core.margins import Margin
from pipeline.core.scales import usable_size
from pipeline.extractor.weights import Weights
from pipeline.jobs.planning import budget, memory_estimates, step_cost
from pipeline.jobs.planning.plan import Plan
from pipeline.jobs.planning.workload import Workload
from pipeline.settings.settings import Settings

TRIAL_SIZE = 512
"""Pixels of the longest side of the picture whose steps are timed, unless the pastiches are smaller."""

TRIAL_STEPS = 6

WARM_UP = 2
"""Steps of a trial that are not counted: they compile."""


@dataclass(frozen=True)
class Decision:
    """What a budget decided.

    Attributes:
        settings: those of the job.
        in_time: whether the job is foreseen to be done in time.
        text: for the user.
    """

    settings: Settings
    in_time: bool
    text: str


def decide(plan: Plan, settings: Settings, weights: Weights, deadline: float, workers: int = 1) -> Decision:
    """The settings with which all of the plan is made until ``deadline``, from what steps take here and now.

    Args:
        settings: with a precision that is not ``auto``.
        deadline: on the clock of ``time.monotonic``.

    Raises:
        NstpipeError: the clip cannot be read, or the trial fails.
    """
    work = Workload.of(plan)
    if not work.counts:  # every picture fails, whatever the settings
        return Decision(settings, in_time=True, text="nothing can be read that would take time")
    now, network = speed.measured(), weights.architecture
    slower = _slower_than_foreseen(settings, weights, max(work.counts), now)

    def foresee(tried: Settings) -> float:
        return slower * work.seconds(tried, network, now, workers)

    left = max(0.0, deadline - time.monotonic())
    fitted = budget.fitted(settings, left, foresee)
    usual, chosen = (duration(foresee(each)) for each in (settings, fitted))
    in_time = foresee(fitted) <= left
    if fitted == settings and in_time:
        return Decision(settings, in_time, f"{duration(left)} are enough: the job takes about {chosen}")
    text = f"{duration(left)} are left and the job takes about {usual}"
    if fitted != settings:
        text += f"; with {described(fitted)} instead of {described(settings)} it takes about {chosen}"
    return Decision(fitted, in_time, text if in_time else f"{text}; it will not be done in time")


def as_begun(settings: Settings) -> Decision:
    """The decision of a job that goes on with the settings that it was begun with."""
    return Decision(settings, True, f"the job goes on with {described(settings)}, as it was begun")


def chosen_before(settings: Settings, recorded: Mapping[str, Any]) -> Settings:
    """The settings with what a budget decided when the job was begun.

    Args:
        recorded: the settings of the job so far, as its journal has them.
    """
    return budget.changed(settings, {name: recorded[name] for name in budget.CHOSEN if name in recorded})


def described(settings: Settings) -> str:
    """``--size 512 --steps 49,38,24``."""
    flags = f"--size {settings.size} --steps {_list(settings.steps)}"
    return f"{flags} --frame-steps {_list(settings.frame_steps)}" if settings.frame_steps else flags


def _list(steps: tuple[int, ...]) -> str:
    return ",".join(map(str, steps))


def _slower_than_foreseen(settings: Settings, weights: Weights, size: Size, now: Speed) -> float:
    """How many times as long as estimated at the speed ``now`` a step takes, on a picture of noise."""
    size = usable_size(size, min(settings.size, TRIAL_SIZE))
    # From noise, so that the steps do not end early in a minimum; one style, whatever is blended.
    free = {"init": "noise", "max_iterations": None, "style_weights": (), "snapshot_every": 0}
    trial = budget.changed(settings, {"scales": 1, "steps": (WARM_UP + TRIAL_STEPS,), **free})
    memory_estimates.check_memory("the trial of the budget", trial, size, weights.widths)
    rng = np.random.default_rng(0)
    content, style = (rng.uniform(0, 255, (*size, 3)).astype(np.float32) for _ in range(2))
    stylizer = loading.stylizer_class()(trial, [style], weights=weights)
    times: list[float] = []
    stylizer.stylize(content, on_step=lambda info: times.append(time.perf_counter()))
    took = statistics.median(np.diff(times[WARM_UP - 1 :]))
    framed = Margin.around(size, settings.margin).framed_size
    return float(took / step_cost.of_step(trial, framed, weights.architecture, now).lasting(now.cores))
