"""Run the job of a plan: get the weights, resolve the settings for them, open the job, do what is left."""

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline.base import isolated, memory
from pipeline.core import precisions
from pipeline.core.style_shares import style_shares
from pipeline.extractor import weights
from pipeline.extractor.weights import Weights
from pipeline.footage import sources
from pipeline.jobs.planning import memory_estimates
from pipeline.jobs.planning.plan import Item, Plan, VideoPlan
from pipeline.jobs.record.entries import Entry, Facts
from pipeline.jobs.record.journal import Journal
from pipeline.jobs.record.journal_files import present
from pipeline.jobs.record.lock import held
from pipeline.jobs.work import picture_job, time_budget, video_job
from pipeline.jobs.work.job import Job
from pipeline.jobs.work.job_folder import open_job
from pipeline.jobs.work.observer import Observer
from pipeline.settings.choice import Choice
from pipeline.settings.settings import Settings
from pipeline.video.decoding import decoder_memory


@dataclass(frozen=True)
class Rules:
    """How a job runs, and what it does about files and jobs that exist; only ``budget`` changes pixels.

    Attributes:
        force: overwrite an output that the job did not make, or that was changed since; redo a finished job.
        restart: discard the job that was begun before, if it is finished or differs; it overwrites only what
            that job made.
        keep_frames: keep a video's stylised frames once it is assembled; those of a fade to black are in the
            light of the rest of the shot, since the fade is applied when the video is assembled.
        workers: pictures of a folder, or shots of a video, that are stylised at once, each in a process of
            its own. A script that asks for more than one needs the guard ``if __name__ == "__main__":``.
        budget: seconds in which a new job is to be done: if it takes longer, it is made with fewer steps, and
            if need be smaller. A job that was begun goes on with what was chosen then.
    """

    force: bool = False
    restart: bool = False
    keep_frames: bool = False
    workers: int = 1
    budget: float | None = None


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    Attributes:
        output: the picture, folder or clip.
        weights: the kind of extractor weights that ran, and where they came from.
        done: items that are done, now or before.
        failed: items that failed, each with its reason.
        stylized: items that this run stylised; 0 where everything was done before.
        seconds: how long this run took.
    """

    output: Path
    weights: str
    done: int
    stylized: int
    seconds: float
    failed: tuple[Entry, ...] = field(default=())


def run(plan: Plan, choice: Choice, rules: Rules, observer: Observer) -> Outcome:
    """Make what a plan says, or what is left of it.

    Raises:
        NstpipeError: one of its kinds.
    """
    began = time.monotonic()
    memory.check_limits(for_tensorflow=True)
    settings = choice.resolve().settings
    for styles in plan.style_sets:
        style_shares(settings.style_weights, len(styles))  # raises before any work
    begun = None if rules.restart else _begun(plan)
    spec = _weights_of_the_job(settings.weights, begun, rules)
    if spec == "builtin" and settings.weights == "auto":
        observer.warn(
            "this job was begun with the builtin weights and uses them again; --restart starts it over"
        )
    extractor = weights.obtain(spec, observer.warn, observer.fetching)
    settings = _with_memory(_as_begun(settings, begun, rules), begun, plan, extractor.widths, rules)
    if rules.budget is not None:
        decision = (
            _in_time(plan, settings, extractor, began + rules.budget, rules)
            if begun is None
            else time_budget.as_begun(settings)
        )
        (observer.say if decision.in_time else observer.warn)(f"budget: {decision.text}")
        settings = decision.settings
    if settings.memory is not None:
        most = f"{settings.memory / 1e9:.1f} GB"
        observer.say(f"memory: a picture that needs more than {most} is stylised in tiles")
    with (
        isolated.while_waiting(observer.waiting),
        open_job(plan, settings, extractor, observer, force=rules.force, restart=rules.restart) as job,
    ):
        items = _make_items(job, plan, settings, extractor, rules)
        job.check_outputs()
        entries = [entry for item in items if (entry := job.entry(item))]
        stylized = job.stylized
    return Outcome(
        plan.output,
        extractor.described,
        sum(entry.state == "done" for entry in entries),
        stylized,
        time.monotonic() - began,
        tuple(entry for entry in entries if entry.state == "failed"),
    )


def foreseen(
    plan: Plan, choice: Choice, rules: Rules, widths: Callable[[str], Sequence[int]] | None = None
) -> Settings:
    """The settings, weights among them, that :func:`run` would take; nothing is fetched, locked or changed.

    Args:
        widths: gives the channels of the blocks of an extractor by its name; None: the memory is not decided.

    Raises:
        NstpipeError: one of its kinds.
    """
    settings = choice.resolve().settings
    begun = None if rules.restart else _begun(plan, read_only=True)
    spec = _weights_of_the_job(settings.weights, begun, rules)
    settings = _as_begun(settings.model_copy(update={"weights": spec}), begun, rules)
    return settings if widths is None else _with_memory(settings, begun, plan, widths(spec), rules)


def _make_items(job: Job, plan: Plan, settings: Settings, extractor: Weights, rules: Rules) -> Sequence[Item]:
    if isinstance(plan, VideoPlan):
        return video_job.run(
            job, plan, settings, extractor, keep_frames=rules.keep_frames, workers=rules.workers
        )
    return picture_job.run(job, settings, extractor, workers=rules.workers)


def _begun(plan: Plan, *, read_only: bool = False) -> Facts | None:
    """The facts of the plan's job, if an earlier run has begun it.

    Args:
        read_only: do not repair what a killed run left half written; the job may be running.
    """
    if not present(plan.folder):
        return None
    lock = nullcontext() if read_only else held(plan.folder, plan.output)
    with lock, Journal(plan.folder, read_only=read_only) as journal:
        return journal.facts()


def _weights_of_the_job(spec: str, begun: Facts | None, rules: Rules) -> str:
    """The weights to use: ``spec``, but for ``auto`` those that an earlier run of the same job used.

    A job never changes its weights half-way.
    """
    if spec != "auto" or begun is None or begun.weights not in weights.KINDS_OF_AUTO:
        return spec
    if rules.force and begun.finished:
        return spec
    return begun.weights


def _as_begun(settings: Settings, begun: Facts | None, rules: Rules) -> Settings:
    """The settings with what an earlier run of the same job chose: precision, and what a budget decided."""
    settings = _with_precision(settings, begun)
    if begun is None or rules.budget is None:
        return settings
    return time_budget.chosen_before(settings, begun.parts["settings"])


def _in_time(
    plan: Plan, settings: Settings, extractor: Weights, deadline: float, rules: Rules
) -> time_budget.Decision:
    """What the budget decides for a new job, whose memory is decided: tiles take time."""
    decision = time_budget.decide(plan, settings, extractor, deadline, rules.workers)
    if decision.settings.memory is None:
        return decision
    # At a smaller size nothing may need tiles; then the pixels do not depend on the memory.
    settings = _with_memory(decision.settings, None, plan, extractor.widths, rules)
    return replace(decision, settings=settings)


def _with_memory(
    settings: Settings, begun: Facts | None, plan: Plan, widths: Sequence[int], rules: Rules
) -> Settings:
    """The settings with the memory that decides about tiles: as given, as begun, or what is free now."""
    if settings.memory is None and begun is not None:
        recorded = begun.parts["settings"]
        now = settings.that_change_pixels(of_a_video=plan.is_of_video) | {"memory": recorded.get("memory")}
        if all(recorded.get(name, value) == value for name, value in now.items()):
            return settings.model_copy(update={"memory": now["memory"]})
    decoder = 0
    if isinstance(plan, VideoPlan):
        decoder = decoder_memory.needed(sources.guess(plan.footage).size)
    return memory_estimates.settled(settings, plan, widths, workers=rules.workers, decoder=decoder)


def _with_precision(settings: Settings, begun: Facts | None) -> Settings:
    """The settings with a precision in place of ``auto``: this machine's, or that of the job so far.

    Jobs of versions that knew no other are of float32.
    """
    if settings.precision != "auto" or begun is None:
        return precisions.settled(settings)
    precision = "bfloat16" if begun.parts["settings"].get("precision") == "bfloat16" else "float32"
    return settings.model_copy(update={"precision": precision})
