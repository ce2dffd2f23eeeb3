"""What the layers see in a picture: two pictures of each layer, and a sheet of each kind."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.base.arrays import FloatArray
from pipeline.base.messages import shown
from pipeline.base.resizing import size_to_fit
from pipeline.core import loading
from pipeline.experiments import layer_pictures, outputs
from pipeline.experiments.experiment import Experiment, begun
from pipeline.experiments.layer_pictures import ACROSS, SIDE
from pipeline.extractor.layers import LAYERS
from pipeline.extractor.weights import Weights
from pipeline.jobs.planning import memory_estimates
from pipeline.jobs.work.observer import Observer
from pipeline.jobs.work.runs import Outcome
from pipeline.jobs.work.tasks import read_styles
from pipeline.settings.choice import Choice
from pipeline.settings.preset_files import DEFAULT_PRESET
from pipeline.settings.settings import Settings


def run(
    image: Path, folder: Path | None, flags: Mapping[str, Any], observer: Observer, *, force: bool = False
) -> Outcome:
    """Make two pictures of every layer, of its channels and its Gram matrix, and a sheet of each kind.

    Args:
        image: a picture file.
        folder: by default ``photo_layers`` beside ``photo.jpg``.
        flags: of ``size``, ``pooling``, ``weights`` and ``device``. For these, flags > NSTPIPE_* >
            ./nstpipe.toml > the default preset.
        force: make all pictures again, and overwrite files that nstpipe did not make.

    Raises:
        JobDiffersError: a picture in the folder was made with other settings or weights, or of another one.
        NstpipeError: another of its kinds.
    """
    chosen = Choice(DEFAULT_PRESET, flags).resolve().settings
    with begun(image, "layers", folder, chosen.weights, observer) as experiment:
        return _make(image, _settings(chosen, experiment.weights), experiment, observer, force=force)


def _make(
    image: Path, settings: Settings, experiment: Experiment, observer: Observer, *, force: bool
) -> Outcome:
    parts = outputs.parts_of(image, settings, experiment.weights)
    made = {
        name: outputs.output(image, experiment.folder / name, {**parts, "of": name})
        for name in _names(settings)
    }
    left = outputs.left(made.values(), force=force)
    if not left:
        observer.nothing_left(len(made))
    for name, picture in (_pictures(image, settings, experiment.weights, observer) if left else {}).items():
        observer.waiting()
        if made[name].item in left:
            made[name].write(picture, left[made[name].item])
    return experiment.outcome(done=len(made), stylized=len(left))


def _settings(chosen: Settings, extractor: Weights) -> Settings:
    """Every layer of the weights gives its activations and its Gram matrix; nothing else matters."""
    every = dict.fromkeys((layer for layer in LAYERS if layer in extractor.kernels), 1.0)
    return Settings(
        size=chosen.size,
        pooling=chosen.pooling,
        device=chosen.device,
        content_layers=every,
        style_layers=every,
    )


def _names(settings: Settings) -> list[str]:
    """The names of the files: those of the layers, and the two sheets."""
    of_layers = [f"{layer}_{kind}.png" for layer in settings.style_layers for kind in ("channels", "gram")]
    return [*of_layers, "channels.png", "grams.png"]


def _pictures(
    image: Path, settings: Settings, extractor: Weights, observer: Observer
) -> dict[str, FloatArray]:
    """Every picture by its file's name."""
    (pixels,) = read_styles([image], settings, observer.warn)
    memory_estimates.check_memory(shown(image), settings, pixels.shape[:2], extractor.widths)
    graphs = loading.stylizer_class()(settings, [pixels], weights=extractor).graphs
    activations, grams = graphs.content_targets(pixels), graphs.style_targets(pixels)
    size = size_to_fit(pixels.shape[:2], SIDE // ACROSS)
    channels: dict[str, FloatArray] = {}
    matrices: dict[str, FloatArray] = {}
    for layer in settings.style_layers:
        gram = np.asarray(grams[layer])
        channels[layer] = layer_pictures.of_channels(layer, np.asarray(activations[layer]), gram, size)
        matrices[layer] = layer_pictures.of_gram(layer, gram)
    return {
        **{f"{layer}_channels.png": picture for layer, picture in channels.items()},
        **{f"{layer}_gram.png": picture for layer, picture in matrices.items()},
        "channels.png": layer_pictures.by_block(channels),
        "grams.png": layer_pictures.by_block(matrices),
    }
