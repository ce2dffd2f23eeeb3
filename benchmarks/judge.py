"""One objective by which pictures of several programs or settings are compared."""

from typing import Any

from pipeline.base.arrays import FloatArray, Size
from pipeline.base.resizing import resize
from pipeline.core.loss_graphs import fitting
from pipeline.core.margins import Margin
from pipeline.core.objective import Objective
from pipeline.core.scales import usable_size
from pipeline.core.targets import Targets
from pipeline.extractor.weights import Weights
from pipeline.settings.settings import Settings


class Judge:
    """Evaluates pictures (H, W, 3), 0..255, inside the margin that the settings have."""

    def __init__(self, settings: Settings, style: FloatArray, network: Weights) -> None:
        """Compare with ``style`` (h, w, 3) at the size that it has for each picture."""
        self._settings, self._style = settings, style
        self._graphs = fitting(settings, network)
        self._objective = Objective(settings, self._graphs)
        self._grams: dict[Size, Any] = {}

    def at(self, pixels: FloatArray, content: FloatArray) -> tuple[dict[str, float], FloatArray]:
        """The losses and the gradient of ``pixels``, as :meth:`.Objective.at` has them."""
        margin = Margin.around(content.shape[:2], self._settings.margin)
        framed = margin.framed(pixels) / self._objective.units
        return self._objective.at(framed, self._targets(margin.framed(content)))

    def losses(self, pixels: FloatArray, content: FloatArray) -> dict[str, float]:
        """The losses of ``pixels``."""
        return self.at(pixels, content)[0]

    def _targets(self, framed: FloatArray) -> Targets:
        size = usable_size(self._style.shape[:2], max(framed.shape[:2]))
        if size not in self._grams:
            self._grams[size] = self._graphs.style_targets(resize(self._style, size))
        return Targets(self._graphs.content_targets(framed), self._grams[size])
