"""What the losses compare of an image, layer by layer."""

from typing import Any

from pipeline.extractor.vgg import Extractor


def compared(extractor: Extractor, image: Any) -> dict[str, Any]:
    """{layer: (h, w, channels)}, read out where the network has readouts."""
    return {layer: activations.compared for layer, activations in extractor.activations(image).items()}
