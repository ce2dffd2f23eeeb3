"""The flags of every command that runs a job; the flags of settings come from the model of the settings."""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

import typer

from pipeline.settings.choice import flag_of
from pipeline.settings.settings import Settings

COMMON = (
    "size",
    "scales",
    "steps",
    "frame_steps",
    "strength",
    "content_weight",
    "style_weight",
    "tv_weight",
    "content_layers",
    "style_layers",
    "style_weights",
    "optimizer",
    "step_size",
    "init",
    "temporal",
    "temporal_weight",
    "flow_quality",
    "content_palette",
    "margin",
    "smooth_every",
    "pooling",
    "seed",
    "weights",
    "device",
    "snapshot_every",
)
"""The settings that people change most; ``--help`` lists the others in a second panel."""


@dataclass(frozen=True)
class JobOptions:
    """The options of every command that runs a job, besides its inputs and output.

    Attributes:
        settings: those given as flags, as strings.
        preset: a preset's name, or a TOML file.
        force: overwrite files that the job did not make, or that were changed since; redo a finished job.
        restart: discard the job that was begun before, if it is finished or differs.
        dry_run: print the plan and its cost; do nothing.
        report: write a report beside the output at the end, see :mod:`pipeline.report`.
        preview: keep ``preview.png`` beside the output fresh while the job runs.
        quiet: print only warnings and errors.
        verbose: print the source of every setting, and tracebacks.
    """

    settings: Mapping[str, str]
    preset: str | None = None
    force: bool = False
    restart: bool = False
    dry_run: bool = False
    report: bool = False
    preview: bool = False
    quiet: bool = False
    verbose: bool = False


_OF_A_JOB = {
    "preset": ("--preset", "A preset's name, or a FILE.toml."),
    "force": (
        "--force",
        "Overwrite files that are not this job's; redo a finished job.",
    ),
    "restart": ("--restart", "Discard the job begun before, if it is finished or differs."),
    "dry_run": ("--dry-run", "Print the plan and its cost; do nothing."),
    "report": ("--report", "Write a web page about the job beside its output: OUT.report.html."),
    "preview": ("--preview", "Keep preview.png beside the output fresh; it is removed at the end."),
    "quiet": ("--quiet/-q", "Print only warnings and errors."),
    "verbose": ("--verbose/-v", "Print the source of every setting, and tracebacks."),
}

OF_AN_EXPERIMENT = ("force", "quiet", "verbose")
"""The options of a job that experiments have, too."""


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give ``command`` a flag for every setting, in place of its ``settings`` parameter.

    The command receives a dict of the given ones, as strings; :class:`~pipeline.settings.settings.Settings`
    parses them.
    """
    return _with(_setting_flags(), "settings", _given, command)


def with_job_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give ``command`` the options of every job and a flag for every setting, in place of ``options``.

    The command receives an :class:`JobOptions`.
    """
    return with_some_options(tuple(_OF_A_JOB), tuple(Settings.model_fields))(command)


def with_some_options(
    of_a_job: Sequence[str], settings: Sequence[str]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """As :func:`with_job_options`, but only with the options and settings of these names."""

    def gathered(arguments: Mapping[str, Any]) -> JobOptions:
        return JobOptions(_given(arguments), **{name: arguments[name] for name in of_a_job})

    flags = [*_job_flags(of_a_job), *_setting_flags(settings)]
    return lambda command: _with(flags, "options", gathered, command)


def _with(
    flags: Sequence[inspect.Parameter],
    place: str,
    gathered: Callable[[Mapping[str, Any]], Any],
    command: Callable[..., None],
) -> Callable[..., None]:
    """``command`` with ``flags`` in place of its parameter ``place``, which receives ``gathered(flags)``."""
    signature = inspect.signature(command, eval_str=True)
    own = [parameter for name, parameter in signature.parameters.items() if name != place]
    names = {flag.name for flag in flags}

    @functools.wraps(command)
    def wrapped(**arguments: Any) -> None:
        flagged = {name: arguments.pop(name) for name in names}
        command(**arguments, **{place: gathered(flagged)})

    parameters = [*own, *flags]
    wrapped.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return wrapped


def _given(arguments: Mapping[str, Any]) -> dict[str, str]:
    return {name: arguments[name] for name in Settings.model_fields if arguments.get(name) is not None}


def _setting_flags(names: Iterable[str] = Settings.model_fields) -> list[inspect.Parameter]:
    return [_setting_flag(name) for name in sorted(names, key=_place)]


def _job_flags(names: Iterable[str]) -> list[inspect.Parameter]:
    return [_job_flag(name, *_OF_A_JOB[name]) for name in names]


def _job_flag(name: str, spelled: str, text: str) -> inspect.Parameter:
    kind = str | None if name == "preset" else bool
    return _parameter(name, kind, typer.Option(*spelled.split("/"), help=text))


def _place(name: str) -> int:
    return COMMON.index(name) if name in COMMON else len(COMMON)


def _setting_flag(name: str) -> inspect.Parameter:
    option = typer.Option(
        flag_of(name),
        help=Settings.model_fields[name].description,
        metavar=_metavar(Settings.model_fields[name].annotation),
        rich_help_panel="Settings" if name in COMMON else "Fine settings",
        show_default=False,
    )
    return _parameter(name, str | None, option)


def _parameter(name: str, kind: Any, option: Any) -> inspect.Parameter:
    default = False if kind is bool else None
    annotation = Annotated[kind, option]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _metavar(annotation: Any) -> str:
    kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
    if kinds and get_origin(kinds[0]) is tuple:  # a tuple or None
        return "LIST"
    if get_origin(annotation) is Literal:
        return "|".join(map(str, get_args(annotation)))
    if get_origin(annotation) in (tuple, dict):
        return "LIST"
    kind = kinds[0] if kinds else annotation
    return {int: "N", float: "NUMBER"}.get(kind, "TEXT")
