"""``nstpipe presets``: list the presets, or show one."""

from typing import Annotated, Any

import typer

from pipeline.command_line.flags import with_settings
from pipeline.command_line.streams import print_lines

app = typer.Typer(help="List the presets, or show one.", invoke_without_command=True)


@app.callback()
def list_presets(context: typer.Context) -> None:
    """List the presets."""
    from pipeline.settings import preset_files

    if context.invoked_subcommand is None:
        for name in preset_files.names():
            print_lines(f"{name:<22}{preset_files.load(name).description}")


@app.command()
@with_settings
def show(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="A preset, or a FILE.toml.")] = None,
    *,
    settings: dict[str, Any],
) -> None:
    """Print a preset as TOML, resolved, with the source of each number."""
    from pipeline.settings.choice import Choice

    print_lines(Choice(name, settings).resolve().as_toml().removesuffix("\n"))
