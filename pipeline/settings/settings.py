"""The settings of a job: one frozen, validated model. Each default stands here once."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from pipeline.base.messages import did_you_mean
from pipeline.errors import SettingsError
from pipeline.extractor import layers

PIXELS_VERSION = 2
"""Raised by one whenever the same settings would give other pixels; part of every fingerprint."""

SMALLEST_SIDE = 16
"""Pixels; below this nothing is left after VGG19's four poolings."""

DEFAULT_TEMPORAL_WEIGHT = 10.0
"""With it, a pastiche that is off by a third of the range costs as much as all the other losses together."""

UNSEEN_IN_PIXELS = frozenset({"snapshot_every", "weights", "device"})
"""Settings that do not enter the fingerprint, so that a job goes on when they change.

``snapshot_every``: a snapshot is a copy of the picture; whether one is saved changes nothing in it.
``weights``: the fingerprint of the weights themselves stands there instead of their name.
``device``: a job may go on on another device. Devices round differently, so pixels then agree only up to
rounding (which many steps of L-BFGS can make visible); going on there is the user's choice.
"""


OF_VIDEOS_ONLY = frozenset({"frame_steps", "temporal", "temporal_weight", "flow_quality"})
"""Settings of frames that follow others: no other picture depends on them."""


def _split(value: Any) -> Any:
    """A comma-separated string, as a flag or the environment gives it, as a list."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _whole_numbers(value: Any) -> Any:
    return [value] if isinstance(value, int) else _split(value)


def layer_weights(value: Any) -> dict[str, Any]:
    """``block1_conv1,block2_conv1=2``, a list of names, or a table, as {layer: weight or None}.

    ``None`` stands for a weight that was not given; :func:`fill_layer_weights` gives one.

    Raises:
        SettingsError: a layer that does not exist, or none of these forms.
    """
    parts = _split(value)
    if isinstance(parts, Mapping):
        return {layers.check(name): weight for name, weight in parts.items()}
    if not isinstance(parts, list | tuple):
        raise SettingsError(f"it must be layers, NAME or NAME=WEIGHT, by commas, not {value!r}")
    table: dict[str, Any] = {}
    for part in parts:
        name, _, weight = str(part).partition("=")
        table[layers.check(name.strip())] = weight.strip() or None
    return table


def fill_layer_weights(wanted: Mapping[str, Any], known: Mapping[str, float]) -> dict[str, Any]:
    """Give each layer without a weight the one ``known`` has for it, or for the layer nearest in depth.

    Where nothing is known, layers without a weight share 1 equally among themselves, whatever the
    others have: {a: None, b: None, c: 2} gives 1/2, 1/2, 2.
    """
    share = 1 / max(1, sum(weight is None for weight in wanted.values()))

    def weight_for(layer: str) -> float:
        depth = layers.LAYERS.index(layer)
        nearest = min(known, key=lambda other: abs(layers.LAYERS.index(other) - depth), default=None)
        return share if nearest is None else known[nearest]

    return {name: weight_for(name) if weight is None else weight for name, weight in wanted.items()}


def _equal_shares(value: Any) -> dict[str, Any]:
    return fill_layer_weights(layer_weights(value), {})


Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
LayerWeights = Annotated[dict[str, Weight], BeforeValidator(_equal_shares), Field(min_length=1)]

DEFAULT_STYLE_LAYERS = tuple(f"block{block}_conv1" for block in range(1, 6))


class Settings(BaseModel):
    """Everything that decides how a pastiche looks. Weights act on images of 0..255.

    Unless a preset says otherwise the objective is

        content_weight · content + style_weight · Σ_l w_l · style_l + tv_weight · tv

    with the forms of :mod:`pipeline.core.losses`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(512, ge=SMALLEST_SIDE, le=32768, description="Longest side of the result, in pixels.")
    scales: int = Field(1, ge=1, le=8, description="Levels of the coarse-to-fine pyramid.")
    steps: Annotated[tuple[Annotated[int, Field(ge=1)], ...], BeforeValidator(_whole_numbers)] = Field(
        (300,), min_length=1, description="Steps for each scale: one number, or one per scale, coarse first."
    )
    frame_steps: Annotated[
        tuple[Annotated[int, Field(ge=1)], ...] | None, BeforeValidator(_whole_numbers)
    ] = Field(
        None,
        min_length=1,
        description="The same for a video frame that follows others (half of steps); the coarser scales "
        "paint what came into sight.",
    )
    content_weight: Weight = Field(1.0, description="Weight of the content loss.")
    style_weight: Weight = Field(1.0, description="Weight of the style loss.")
    tv_weight: Weight = Field(0.0, description="Weight of the total variation.")
    content_layers: LayerWeights = Field(
        {"block5_conv2": 1.0}, description="Layers that keep the content: NAME or NAME=WEIGHT, by commas."
    )
    style_layers: LayerWeights = Field(
        _equal_shares(DEFAULT_STYLE_LAYERS),
        description="Layers whose Gram matrices are matched: NAME or NAME=WEIGHT, by commas.",
    )
    style_weights: Annotated[tuple[Weight, ...], BeforeValidator(_split)] = Field(
        (), description="How much of each style to blend, by commas: 2,1 (equal)."
    )
    optimizer: Literal["adam", "adagrad", "rmsprop", "sgd", "lbfgs"] = Field(
        "lbfgs", description="How the picture is improved."
    )
    step_size: float = Field(
        5.0,
        gt=0,
        allow_inf_nan=False,
        description="Step size of all but lbfgs, in the units of pixel_range: sgd divides every gradient "
        "by the root mean square of its first.",
    )
    init: Literal["content", "noise"] = Field(
        "content", description="What a picture, or the first frame of a shot, starts from."
    )
    temporal: Literal["none", "init", "flow"] = Field(
        "flow",
        description="How a video frame follows the last: not at all; it starts from the last pastiche; or it "
        "starts from the last pastiches moved along the optical flow, and is held there.",
    )
    temporal_weight: Weight = Field(
        DEFAULT_TEMPORAL_WEIGHT,
        description="Weight of the temporal loss: what a change of the whole range costs, in times of the "
        "loss that the shot's first frame ended with.",
    )
    flow_quality: Literal["fast", "medium", "high"] = Field(
        "high", description="How carefully the optical flow is estimated."
    )
    content_palette: Literal["own", "style"] = Field(
        "own",
        description="Colours of the content to be matched: its own, or its own moved to the style's mean and "
        "covariance.",
    )
    margin: float = Field(
        0.0,
        ge=0,
        le=0.25,
        description="Mirrored rim around the picture in the making, as a share of its longest side: borders "
        "go wrong there, and it is cut off.",
    )
    smooth_every: int = Field(
        0,
        ge=0,
        description="Steps between two smoothings of the picture, shared out over frames that follow others; "
        "0: never.",
    )
    pooling: Literal["max", "avg"] = Field("max", description="Pooling between the blocks of VGG19.")
    seed: int = Field(0, ge=0, le=2**32 - 1, description="Seed of the noise that --init noise starts from.")
    weights: str = Field("auto", description="auto, imagenet, builtin, random, or a .h5 or .npz FILE.")
    device: str = Field("auto", pattern=r"^(auto|cpu|gpu(:\d+)?)$", description="auto, cpu, gpu or gpu:N.")
    snapshot_every: int = Field(0, ge=0, description="Steps between two saved snapshots; 0: none.")

    content_form: Literal["mean", "gatys", "sum"] = Field("mean", description="Form of the content loss.")
    style_form: Literal["mean", "gatys", "keras", "per-channel"] = Field(
        "mean", description="Form of the style loss."
    )
    tv_form: Literal["l1", "l2", "power", "power-mean"] = Field(
        "power-mean", description="Form of the total variation."
    )
    pixel_range: Literal[1, 255] = Field(
        255, description="Pixel units that the step size and the total variation are in."
    )
    beta1: float = Field(
        0.9,
        ge=0,
        lt=1,
        description="Adam's decay of the first moment; SGD's momentum, an average of the gradients.",
    )
    beta2: float = Field(0.999, ge=0, lt=1, description="Decay of the second moment (Adam, RMSprop).")
    epsilon: float = Field(1e-7, gt=0, allow_inf_nan=False, description="Keeps divisions finite.")
    decay_rate: float = Field(
        1.0, gt=0, le=1, description="The step size is multiplied by this every decay_steps."
    )
    decay_steps: int = Field(100, ge=1, description="Steps of one decay.")
    max_iterations: int | None = Field(
        None, ge=1, description="L-BFGS-B iterations for each scale; an iteration takes one or more steps."
    )

    @field_validator("style_weights")
    @classmethod
    def _some_style(cls, weights: tuple[float, ...]) -> tuple[float, ...]:
        if weights and sum(weights) == 0:
            raise ValueError("at least one style must weigh more than 0")
        return weights

    def steps_at(self, scale: int) -> int:
        """Steps at ``scale`` (0 the coarsest). With fewer scales than numbers the finest keep theirs."""
        return self._at(self.steps, scale)

    def frame_steps_at(self, scale: int) -> int:
        """The same of a frame that follows others."""
        return self._at(self.frame_steps, scale) if self.frame_steps else max(1, self.steps_at(scale) // 2)

    def _at(self, steps: tuple[int, ...], scale: int) -> int:
        counts = steps[-self.scales :]
        return counts[max(0, scale - (self.scales - len(counts)))]

    @property
    def total_steps(self) -> int:
        """Steps of a picture that does not start from another, all scales together."""
        return sum(self.steps_at(scale) for scale in range(self.scales))

    def that_change_pixels(self, *, of_a_video: bool) -> dict[str, Any]:
        """The settings that enter the fingerprint, as plain data."""
        unseen = UNSEEN_IN_PIXELS if of_a_video else UNSEEN_IN_PIXELS | OF_VIDEOS_ONLY
        return {name: value for name, value in self.model_dump(mode="json").items() if name not in unseen}


def unknown(kind: str, name: str, among: Sequence[str]) -> SettingsError:
    """The error for a name that does not exist, with the nearest that does."""
    return SettingsError(f"no {kind} is called {name!r}{did_you_mean(name, among)}")
