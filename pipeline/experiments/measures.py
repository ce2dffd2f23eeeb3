"""The common measure of the cells of a comparison, each against its own style."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from pipeline.base.arrays import FloatArray
from pipeline.base.messages import shown
from pipeline.base.resizing import resize
from pipeline.core.scales import pastiche_size
from pipeline.core.style_transfer import OnStep
from pipeline.experiments import cell_results
from pipeline.experiments.common_measure import LARGEST, CommonMeasure
from pipeline.experiments.stylising import Pastiche
from pipeline.extractor.weights import Weights
from pipeline.pictures import images


class Measures:
    """Measures pastiches of one content, each in one of several styles.

    It can be pickled before the first pastiche is measured.
    """

    def __init__(self, content: Path, longest: int, weights: Weights, device: str) -> None:
        """Nothing is read or loaded before the first pastiche is measured.

        Args:
            content: a picture file.
            longest: the longest side, in pixels, of the largest pastiche.
            device: the setting.
        """
        self._content, self._weights, self._device = content, weights, device
        self._longest = min(LARGEST, longest)
        self._by_style: dict[Path, CommonMeasure] = {}

    def of(self, style: Path, pastiche: FloatArray) -> Mapping[str, float]:
        """``style`` and ``content`` of a pastiche (H, W, 3), 0..255, in the style of a picture file."""
        if style not in self._by_style:
            self._by_style[style] = self._against(style)
        return self._by_style[style].of(pastiche)

    def watch(self, pastiche: Pastiche) -> AbstractContextManager[OnStep]:
        """Record the common measure while a pastiche is made; a :data:`.stylising.Watch`."""
        return cell_results.measuring(pastiche, partial(self.of, pastiche.style))

    def _against(self, style: Path) -> CommonMeasure:
        content, pixels = (read_within(path, self._longest) for path in (self._content, style))
        like = next(iter(self._by_style.values()), None)
        return CommonMeasure(content, pixels, self._weights, self._device, like)


def read_within(path: Path, longest: int) -> FloatArray:
    """A picture (H, W, 3), 0..255, its longest side of at most so many pixels.

    Raises:
        InputError: it cannot be read, or is too small.
    """
    size = pastiche_size(images.read_size(path), longest, shown(path))
    return resize(images.read(path, max(size)).pixels, size)
