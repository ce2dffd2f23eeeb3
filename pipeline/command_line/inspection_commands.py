"""``nstpipe steadiness`` and ``nstpipe doctor``: measure a pastiche, check the machine; change nothing."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.command_line import streams


def steadiness(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="The clip that was stylised.")],
    pastiche: Annotated[Path, typer.Argument(metavar="PASTICHE", help="Its pastiche.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with every curve.")] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Plot the curves to this file.")
    ] = None,
    motion: Annotated[
        Path | None, typer.Option(metavar="FILE.npz", help="The source's true motion, if known.")
    ] = None,
) -> None:
    """Measure how steady a video's pastiche is: warping errors, drift, flicker, sharpness."""
    from pipeline.steadiness import report

    streams.print_lines(report.of(source, pastiche, motion=motion, plot=plot, as_json=as_json))


def doctor() -> None:
    """Check versions, device, weights, encoders and disk, and run one step."""
    from pipeline.command_line import doctor as checks

    for line in checks.lines():
        streams.print_lines(line)
