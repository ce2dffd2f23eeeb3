"""A picture in tiles: windows with a halo, which VGG19 sees one at a time. No tensors.

A window holds every pixel that the activations of its own part depend on, and begins where the poolings of
the whole picture begin a square. So the activations of its own part are those of the whole picture. The own
parts of all windows together are the picture.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.base.arrays import Size
from pipeline.extractor import layers


@dataclass(frozen=True)
class Reach:
    """How far activations see.

    Attributes:
        stride: pixels between two positions of the deepest layer; own parts and windows begin at multiples.
        halo: pixels on each side that the deepest layer depends on, a multiple of ``stride``; at least one,
            which the total variation compares with.
    """

    stride: int
    halo: int

    @classmethod
    def of(cls, used: Iterable[str]) -> "Reach":
        """The reach of the deepest layer of ``used``; a 3x3 kernel sees one position of its input further."""
        strides = [layers.stride_of(layer) for layer in layers.up_to_deepest(used)]
        stride = strides[-1]
        return cls(stride, -(-sum(strides) // stride) * stride)


@dataclass(frozen=True)
class Span:
    """A window along one axis of the picture, in pixels.

    Attributes:
        start, stop: of the window.
        own_start, own_stop: of its own part.
    """

    start: int
    stop: int
    own_start: int
    own_stop: int

    @property
    def window(self) -> slice:
        """Where it lies in the picture."""
        return slice(self.start, self.stop)

    @property
    def own(self) -> tuple[int, int]:
        """Where its own part begins and ends in the window."""
        return self.own_start - self.start, self.own_stop - self.start


def window_length(length: int, count: int, reach: Reach) -> int | None:
    """Pixels of each of ``count`` windows over ``length``, the last one's odd pixels left out.

    None where they would have no part of their own.
    """
    inner, halo = length // reach.stride, reach.halo // reach.stride
    windowed = -(-(inner + 2 * halo * (count - 1)) // count)
    return windowed * reach.stride if count == 1 or windowed > 2 * halo else None


def spans(length: int, count: int, reach: Reach) -> tuple[Span, ...]:
    """At most ``count`` windows over ``length`` pixels, all as long but the last, which has the odd pixels.

    The last ones are moved inwards. So there are at most two lengths, for each of which TensorFlow prepares
    its operations once.
    """
    long = window_length(length, count, reach)
    assert long is not None, f"{count} windows over {length} pixels have no part of their own"
    inner = length - length % reach.stride
    starts = sorted({min(n * (long - 2 * reach.halo), inner - long) for n in range(count)})
    bounds = [0, *(start + reach.halo for start in starts[1:]), length]
    stops = [*(start + long for start in starts[:-1]), length]
    return tuple(
        Span(start, stop, *own)
        for start, stop, own in zip(starts, stops, itertools.pairwise(bounds), strict=True)
    )


@dataclass(frozen=True)
class Tile:
    """One window of a picture."""

    rows: Span
    columns: Span

    @property
    def pixels(self) -> int:
        """How many the window has."""
        return (self.rows.stop - self.rows.start) * (self.columns.stop - self.columns.start)

    @property
    def window(self) -> tuple[slice, slice]:
        """Where it lies in the picture: an index of an array (H, W, …)."""
        return self.rows.window, self.columns.window

    @property
    def own(self) -> tuple[int, int, int, int]:
        """Where its own part lies in the window, in pixels: top, bottom, left, right."""
        return *self.rows.own, *self.columns.own


@dataclass(frozen=True)
class Grid:
    """How many windows a picture is cut into.

    Attributes:
        rows, columns: at most as many.
        reach: of the layers that are used.
    """

    rows: int
    columns: int
    reach: Reach

    def tiles(self, size: Size) -> tuple[Tile, ...]:
        """The tiles of a picture of ``size`` (height, width), row by row."""
        axes = spans(size[0], self.rows, self.reach), spans(size[1], self.columns, self.reach)
        return tuple(Tile(rows, columns) for rows, columns in itertools.product(*axes))


def grid(size: Size, reach: Reach, most_pixels: int) -> Grid | None:
    """The grid over a picture of ``size`` with the least work whose windows have at most ``most_pixels``.

    None where a window's halo alone has more. The odd last rows and columns, fewer than a stride, are not
    counted.
    """
    best: tuple[int, int, int, int] | None = None
    lengths = [_lengths(side, reach) for side in size]
    for rows, height in lengths[0].items():
        columns = next((count for count, width in lengths[1].items() if height * width <= most_pixels), None)
        if columns is not None:
            work = rows * columns * height * lengths[1][columns]
            best = min(best or (work, rows * columns, rows, columns), (work, rows * columns, rows, columns))
    return None if best is None else Grid(best[2], best[3], reach)


def _lengths(length: int, reach: Reach) -> dict[int, int]:
    """The length of the windows for each number of them that makes them shorter, few first."""
    lengths: dict[int, int] = {}
    shortest = 2 * reach.halo + reach.stride
    for count in range(1, length):
        window = window_length(length, count, reach)
        if window is None:
            break
        if not lengths or window < min(lengths.values()):
            lengths[count] = window
        if window <= shortest:
            break
    return lengths
