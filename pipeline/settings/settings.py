"""The settings of a job: one frozen, validated model. Each default stands here once."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from pipeline.base.messages import did_you_mean, quoted
from pipeline.errors import SettingsError
from pipeline.settings import memory_size
from pipeline.settings.layer_weights import LayerWeights, Weight, equal_shares, split_commas

SMALLEST_SIDE = 16
"""Pixels; of a smaller picture VGG19's four poolings leave nothing."""

NEUTRAL_STRENGTH = 50.0
"""The strength at which content and style have the weights of the preset."""

DEFAULT_TEMPORAL_WEIGHT = 10.0
"""A pastiche that differs by a third of the range then costs as much as all other losses together."""

RMSPROP_BETA2 = 0.9
"""The default of ``beta2`` for RMSprop: Keras' rho."""

NOT_IN_FINGERPRINT = frozenset({"snapshot_every", "weights", "device"})
"""Settings that do not enter the fingerprint: a job may continue with other values.

``snapshot_every``: a snapshot is a copy of the iterate and does not change it.
``weights``: the fingerprint contains that of the weights themselves instead of their name.
``device``: a job may continue on another device. Devices round differently, so pixels then agree only up to
rounding (which many steps of L-BFGS can make visible); that is the user's choice.
"""

FRAME_STEPS_PERCENT = {"projected-lbfgs": (50, 20, 40)}
"""The default of ``frame_steps`` in percent of ``steps``: at the coarsest scale, between, at full size; for
other optimizers 50. Newly visible places get their colours at the coarsest scale, where steps cost little;
those between hardly matter (docs/benchmarks.md). Frames so small that they lack the coarsest scale have the
others."""

VIDEO_ONLY = frozenset({"frame_steps", "temporal", "temporal_weight", "flow_quality"})
"""Settings of frames that follow others: they do not enter the fingerprint of pictures."""


def _whole_numbers(value: Any) -> Any:
    return [value] if isinstance(value, int) else split_commas(value)


DEFAULT_STYLE_LAYERS = tuple(f"block{block}_conv1" for block in range(1, 6))


class Settings(BaseModel):
    """The settings that decide how a pastiche looks. Loss weights are for images of 0..255.

    The objective is

        content_weight · (2 - s)^1.5 · Σ_l v_l · content_l
        + s^1.5 · (style_weight · Σ_l w_l · style_l + tv_weight · tv)

    with s = strength / 50, the layers' weights v_l and w_l, and the forms of :mod:`pipeline.core.losses`. In
    the presets of nstpipe the layers carry the weights and content_weight and style_weight are 1, so that 2
    means twice as much for each of them.
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
        description="Steps of a video frame that follows others (by default half of steps; with "
        "projected-lbfgs 40 percent at full size, 50 at the coarsest scale, 20 between); the coarser scales "
        "paint only what is newly visible.",
    )
    strength: float = Field(
        NEUTRAL_STRENGTH,
        ge=0,
        le=100,
        description="Balance of content and style: 0 content alone, 50 as in the preset, 100 style alone.",
    )
    content_weight: Weight = Field(
        1.0, description="Weight of the content loss: 2 is twice as faithful as the preset."
    )
    style_weight: Weight = Field(
        1.0, description="Weight of the style loss: 2 is twice as much style as the preset's."
    )
    tv_weight: Weight = Field(0.0, description="Weight of the total variation.")
    content_layers: LayerWeights = Field(
        {"block5_conv2": 1.0}, description="Layers that keep the content: NAME or NAME=WEIGHT, by commas."
    )
    style_layers: LayerWeights = Field(
        equal_shares(DEFAULT_STYLE_LAYERS),
        description="Layers whose Gram matrices are matched: NAME or NAME=WEIGHT, by commas.",
    )
    style_weights: Annotated[tuple[Weight, ...], BeforeValidator(split_commas)] = Field(
        (), description="How much of each style to blend, by commas: 2,1 (equal)."
    )
    optimizer: Literal["adam", "adagrad", "rmsprop", "sgd", "lbfgs", "projected-lbfgs"] = Field(
        "lbfgs",
        description="Optimizer of the image. lbfgs is SciPy's L-BFGS-B; projected-lbfgs gets as low in as "
        "many steps, and its own work takes a tenth of the time.",
    )
    step_size: float = Field(
        5.0,
        gt=0,
        allow_inf_nan=False,
        description="Step size of all optimizers but both kinds of lbfgs, in units of pixel_range; sgd "
        "divides every gradient by the root mean square of the first.",
    )
    init: Literal["content", "noise"] = Field(
        "content", description="Start of a picture, or of the first frame of a shot."
    )
    temporal: Literal["none", "init", "flow"] = Field(
        "flow",
        description="How a video frame follows the one before. none: not at all; init: it starts from the "
        "previous pastiche; flow: it starts from the previous pastiches, warped along the optical flow, and "
        "a temporal loss keeps it near them.",
    )
    temporal_weight: Weight = Field(
        DEFAULT_TEMPORAL_WEIGHT,
        description="Weight of the temporal loss: the cost of a change by the whole range, in units of the "
        "final loss of the shot's first stylised frame.",
    )
    flow_quality: Literal["fast", "medium", "high"] = Field(
        "high", description="Quality of the optical flow."
    )
    content_palette: Literal["own", "style"] = Field(
        "own",
        description="Colours of the content that is matched. own: unchanged; style: with the mean and "
        "covariance of the style's.",
    )
    margin: float = Field(
        0.0,
        ge=0,
        le=0.25,
        description="Mirrored margin that is stylised and cut off, as a share of the longest side: artefacts "
        "at borders fall into it.",
    )
    smooth_every: int = Field(
        0,
        ge=0,
        description="Steps between two smoothings of the picture; a frame that follows others is smoothed in "
        "part, by its share of the steps. 0: never.",
    )
    pooling: Literal["max", "avg"] = Field("max", description="Pooling between the blocks of VGG19.")
    seed: int = Field(0, ge=0, le=2**32 - 1, description="Seed of the noise of --init noise.")
    weights: str = Field(
        "auto", description="auto, imagenet, imagenet-8bit, builtin, random, or a .h5 or .npz FILE."
    )
    device: str = Field("auto", pattern=r"^(auto|cpu|gpu(:\d+)?)$", description="auto, cpu, gpu or gpu:N.")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "float32",
        description="Numbers of VGG19's activations: with bfloat16 a step takes about half the time on a "
        "processor that multiplies such numbers; auto: bfloat16 there, float32 elsewhere.",
    )
    memory: Annotated[Annotated[int, Field(ge=1)] | None, BeforeValidator(memory_size.parse)] = Field(
        None,
        description="Memory that each process may take, such as 4GB: a picture that needs more is stylised "
        "in tiles, which takes longer. By default what is free when the job begins.",
    )
    snapshot_every: int = Field(0, ge=0, description="Steps between two saved snapshots; 0: none.")

    content_form: Literal["mean", "gatys", "sum", "relative"] = Field(
        "mean", description="Form of the content loss."
    )
    style_form: Literal["mean", "gatys", "keras", "per-channel", "relative"] = Field(
        "mean", description="Form of the style loss."
    )
    tv_form: Literal["l1", "l2", "l2-mean", "power", "power-mean"] = Field(
        "power-mean", description="Form of the total variation."
    )
    pixel_range: Literal[1, 255] = Field(
        255, description="Pixel units of the step size and the total variation."
    )
    beta1: float = Field(
        0.9,
        ge=0,
        lt=1,
        description="Adam's decay of the first moment; SGD's momentum, an average of the gradients.",
    )
    beta2: float = Field(
        0.999,
        ge=0,
        lt=1,
        description="Decay of the second moment (Adam, RMSprop). RMSprop's default is 0.9.",
    )
    epsilon: float = Field(
        1e-7, gt=0, allow_inf_nan=False, description="Added to denominators, which may be 0."
    )
    decay_rate: float = Field(
        1.0, gt=0, le=1, description="The step size is multiplied by this every decay_steps."
    )
    decay_steps: int = Field(100, ge=1, description="Steps of one decay.")
    max_iterations: int | None = Field(
        None, ge=1, description="L-BFGS-B iterations for each scale; each takes one or more steps."
    )

    @model_validator(mode="before")
    @classmethod
    def _default_beta2(cls, values: Any) -> Any:
        """The default of ``beta2`` depends on the optimizer."""
        if isinstance(values, Mapping) and values.get("optimizer") == "rmsprop":
            return {"beta2": RMSPROP_BETA2, **values}
        return values

    @field_validator("style_weights")
    @classmethod
    def _check_style_weights(cls, weights: tuple[float, ...]) -> tuple[float, ...]:
        if weights and sum(weights) == 0:
            raise ValueError("at least one style must weigh more than 0")
        return weights

    def steps_at(self, scale: int) -> int:
        """Steps at ``scale`` (0 the coarsest). With more numbers than scales, the last numbers count."""
        return self._at(self.steps, scale)

    def frame_steps_at(self, scale: int) -> int:
        """Steps at ``scale`` for a frame that follows others."""
        if self.frame_steps:
            return self._at(self.frame_steps, scale)
        coarsest, between, full = FRAME_STEPS_PERCENT.get(self.optimizer, (50, 50, 50))
        percent = full if scale == self.scales - 1 else between if scale else coarsest
        return max(1, self.steps_at(scale) * percent // 100)

    def _at(self, steps: tuple[int, ...], scale: int) -> int:
        counts = steps[-self.scales :]
        return counts[max(0, scale - (self.scales - len(counts)))]

    @property
    def total_steps(self) -> int:
        """Steps at all scales together, for a picture or the first frame of a shot."""
        return sum(self.steps_at(scale) for scale in range(self.scales))

    def that_change_pixels(self, *, of_a_video: bool) -> dict[str, Any]:
        """The settings that enter the fingerprint, as plain data."""
        excluded = NOT_IN_FINGERPRINT if of_a_video else NOT_IN_FINGERPRINT | VIDEO_ONLY
        return {name: value for name, value in self.model_dump(mode="json").items() if name not in excluded}


def unknown(kind: str, name: str, among: Sequence[str]) -> SettingsError:
    """The error for a name that does not exist; it suggests the nearest existing one."""
    return SettingsError(f"no {kind} is called {quoted(name)}{did_you_mean(name, among)}")
