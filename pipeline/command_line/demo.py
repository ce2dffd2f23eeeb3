"""The demo: a picture on the published network, if it can be fetched soon, and a clip on the built-in one."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.base.resources import folder
from pipeline.command_line import weights_commands
from pipeline.command_line.flags import JobOptions
from pipeline.errors import FetchError
from pipeline.jobs.planning import planner
from pipeline.jobs.planning.plan import Plan
from pipeline.settings.choice import Choice

if TYPE_CHECKING:
    from pipeline.extractor.cache import OnBytes

PICTURE_SIZE, CLIP_SIZE = "384", "320"
"""Longest sides in pixels: the picture takes about a minute on two cores, the clip keeps its own size."""

FETCH_SECONDS = 45.0
"""A network that is not there by then is not waited for."""


def jobs(output: Path, options: JobOptions) -> Iterator[tuple[Plan, JobOptions]]:
    """The jobs of the picture and the clip; the network is fetched for the picture where it can be.

    Args:
        output: of the clip; the picture is a ``.png`` beside it.
    """
    of_the_clip = clip(output, options)  # a wrong output is an error before anything is fetched or made
    spec = Choice(options.preset, options.settings).resolve().settings.weights
    if not options.dry_run:
        spec = weights_commands.with_progress(
            lambda progress: weights_to_use(spec, progress.fetching, progress.warn), options.quiet
        )
    yield picture(output.with_suffix(".png"), options, spec)
    yield of_the_clip


def picture(output: Path, options: JobOptions, weights: str) -> tuple[Plan, JobOptions]:
    """The job of the picture, with ``weights`` where no flag gives others."""
    samples = folder("samples")
    plan = planner.of_image(samples / "hillside.jpg", [samples / "starry.jpg"], output)
    return plan, _with_defaults(options, size=PICTURE_SIZE, weights=weights)


def clip(output: Path, options: JobOptions) -> tuple[Plan, JobOptions]:
    """The job of the clip: ``preview``, and the built-in extractor, where no flag says otherwise."""
    samples = folder("samples")
    plan = planner.of_video(samples / "clip.mp4", [samples / "starry.jpg"], output)
    options = replace(options, preset=options.preset or "preview")
    return plan, _with_defaults(options, size=CLIP_SIZE, weights="builtin")


def weights_to_use(spec: str, on_bytes: "OnBytes", warn: Callable[[str], None]) -> str:
    """``spec``; but for ``auto`` fetch the network, within :data:`FETCH_SECONDS`, else ``builtin``.

    The 8-bit file is tried first: it is a quarter of the other's size.
    """
    from pipeline.extractor import fetching

    if spec != "auto" or fetching.cached():
        return spec
    try:
        fetching.fetch(("index", "keras"), fetching.within(FETCH_SECONDS, on_bytes), hasty=True)
    except FetchError as error:
        warn(
            "the picture is made with the small built-in extractor; for the published network run "
            f"`nstpipe weights fetch`, then `nstpipe demo --restart`. {error.reason}"
        )
        return "builtin"
    return spec


def _with_defaults(options: JobOptions, **settings: str) -> JobOptions:
    return replace(options, settings={**settings, **options.settings})
