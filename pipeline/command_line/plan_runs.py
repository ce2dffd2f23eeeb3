"""Run a plan for the command line: its options, its progress, how it ended."""

import itertools
import sys
from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from pipeline.command_line import streams
from pipeline.command_line.flags import JobOptions
from pipeline.errors import FailedItemsError, SettingsError

if TYPE_CHECKING:
    from pipeline.command_line.preview import Preview
    from pipeline.jobs.planning.plan import Plan
    from pipeline.jobs.work.observer import Observer
    from pipeline.jobs.work.runs import Outcome


def run(plan: "Plan", options: JobOptions, **of_the_command: Any) -> None:
    """Run a plan, show its progress, print how it ended.

    Args:
        of_the_command: fields of :class:`~pipeline.jobs.work.runs.Rules` that not every command has.
    """
    from pipeline.base.messages import one_line
    from pipeline.command_line.dry_run import lines
    from pipeline.jobs.work import runs
    from pipeline.settings.choice import Choice

    rules = runs.Rules(options.force, options.restart, **of_the_command)
    if options.preview and rules.workers > 1:
        raise SettingsError("--preview shows the picture of one process; leave out --workers or --preview")
    choice = Choice(options.preset, options.settings)
    if options.verbose:
        streams.print_lines(choice.resolve().as_toml(), sys.stderr)
    if options.dry_run:
        for line in lines(plan, choice, rules):
            print(one_line(line))
        return
    with _preview(plan) if options.preview else nullcontext() as preview:
        show(lambda observer: runs.run(plan, choice, rules, observer), quiet=options.quiet, preview=preview)


def _preview(plan: "Plan") -> "Preview":
    from pipeline.command_line.preview import Preview

    contents = (item.content for item in plan.items)
    return Preview(plan.output, itertools.chain(plan.input_files, contents, *plan.style_sets))


def show(work: "Callable[[Observer], Outcome]", *, quiet: bool, preview: "Preview | None" = None) -> None:
    """Do ``work``, show its progress, print how it ended.

    Raises:
        FailedItemsError: some items failed.
        StoppedError: the user stopped it.
    """
    from pipeline.base.messages import duration, one_line, shown
    from pipeline.command_line.interrupts import Stop
    from pipeline.command_line.progress import Progress

    with Stop(lambda message: progress.say(message)) as stop:
        progress = Progress(stop.check, quiet=quiet, preview=preview)
        try:
            outcome = work(progress)
        finally:
            progress.close()
    if outcome.failed:
        names = ", ".join(shown(entry.name) for entry in outcome.failed)
        raise FailedItemsError(
            f"{len(outcome.failed)} of {outcome.done + len(outcome.failed)} failed: {names}"
        )
    if not quiet:
        took = f"{outcome.done} done in {duration(outcome.seconds)} with {outcome.weights} weights"
        print(one_line(f"{shown(outcome.output)}: {'nothing to do' if progress.was_finished else took}"))
