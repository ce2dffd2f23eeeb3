"""Every setting as a command-line flag, read off the settings themselves, so that each stands once."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args, get_origin

import typer

from pipeline.presets import flag_of
from pipeline.settings import Settings

COMMON = (
    "size",
    "scales",
    "steps",
    "frame_steps",
    "content_weight",
    "style_weight",
    "tv_weight",
    "content_layers",
    "style_layers",
    "style_weights",
    "optimizer",
    "step_size",
    "init",
    "smooth_every",
    "pooling",
    "seed",
    "weights",
    "device",
    "snapshot_every",
)
"""The settings that people turn; the others stand in a panel of their own below them."""


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give ``command`` a flag for every setting, in place of its ``settings`` parameter.

    The command receives a dict of those that were given, as the strings that they are;
    :class:`~pipeline.settings.Settings` reads them.
    """
    signature = inspect.signature(command, eval_str=True)
    own = [parameter for name, parameter in signature.parameters.items() if name != "settings"]
    flags = [_flag(name) for name in sorted(Settings.model_fields, key=_place)]

    @functools.wraps(command)
    def wrapped(**arguments: Any) -> None:
        given = {name: arguments.pop(name) for name in Settings.model_fields}
        command(**arguments, settings={name: value for name, value in given.items() if value is not None})

    parameters = own + flags
    wrapped.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return wrapped


def _place(name: str) -> int:
    return COMMON.index(name) if name in COMMON else len(COMMON)


def _flag(name: str) -> inspect.Parameter:
    option = typer.Option(
        flag_of(name),
        help=Settings.model_fields[name].description,
        metavar=_metavar(Settings.model_fields[name].annotation),
        rich_help_panel="Settings" if name in COMMON else "Fine settings",
        show_default=False,
    )
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[str | None, option]
    )


def _metavar(annotation: Any) -> str:
    kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
    if get_origin(annotation) is Literal:
        return "|".join(map(str, get_args(annotation)))
    if get_origin(annotation) in (tuple, dict):
        return "LIST"
    kind = kinds[0] if kinds else annotation
    return {int: "N", float: "NUMBER"}.get(kind, "TEXT")
