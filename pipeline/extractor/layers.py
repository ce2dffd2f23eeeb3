"""The layers of VGG19 without its dense ones, by their Keras names. Pure data, no tensors."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.base.messages import did_you_mean, quoted
from pipeline.errors import SettingsError

CONVOLUTIONS_PER_BLOCK = (2, 2, 4, 4, 4)
"""Of VGG19 (Simonyan and Zisserman 2014, configuration E)."""

IMAGENET_WIDTHS = (64, 128, 256, 512, 512)
"""Channels of each block's convolutions in the published network."""

QUARTER_WIDTHS = (16, 32, 64, 128, 128)
"""Channels of each block in the ``builtin`` and ``random`` extractors."""

LAYERS: tuple[str, ...] = tuple(
    f"block{block}_conv{conv}"
    for block, count in enumerate(CONVOLUTIONS_PER_BLOCK, start=1)
    for conv in range(1, count + 1)
)
"""Every convolution, shallow to deep."""


def block_of(layer: str) -> int:
    """The 1-based block of ``layer``: 4 for ``block4_conv2``. The picture is halved 3 times before it."""
    return int(layer[len("block")])


def stride_of(layer: str) -> int:
    """Pixels of the picture between two positions of ``layer``."""
    return 2 ** (block_of(layer) - 1)


def check(layer: str) -> str:
    """Return ``layer``.

    Raises:
        SettingsError: there is no such layer; the message suggests the nearest name.
    """
    if layer in LAYERS:
        return layer
    raise SettingsError(f"no layer is called {quoted(layer)}{did_you_mean(layer, LAYERS)}")


def up_to_deepest(layers: Iterable[str]) -> tuple[str, ...]:
    """Every layer from the first to the deepest of ``layers``: what the extractor has to compute."""
    return LAYERS[: max(LAYERS.index(check(layer)) for layer in layers) + 1]


@dataclass(frozen=True)
class Architecture:
    """How many channels the layers of a network have.

    Attributes:
        channels: of each convolution, from the first on.
        readouts: of each layer whose activations are read out as others: how many those are.
    """

    channels: Mapping[str, int]
    readouts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of_widths(cls, widths: Sequence[int]) -> "Architecture":
        """All convolutions of a block are equally wide."""
        return cls({layer: widths[block_of(layer) - 1] for layer in LAYERS})

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of each block: of its widest layer, where layers differ."""
        blocks: dict[int, int] = {}
        for layer, channels in self.channels.items():
            blocks[block_of(layer)] = max(channels, blocks.get(block_of(layer), 0))
        return tuple(blocks[block] for block in sorted(blocks))


def convolutions(widths: Sequence[int], used: Iterable[str]) -> list[tuple[float, int, int]]:
    """For each layer up to the deepest of ``used``: its share of the picture's pixels, channels in and out.

    Args:
        widths: channels of the blocks.
    """
    rows, before = [], 3
    for layer in up_to_deepest(used):
        block = block_of(layer)
        rows.append((4.0 ** (1 - block), before, widths[block - 1]))
        before = widths[block - 1]
    return rows
