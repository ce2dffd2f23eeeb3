"""The interface of style transfer: jobs, walks over frames and experiments use it, not an implementation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from pipeline.base.arrays import FloatArray
from pipeline.core.frame_start import TemporalTerms
from pipeline.settings.settings import Settings


@dataclass(frozen=True)
class StepInfo:
    """The state after one step.

    Attributes:
        step: steps taken for this picture, this one included.
        steps: steps planned for this picture; L-BFGS-B may need fewer.
        scale: the current scale, 1 the coarsest that this picture has.
        scales: how many scales this picture has.
        losses: of the picture that the step evaluated, weighted: ``total``, which is the sum of ``content``,
            ``style``, ``tv`` and ``temporal``; and each layer's, as ``content block5_conv2``.
        seconds: since the start of this picture.
        image: returns a copy of the picture after the step (for L-BFGS-B: that it evaluated),
            (H, W, 3) float32 0..255, at this scale's size. Call it before the callback returns.
    """

    step: int
    steps: int
    scale: int
    scales: int
    losses: Mapping[str, float]
    seconds: float
    image: Callable[[], FloatArray]


OnStep = Callable[[StepInfo], None]
"""Called after every step; what it raises ends the picture and reaches the caller."""


@dataclass(frozen=True, eq=False)
class Pastiche:
    """A stylised picture.

    Attributes:
        pixels: (H, W, 3) float32, 0..255.
        steps: steps taken.
        losses: as :class:`StepInfo` has them, of the last step.
    """

    pixels: FloatArray
    steps: int
    losses: Mapping[str, float]


class StyleTransfer(Protocol):
    """Stylises pictures in one style or blend.

    :class:`~pipeline.core.stylizer.Stylizer` descends a loss; a feed-forward network fits as well.
    """

    @property
    def settings(self) -> Settings:
        """The settings that every picture is stylised with."""

    def stylize(
        self,
        content: FloatArray,
        init: FloatArray | None = None,
        terms: TemporalTerms | None = None,
        *,
        on_step: OnStep | None = None,
    ) -> Pastiche:
        """Stylise ``content``; the same arguments give the same bytes.

        Args:
            content: (H, W, 3), 0..255, at the size that the pastiche is to have.
            init: of the same shape: the earlier pastiches that a video frame starts from.
            terms: per-pixel weights of ``init`` and of the temporal loss. None: the frame starts from
                ``init`` everywhere, with no temporal loss.
            on_step: called after every step.
        """
