"""The command line: options -> settings -> job; progress, messages, exit codes. No logic of its own."""

import contextlib
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline import __version__
from pipeline.command_line import (
    entry,
    inspection_commands,
    plan_runs,
    preset_commands,
    status_command,
    streams,
    weights_commands,
)
from pipeline.command_line.arguments import (
    Budget,
    FinishBy,
    Folder,
    Output,
    Presets,
    Rate,
    Styles,
    Sweeps,
    Workers,
)
from pipeline.command_line.flags import OF_AN_EXPERIMENT, JobOptions, with_job_options, with_some_options
from pipeline.experiments import cells, objectives

if TYPE_CHECKING:
    from pipeline.jobs.planning.plan import Plan

app = typer.Typer(
    help="Neural style transfer for pictures, folders and videos.",
    epilog="nstpipe video in.mp4 starry.jpg writes in_starry.mp4. More: nstpipe COMMAND --help",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(preset_commands.app, name="presets")
app.add_typer(weights_commands.app, name="weights")


@app.command()
@with_job_options
def image(
    content: Annotated[Path, typer.Argument(metavar="CONTENT", help="The picture to stylise.")],
    styles: Styles,
    output: Output = None,
    *,
    options: JobOptions,
) -> None:
    """Stylise one picture; several styles are blended."""
    from pipeline.jobs.planning import planner

    _run(planner.of_image(content, styles, output), options)


@app.command()
@with_job_options
def batch(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The pictures; subfolders are included.")],
    styles: Styles,
    output: Output = None,
    include: Annotated[list[str] | None, typer.Option(help="Only pictures that match this glob.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="No pictures that match this glob.")] = None,
    blend: Annotated[
        bool, typer.Option("--blend", help="Blend the styles in one pastiche for each picture.")
    ] = False,
    suffix: Annotated[str, typer.Option("--format", help="File extension of the pastiches.")] = "png",
    workers: Workers = 1,
    budget: Budget = None,
    finish_by: FinishBy = None,
    *,
    options: JobOptions,
) -> None:
    """Stylise every picture below a folder, in every style, into a tree of the same shape."""
    from pipeline.jobs.planning import deadlines, planner

    seconds = deadlines.allowed(budget, finish_by)
    planned = planner.of_folder(
        folder,
        styles,
        output,
        include=include or (),
        exclude=exclude or (),
        blend=blend,
        suffix="." + suffix.removeprefix("."),
        warn=streams.warn,
    )
    _run(planned, options, workers=workers, budget=seconds)


@app.command()
@with_job_options
def video(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="A clip; or an image sequence: frames/%04d.png, or a folder.")
    ],
    styles: Styles,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A clip; or %04d.png in some folder, for an image sequence."),
    ] = None,
    fps: Rate = None,
    shots: Annotated[
        Path | None, typer.Option("--shots", metavar="FILE", help="Shots as `nstpipe shots` lists them.")
    ] = None,
    workers: Workers = 1,
    keep_frames: Annotated[bool, typer.Option("--keep-frames", help="Keep the stylised frames.")] = False,
    budget: Budget = None,
    finish_by: FinishBy = None,
    *,
    options: JobOptions,
) -> None:
    """Stylise a video or image sequence; several styles are blended."""
    from pipeline.jobs.planning import deadlines, planner

    seconds = deadlines.allowed(budget, finish_by)
    plan = planner.of_video(source, styles, output, shots, fps)
    _run(plan, options, keep_frames=keep_frames, workers=workers, budget=seconds)


@app.command()
def shots(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A clip or image sequence.")], fps: Rate = None
) -> None:
    """List a clip's shots; edit the list and give it to --shots."""
    from pipeline import api

    print(*api.list_shots(source, fps), sep="\n")


@app.command()
@with_job_options
def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The video; the picture is a .png beside it.")
    ] = Path("demo.mp4"),
    *,
    options: JobOptions,
) -> None:
    """Stylise a sample picture on the published network, if it can be fetched, and the sample clip."""
    from pipeline.command_line import demo as demos

    for plan, of_the_demo in demos.jobs(output, options):
        _run(plan, of_the_demo)


app.command()(status_command.status)


@app.command()
def report(
    output: Annotated[Path, typer.Argument(metavar="OUT", help="A job's output.")],
    path: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE.html", help="Where it goes; by default beside OUT."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is no report.")] = False,
) -> None:
    """Write a job's report: a web page with its pictures, curves, failures and settings."""
    from pipeline.base.messages import shown
    from pipeline.report import writing

    streams.print_lines(shown(writing.write_report(output, path, force=force)))


app.command()(inspection_commands.steadiness)


@app.command()
@with_some_options((*OF_AN_EXPERIMENT, "dry_run"), cells.FIXED)
def compare(
    content: Annotated[Path, typer.Argument(metavar="CONTENT", help="A picture.")],
    styles: Styles,
    presets: Presets = None,
    sweep: Sweeps = None,
    output: Folder = None,
    workers: Workers = 1,
    *,
    options: JobOptions,
) -> None:
    """Compare styles, presets, or values of settings: a sheet, the losses over steps and seconds, a table."""
    from pipeline.experiments import comparison, comparison_forecast

    grid = cells.grid(styles, presets, sweep or (), options.settings)
    if options.dry_run:
        foreseen = comparison_forecast.lines(content, grid, output, force=options.force, workers=workers)
        streams.print_lines("\n".join(foreseen))
        return
    with streams.printed_at_the_end(quiet=options.quiet) as lines:
        make = partial(comparison.run, content, grid, output, force=options.force, workers=workers)
        plan_runs.show(partial(make, tell=lines.append), quiet=options.quiet)


@app.command()
@with_some_options(OF_AN_EXPERIMENT, objectives.OPEN_SETTINGS)
def reconstruct(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="A picture.")],
    content: Annotated[bool, typer.Option("--content", help="From the activations of one layer.")] = False,
    style: Annotated[bool, typer.Option("--style", help="From the Gram matrices of 1 to 5 layers.")] = False,
    output: Folder = None,
    *,
    options: JobOptions,
) -> None:
    """Reconstruct a picture from noise, from what layers keep of its content, its style, or both."""
    from pipeline.experiments import reconstruction

    kinds = objectives.kinds(content=content, style=style)
    make = partial(reconstruction.run, image, kinds, output, options.settings, force=options.force)
    plan_runs.show(make, quiet=options.quiet)


@app.command()
@with_some_options(OF_AN_EXPERIMENT, ("size", "pooling", "weights", "device"))
def layers(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="A picture.")],
    output: Folder = None,
    *,
    options: JobOptions,
) -> None:
    """Show what each layer sees: its strongest channels, and its Gram matrix."""
    from pipeline.experiments import layers as experiment

    make = partial(experiment.run, image, output, options.settings, force=options.force)
    plan_runs.show(make, quiet=options.quiet)


app.command()(inspection_commands.doctor)


def _run(plan: "Plan", options: JobOptions, **rules: Any) -> None:
    """Run a plan by these fields of ``Rules``; with ``--report``, write the report however the job ended."""
    with contextlib.ExitStack() as stack:
        if options.report and not options.dry_run:
            from pipeline.report import writing

            say = (lambda line: None) if options.quiet else streams.print_lines
            stack.enter_context(
                writing.at_the_end(plan.output, force=options.force, say=say, warn=streams.warn)
            )
        plan_runs.run(plan, options, **rules)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"nstpipe {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Neural style transfer for pictures, folders and videos."""
    from pipeline.base import memory

    memory.check_limits(for_tensorflow=False)  # before any large library is loaded


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; every error is one line on standard error, with an exit code of its own."""
    sys.exit(entry.run(app, sys.argv[1:] if arguments is None else arguments))


if __name__ == "__main__":
    main()
