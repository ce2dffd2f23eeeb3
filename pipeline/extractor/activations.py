"""What a layer of the extractor gives for one image."""

from dataclasses import dataclass
from typing import Any

from keras import ops


@dataclass(frozen=True, eq=False)
class Activations:
    """The activations of one layer for one image, and the readout through which they are compared.

    Attributes:
        computed: (h, w, N), of the extractor's precision.
        readout: (N + 1, k) float32, of a distilled network; None: ``computed`` itself is compared.
    """

    computed: Any
    readout: Any = None

    @property
    def compared(self) -> Any:
        """(h, w, k) float32: [computed, 1] · readout."""
        values = ops.cast(self.computed, "float32")
        if self.readout is None:
            return values
        kernel, offset = self.readout[None, None, :-1], self.readout[-1]
        read = ops.conv(ops.expand_dims(values, 0), kernel, data_format="channels_last") + offset
        return ops.squeeze(read, 0)
