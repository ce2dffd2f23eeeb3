"""The arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Styles = Annotated[list[Path], typer.Argument(metavar="STYLE...", help="One or more style pictures.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Where the result goes.")]
Folder = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="Where the pictures go.")
]
Rate = Annotated[
    str | None,
    typer.Option(
        "--fps", metavar="RATE", help="Frames a second of an image sequence, 25 by default: 24, 23.976."
    ),
]
Workers = Annotated[
    int,
    typer.Option("--workers", metavar="N", min=1, help="Pictures or shots at once, each in its own process."),
]
Budget = Annotated[
    str | None,
    typer.Option(
        "--budget", metavar="TIME", help="Take fewer steps, or a smaller size, to be done in 8h, 90m, 1h30m."
    ),
]
FinishBy = Annotated[
    str | None, typer.Option("--finish-by", metavar="HH:MM", help="The same, to be done by this time of day.")
]
Presets = Annotated[
    str | None, typer.Option("--presets", metavar="A,B", help="Presets to compare; one applies to all cells.")
]
Sweeps = Annotated[
    list[str] | None,
    typer.Option(
        "--sweep",
        metavar="NAME=A,B",
        help="Values of a setting to compare; twice for a grid. Values that are lists stand between "
        'semicolons, in quotes: "steps=30;70,55,35".',
    ),
]
